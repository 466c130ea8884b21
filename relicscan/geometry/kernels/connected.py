"""Connected parts, by sets that are joined pair by pair (Tarjan 1975)."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def parts(first, second, n):
    """The part (n,) int64 of each of n things, where pairs (e,), (e,) of them are connected.

    Numbered in the order of their first things.
    """
    parent = np.arange(n)
    for e in range(len(first)):
        a = _root(parent, first[e])
        b = _root(parent, second[e])
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    labels = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        root = _root(parent, i)  # the first thing of its part
        if root == i:
            labels[i] = count
            count += 1
        else:
            labels[i] = labels[root]
    return labels


@kernel
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
