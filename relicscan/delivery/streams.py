"""One array of vertex data or indices as it goes into a GLB: its bytes and its description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["SCALAR", "VEC2", "VEC3", "VEC4"]
KINDS: tuple[Kind, ...] = ("SCALAR", "VEC2", "VEC3", "VEC4")

_COMPONENT_TYPES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}


@dataclass(frozen=True, eq=False)
class Stream:
    """An accessor and its buffer view.

    `stride` is that of the view, None where elements follow each other. `raw_bytes` is how long
    the data are for a viewer: `data` itself is shorter where `meshopt` says how it is packed
    (the extension's mode, filter, count, byteStride), and empty where Draco holds it.
    """

    data: bytes = field(repr=False)
    component_type: int
    kind: Kind
    count: int
    raw_bytes: int
    indices: bool = False
    normalized: bool = False
    stride: int | None = None
    bounds: tuple[list[float], list[float]] | None = None
    meshopt: Mapping[str, Any] | None = None


def stream(
    array: NDArray[Any], *, normalized: bool = False, bounds: bool = False, indices: bool = False
) -> Stream:
    """An array (count, width), or triangles (t, 3) for `indices`, as it is.

    Rows of vertex data are padded to a multiple of four bytes.
    """
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    stride = None
    if indices:
        little = little.reshape(-1, 1)
    elif little[0].nbytes % 4:
        little = padded(little)
        stride = little[0].nbytes
    return described(
        little.tobytes(),
        array.dtype,
        1 if indices else array.shape[1],
        len(little),
        little.nbytes,
        indices=indices,
        normalized=normalized,
        stride=stride,
        # float32 to float is exact, and so is Python's shortest decimal for it.
        bounds=(array.min(axis=0).tolist(), array.max(axis=0).tolist()) if bounds else None,
    )


def described(
    data: bytes, dtype: np.dtype[Any], width: int, count: int, raw_bytes: int, **more: Any
) -> Stream:
    """A stream of `count` elements of `width` numbers of a type."""
    component = _COMPONENT_TYPES[np.dtype(dtype).str[1:]]
    return Stream(data, component, KINDS[width - 1], count, raw_bytes, **more)


def padded(array: NDArray[Any]) -> NDArray[Any]:
    """Rows (n, w) lengthened with zeros to a multiple of four bytes."""
    size = array.dtype.itemsize
    wanted = -(-array.shape[1] * size // 4) * 4 // size
    rows = np.zeros((len(array), wanted), array.dtype)
    rows[:, : array.shape[1]] = array
    return rows
