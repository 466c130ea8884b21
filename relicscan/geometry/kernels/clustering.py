"""Hierarchical clustering of faces (Garland, Willmott & Heckbert 2001): the best merge first."""

from __future__ import annotations

import heapq

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def merged(pairs, shared, normals, areas, most_bent, most_area, roundness):
    """Cluster number (m,) int64 of each face; numbers are those of faces, with gaps.

    pairs (e, 2) int64 are faces with a common edge, each pair once, and shared (e,) its length;
    normals (m, 3) of length 1; areas (m,). Two clusters merge while what they become is not
    more bent than `most_bent`; those first that stay flat and, by `roundness`, round.
    """
    m = len(areas)
    parent = np.arange(m)
    version = np.zeros(m, np.int64)
    area = areas.copy()
    facing = normals * areas.reshape(-1, 1)
    perimeter = np.zeros(m)
    # The neighbours of each cluster as a linked list: where it begins and ends, and what follows.
    e = len(pairs)
    first, last = np.full(m, -1), np.full(m, -1)
    following = np.full(2 * e, -1)
    target, border = np.empty(2 * e, np.int64), np.empty(2 * e)
    for k in range(e):
        for side in range(2):
            i, node = pairs[k, side], 2 * k + side
            target[node], border[node] = pairs[k, 1 - side], shared[k]
            perimeter[i] += shared[k]
            if first[i] < 0:
                first[i] = node
            else:
                following[last[i]] = node
            last[i] = node
    heap = [(0.0, 0, 0, 0, 0)]
    heap.pop()
    for k in range(e):
        i, j = pairs[k, 0], pairs[k, 1]
        bent, cost = _joined(i, j, shared[k], facing, area, perimeter, roundness)
        if bent <= most_bent and area[i] + area[j] <= most_area:
            heapq.heappush(heap, (cost, i, j, 0, 0))
    seen, node_of = np.zeros(m, np.int64), np.empty(m, np.int64)
    stamp = 0
    while heap:
        cost, i, j, of_i, of_j = heapq.heappop(heap)
        if version[i] != of_i or version[j] != of_j or parent[i] != i or parent[j] != j:
            continue
        parent[j] = i
        version[i] += 1
        stamp += 1
        area[i] += area[j]
        for axis in range(3):
            facing[i, axis] += facing[j, axis]
        perimeter[i] += perimeter[j]
        following[last[i]] = first[j]
        last[i] = last[j]
        node, before = first[i], -1
        while node >= 0:
            after, other = following[node], _root(parent, target[node])
            if other == i:
                perimeter[i] -= border[node]
            elif seen[other] == stamp:
                border[node_of[other]] += border[node]
            else:
                seen[other], node_of[other], target[node] = stamp, node, other
                if before < 0:
                    first[i] = node
                else:
                    following[before] = node
                before = node
            node = after
        last[i] = before
        if before < 0:
            first[i] = -1
            continue
        following[before] = -1
        node = first[i]
        while node >= 0:
            other = target[node]
            bent, cost = _joined(i, other, border[node], facing, area, perimeter, roundness)
            if bent <= most_bent and area[i] + area[other] <= most_area:
                heapq.heappush(heap, (cost, i, other, version[i], version[other]))
            node = following[node]
    for f in range(m):
        parent[f] = _root(parent, f)
    return parent


@kernel
def _joined(i, j, border, facing, area, perimeter, roundness):
    """How bent two clusters would be together, 0 for flat and 1 for closed, and what it costs."""
    x, y, z = (
        facing[i, 0] + facing[j, 0],
        facing[i, 1] + facing[j, 1],
        facing[i, 2] + facing[j, 2],
    )
    together = area[i] + area[j]
    bent = 1 - np.sqrt(x * x + y * y + z * z) / together
    around = perimeter[i] + perimeter[j] - 2 * border
    return bent, bent * (1 + roundness * around * around / together)


@kernel
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
