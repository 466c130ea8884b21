"""Averaging points over the cells of a regular grid.

Sorting integer cell keys and averaging runs of them, with a row order that is the same
every time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.errors import StageError
from relicscan.geometry.checks import require_plausible
from relicscan.relic import FloatArray, PointCloud

#: Three layer numbers of 21 bits fit one 64-bit key.
MOST_LAYERS = 1 << 21


def cell_order(
    points: FloatArray, voxel_size: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points (n, 3) sorted by grid cell: their order (n,) and where each cell starts (cells,).

    Raises StageError where more than 2^21 layers of cells hold points, or where some
    points are not numbers.
    """
    require_plausible(points)
    low = points.min(axis=0)
    layers = np.floor((points - low) / voxel_size)
    if layers.max(initial=0) >= MOST_LAYERS:
        # Stray points far off make the grid wide, not full: number the layers that hold points.
        layers = np.stack([np.unique(axis, return_inverse=True)[1] for axis in layers.T], axis=1)
    if layers.max(initial=0) >= MOST_LAYERS:
        raise StageError(
            f"a voxel size of {voxel_size:g} would need more than {MOST_LAYERS:,} layers of cells",
            remedy="choose a larger one",
        )
    cells = layers.astype(np.int64)
    keys = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
    return order, starts


def voxel_downsample(cloud: PointCloud, voxel_size: float) -> PointCloud:
    """One point for each occupied cell: the mean of what fell into it, attributes too.

    Cells are in grid order. Mean normals are renormalised; where they cancel out
    (two sides of a thin wall in one cell) the first point's normal stands.
    """
    from relicscan.geometry.kernels import averages

    if not len(cloud):
        return cloud
    order, starts = cell_order(cloud.points, voxel_size)

    def mean(values: NDArray[np.generic]) -> FloatArray:
        rows = values.reshape(len(values), -1)
        means = np.empty((len(starts), rows.shape[1]))
        threads.in_blocks(
            lambda a, b: averages.means(rows, order, starts, means, a, b), len(starts)
        )
        return means if values.ndim > 1 else means[:, 0]

    normals = None
    if cloud.normals is not None:
        normals = mean(cloud.normals)
        length = np.linalg.norm(normals, axis=1)
        cancelled = length < 0.3
        normals[cancelled] = cloud.normals[order[starts[cancelled]]]
        length[cancelled] = np.maximum(np.linalg.norm(normals[cancelled], axis=1), 1e-12)
        normals = normals / length[:, None]
    return PointCloud(
        points=mean(cloud.points),
        normals=normals,
        colors=None if cloud.colors is None else np.rint(mean(cloud.colors)).astype(np.uint8),
        intensity=None if cloud.intensity is None else mean(cloud.intensity),
        viewpoints=None if cloud.viewpoints is None else mean(cloud.viewpoints),
    )
