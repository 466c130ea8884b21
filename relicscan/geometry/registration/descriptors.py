"""What the surroundings of a place look like, whatever way a scan is turned.

Fast point feature histograms (Rusu, Blodow & Beetz 2009) at the coarse level, over two radii;
where both scans are coloured, the mean and scatter of the colours within the smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.registration.views import Level
from relicscan.relic import FloatArray

#: Radii in coarse voxels.
_RADII = (4.0, 8.0)
_MOST_NEIGHBOURS = 120
_COLOR_WEIGHT = 2.0


@dataclass(frozen=True, eq=False)
class Described:
    """Descriptors of the points `which` (k,) of a coarse level: shape (k, 66), tone (k, 6)."""

    which: NDArray[np.int64]
    shape: NDArray[np.float32]
    tone: NDArray[np.float32] | None


def described(level: Level) -> Described:
    """Descriptors of a level's points, rims left out."""
    from relicscan.geometry.o3d import load

    o3d = load()
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(level.points))
    cloud.normals = o3d.utility.Vector3dVector(level.normals)
    which = np.flatnonzero(~level.rim)
    parts = []
    for radius in _RADII:
        search = o3d.geometry.KDTreeSearchParamHybrid(radius * level.voxel_size, _MOST_NEIGHBOURS)
        histograms = np.asarray(o3d.pipelines.registration.compute_fpfh_feature(cloud, search).data)
        parts.append(_rooted(histograms.T[which]))
    return Described(which, np.hstack(parts), _tones(level, which))


def _rooted(histograms: FloatArray) -> NDArray[np.float32]:
    """Unit vectors whose distance is the Hellinger distance of three histograms each."""
    total = np.maximum(histograms.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.sqrt(histograms / total), dtype=np.float32)


def _tones(level: Level, which: NDArray[np.int64]) -> NDArray[np.float32] | None:
    from relicscan.geometry.kernels import kdtree

    if level.tone is None:
        return None
    k = min(48, len(level))
    near = kdtree.query(level.tree, level.points[which], k, np.inf)[1]
    around = level.tone[near]
    return np.hstack([around.mean(axis=1), around.std(axis=1)]).astype(np.float32)


def distances(a: Described, b: Described) -> NDArray[np.float32]:
    """How unlike the places of two scans are (k, l): squared."""
    d = _squared(a.shape, b.shape)
    if a.tone is not None and b.tone is not None:
        d += _COLOR_WEIGHT * _squared(a.tone, b.tone)
    return d


def _squared(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    d = -2 * (a @ b.T)
    d += np.einsum("ij,ij->i", a, a)[:, None]
    d += np.einsum("ij,ij->i", b, b)
    return np.asarray(np.maximum(d, 0, out=d), dtype=np.float32)
