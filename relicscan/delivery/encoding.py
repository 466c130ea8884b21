"""The geometry of a model as bytes, in one of four encodings, ready to be put into a GLB.

Stands on glTF 2.0, KHR_mesh_quantization, EXT_meshopt_compression (with version 0 of its vertex
codec, which is the one every decoder knows) and KHR_draco_mesh_compression. Apart from the
document, because whoever looks for a level within so many bytes tries many images on the same
geometry: a hundred thousand triangles take half a second to encode, a document milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from relicscan.delivery import draco, meshopt_streams
from relicscan.delivery.primitives import Primitive, split
from relicscan.delivery.quantization import Grid, snorm8
from relicscan.delivery.streams import Stream, stream
from relicscan.geometry.topology import boundary_edge_count
from relicscan.relic import Float32Array, FloatArray, Mesh

GeometryEncoding = Literal["plain", "quantized", "meshopt", "draco"]

Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class EncodedPrimitive:
    """The triangles of one material. `material` indexes the materials of the mesh.

    `draco` holds the streams' content under KHR_draco_mesh_compression, `draco_ids` which
    attribute of it is which. `inside` says that all texture coordinates are within 0..1.
    """

    attributes: Mapping[str, Stream]
    indices: Stream
    material: int | None
    inside: bool = True
    draco: bytes | None = field(default=None, repr=False)
    draco_ids: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class EncodedGeometry:
    """A mesh for `glb.glb_of`; bounds are metres, of the positions that a viewer sees.

    `grid` is where whole-numbered positions lie. `open` says that the surface has a rim.
    `bytes` is what it adds to a file, without the JSON that describes it.
    """

    geometry: GeometryEncoding
    primitives: tuple[EncodedPrimitive, ...]
    grid: Grid | None
    open: bool
    triangles: int
    vertices: int
    dropped_triangles: int
    bounds_m: Bounds

    @property
    def bytes(self) -> int:
        return sum(
            sum(len(s.data) for s in (*p.attributes.values(), p.indices)) + len(p.draco or b"")
            for p in self.primitives
        )


def encode_geometry(
    mesh: Mesh,
    T_model_mesh: FloatArray,
    *,
    geometry: GeometryEncoding = "plain",
    floats_only: bool = False,
    position_bits: int = 14,
    texture_side_px: int = 2048,
    tangents: Float32Array | None = None,
) -> EncodedGeometry:
    """The mesh, taken to metres by T_model_mesh (4, 4) float64, as the bytes of its vertices.

    plain: 32-bit floats, vertex colours in 16 bits unless `floats_only`. quantized: positions
    on a grid of `position_bits` along the longest side, directions in 8 bits. meshopt: the
    same, compressed; texture coordinates are then off by a quarter of a texel at most in
    images of `texture_side_px`, vertex colours come back to the same 8 bits of sRGB. draco:
    positions and texture coordinates as with meshopt; it has no place for tangents.
    `tangents` (m, 3, 4) are those of the corners where they are known: see `corner_tangents`.
    Triangles without area when delivered are dropped and counted.
    Raises StageError (nothing to deliver, numbers not finite, a normal map with draco).
    """
    if floats_only and geometry != "plain":
        raise ValueError("floats_only goes with plain geometry")
    divided = divide(
        mesh, T_model_mesh, geometry=geometry, position_bits=position_bits, tangents=tangents
    )
    return encode(divided, floats_only=floats_only, texture_side_px=texture_side_px)


@dataclass(frozen=True, eq=False)
class Divided:
    """A mesh in primitives, in the order in which an encoding stores them; `faces` it had."""

    geometry: GeometryEncoding
    primitives: tuple[Primitive, ...]
    grid: Grid | None
    open: bool
    faces: int


def divide(
    mesh: Mesh,
    T_model_mesh: FloatArray,
    *,
    geometry: GeometryEncoding,
    position_bits: int = 14,
    tangents: Float32Array | None = None,
) -> Divided:
    """What `encode_geometry` does first, and once for all sizes of pictures; arguments as there."""
    if not 8 <= position_bits <= 16:
        raise ValueError(f"position_bits must be 8 to 16, got {position_bits}")
    primitives, grid = split(
        mesh,
        T_model_mesh,
        position_bits=None if geometry == "plain" else position_bits,
        tangents=tangents,
    )
    if geometry in ("quantized", "meshopt"):
        primitives = [meshopt_streams.reordered(p) for p in primitives]
    is_open = boundary_edge_count(mesh.faces) > 0
    return Divided(geometry, tuple(primitives), grid, is_open, len(mesh.faces))


def encode(
    divided: Divided, *, floats_only: bool = False, texture_side_px: int = 2048
) -> EncodedGeometry:
    """What `encode_geometry` does last; arguments as there."""
    geometry, grid = divided.geometry, divided.grid
    if geometry == "plain":
        encoded = [_plain(p, floats_only) for p in divided.primitives]
    elif geometry == "quantized":
        encoded = [_quantized(p) for p in divided.primitives]
    elif geometry == "meshopt":
        encoded = [_meshopt(p, texture_side_px) for p in divided.primitives]
    else:
        assert grid is not None, "split rounds wherever bits are given"
        encoded = [_draco(p, grid, texture_side_px) for p in divided.primitives]
    triangles = sum(e.indices.count // 3 for e in encoded)
    return EncodedGeometry(
        geometry,
        tuple(encoded),
        None if geometry == "draco" else grid,
        divided.open,
        triangles,
        sum(e.attributes["POSITION"].count for e in encoded),
        divided.faces - triangles,
        _bounds(encoded, None if geometry == "draco" else grid),
    )


def _plain(p: Primitive, floats_only: bool) -> EncodedPrimitive:
    attributes = {
        "POSITION": stream(p.positions, bounds=True),
        "NORMAL": stream(p.normals),
    }
    if p.tangents is not None:
        attributes["TANGENT"] = stream(p.tangents)
    if p.uv is not None:
        attributes["TEXCOORD_0"] = stream(p.uv)
    if p.colors is not None:
        if floats_only:
            attributes["COLOR_0"] = stream((p.colors / 65535).astype(np.float32))
        else:
            attributes["COLOR_0"] = stream(_with_alpha(p.colors), normalized=True)
    if p.filled is not None:
        flags = p.filled.astype(np.float32) if floats_only else p.filled
        attributes["_FILLED"] = stream(flags[:, None])
    return _encoded(p, attributes, stream(_narrowed(p), indices=True))


def _quantized(p: Primitive) -> EncodedPrimitive:
    attributes = {
        "POSITION": stream(p.positions, bounds=True),
        "NORMAL": stream(snorm8(p.normals), normalized=True),
    }
    if p.tangents is not None:
        attributes["TANGENT"] = stream(snorm8(p.tangents), normalized=True)
    if p.uv is not None:
        if _inside(p):
            numbers = np.rint(p.uv.astype(np.float64) * 65535).astype(np.uint16)
            attributes["TEXCOORD_0"] = stream(numbers, normalized=True)
        else:
            attributes["TEXCOORD_0"] = stream(p.uv)
    if p.colors is not None:
        attributes["COLOR_0"] = stream(_with_alpha(p.colors), normalized=True)
    if p.filled is not None:
        attributes["_FILLED"] = stream(p.filled[:, None])
    return _encoded(p, attributes, stream(_narrowed(p), indices=True))


def _meshopt(p: Primitive, texture_side_px: int) -> EncodedPrimitive:
    attributes = {
        "POSITION": meshopt_streams.positions(p.positions),
        "NORMAL": meshopt_streams.normals(p.normals),
    }
    if p.tangents is not None:
        attributes["TANGENT"] = meshopt_streams.tangents(p.tangents, p.normals)
    if p.uv is not None:
        attributes["TEXCOORD_0"] = meshopt_streams.texture_coordinates(p.uv, texture_side_px)
    if p.colors is not None:
        attributes["COLOR_0"] = meshopt_streams.colors(p.colors)
    if p.filled is not None:
        attributes["_FILLED"] = meshopt_streams.flags(p.filled)
    return _encoded(p, attributes, meshopt_streams.triangles(_narrowed(p)))


def _draco(p: Primitive, grid: Grid, texture_side_px: int) -> EncodedPrimitive:
    attributes, indices, data, ids = draco.encode(p, grid, texture_side_px)
    return EncodedPrimitive(attributes, indices, p.material, _inside(p), data, ids)


def _encoded(p: Primitive, attributes: Mapping[str, Stream], indices: Stream) -> EncodedPrimitive:
    return EncodedPrimitive(attributes, indices, p.material, _inside(p))


def _inside(p: Primitive) -> bool:
    return p.uv is None or bool(((p.uv >= 0) & (p.uv <= 1)).all())


def _with_alpha(colors: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """(k, 4): three numbers of 16 bits would not lie on multiples of four bytes."""
    rows = np.full((len(colors), 4), 65535, dtype=np.uint16)
    rows[:, :3] = colors
    return rows


def _narrowed(p: Primitive) -> NDArray[np.uint16] | NDArray[np.uint32]:
    """Indices in 16 bits where they fit: index 65535 itself would mean "primitive restart"."""
    return p.triangles.astype(np.uint16) if len(p.positions) <= 65535 else p.triangles


def _bounds(encoded: list[EncodedPrimitive], grid: Grid | None) -> Bounds:
    ends = [bounds for e in encoded if (bounds := e.attributes["POSITION"].bounds)]
    low = np.min([low for low, _ in ends], axis=0)
    high = np.max([high for _, high in ends], axis=0)
    if grid is not None:
        low, high = grid.positions(low), grid.positions(high)
    (a, b, c), (x, y, z) = low.tolist(), high.tolist()
    return (a, b, c), (x, y, z)
