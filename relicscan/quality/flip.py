"""FLIP: how different two pictures look when one flips between them on a screen, 0 to 1.

Andersson, Nilsson, Akenine-Moeller, Oskarsson, Astroem & Fairchild, FLIP: A Difference
Evaluator for Alternating Images, 2020, for pictures of low dynamic range. Written anew
over separable filters, of one picture at a time: the authors' package (flip-evaluator 1.7)
takes 0.3 s a picture at 512 x 512, and filters the reference again with every candidate.
A test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB
from relicscan.relic import BoolArray, ByteArray, Float32Array, FloatArray

#: Pixels per degree of sight that the authors assume: a screen of 3840 pixels over 0.7 m,
#: seen from 0.7 m.
PIXELS_PER_DEGREE = 67.02064514160156

#: sRGB to XYZ over the white of D65 (IEC 61966-2-1), so that white is (1, 1, 1).
_XYZ_OF_RGB = np.array(
    [
        [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
        [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
        [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
    ]
)
_XYZ_OF_RGB /= _XYZ_OF_RGB.sum(axis=1, keepdims=True)
_RGB_OF_XYZ = np.linalg.inv(_XYZ_OF_RGB)

#: Y, red-green and blue-yellow, without the constant factors that CIELAB gives them.
_OPPONENT = np.array([[0.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])

#: Contrast sensitivity of each channel: Gaussians as (a, b) of the paper's equation 4.
_SENSITIVITY = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))

_COLOR_EXPONENT, _FEATURE_EXPONENT = 0.7, 0.5
_KNEE_AT, _KNEE_TO = 0.4, 0.95
_FEATURE_WIDTH_DEG = 0.082

_EPSILON, _SLOPE = (6 / 29) ** 3, (29 / 6) ** 2 / 3


@dataclass(frozen=True, eq=False)
class Perceived:
    """A picture as an eye takes it in.

    opponent (3, h, w) float32: luminance, red-green and blue-yellow, as blurred as the eye
    sees them; edges and points (h, w) float32: how much of either is at each pixel.
    """

    opponent: Float32Array
    edges: Float32Array
    points: Float32Array

    @cached_property
    def lab(self) -> Float32Array:
        """CIELAB with Hunt's adjustment, (3, h, w) float32."""
        return _hunt_lab(self.opponent.reshape(3, -1)).reshape(self.opponent.shape)


def perceived(srgb: ByteArray, pixels_per_degree: float = PIXELS_PER_DEGREE) -> Perceived:
    """A picture (h, w, 3), uint8 sRGB, filtered; what lies outside repeats its border."""
    rgb = [LINEAR_OF_SRGB[srgb[..., channel]] for channel in range(3)]
    matrix = (_OPPONENT @ _XYZ_OF_RGB).astype(np.float32)
    planes = [sum((m * c for m, c in zip(row, rgb, strict=True)), _ZERO) for row in matrix]
    opponent = np.stack(
        [
            _blurred(np.asarray(plane), gaussians, pixels_per_degree)
            for plane, gaussians in zip(planes, _SENSITIVITY, strict=True)
        ]
    )
    edges, points = _features(np.asarray(planes[0]), pixels_per_degree)
    return Perceived(opponent, edges, points)


def flip(reference: Perceived, test: Perceived, where: BoolArray) -> Float32Array:
    """FLIP (k,) float32 of the k pixels selected by a mask (h, w); 0 is no difference."""
    at = np.flatnonzero(where)
    seen = reference.lab.reshape(3, -1)[:, at]
    lab = _hunt_lab(test.opponent.reshape(3, -1)[:, at])
    color = _redistributed(_hyab(seen, lab))
    edges = np.abs(reference.edges.ravel()[at] - test.edges.ravel()[at])
    points = np.abs(reference.points.ravel()[at] - test.points.ravel()[at])
    feature = np.maximum(edges, points) * np.float32(np.sqrt(0.5))
    return np.asarray(color ** (1 - feature ** np.float32(_FEATURE_EXPONENT)), dtype=np.float32)


_ZERO: Float32Array = np.zeros((), dtype=np.float32)


def _hunt_lab(opponent: Float32Array) -> Float32Array:
    """CIELAB (3, k) of opponent colours (3, k), chroma scaled by lightness (Hunt 1952)."""
    to_rgb = (_RGB_OF_XYZ @ np.linalg.inv(_OPPONENT)).astype(np.float32)
    rgb = np.stack([a * opponent[0] + b * opponent[1] + c * opponent[2] for a, b, c in to_rgb])
    np.clip(rgb, 0, 1, out=rgb)
    to_xyz = _XYZ_OF_RGB.astype(np.float32)
    xyz = np.stack([a * rgb[0] + b * rgb[1] + c * rgb[2] for a, b, c in to_xyz])
    f = np.where(
        xyz > _EPSILON, np.cbrt(xyz), np.float32(_SLOPE) * xyz + np.float32(4 / 29)
    ).astype(np.float32)
    lightness = 116 * f[1] - 16
    chroma = np.float32(0.01) * lightness
    return np.stack([lightness, chroma * 500 * (f[0] - f[1]), chroma * 200 * (f[1] - f[2])])


def _hyab(a: Float32Array, b: Float32Array) -> Float32Array:
    """Distance (k,) of colours (3, k) (Abasi, Tehran & Fairchild 2020)."""
    d = a - b
    return np.asarray(np.abs(d[0]) + np.sqrt(d[1] * d[1] + d[2] * d[2]))


def _redistributed(distance: Float32Array) -> Float32Array:
    """Distances (k,) in 0..1, so that small ones are told apart and large ones are all large."""
    error = distance ** np.float32(_COLOR_EXPONENT)
    primaries = _XYZ_OF_RGB.T[[1, 2]].T  # of pure green and pure blue
    green, blue = np.split(_hunt_lab((_OPPONENT @ primaries).astype(np.float32)), 2, axis=1)
    most = float(_hyab(green, blue)[0]) ** _COLOR_EXPONENT
    knee = np.float32(_KNEE_AT * most)
    below = np.float32(_KNEE_TO) / knee * error
    above = _KNEE_TO + (error - knee) * np.float32((1 - _KNEE_TO) / (most - knee))
    return np.asarray(np.minimum(np.where(error < knee, below, above), 1), dtype=np.float32)


def _blurred(
    plane: Float32Array, gaussians: tuple[tuple[float, float], ...], ppd: float
) -> Float32Array:
    """A channel (h, w) under its contrast sensitivity: a sum of Gaussians, each separable."""
    widest = max(b for channel in _SENSITIVITY for _, b in channel)
    reach = int(np.ceil(3 * np.sqrt(widest / (2 * np.pi**2)) * ppd))
    x = np.arange(reach + 1) / ppd
    halves = [np.exp(-(np.pi**2) * x**2 / b) for _, b in gaussians]
    sums = [2 * half.sum() - half[0] for half in halves]
    heights = [a * np.sqrt(np.pi / b) * s * s for (a, b), s in zip(gaussians, sums, strict=True)]
    total = np.zeros_like(plane)
    for half, s, height in zip(halves, sums, heights, strict=True):
        across = _convolved(plane, half / s, 1)
        total += _convolved(across, half / s * (height / sum(heights)), 0)
    return total


def _features(luminance: Float32Array, ppd: float) -> tuple[Float32Array, Float32Array]:
    """Strength (h, w) of edges and of points: first and second derivatives of a Gaussian."""
    sigma = 0.5 * _FEATURE_WIDTH_DEG * ppd
    x = np.arange(np.ceil(3 * sigma) + 1, dtype=np.float64)
    gauss = np.exp(-(x**2) / (2 * sigma**2))
    smooth = gauss / (2 * gauss.sum() - gauss[0])
    slope = x * gauss
    slope /= slope.sum()
    bend = (x**2 / sigma**2 - 1) * gauss
    # Each sign sums to one over both sides; the centre counts once.
    sides = np.where(x == 0, 1, 2)
    bend = np.where(
        bend > 0,
        bend / (sides * bend)[bend > 0].sum(),
        -bend / (sides * bend)[bend <= 0].sum(),
    )
    strengths = []
    blurred = [_convolved(luminance, smooth, axis) for axis in (0, 1)]
    for half, odd in ((slope, True), (bend, False)):
        first = _convolved(blurred[0], half, 1, odd=odd)
        second = _convolved(blurred[1], half, 0, odd=odd)
        strengths.append(np.sqrt(first * first + second * second))
    return strengths[0], strengths[1]


def _convolved(
    plane: Float32Array, half: FloatArray, axis: int, *, odd: bool = False
) -> Float32Array:
    """A plane (h, w) under a kernel of which one half (r + 1,) is given, from its centre."""
    weights = half[: 1 + int(np.flatnonzero(np.abs(half) > 1e-7 * np.abs(half).max())[-1])]
    reach = len(weights) - 1
    room = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
    padded = np.pad(plane, room, mode="edge")
    length = plane.shape[axis]

    def shifted(by: int) -> NDArray[np.float32]:
        part = slice(reach + by, reach + by + length)
        return padded[part] if axis == 0 else padded[:, part]

    total = plane * np.float32(weights[0])
    term = np.empty_like(plane)
    for i in range(1, reach + 1):
        (np.subtract if odd else np.add)(shifted(i), shifted(-i), out=term)
        term *= np.float32(weights[i])
        total += term
    return np.asarray(total)
