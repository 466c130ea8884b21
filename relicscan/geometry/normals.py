"""Normals of a cloud: planes fitted to each point's neighbours (Hoppe et al. 1992).

Their sign is arbitrary: see `relicscan.geometry.orientation`.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.checks import require_count
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.o3d import legacy_cloud, load
from relicscan.relic import FloatArray, PointCloud


def estimate_normals(points: FloatArray, neighbours: int = 14) -> FloatArray:
    """Unit normals (n, 3) float64 of arbitrary sign. StageError for fewer than three points."""
    require_count(points, 3)
    o3d = load()
    pcd = legacy_cloud(PointCloud(points))
    pcd.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(min(neighbours, len(points))))
    return np.asarray(pcd.normals)


def unclear_share(points: FloatArray, neighbours: int = 14, sample: int = 2000) -> float:
    """Share of points (n, 3) that do not lie on one surface with their neighbours.

    Where the surface variation (Pauly et al. 2002) is over 0.08. Over a half of the
    points means that signs are not to be trusted: noise of 0.6 point spacings and more
    (0.6), or walls thinner than two spacings (0.6 at 1.8, with half of the signs wrong).
    """
    chosen = points[:: max(1, len(points) // sample)]
    near = points[nearest(tree(points), chosen, neighbours)[1].reshape(len(chosen), -1)]
    near = near - near.mean(axis=1, keepdims=True)
    sizes = np.linalg.eigvalsh(np.einsum("qki,qkj->qij", near, near))
    total = sizes.sum(axis=1)
    return float((sizes[:, 0] > 0.08 * total).mean()) if len(chosen) else 0.0
