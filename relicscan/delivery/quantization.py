"""Numbers of vertices in few bits: grids for positions, octahedra for directions.

Stands on KHR_mesh_quantization (Khronos, ratified 2020) and on the filters of
EXT_meshopt_compression, which say how a viewer turns the bits back: OCTAHEDRAL (Cigolle et al.,
A Survey of Efficient Representations for Independent Unit Vectors, 2014) and EXPONENTIAL.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import Float32Array, FloatArray


@dataclass(frozen=True)
class Grid:
    """Where whole numbers lie in the model: position = origin_m + step_m * numbers."""

    origin_m: tuple[float, float, float]
    step_m: float
    bits: int

    @staticmethod
    def around(positions: Float32Array, bits: int) -> Grid:
        """2^bits - 1 steps along the longest side of positions (n, 3), as many as that has bits.

        A position is off by half a step at most in each direction.
        """
        low = positions.min(axis=0).astype(np.float64)
        side = float((positions.max(axis=0).astype(np.float64) - low).max())
        # Shortest decimals: these numbers go into JSON.
        x, y, z = (float(str(np.float32(v))) for v in low)
        return Grid((x, y, z), side / (2**bits - 1) or 1.0, bits)

    def numbers(self, positions: Float32Array) -> NDArray[np.uint16]:
        """The nearest point of the grid for each position (n, 3)."""
        steps = np.rint((positions - np.array(self.origin_m)) / self.step_m)
        return np.asarray(np.clip(steps, 0, 2**self.bits - 1), np.uint16)

    def positions(self, numbers: NDArray[np.integer]) -> FloatArray:
        """(n, 3) float64, metres: what a viewer makes of the numbers."""
        return np.asarray(np.array(self.origin_m) + numbers.astype(np.float64) * self.step_m)


def snorm8(vectors: FloatArray) -> NDArray[np.int8]:
    """-1..1 as -127..127 (glTF 2.0, section 3.6.2.2), nearest."""
    return np.rint(np.clip(vectors, -1, 1) * 127).astype(np.int8)


def octahedral(vectors: FloatArray, bits: int) -> NDArray[np.int8]:
    """Unit vectors (n, 3) as rows (n, 4) for the OCTAHEDRAL filter, with `bits` from 3 to 8.

    x and y on the octahedron folded out, then the number that stands for 1, then a byte (0) that
    the filter leaves alone. Of the four points around the true place the nearest in angle is
    taken: at 8 bits what a viewer decodes is off by 0.38 degrees RMS and 0.94 at most, where
    rounding x and y makes it 0.41 and 1.21.
    """
    one = 2 ** (bits - 1) - 1
    floor = np.clip(np.floor(folded(vectors) * one), -one, one - 1)
    best, closest = floor, np.full(len(floor), -np.inf)
    for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)):
        candidate = floor + np.array([dx, dy])
        closeness = np.einsum("ij,ij->i", unfolded(candidate / one), vectors)
        better = closeness > closest
        best = np.where(better[:, None], candidate, best)
        closest = np.where(better, closeness, closest)
    rows = np.empty((len(floor), 4), np.int8)
    rows[:, :2], rows[:, 2], rows[:, 3] = best, one, 0
    return rows


def folded(vectors: FloatArray) -> FloatArray:
    """Places (n, 2) in -1..1 of unit vectors (n, 3) on the folded-out octahedron."""
    v = vectors.astype(np.float64)
    v = v / np.abs(v).sum(axis=1, keepdims=True)
    below = (1 - np.abs(v[:, 1::-1])) * _sign(v[:, :2])
    return np.asarray(np.where(v[:, 2:] >= 0, v[:, :2], below))


def unfolded(xy: FloatArray) -> FloatArray:
    """Unit vectors (..., 3) of places (..., 2) on the octahedron: the inverse."""
    z = 1 - np.abs(xy).sum(axis=-1, keepdims=True)
    v = np.concatenate([xy + np.minimum(z, 0) * _sign(xy), z], axis=-1)
    return np.asarray(v / np.linalg.norm(v, axis=-1, keepdims=True))


def exponential(values: FloatArray, exponent: int) -> NDArray[np.int32] | None:
    """Values (n, k) as multiples of 2^exponent, (n, k) int32 for the EXPONENTIAL filter.

    A viewer gets floats. All have one exponent, so that only mantissas change from row to row:
    8 + 24 bits in two's complement. None where a mantissa would not fit.
    """
    mantissa = np.rint(np.ldexp(values.astype(np.float64), -exponent))
    if not (np.abs(mantissa) < 2**23).all():
        return None
    whole = mantissa.astype(np.int64) & 0xFFFFFF | (exponent & 0xFF) << 24
    return whole.astype(np.uint32).view(np.int32)


def _sign(values: FloatArray) -> FloatArray:
    return np.where(values >= 0, 1.0, -1.0)
