"""Vertices and triangles under KHR_draco_mesh_compression.

Draco packs tightest of all, but viewers fetch its decoder from elsewhere unless told where it
lies. DracoPy writes it. What Draco cannot be given by it is tangents: floats outside its four
known attributes are stored as they are (16 bytes a vertex, 926 kB for a skull of 218 kB in all),
and the 8-bit whole numbers with a sign that glTF wants for tangents are not among its types.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from relicscan.delivery.primitives import Primitive
from relicscan.delivery.quantization import Grid
from relicscan.delivery.streams import Stream, described
from relicscan.errors import StageError

#: 0 to 10. Of 100,000 triangles 10 makes 214,200 bytes, 7 (Draco's own default) 221,300 and
#: 5 304,800, each in 0.15 s.
_LEVEL = 10

_NORMAL_BITS = 8

#: Unique ids of what Draco itself has no name for.
_COLOR, _FILLED = 0, 1


def encode(
    p: Primitive, grid: Grid, texture_side_px: int
) -> tuple[dict[str, Stream], Stream, bytes, dict[str, int]]:
    """Accessors without data for attributes and indices, Draco's bytes, and their ids in them.

    Positions are numbers on the grid, and come back as metres. Draco may repeat vertices, so
    what the accessors say is counted on the decoded bytes.
    Raises StageError for tangents.
    """
    import DracoPy

    if p.tangents is not None:
        raise StageError(
            "a normal map needs tangents, and Draco has no place for them",
            remedy='use geometry "meshopt", or leave the normal map out',
        )
    generic: dict[int, Any] = {}
    if p.colors is not None:
        generic[_COLOR] = np.ascontiguousarray(p.colors)
    if p.filled is not None:
        generic[_FILLED] = np.ascontiguousarray(p.filled[:, None])
    data = DracoPy.encode(
        grid.positions(np.asarray(p.positions, np.uint16)).astype(np.float32),
        p.triangles,
        quantization_bits=grid.bits,
        # Its grid is ours: what is a triangle there stays one.
        quantization_range=grid.step_m * (2**grid.bits - 1),
        quantization_origin=list(grid.origin_m),
        compression_level=_LEVEL,
        normals=p.normals.astype(np.float64),
        normal_quantization_bits=_NORMAL_BITS,
        tex_coord=None if p.uv is None else p.uv.astype(np.float64),
        tex_coord_quantization_bits=None if p.uv is None else _uv_bits(p.uv, texture_side_px),
        generic_attributes=generic or None,
    )
    return _described(bytes(data), p)


def _uv_bits(uv: Any, texture_side_px: int) -> int:
    """Bits along the longer side of what is covered: off by a quarter of a texel at most."""
    side = float(np.ptp(uv.astype(np.float64), axis=0).max())
    return min(max(math.ceil(math.log2(2 * texture_side_px * side + 1)), 1), 30)


def _described(
    data: bytes, p: Primitive
) -> tuple[dict[str, Stream], Stream, bytes, dict[str, int]]:
    import DracoPy

    decoded = DracoPy.decode(data)
    kinds = {0: "POSITION", 1: "NORMAL", 3: "TEXCOORD_0"}  # Draco's GeometryAttribute::Type
    named = {}
    for attribute in decoded.attributes:
        unique_id = int(attribute["unique_id"])
        name = kinds.get(attribute["attribute_type"])
        if name is None:
            name = "COLOR_0" if unique_id == _COLOR else "_FILLED"
        named[name] = unique_id
    count = len(decoded.points)
    points = np.asarray(decoded.points, np.float32)
    bounds = (points.min(axis=0).tolist(), points.max(axis=0).tolist())
    f4, u2, u1 = np.dtype(np.float32), np.dtype(np.uint16), np.dtype(np.uint8)
    streams = {
        "POSITION": described(b"", f4, 3, count, 0, bounds=bounds),
        "NORMAL": described(b"", f4, 3, count, 0),
    }
    if p.uv is not None:
        streams["TEXCOORD_0"] = described(b"", f4, 2, count, 0)
    if p.colors is not None:
        streams["COLOR_0"] = described(b"", u2, 3, count, 0, normalized=True)
    if p.filled is not None:
        streams["_FILLED"] = described(b"", u1, 1, count, 0)
    index_type = u2 if count <= 65535 else np.dtype(np.uint32)
    corners = 3 * len(decoded.faces)
    return streams, described(b"", index_type, 1, corners, 0, indices=True), data, named
