"""Reading a picture between its pixels, in linear light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB
from relicscan.relic import ByteArray, Float32Array, FloatArray


def bilinear(pixels: ByteArray, uv: NDArray[np.floating]) -> Float32Array:
    """Linear light (q, 3) of an sRGB picture (h, w, 3) at uv (q, 2), as glTF 2.0 (3.8.4) filters.

    (0, 0) is the top left corner. Outside of 0..1 the picture repeats; inside it does not
    reach over its own border, where something else may be.
    """
    height, width = pixels.shape[:2]
    inside = np.where((uv >= 0) & (uv <= 1), uv, uv - np.floor(uv))
    x, y = inside[:, 0] * width - 0.5, inside[:, 1] * height - 0.5
    left, top = np.floor(x), np.floor(y)
    across, down = (x - left).astype(np.float32)[:, None], (y - top).astype(np.float32)[:, None]
    columns = [np.clip(left + d, 0, width - 1).astype(np.int64) for d in (0, 1)]
    rows = [np.clip(top + d, 0, height - 1).astype(np.int64) * width for d in (0, 1)]
    flat = pixels.reshape(-1, pixels.shape[2])[:, :3]

    def row(start: NDArray[np.int64]) -> Float32Array:
        first, second = (LINEAR_OF_SRGB[flat[start + column]] for column in columns)
        return np.asarray(first + across * (second - first))

    above, below = row(rows[0]), row(rows[1])
    return np.asarray(above + down * (below - above))


def texel_density(corner_uv: NDArray[np.floating], places: FloatArray) -> float:
    """Share of a picture that a unit of area has: uv (m, 3, 2) of triangles (m, 3, 3)."""
    a, b, c = np.moveaxis(np.asarray(places, dtype=np.float64), 1, 0)
    surface = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    e, f = np.moveaxis(np.asarray(corner_uv[:, 1:] - corner_uv[:, :1], dtype=np.float64), 1, 0)
    shown = np.abs(e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]).sum() / 2
    return float(shown / surface) if surface > 0 else 0.0
