"""Colours, normals and intensities from the many ranges that instruments and exporters use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import ByteArray, Float32Array


def colors_8bit(values: NDArray[Any], *, integer: bool | None = None) -> ByteArray | None:
    """(n, 3) values of any range to uint8, or None where they cannot be colours.

    The range is decided over the whole file, for 8-bit colours are often stored
    in 16-bit or float fields: up to 1 counts as 0..1 (floats only), up to 255 as
    8 bits, up to 65535 as 16 bits. `integer` says what the file declares, for
    values that arrive as floats from text; by default the array's type tells.
    16 bits of which the lower 8 are nowhere used are 8 bits. Not a number becomes 0.
    """
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if integer is None:
        integer = bool(np.issubdtype(values.dtype, np.integer))
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, 0)
    low, high = (values.min(), values.max()) if values.size else (0, 0)
    if low < 0 or high > 65535:
        return None
    if high <= 1 and not integer:
        scale = 255.0
    elif high <= 255:
        scale = 1.0
    elif not np.any(np.mod(values, 256)):
        scale = 1.0 / 256.0  # 8 bits moved up by 8, as many write them: white is 65280
    else:
        scale = 1.0 / 257.0
    return np.rint(values * np.float32(scale)).astype(np.uint8)


def unit_normals(values: NDArray[Any]) -> Float32Array:
    """(n, 3) vectors to unit length float32; zero where the length is zero or not a number."""
    normals = np.ascontiguousarray(values, dtype=np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", normals, normals))[:, None]
    good = np.isfinite(length) & (length > 1e-12)
    return np.where(good, normals / np.where(good, length, 1.0), 0.0).astype(np.float32)


def intensity_0_1(values: NDArray[Any]) -> Float32Array:
    """(n,) intensities of any range to float32 in 0..1.

    Ranges in use: 0..1, 0..255, 0..65535, and Leica's -2048..2047; anything else
    is stretched from its least to its greatest value. Not a number becomes 0.
    """
    intensity = values.astype(np.float64)
    finite = np.isfinite(intensity)
    if not finite.any():
        return np.zeros(len(values), np.float32)
    low, high = float(intensity[finite].min()), float(intensity[finite].max())
    if low >= 0 and high <= 65535:
        top = 1.0 if high <= 1 else 255.0 if high <= 255 else 65535.0
        low, high = 0.0, top
    elif low >= -2048 and high <= 2047:
        low, high = -2048.0, 2047.0
    return rescale(np.where(finite, intensity, low), low, high)


def rescale(values: NDArray[Any], low: float, high: float) -> Float32Array:
    """(n,) values from low..high to float32 in 0..1, clipped; not a number becomes 0."""
    span = high - low
    # Halved first: the limits may be the ends of the float range, and their difference infinite.
    scaled = (
        (values / 2 - low / 2) / (span / 2)
        if np.isfinite(span) and span > 0
        else np.zeros(len(values))
    )
    return np.clip(np.nan_to_num(scaled, nan=0.0), 0, 1).astype(np.float32)
