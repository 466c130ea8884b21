"""Faces without area, taken out without leaving a hole where they were.

A face that uses a vertex twice closes nothing and just goes. One whose three
vertices lie on a line does: it is the only thing between its neighbours. There the
neighbour on its longest side is split at the middle vertex instead (an edge flip).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.topology import degenerate_faces
from relicscan.relic import Mesh


def without_degenerate(mesh: Mesh) -> Mesh:
    """The mesh without faces that have no area; vertices stay as they are."""
    f = mesh.faces
    twice = (f[:, 0] == f[:, 1]) | (f[:, 1] == f[:, 2]) | (f[:, 2] == f[:, 0])
    mesh = mesh.take_faces(~twice) if twice.any() else mesh
    flat = degenerate_faces(mesh)
    if not flat.any():
        return mesh
    mesh = _flipped(mesh, np.flatnonzero(flat))
    return mesh.take_faces(~degenerate_faces(mesh))


def _flipped(mesh: Mesh, flat: NDArray[np.int64]) -> Mesh:
    """The mesh with the longest edge of each flat face flipped, where a neighbour is there."""
    faces = mesh.faces.astype(np.int64)
    corner = mesh.vertices[faces[flat]]
    sides = np.linalg.norm(np.roll(corner, -1, axis=1) - corner, axis=2)
    # The flat face as (c, a, m): its longest side runs from c to a, and m lies on it.
    first = np.argmax(sides, axis=1)
    c, a, m = (faces[flat, (first + i) % 3] for i in range(3))

    # The neighbour is the one other face with that side, from a to c, as (a, c, x).
    n = len(mesh.vertices)
    along = faces * n + np.roll(faces, -1, axis=1)
    order = np.argsort(along, axis=None, kind="stable")
    keys = along.ravel()[order]
    at = np.searchsorted(keys, a * n + c)
    alone = np.searchsorted(keys, a * n + c, side="right") - at == 1
    at = order[np.minimum(at, len(order) - 1)]
    other, start = at // 3, at % 3
    usable = alone & ~np.isin(other, flat)
    usable &= np.bincount(other[usable], minlength=len(faces))[other] == 1
    flat, other, start, c, a, m = (v[usable] for v in (flat, other, start, c, a, m))
    x = faces[other, (start + 2) % 3]

    # Together they are (a, m, x) and (m, c, x), with the neighbour's texture.
    faces[flat] = np.stack([a, m, x], axis=1)
    faces[other] = np.stack([m, c, x], axis=1)
    corner_uv = None
    if mesh.corner_uv is not None:
        corner_uv = np.array(mesh.corner_uv)
        uv_a, uv_c, uv_x = (mesh.corner_uv[other, (start + i) % 3] for i in range(3))
        whole = np.linalg.norm(mesh.vertices[c] - mesh.vertices[a], axis=1)
        part = np.linalg.norm(mesh.vertices[m] - mesh.vertices[a], axis=1)
        t = (part / np.maximum(whole, np.finfo(float).tiny))[:, None]
        uv_m = uv_a * (1 - t) + uv_c * t
        corner_uv[flat] = np.stack([uv_a, uv_m, uv_x], axis=1)
        corner_uv[other] = np.stack([uv_m, uv_c, uv_x], axis=1)
    material = None
    if mesh.face_material is not None:
        material = np.array(mesh.face_material)
        material[flat] = material[other]
    return Mesh(
        mesh.vertices,
        faces.astype(np.int32),
        mesh.normals,
        mesh.colors,
        corner_uv,
        material,
        mesh.materials,
        mesh.filled,
    )
