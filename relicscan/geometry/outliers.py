"""Points that have far fewer neighbours than their own neighbours have.

The classic statistical filter (Rusu et al. 2008) compares each point's mean
neighbour distance with one figure for the whole cloud, and so eats the parts
that were scanned sparsely. Comparing with the neighbours' own figure instead
is the local outlier factor (Breunig et al. 2000) in its simplest form: it is
as sharp where the scan is dense, and spares what is merely sparse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.neighbours import tree
from relicscan.relic import FloatArray


def local_outliers(
    points: FloatArray, neighbours: int = 16, ratio: float = 2.0
) -> NDArray[np.bool_]:
    """Mask (n,) of points whose mean neighbour distance is over `ratio` times their neighbours'."""
    from relicscan.geometry.kernels import loneliness

    if len(points) <= neighbours:
        return np.zeros(len(points), dtype=bool)
    index = tree(points)
    n = len(points)
    near = np.empty((n, neighbours), dtype=np.int32)
    mean = np.empty(n)
    lonely = np.empty(n, dtype=bool)
    threads.in_blocks(lambda a, b: loneliness.mean_distances(index, near, mean, a, b), n)
    # The median, not the mean: two outliers side by side must not vouch for each other.
    threads.in_blocks(lambda a, b: loneliness.lonelier(near, mean, ratio, lonely, a, b), n)
    return lonely
