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

from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import FloatArray


def local_outliers(
    points: FloatArray, neighbours: int = 16, ratio: float = 2.0
) -> NDArray[np.bool_]:
    """Mask (n,) of points whose mean neighbour distance is over `ratio` times their neighbours'."""
    if len(points) <= neighbours:
        return np.zeros(len(points), dtype=bool)
    distances, indices = nearest(tree(points), points, neighbours + 1)
    own = distances[:, 1:].mean(axis=1)
    # The median, not the mean: two outliers side by side must not vouch for each other.
    theirs = np.median(own[indices[:, 1:]], axis=1)
    return np.asarray(own > ratio * np.maximum(theirs, np.finfo(float).tiny))
