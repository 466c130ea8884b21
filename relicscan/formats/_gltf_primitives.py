"""glTF primitives as triangles or points: indices, strips, fans, Draco."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan.color import srgb_of
from relicscan.formats._gltf_accessors import Accessors, as_floats
from relicscan.formats._gltf_document import Part, gltf_error
from relicscan.formats._gltf_draco import draco_decoded
from relicscan.relic import BoolArray, ByteArray, FloatArray

POINTS, TRIANGLES, STRIP, FAN = 0, 4, 5, 6
_LINES = (1, 2, 3)
#: The attribute by which our own writer says which vertices were not scanned.
FILLED = "_FILLED"

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Primitive:
    """The vertices of one primitive that are in use, and its triangles; no triangles: points.

    positions (n, 3) float64; triangles (m, 3) int64; colors (n, 3) uint8 sRGB;
    normals (n, 3) float64; uv (n, 2) float64 with v down; filled (n,) bool, from our own `_FILLED`.
    """

    positions: FloatArray
    triangles: Indices
    normals: FloatArray | None
    colors: ByteArray | None
    uv: FloatArray | None
    filled: BoolArray | None


def mode_of(primitive: Part) -> int:
    """The primitive's mode, checked."""
    mode = primitive.integer("mode", TRIANGLES)
    if mode not in (POINTS, *_LINES, TRIANGLES, STRIP, FAN):
        raise gltf_error(f"{primitive.where} has the unknown mode {mode}")
    return mode


def is_lines(primitive: Part) -> bool:
    return mode_of(primitive) in _LINES


def triangle_count(mode: int, corners: int) -> int:
    """Triangles that so many indices make in a mode; 0 for points and lines."""
    return {TRIANGLES: corners // 3, STRIP: max(corners - 2, 0), FAN: max(corners - 2, 0)}.get(
        mode, 0
    )


def read_primitive(primitive: Part, accessors: Accessors, uv_set: int) -> Primitive:
    """The primitive with the texture coordinates of its set `uv_set`; lines have no triangles.

    Vertices that no triangle uses are left out: several primitives may share
    one large array of them. Raises ScanError for missing positions and indices
    out of range.
    """
    mode = mode_of(primitive)
    attributes = primitive.child("attributes")
    if "POSITION" not in attributes.data:
        raise gltf_error(f"{primitive.where} has no POSITION")
    draco = primitive.extension("KHR_draco_mesh_compression")
    if draco is not None:
        stored, corners = draco_decoded(draco, primitive, accessors)
    else:
        wanted = ("POSITION", "NORMAL", "COLOR_0", f"TEXCOORD_{uv_set}", FILLED)
        stored = {
            name: accessors.array(attributes.integer(name))
            for name in wanted
            if name in attributes.data
        }
        corners = _corners(primitive, accessors, len(stored["POSITION"]))
    count = len(stored["POSITION"])
    for name, array in stored.items():
        if len(array) != count:
            raise gltf_error(f"{attributes.where}.{name} has another length than POSITION")
    if len(corners) and corners.max() >= count:
        raise gltf_error(f"{primitive.where} has an index {corners.max()} of {count} vertices")
    triangles = _triangles(mode, corners, primitive) if mode != POINTS else np.empty((0, 3), int)
    used = corners if mode == POINTS else np.unique(triangles)
    if mode != POINTS:
        triangles = np.searchsorted(used, triangles)

    def values(name: str, components: tuple[int, ...]) -> FloatArray | None:
        if name not in stored:
            return None
        array = stored[name] if len(used) == count and mode != POINTS else stored[name][used]
        if array.shape[1] not in components:
            raise gltf_error(f"{attributes.where}.{name} has {array.shape[1]} components")
        return as_floats(array, normalized=accessors.normalized(attributes.integer(name)))

    positions = values("POSITION", (3,))
    assert positions is not None, "checked above"
    colors = values("COLOR_0", (3, 4))
    filled = values(FILLED, (1,))
    return Primitive(
        positions,
        triangles,
        values("NORMAL", (3,)),
        None if colors is None else srgb_of(np.nan_to_num(colors[:, :3])),
        values(f"TEXCOORD_{uv_set}", (2,)),
        None if filled is None else filled[:, 0] != 0,
    )


def _corners(primitive: Part, accessors: Accessors, count: int) -> Indices:
    """The indices of a primitive one after another; 0, 1, 2, … where it has none."""
    index = primitive.reference("indices")
    if index is None:
        return np.arange(count)
    indices = accessors.array(index, 1)[:, 0]
    if indices.dtype.kind != "u":
        raise gltf_error(f"{primitive.where} has indices that are not unsigned integers")
    return indices.astype(np.int64)


def _triangles(mode: int, corners: Indices, primitive: Part) -> Indices:
    """(m, 3), wound as the specification says (section 3.7.2.1)."""
    if mode == TRIANGLES:
        if len(corners) % 3:
            raise gltf_error(f"{primitive.where} has {len(corners)} indices, not three a triangle")
        return corners.reshape(-1, 3)
    i = np.arange(triangle_count(mode, len(corners)))
    if mode == STRIP:
        return corners[np.stack([i, i + 1 + i % 2, i + 2 - i % 2], axis=1)]
    return corners[np.stack([i + 1, i + 2, np.zeros_like(i)], axis=1)]
