"""sRGB and linear light (IEC 61966-2-1): what files hold, and what may be averaged.

The mean of two sRGB values is darker than the mean of the two lights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import ByteArray, Float32Array


def _linear(srgb: NDArray[Any]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


#: Linear light 0..1, float32, of each 8-bit sRGB value: index it with uint8 arrays.
LINEAR_OF_SRGB: Float32Array = _linear(np.arange(256) / 255.0).astype(np.float32)

#: The middle between neighbouring 8-bit values, in linear light.
_BETWEEN = _linear((np.arange(255) + 0.5) / 255.0).astype(np.float32)

#: Steps of the table that leads from linear light to the 8-bit value: the darkest sRGB step is
#: 1/3295 wide, so each cell holds at most one border.
_CELLS = 1 << 13
_VALUE_OF_CELL = np.searchsorted(_BETWEEN, np.arange(_CELLS + 1) / _CELLS).astype(np.uint8)


def srgb_of(linear: NDArray[Any]) -> ByteArray:
    """Linear light, 0..1, as the nearest 8-bit sRGB; what lies outside is clipped."""
    light = np.clip(np.asarray(linear, dtype=np.float32), 0, 1)
    value = _VALUE_OF_CELL[(light * _CELLS).astype(np.int32)]
    # The cell tells its lower end: the next border may lie between that and the light.
    border = _BETWEEN[np.minimum(value, 254)]
    return np.asarray(value + ((light > border) & (value < 255)), dtype=np.uint8)
