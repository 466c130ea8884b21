"""From our Mesh to what a graphics card reads: one vertex list per material, in metres, float32.

A Mesh keeps its topology by position; a GPU vertex has one position, one normal,
one texture coordinate and one tangent. So vertices are split here, along texture
seams, where an image is mirrored and between materials, and nowhere else, after the
coordinates have been rounded to what is delivered, float32 or a grid: what looks like
a triangle in millimetres and float64 may have lost its area by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB
from relicscan.delivery.quantization import Grid
from relicscan.errors import StageError
from relicscan.geometry import topology
from relicscan.geometry.tangents import corner_tangents, turned_tangents
from relicscan.relic import Float32Array, FloatArray, IntArray, Mesh

#: Linear light of each 8-bit sRGB value in 16 bits, 65535 = 1: glTF vertex colours are linear.
_LINEAR_16_BIT = np.round(LINEAR_OF_SRGB.astype(np.float64) * 65535).astype(np.uint16)


@dataclass(frozen=True, eq=False)
class Primitive:
    """The triangles of one material with vertices of their own.

    positions (k, 3) float32, metres, or uint16 on a grid; normals (k, 3) float32, unit;
    uv (k, 2) float32 or None; tangents (k, 4) float32 where there is a normal map, or None;
    colors (k, 3) uint16, linear, 65535 = 1, or None;
    filled (k,) uint8, 1 where the vertex was made up to close a hole, None where none was;
    triangles (t, 3) uint32; material indexes Mesh.materials, None if it has none.
    """

    positions: Float32Array | NDArray[np.uint16]
    normals: Float32Array
    triangles: NDArray[np.uint32]
    material: int | None
    uv: Float32Array | None = None
    tangents: Float32Array | None = None
    colors: NDArray[np.uint16] | None = None
    filled: NDArray[np.uint8] | None = None


def split(
    mesh: Mesh,
    T_model_mesh: FloatArray,
    *,
    position_bits: int | None = None,
    tangents: Float32Array | None = None,
) -> tuple[list[Primitive], Grid | None]:
    """One primitive for each material in use, without faces that have no area when delivered.

    T_model_mesh (4, 4) float64 is a rotation, a positive scale and a shift. With `position_bits`
    positions are rounded to a grid, which is returned. `tangents` (m, 3, 4) are those of the
    mesh's corners where they are known: see `corner_tangents`.
    Texture coordinates go only where a texture is, tangents only where a normal map is, vertex
    colours only where no base colour texture is: glTF multiplies the two, which would darken a
    scan that has both.
    Raises StageError if numbers are not finite or no triangle is left.
    """
    T_model_mesh = np.asarray(T_model_mesh, dtype=np.float64)
    if T_model_mesh.shape != (4, 4) or not np.linalg.det(T_model_mesh[:3, :3]) > 0:
        raise ValueError("T_model_mesh must be (4, 4) and must not mirror")
    positions = _positions(mesh, T_model_mesh)
    grid = None
    delivered: NDArray[Any] = positions
    if position_bits is not None and len(mesh.faces):
        grid = Grid.around(
            positions[topology.used_vertices(mesh.faces, len(positions))], position_bits
        )
        delivered = grid.numbers(positions)
    solid = ~topology.degenerate_faces(Mesh(delivered.astype(np.float64), mesh.faces))
    if not solid.any():
        raise StageError(
            "no triangle is left to deliver: all have zero area in metres at "
            f"{'single precision' if grid is None else f'{grid.bits} bits'}",
            remedy="check the unit that relic.toml or the file states",
        )
    normals = _normals(mesh, T_model_mesh, positions, mesh.faces[solid])
    if not _bends_light(mesh):
        tangents = None
    elif tangents is None:
        tangents = _tangents(mesh, positions, normals)
    else:
        _require_finite(np.asarray(mesh.corner_uv))
        scale = np.cbrt(np.linalg.det(T_model_mesh[:3, :3]))
        tangents = turned_tangents(tangents, T_model_mesh[:3, :3] / scale)
    of_face = mesh.face_material
    if of_face is None:
        groups = [(0 if mesh.materials else None, solid)]
    else:
        groups = [(int(m), solid & (of_face == m)) for m in np.unique(of_face[solid])]
    return [_primitive(mesh, delivered, normals, tangents, m, which) for m, which in groups], grid


def _positions(mesh: Mesh, T: FloatArray) -> Float32Array:
    with np.errstate(over="ignore", invalid="ignore"):
        placed = mesh.vertices @ T[:3, :3].T + T[:3, 3]
        positions = placed.astype(np.float32) + np.float32(0)  # -0 becomes 0: one way to write it
    used = topology.used_vertices(mesh.faces, len(positions))
    if not np.isfinite(positions[used]).all():
        raise StageError(
            "the mesh has coordinates that are not finite numbers in single precision",
            remedy="run remove_invalid_points first, and check the unit of the scan",
        )
    positions[~np.isfinite(positions).all(axis=1)] = 0  # of no face: never delivered
    return positions


def _normals(mesh: Mesh, T: FloatArray, positions: Float32Array, solid: IntArray) -> Float32Array:
    """Unit normals (n, 3) in the model frame; from the faces where the mesh has none to offer."""
    normals = np.zeros((len(positions), 3))
    if mesh.normals is not None:
        given = mesh.normals.astype(np.float64)
        given[~np.isfinite(given).all(axis=1)] = 0
        normals = given @ np.linalg.inv(T[:3, :3])  # row vectors: the inverse transpose
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        np.divide(normals, length, out=normals, where=length > 0)
    for fallback in (topology.vertex_normals, _normal_of_some_face):
        missing = np.linalg.norm(normals, axis=1) == 0
        if not missing[solid].any():
            break
        normals[missing] = fallback(positions.astype(np.float64), solid)[missing]
    return normals.astype(np.float32)


def _normal_of_some_face(positions: FloatArray, solid: IntArray) -> FloatArray:
    """For vertices whose faces cancel out, as on two triangles back to back."""
    a, b, c = (positions[solid[:, i]] for i in range(3))
    cross = np.cross(b - a, c - a)
    normals = np.zeros_like(positions)
    normals[solid.ravel()] = np.repeat(cross / np.linalg.norm(cross, axis=1)[:, None], 3, axis=0)
    return normals


def _bends_light(mesh: Mesh) -> bool:
    return mesh.corner_uv is not None and any(material.normal for material in mesh.materials)


def _tangents(mesh: Mesh, positions: Float32Array, normals: Float32Array) -> Float32Array:
    """Tangents (m, 3, 4) of all corners, in the model frame.

    Of the positions before they go onto a grid, and of all faces: as the map was baked.
    """
    assert mesh.corner_uv is not None
    _require_finite(mesh.corner_uv)
    placed = Mesh(positions.astype(np.float64), mesh.faces, normals, corner_uv=mesh.corner_uv)
    return corner_tangents(placed)


def _primitive(
    mesh: Mesh,
    positions: NDArray[Any],
    normals: Float32Array,
    tangents: Float32Array | None,
    material: int | None,
    which: NDArray[np.bool_],
) -> Primitive:
    corners = mesh.faces[which].ravel()
    described = None if material is None else mesh.materials[material]
    uv = of_vertex = None
    if described is not None and described.textures and mesh.corner_uv is not None:
        corner_uv = mesh.corner_uv[which].reshape(-1, 2) + np.float32(0)
        _require_finite(corner_uv)
        keys = [corner_uv]
        if described.normal is not None and tangents is not None:
            corner_tangent = tangents[which].reshape(-1, 4) + np.float32(0)
            keys += [corner_tangent[:, :2], corner_tangent[:, 2:]]
        first, triangles = _unique(corners, keys)
        vertices, uv = corners[first], corner_uv[first]
        of_vertex = corner_tangent[first] if len(keys) > 1 else None
    else:
        vertices, triangles = np.unique(corners, return_inverse=True)
    colors = None
    if mesh.colors is not None and (described is None or not described.texture):
        colors = _LINEAR_16_BIT[mesh.colors[vertices]]
    filled = None
    if mesh.filled is not None and mesh.filled[vertices].any():
        filled = mesh.filled[vertices].astype(np.uint8)
    return Primitive(
        positions[vertices],
        normals[vertices],
        triangles.reshape(-1, 3).astype(np.uint32),
        material,
        uv,
        of_vertex,
        colors,
        filled,
    )


def _require_finite(corner_uv: Float32Array) -> None:
    if not np.isfinite(corner_uv).all():
        raise StageError(
            "the mesh has texture coordinates that are not finite numbers",
            remedy="export the textured mesh again, or remove its texture",
        )


def _unique(
    corners: IntArray, keys: list[Float32Array]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First corner of each different vertex with its keys (c, 2), and the number of each corner.

    Compared bit by bit: a uv that differs in its last bit was meant to differ,
    and merging by tolerance would move texels.
    """
    number = corners.astype(np.int64)
    for key in keys:
        bits = np.ascontiguousarray(key).view(np.uint64).ravel()
        _, key_number = np.unique(bits, return_inverse=True)
        both = number * (int(key_number.max()) + 1) + key_number
        _, first, number = np.unique(both, return_index=True, return_inverse=True)
    return first, number
