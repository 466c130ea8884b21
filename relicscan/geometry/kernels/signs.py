"""Making normals agree: a spanning forest over near points (Kruskal 1956) that carries signs.

Sets are joined edge by edge, the surest first. Each point keeps whether its normal agrees
with that of its set's root (union-find with parity), so the signs are there when the forest
is, and no walk over it is needed.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel

#: Classes of sureness. Within one, edges come in the order of the points, which lie near each
#: other in memory: a million points take 0.5 s with 63 classes and 1.5 s with 4095, and 40 of
#: them a different sign.
_CLASSES = 63
_OPPOSED = 64  # set in an edge's class where the two normals disagree
_NO_EDGE = 255


@kernel
def classify(points, normals, near, classes, start, stop):
    """Fill classes (n, m) uint8 of the edges from each point to its nearest (n, m).

    The normal is mirrored at the plane halfway between the two points before they are
    compared. Hoppe's 1 - |cos| times how far the step runs along the surface: the forest
    does not step along the normals, where noise alone decides.
    """
    m = near.shape[1]
    for i in range(start, stop):
        for j in range(m):
            t = near[i, j]
            twice = t == i
            if t < i:
                for other in range(m):
                    twice |= near[t, other] == i
            if twice:
                classes[i, j] = _NO_EDGE
                continue
            dx = points[t, 0] - points[i, 0]
            dy = points[t, 1] - points[i, 1]
            dz = points[t, 2] - points[i, 2]
            length = max(np.sqrt(dx * dx + dy * dy + dz * dz), 1e-12)
            a = (dx * normals[i, 0] + dy * normals[i, 1] + dz * normals[i, 2]) / length
            b = (dx * normals[t, 0] + dy * normals[t, 1] + dz * normals[t, 2]) / length
            agreement = (
                normals[i, 0] * normals[t, 0]
                + normals[i, 1] * normals[t, 1]
                + normals[i, 2] * normals[t, 2]
                - 2 * a * b
            )
            sure = min(1.0, abs(agreement)) * (1 - min(1.0, max(abs(a), abs(b))))
            kind = int((1 - sure) * _CLASSES)
            classes[i, j] = kind + _OPPOSED if agreement < 0 else kind


@kernel
def spanning_forest(near, classes):
    """Root (n,) int32 of each point's set, and whether (n,) its normal must be turned to agree."""
    n, m = near.shape
    starts = np.zeros(_CLASSES + 2, np.int64)
    for i in range(n):
        for j in range(m):
            if classes[i, j] != _NO_EDGE:
                starts[(classes[i, j] & 63) + 1] += 1
    for kind in range(_CLASSES + 1):
        starts[kind + 1] += starts[kind]
    source = np.empty(starts[-1], np.int32)
    which = np.empty(starts[-1], np.uint8)
    for i in range(n):
        for j in range(m):
            if classes[i, j] != _NO_EDGE:
                kind = classes[i, j] & 63
                source[starts[kind]] = i
                which[starts[kind]] = j
                starts[kind] += 1
    parent = np.arange(n).astype(np.int32)
    turned = np.zeros(n, np.bool_)
    rank = np.zeros(n, np.uint8)
    for e in range(len(source)):
        i = source[e]
        t = near[i, which[e]]
        a = _root(parent, turned, i)
        b = _root(parent, turned, t)
        if a == b:
            continue
        opposed = classes[i, which[e]] >= _OPPOSED
        differ = turned[i] ^ turned[t] ^ opposed
        if rank[a] < rank[b]:
            a, b = b, a
        elif rank[a] == rank[b]:
            rank[a] += 1
        parent[b] = a
        turned[b] = differ
    for i in range(n):
        _root(parent, turned, i)
    return parent, turned


@kernel
def _root(parent, turned, i):
    """Root of a point's set; the points on the way then hang from it directly."""
    root = i
    differs = False
    while parent[root] != root:
        differs ^= turned[root]
        root = parent[root]
    while parent[i] != root and i != root:
        above = parent[i]
        before = turned[i]
        parent[i] = root
        turned[i] = differs
        differs ^= before
        i = above
    return root


@kernel
def outward_votes(points, normals, starts, most, directions, votes):
    """Fill votes (parts,): directions whose outermost points face outwards, less those inwards.

    Points (n, 3) and normals are sorted by part, and starts (parts + 1,) says where each
    begins. Several points decide at each end, for the very outermost is often a stray one.
    """
    best = np.empty(most)
    facing = np.empty(most)
    for part in range(len(starts) - 1):
        first, last = starts[part], starts[part + 1]
        jury = min(most, max(1, (last - first) // 400))
        for d in range(len(directions)):
            dx, dy, dz = directions[d, 0], directions[d, 1], directions[d, 2]
            count = 0
            for i in range(first, last):
                at = points[i, 0] * dx + points[i, 1] * dy + points[i, 2] * dz
                if count == jury and at <= best[jury - 1]:
                    continue
                j = count if count < jury else jury - 1
                while j > 0 and best[j - 1] < at:
                    best[j] = best[j - 1]
                    facing[j] = facing[j - 1]
                    j -= 1
                best[j] = at
                facing[j] = normals[i, 0] * dx + normals[i, 1] * dy + normals[i, 2] * dz
                count = min(count + 1, jury)
            total = 0.0
            for j in range(count):
                total += np.sign(facing[j])
            votes[part] += np.sign(total)
