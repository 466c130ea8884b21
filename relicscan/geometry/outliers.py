"""Points that have far fewer neighbours than their own neighbours have.

The classic statistical filter (Rusu et al. 2008) compares each point's mean
neighbour distance with one figure for the whole cloud, and so eats the parts
that were scanned sparsely. Comparing with the neighbours' own figure instead
is the local outlier factor (Breunig et al. 2000) in its simplest form: it is
as sharp where the scan is dense, and spares what is merely sparse.

Strays whose neighbours are strays are as lonely as these. They are told from a sparse part
of the surface by what that is: a surface. Where points are sparser than is typical and
their neighbours lie on all sides (surface variation, Pauly et al. 2002), none is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.neighbours import tree
from relicscan.relic import FloatArray

#: Surface variation of neighbours that lie on all sides. It is 0 on a plane, 1/3 in a full ball;
#: of 16 points scattered evenly in one 0.19 on the median and over 0.08 for 99 %; at the corner
#: of a cube 0.07.
SCATTERED = 0.08


def local_outliers(
    points: FloatArray, neighbours: int = 16, ratio: float = 2.0
) -> NDArray[np.bool_]:
    """Mask (n,) of points that are lonelier than their neighbours, or sparse and on no surface.

    Lonely and sparse: `ratio` times the mean neighbour distance of the neighbours, of the cloud.
    """
    from relicscan.geometry.kernels import planes

    if len(points) <= neighbours:
        return np.zeros(len(points), dtype=bool)
    near, mean = _mean_distances(points, neighbours)
    stray = _more_than_neighbours(mean, near, ratio)
    sparse = np.flatnonzero((mean > ratio * np.median(mean)) & ~stray)
    variation = np.empty(len(sparse))
    threads.in_blocks(
        lambda a, b: planes.variations(points, near, sparse, variation, a, b), len(sparse)
    )
    stray[sparse] = variation > SCATTERED
    return stray


def sparser_than_neighbours(
    means: FloatArray, counts: NDArray[np.int64], neighbours: int = 16, ratio: float = 8.0
) -> NDArray[np.bool_]:
    """Mask (n,) of cells that hold less than 1/`ratio` of what the cells around them hold.

    means (n, 3) and counts (n,) of the points in each.
    """
    if len(means) <= neighbours:
        return np.zeros(len(means), dtype=bool)
    near, _ = _mean_distances(means, neighbours)
    return _more_than_neighbours(1 / counts, near, ratio)


def _mean_distances(points: FloatArray, k: int) -> tuple[NDArray[np.int32], FloatArray]:
    """The nearest other points (n, k) of each, and the mean distance to them (n,)."""
    from relicscan.geometry.kernels import loneliness

    index, n = tree(points), len(points)
    near, mean = np.empty((n, k), dtype=np.int32), np.empty(n)
    threads.in_blocks(lambda a, b: loneliness.mean_distances(index, near, mean, a, b), n)
    return near, mean


def _more_than_neighbours(
    value: FloatArray, near: NDArray[np.int32], ratio: float
) -> NDArray[np.bool_]:
    """Mask (n,) of points with over `ratio` times the median of their neighbours' values.

    The median, not the mean: two outliers side by side must not vouch for each other.
    """
    from relicscan.geometry.kernels import loneliness

    more = np.empty(len(value), dtype=bool)
    threads.in_blocks(
        lambda a, b: loneliness.above_median(near, value, ratio, more, a, b), len(value)
    )
    return more
