"""Points that are on no surface.

Three kinds of stray, each told by what it is not:

- *lonely*: the classic statistical filter (Rusu et al. 2008) compares each point's mean
  neighbour distance with one figure for the whole cloud, and so eats the parts that were
  scanned sparsely. Comparing with the neighbours' own figure instead is the local outlier
  factor (Breunig et al. 2000) in its simplest form: it is as sharp where the scan is dense,
  and spares what is merely sparse;
- *scattered*: strays whose neighbours are strays are as lonely as these. Where points are
  sparser than is typical and their neighbours lie on all sides (surface variation, Pauly et
  al. 2002), there is no sparse surface either;
- *hovering*: too near to a surface to be lonely. Its neighbours lie in a plane, and none of
  them at its height, as would some across a thin wall that was scanned sparsely.

On the benchmark vase (a million points, 1 % of them astray, 0.6 mm between points) 3,151 of
the 8,604 points over 0.5 mm off are left by the first, 2,708 by the first two, 1,279 by all
three, and of those over 1 mm off 175. Of the 774,000 within 0.2 mm they take 188.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.neighbours import tree
from relicscan.relic import FloatArray

#: Sparse is what has so many times the typical distance to its neighbours; scattered are
#: neighbours with more surface variation than that, all 16 and the nearer 8 (across a thin wall
#: lies another surface). It is 0 on a plane, 1/3 in a full ball, and of points scattered evenly
#: in one over 0.05 for 90 %. With 1.75 and 0.05 the vase would lose 1,205 true points, with 2
#: and 0.08 it would keep 310 strays over 1 mm off.
SPARSE, SCATTERED = 2.0, 0.05

#: A point hovers that is so many spacings and standard deviations above a plane through its
#: neighbours which have no more surface variation than that.
HOVERING, DEVIATIONS, FLAT = 0.8, 4.0, 0.04

#: Where more than this share were strays, others that were hidden among them are looked for.
AGAIN = 0.05


def local_outliers(
    points: FloatArray, neighbours: int = 16, ratio: float = 2.0
) -> NDArray[np.bool_]:
    """Mask (n,) of points that are lonely, scattered, or hover over a surface.

    Lonely and sparse is what is more than `ratio` times as far from its neighbours as these
    from theirs, or as is typical of the cloud.
    """
    stray = np.zeros(len(points), dtype=bool)
    left, rest = np.arange(len(points)), points
    while len(left) > neighbours:
        found = _strays(rest, neighbours, ratio)
        stray[left[found]] = True
        if found.mean() <= AGAIN:
            break
        left, rest = left[~found], rest[~found]
    return stray


def _strays(points: FloatArray, neighbours: int, ratio: float) -> NDArray[np.bool_]:
    from relicscan.geometry.kernels import planes

    near, mean = _mean_distances(points, neighbours)
    theirs = _medians_of_neighbours(mean, near)
    stray = mean > ratio * theirs
    sparse = np.flatnonzero((mean > SPARSE * np.median(mean)) & ~stray)
    variation = np.empty(len(sparse))
    threads.in_blocks(
        lambda a, b: planes.variations(points, near, sparse, variation, a, b), len(sparse)
    )
    stray[sparse] = variation > SCATTERED
    # Of k points around one in a plane the mean distance is 2/3 sqrt(k / pi) spacings.
    above = HOVERING / (2 / 3 * np.sqrt(neighbours / np.pi)) * theirs
    threads.in_blocks(
        lambda a, b: planes.hovering(points, near, above, DEVIATIONS, FLAT, stray, a, b),
        len(points),
    )
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
    return np.asarray(ratio * counts < _medians_of_neighbours(counts.astype(np.float64), near))


def _mean_distances(points: FloatArray, k: int) -> tuple[NDArray[np.int32], FloatArray]:
    """The nearest other points (n, k) of each, and the mean distance to them (n,)."""
    from relicscan.geometry.kernels import loneliness

    index, n = tree(points), len(points)
    near, mean = np.empty((n, k), dtype=np.int32), np.empty(n)
    threads.in_blocks(lambda a, b: loneliness.mean_distances(index, near, mean, a, b), n)
    return near, mean


def _medians_of_neighbours(value: FloatArray, near: NDArray[np.int32]) -> FloatArray:
    """The median (n,) of the values (n,) at near (n, k).

    Not the mean: two outliers side by side must not vouch for each other.
    """
    from relicscan.geometry.kernels import loneliness

    median = np.empty(len(value))
    threads.in_blocks(lambda a, b: loneliness.medians(near, value, median, a, b), len(value))
    return median
