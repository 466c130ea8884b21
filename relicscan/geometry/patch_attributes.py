"""What belongs on the patches of holes: flags, colours, normals, texture coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.fairing import harmonic
from relicscan.geometry.patches import Patches, Rims
from relicscan.geometry.topology import vertex_normals
from relicscan.relic import Float32Array, FloatArray, IntArray, Mesh

Indices = NDArray[np.int64]


def with_patches(mesh: Mesh, rims: Rims, patches: Patches) -> Mesh:
    """The mesh with patches on some of its rims; their points come last, as do their faces."""
    n, k = len(mesh.vertices), len(patches.points)
    vertices = np.vstack([mesh.vertices, patches.points])
    faces = np.vstack([mesh.faces, patches.faces])
    filled = np.zeros(n, dtype=bool) if mesh.filled is None else mesh.filled
    filled = np.concatenate([filled, np.ones(k, dtype=bool)])
    colors, normals = mesh.colors, mesh.normals
    if colors is not None and k:
        mixed = _between(vertices, patches, n, colors.astype(np.float64))
        colors = np.vstack([colors, np.clip(np.rint(mixed), 0, 255).astype(np.uint8)])
    if normals is not None and k:
        normals = np.vstack([normals, vertex_normals(vertices, faces)[n:].astype(np.float32)])
    uv, material = mesh.corner_uv, mesh.face_material
    if uv is not None:
        new_uv, new_material = _texture(mesh, rims, patches, vertices)
        uv = np.concatenate([uv, new_uv])
        material = None if material is None else np.concatenate([material, new_material])
    elif material is not None:
        first = mesh.face_material[rims.half[rims.start[:-1]] // 3]  # type: ignore[index]
        material = np.concatenate([material, first[patches.face_hole]])
    return Mesh(
        vertices,
        faces,
        normals,
        colors,
        uv,
        material,
        mesh.materials,
        filled if filled.any() else None,
    )


def _between(vertices: FloatArray, patches: Patches, n: int, values: FloatArray) -> FloatArray:
    """Values (k, d) at the patches' points from those (n, d) around them."""
    touched, number = np.unique(patches.faces, return_inverse=True)
    given = np.zeros((len(touched), values.shape[1]))
    old = touched < n
    given[old] = values[touched[old]]
    return harmonic(
        vertices[touched], number.reshape(-1, 3).astype(np.int64), np.flatnonzero(~old), given
    )


def _texture(
    mesh: Mesh, rims: Rims, patches: Patches, vertices: FloatArray
) -> tuple[Float32Array, IntArray]:
    """Texture coordinates (t, 3, 2) and materials (t,) of the patches' faces.

    Interpolated where the rim is one piece of texture; elsewhere each face has the colour of
    the corner of the rim that is nearest to it.
    """
    n, holes = len(mesh.vertices), len(rims)
    uv: Float32Array = mesh.corner_uv  # type: ignore[assignment]
    material = mesh.face_material
    if material is None:
        material = np.zeros(len(mesh.faces), dtype=np.int32)
    half, row = rims.half, rims.of_row()
    loop = rims.vertices(mesh.faces)
    here = uv[half // 3, (half + 1) % 3]
    # The same vertex in the face of the rim's edge before it.
    before = np.roll(np.arange(len(half)), 1)
    before[rims.start[:-1]] = rims.start[1:] - 1
    there = uv[half[before] // 3, half[before] % 3]
    of_row = material[half // 3]
    odd = (here != there).any(axis=1) | (of_row != of_row[before])
    in_pieces = np.bincount(row, odd, holes) > 0

    at = np.zeros((len(vertices), 2))
    at[loop] = here
    if len(patches.points):
        at[n:] = _between(vertices, patches, n, at[:n])
    found = at[patches.faces].astype(np.float32)
    of_face = of_row[rims.start[:-1]][patches.face_hole]
    for hole in np.flatnonzero(in_pieces & ~patches.refused):
        rows = np.arange(rims.start[hole], rims.start[hole + 1])
        those = np.flatnonzero(patches.face_hole == hole)
        centre = vertices[patches.faces[those]].mean(axis=1)
        away = np.linalg.norm(centre[:, None] - mesh.vertices[loop[rows]], axis=2)
        nearest = rows[away.argmin(axis=1)]
        found[those] = here[nearest][:, None]
        of_face[those] = of_row[nearest]
    return found, of_face
