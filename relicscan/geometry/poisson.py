"""Surfaces from oriented points: screened Poisson, cut back to what was scanned.

Poisson reconstruction (Kazhdan & Hoppe 2013, as Open3D carries it) always closes
the surface. What it made up far from any point is cut away here by distance to
the points: cutting the lowest densities instead, as tutorials do, also cuts real
rims (2 % cut: holes of 3.3 mm). Small gaps between points stay closed, and the
share of the surface that they make is returned, since it was not scanned.
"""

from __future__ import annotations

import numpy as np

from relicscan import threads
from relicscan.errors import StageError
from relicscan.geometry.clip import clip_by_field
from relicscan.geometry.neighbours import local_spacing, nearest, tree
from relicscan.geometry.o3d import legacy_cloud, load
from relicscan.geometry.topology import face_areas, face_components, smoothed_over_edges
from relicscan.relic import FloatArray, Mesh, PointCloud


def octree_depth(points: FloatArray, spacing: float, max_depth: int) -> int:
    """The depth whose finest cells match the point spacing; deeper only models the noise."""
    extent = 1.1 * float(np.ptp(points, axis=0).max())
    return int(np.clip(np.ceil(np.log2(extent / max(spacing, 1e-12))), 4, max_depth))


def poisson_surface(cloud: PointCloud, depth: int, point_weight: float = 4.0) -> Mesh:
    """A closed surface through points (n, 3) with oriented normals, units of the points.

    point_weight 4 follows the points more closely than the usual 2: 0.050 against
    0.057 mm RMS on a scan with 0.05 mm noise. Raises StageError where there are
    too few points; anything that is not finite must be gone (it would crash).
    """
    if cloud.normals is None:
        raise ValueError("poisson_surface needs normals")
    span = np.ptp(cloud.points, axis=0) if len(cloud) else np.zeros(3)
    if len(cloud) < 50 or np.sort(span)[1] <= 0:
        raise StageError(
            f"{len(cloud):,} points are too few for a surface",
            remedy="scan again, or check with `relicscan inspect` what the file holds",
        )
    # Zero normals carry no orientation and unbalance the indicator function.
    pcd = legacy_cloud(cloud.take(np.linalg.norm(cloud.normals, axis=1) > 0.5))
    surface, _ = load().geometry.TriangleMesh.create_from_point_cloud_poisson(
        pcd, depth=depth, point_weight=point_weight, n_threads=threads.count()
    )
    if not len(surface.triangles):
        raise StageError(
            "the points gave no surface",
            remedy="their normals may be wrong: leave out the file's normals, or give viewpoints",
        )
    return Mesh(np.asarray(surface.vertices), np.asarray(surface.triangles))


def cut_to_scan(
    mesh: Mesh, cloud: PointCloud, *, rim_gap: float, fill_gap: float
) -> tuple[Mesh, dict[str, float]]:
    """The surface (n, 3) where it was scanned, and what was filled and cut, as area shares.

    A place counts as scanned within `rim_gap` local point spacings of a point. Unscanned
    patches stay, as filled, when no place in them is farther than `fill_gap` spacings
    from a point; larger ones are cut off along the line where the scan ends.
    """
    index = tree(cloud.points)
    distance, closest = nearest(index, mesh.vertices)
    spacing = local_spacing(cloud.points, index)
    typical = float(np.median(spacing))
    # A stray point in an empty place must not make that place count as densely scanned.
    reach = np.clip(spacing[closest], typical, 3 * typical)
    gaps = smoothed_over_edges(distance / reach, mesh.faces, rounds=2)

    unscanned = np.asarray((gaps[mesh.faces] > rim_gap).any(axis=1))
    patch = face_components(mesh.faces, unscanned)
    deepest = np.zeros(patch.max(initial=-1) + 1)
    np.maximum.at(deepest, patch[unscanned], gaps[mesh.faces[unscanned]].max(axis=1))
    filled = np.zeros(len(mesh.faces), dtype=bool)
    filled[unscanned] = deepest[patch[unscanned]] <= fill_gap

    field = gaps - rim_gap
    field[np.unique(mesh.faces[filled])] = -rim_gap
    kept = clip_by_field(mesh, field)
    area = face_areas(mesh)
    total = float(area.sum()) or 1.0
    return kept, {
        "filled_area_share": float(area[filled].sum()) / total,
        "cut_area_share": max(0.0, 1 - float(face_areas(kept).sum()) / total),
    }
