"""Where the scan ends: cutting a surface back to what was scanned.

A surface through points goes on for a few spacings beyond the last of them. It is cut by
distance to the points: cutting the lowest densities instead, as tutorials do with Poisson
reconstruction, also cuts real rims (2 % cut: holes of 3.3 mm).

The rim follows from a morphological closing (Serra 1982): everything within the gap that
counts as scanned, then back by as much along the surface. Without the way back a rim came
out 2.2 point spacings outside the true one.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.clip import clip_by_field
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.topology import edges, smoothed_over_edges
from relicscan.relic import FloatArray, IntArray, Mesh

#: Point spacings by which a surface reaches beyond the middle of its outermost points.
OVERHANG = 0.5

#: Only what is farther from the points than this share of the gap can be near a rim.
_NEAR_RIM = 0.4


def cut_back(mesh: Mesh, gaps: FloatArray, spacing: FloatArray, rim_gap: float) -> Mesh:
    """The plain surface where it was scanned.

    gaps (n,) is how far each vertex is from the nearest point, and spacing (n,) the point
    spacing there: a place counts as scanned within `rim_gap` spacings.
    """
    ratio = gaps / spacing
    near = mesh.faces[(ratio[mesh.faces] > _NEAR_RIM * rim_gap).any(axis=1)]
    field = smoothed_over_edges(ratio, near, rounds=2) - rim_gap
    way_back = np.maximum(rim_gap - OVERHANG, 0) * spacing
    return clip_by_field(mesh, _moved_inwards(mesh.vertices, near, field, way_back))


def _moved_inwards(
    vertices: FloatArray, faces: IntArray, field: FloatArray, by: FloatArray
) -> FloatArray:
    """A field (n,) whose zero line lies `by` (n,) inside that of `field`.

    By straight distance: walls through which it would reach are too thin for their points.
    """
    outside = field > 0
    pairs = edges(faces)
    crossing = pairs[outside[pairs[:, 0]] != outside[pairs[:, 1]]]
    if not len(crossing) or not by.any():
        return field
    a, b = crossing.T
    t = (field[a] / (field[a] - field[b]))[:, None]
    line = vertices[a] * (1 - t) + vertices[b] * t
    limit = 2 * float(by.max())
    distance = np.minimum(nearest(tree(line), vertices, within=limit)[0], limit)
    return np.asarray(by + np.where(outside, distance, -distance))
