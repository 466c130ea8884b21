"""From our Mesh to what a graphics card reads: one vertex list per material, in metres, float32.

A Mesh keeps its topology by position; a GPU vertex has one position, one normal
and one texture coordinate. So vertices are split here, along texture seams and
between materials and nowhere else, after the coordinates have been rounded to
the float32 that is delivered: what looks like a triangle in millimetres and
float64 may have lost its area by then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import StageError
from relicscan.geometry import topology
from relicscan.relic import Float32Array, FloatArray, IntArray, Mesh


@dataclass(frozen=True, eq=False)
class Primitive:
    """The triangles of one material with vertices of their own.

    positions (k, 3) float32, metres; normals (k, 3) float32, unit;
    uv (k, 2) float32 or None; colors (k, 4) uint16, linear, 65535 = 1, or None;
    filled (k,) uint8, 1 where the vertex was made up to close a hole, None where none was;
    triangles (t, 3) uint16 or uint32; material indexes Mesh.materials, None if it has none.
    """

    positions: Float32Array
    normals: Float32Array
    triangles: NDArray[np.uint16] | NDArray[np.uint32]
    material: int | None
    uv: Float32Array | None = None
    colors: NDArray[np.uint16] | None = None
    filled: NDArray[np.uint8] | None = None


def split(mesh: Mesh, T_model_mesh: FloatArray) -> list[Primitive]:
    """One primitive for each material in use, without faces that have no area when delivered.

    T_model_mesh (4, 4) float64 is a rotation, a positive scale and a shift.
    Texture coordinates go only where a texture is, vertex colours only where no
    base colour texture is: glTF multiplies the two, which would darken a scan that
    has both.
    Raises StageError if numbers are not finite or no triangle is left.
    """
    T_model_mesh = np.asarray(T_model_mesh, dtype=np.float64)
    if T_model_mesh.shape != (4, 4) or not np.linalg.det(T_model_mesh[:3, :3]) > 0:
        raise ValueError("T_model_mesh must be (4, 4) and must not mirror")
    positions = _positions(mesh, T_model_mesh)
    solid = ~topology.degenerate_faces(Mesh(positions.astype(np.float64), mesh.faces))
    if not solid.any():
        raise StageError(
            "no triangle is left to deliver: all have zero area in metres at single precision",
            remedy="check the unit that relic.toml or the file states",
        )
    normals = _normals(mesh, T_model_mesh, positions, mesh.faces[solid])
    of_face = mesh.face_material
    if of_face is None:
        groups = [(0 if mesh.materials else None, solid)]
    else:
        groups = [(int(m), solid & (of_face == m)) for m in np.unique(of_face[solid])]
    return [_primitive(mesh, positions, normals, m, faces) for m, faces in groups]


def _positions(mesh: Mesh, T: FloatArray) -> Float32Array:
    with np.errstate(over="ignore", invalid="ignore"):
        placed = mesh.vertices @ T[:3, :3].T + T[:3, 3]
        positions = placed.astype(np.float32) + np.float32(0)  # -0 becomes 0: one way to write it
    used = np.unique(mesh.faces)
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


def _primitive(
    mesh: Mesh,
    positions: Float32Array,
    normals: Float32Array,
    material: int | None,
    which: NDArray[np.bool_],
) -> Primitive:
    corners = mesh.faces[which].ravel()
    textures = () if material is None else mesh.materials[material].textures
    uv = None
    if textures and mesh.corner_uv is not None:
        corner_uv = mesh.corner_uv[which].reshape(-1, 2) + np.float32(0)
        if not np.isfinite(corner_uv).all():
            raise StageError(
                "the mesh has texture coordinates that are not finite numbers",
                remedy="export the textured mesh again, or remove its texture",
            )
        first, triangles = _unique_pairs(corners, corner_uv)
        vertices, uv = corners[first], corner_uv[first]
    else:
        vertices, triangles = np.unique(corners, return_inverse=True)
    colors = None
    if mesh.colors is not None and (material is None or not mesh.materials[material].texture):
        colors = np.full((len(vertices), 4), 65535, dtype=np.uint16)
        colors[:, :3] = LINEAR_OF_SRGB[mesh.colors[vertices]]
    filled = None
    if mesh.filled is not None and mesh.filled[vertices].any():
        filled = mesh.filled[vertices].astype(np.uint8)
    return Primitive(
        positions[vertices],
        normals[vertices],
        _indices(triangles.reshape(-1, 3), len(vertices)),
        material,
        uv,
        colors,
        filled,
    )


def _indices(
    triangles: NDArray[np.intp], vertex_count: int
) -> NDArray[np.uint16] | NDArray[np.uint32]:
    if vertex_count <= 65535:  # index 65535 itself would mean "primitive restart"
        return triangles.astype(np.uint16)
    return triangles.astype(np.uint32)


def _unique_pairs(
    corners: IntArray, corner_uv: Float32Array
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First corner of each different (vertex, uv), and the number of that pair for each corner.

    Compared bit by bit: a uv that differs in its last bit was meant to differ,
    and merging by tolerance would move texels.
    """
    bits = np.ascontiguousarray(corner_uv).view(np.uint64).ravel()
    _, uv_number = np.unique(bits, return_inverse=True)
    key = corners.astype(np.int64) * (int(uv_number.max()) + 1) + uv_number
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return first, number


def _linear_of_srgb() -> NDArray[np.uint16]:
    """IEC 61966-2-1 as a table from 8 bits to 16: glTF vertex colours are linear."""
    srgb = np.arange(256) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.round(linear * 65535).astype(np.uint16)


LINEAR_OF_SRGB = _linear_of_srgb()
