"""How far each point's neighbours are, and how that compares with theirs."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.kdtree import scratch, search


@kernel
def mean_distances(tree, near, mean, start, stop):
    """Fill the nearest other points near (n, k) and their mean distance (n,), in input order."""
    k = near.shape[1]
    work = scratch(k + 1)
    for t in range(start, stop):
        x, y, z = tree.points[t, 0], tree.points[t, 1], tree.points[t, 2]
        search(tree, x, y, z, np.inf, work)
        i = tree.order[t]
        total = 0.0
        for j in range(k):
            near[i, j] = tree.order[work.found[j + 1]]
            total += np.sqrt(work.squared[j + 1])
        mean[i] = total / k


@kernel
def medians(near, value, median, start, stop):
    """Fill median (n,) of the values (n,) at near (n, k)."""
    theirs = np.empty(near.shape[1])
    for i in range(start, stop):
        for j in range(len(theirs)):
            theirs[j] = value[near[i, j]]
        median[i] = np.median(theirs)


@kernel
def spacings(tree, queries, ranks, spacing, start, stop):
    """Fill spacing (q,) from the distances to some ranks of nearest points, 0 being the nearest."""
    k = min(ranks[-1] + 1, len(tree.points))
    work = scratch(k)
    for q in range(start, stop):
        search(tree, queries[q, 0], queries[q, 1], queries[q, 2], np.inf, work)
        total = 0.0
        for rank in ranks:
            total += np.sqrt(work.squared[min(rank, k - 1)] * np.pi / rank)
        spacing[q] = total / len(ranks)
