"""Cutting a mesh along a level line of a field on its vertices.

Triangles that the line crosses are split where it crosses them (marching
triangles), so a rim follows the line and not the zigzag of the triangulation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.topology import without_unreferenced
from relicscan.relic import FloatArray, Mesh


def clip_by_field(mesh: Mesh, field: FloatArray) -> Mesh:
    """The part of a mesh (positions, faces and `filled`) where `field` (n,) is <= 0.

    The field is taken as linear along edges; new vertices on one edge are shared by
    both its faces. Crossings are kept 5 % away from an edge's ends: no slivers. One counts
    as filled where either end is: it lies on made-up surface.
    """
    outside = field > 0
    count = outside[mesh.faces].sum(axis=1)
    kept = mesh.faces[count == 0].astype(np.int64)
    crossed = mesh.faces[(count == 1) | (count == 2)].astype(np.int64)
    if not len(crossed):
        return without_unreferenced(Mesh(mesh.vertices, kept, filled=mesh.filled))
    # Turn each face so that the odd one out (alone inside, or alone outside) comes first.
    out = outside[crossed]
    lone_is_outside = out.sum(axis=1) == 1
    lone = np.argmax(out == lone_is_outside[:, None], axis=1)
    turned = crossed[np.arange(len(crossed))[:, None], (lone[:, None] + np.arange(3)) % 3]
    a, b, c = turned.T

    n = len(mesh.vertices)
    pairs = np.sort(np.vstack([np.stack([a, b], 1), np.stack([a, c], 1)]), axis=1)
    keys, inverse = np.unique(pairs[:, 0] * n + pairs[:, 1], return_inverse=True)
    low, high = keys // n, keys % n
    t = np.clip(field[low] / (field[low] - field[high]), 0.05, 0.95)[:, None]
    crossings = mesh.vertices[low] * (1 - t) + mesh.vertices[high] * t
    ab, ac = (n + inverse).reshape(2, -1)

    corner = _stack(a, ab, ac)[~lone_is_outside]
    quad_1 = _stack(ab, b, c)[lone_is_outside]
    quad_2 = _stack(ab, c, ac)[lone_is_outside]
    faces = np.vstack([kept, corner, quad_1, quad_2])
    filled = mesh.filled
    if filled is not None:
        filled = np.concatenate([filled, filled[low] | filled[high]])
    return without_unreferenced(Mesh(np.vstack([mesh.vertices, crossings]), faces, filled=filled))


def _stack(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack(columns, axis=1)
