"""Colours for figures on a surface: equal steps of a figure look like equal steps of colour.

Made in Oklab (Ottosson, A perceptual color space for image processing, 2020), where equal
distances look equal. Lightness falls in a straight line from nothing to the most, so the order
is seen by the colour-blind too, and on a print in grey.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from relicscan.color import srgb_of
from relicscan.relic import ByteArray

#: Lightness, chroma and hue in degrees at even steps: pale straw, orange, red, dark violet.
_SEQUENTIAL = ((0.95, 0.05, 105.0), (0.79, 0.125, 72.0), (0.63, 0.16, 38.0), (0.47, 0.15, 5.0),
               (0.31, 0.11, -40.0))  # fmt: skip

_STEPS = 256

#: From Oklab to the cube roots of cone responses, and from those to linear sRGB.
_CONES = np.array(
    [
        [1, 0.3963377774, 0.2158037573],
        [1, -0.1055613458, -0.0638541728],
        [1, -0.0894841775, -1.2914855480],
    ]
)
_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def sequential(values: NDArray[np.floating], top: float) -> ByteArray:
    """sRGB colours (n, 3) of figures (n,) from 0, pale, to `top` and beyond, dark."""
    at = np.clip(np.nan_to_num(np.asarray(values) / (top or 1.0)), 0, 1) * (_STEPS - 1)
    return np.asarray(_table()[np.round(at).astype(np.intp)])


def css_gradient() -> str:
    """The colours from 0 to the top as a gradient of CSS, from left to right."""
    colors = sequential(np.linspace(0, 1, 13), 1.0)
    return f"linear-gradient(to right, {', '.join(css(c) for c in colors)})"


def css(color: Iterable[int]) -> str:
    """A colour (sRGB, three of 0 to 255) as CSS writes it."""
    return "#" + "".join(f"{int(c):02x}" for c in color)


@lru_cache(maxsize=1)
def _table() -> ByteArray:
    """sRGB (_STEPS, 3): lightness, chroma and hue between the colours of _SEQUENTIAL."""
    stops = np.array(_SEQUENTIAL)
    at = np.linspace(0, len(stops) - 1, _STEPS)
    light, chroma, hue = (np.interp(at, np.arange(len(stops)), column) for column in stops.T)
    angle = np.radians(hue)
    lab = np.stack([light, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    return srgb_of((lab @ _CONES.T) ** 3 @ _LINEAR.T)
