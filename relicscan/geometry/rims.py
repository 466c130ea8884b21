"""Where the scan ends: cutting a closed surface back to what was scanned.

Poisson reconstruction closes every surface. What it made up far from any point is
cut away by distance to the points: cutting the lowest densities instead, as
tutorials do, also cuts real rims (2 % cut: holes of 3.3 mm). Small gaps between
points stay closed, and the share of the surface that they make is returned, since
it was not scanned.

The rim follows from a morphological closing (Serra 1982): everything within the
gap that counts as scanned, then back by as much along the surface. Without the way
back a rim came out 2.2 point spacings outside the true one.
"""

from __future__ import annotations

import numpy as np

from relicscan.errors import StageError
from relicscan.geometry.checks import require_count
from relicscan.geometry.clip import clip_by_field
from relicscan.geometry.neighbours import local_spacing, nearest, tree
from relicscan.geometry.topology import (
    boundary_vertices,
    edges,
    face_areas,
    face_components,
    smoothed_over_edges,
)
from relicscan.relic import FloatArray, Mesh, PointCloud

#: Point spacings by which a surface reaches beyond the middle of its outermost points.
OVERHANG = 0.5


def cut_to_scan(
    mesh: Mesh, cloud: PointCloud, *, rim_gap: float, fill_gap: float
) -> tuple[Mesh, dict[str, float]]:
    """The surface (n, 3) where it was scanned, and what was filled and cut, as area shares.

    A place counts as scanned within `rim_gap` local point spacings of a point. Unscanned
    patches stay, as filled, when no place in them is farther than `fill_gap` spacings
    from a point and the surface goes on all around them; others are cut off along the
    line where the scan ends. Raises StageError where there are no points, or some that
    are not numbers.
    """
    require_count(cloud.points, 1)
    index = tree(cloud.points)
    distance, closest = nearest(index, mesh.vertices)
    spacing = local_spacing(cloud.points, index)
    typical = float(np.median(spacing))
    if typical <= 0:
        raise StageError(
            "most points stand in one place",
            remedy="put remove_invalid_points and voxel_downsample before this stage",
        )
    # A stray point in an empty place must not make that place count as densely scanned.
    reach = np.clip(spacing[closest], typical, 3 * typical)
    gaps = smoothed_over_edges(distance / reach, mesh.faces, rounds=2)

    unscanned = np.asarray((gaps[mesh.faces] > rim_gap).any(axis=1))
    patch = face_components(mesh.faces, unscanned)
    deepest = np.zeros(patch.max(initial=-1) + 1)
    depth = gaps.copy()
    # Poisson works in a box little larger than the points, and leaves open what bulges out of it.
    depth[boundary_vertices(mesh.faces)] = np.inf
    np.maximum.at(deepest, patch[unscanned], depth[mesh.faces[unscanned]].max(axis=1))
    filled = np.zeros(len(mesh.faces), dtype=bool)
    filled[unscanned] = deepest[patch[unscanned]] <= fill_gap

    field = gaps - rim_gap
    field[np.unique(mesh.faces[filled])] = -rim_gap
    way_back = np.maximum(rim_gap - OVERHANG, 0) * reach
    kept = clip_by_field(mesh, _moved_inwards(mesh, field, way_back))
    area = face_areas(mesh)
    total = float(area.sum()) or 1.0
    return kept, {
        "filled_area_share": float(area[filled].sum()) / total,
        "cut_area_share": max(0.0, 1 - float(face_areas(kept).sum()) / total),
    }


def _moved_inwards(mesh: Mesh, field: FloatArray, by: FloatArray) -> FloatArray:
    """A field (n,) whose zero line lies `by` (n,) inside that of `field`.

    By straight distance: walls through which it would reach are too thin for their points.
    """
    outside = field > 0
    pairs = edges(mesh.faces)
    crossing = pairs[outside[pairs[:, 0]] != outside[pairs[:, 1]]]
    if not len(crossing) or not by.any():
        return field
    a, b = crossing.T
    t = (field[a] / (field[a] - field[b]))[:, None]
    line = mesh.vertices[a] * (1 - t) + mesh.vertices[b] * t
    limit = 2 * float(by.max())
    distance = np.minimum(nearest(tree(line), mesh.vertices, within=limit)[0], limit)
    return np.asarray(by + np.where(outside, distance, -distance))
