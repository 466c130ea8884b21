"""Compiled loops around the rims of a surface: their vertices in order, and how wide they gape."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.halfedges import Bools, Floats, Int32s, Int64s, minus, normal


@kernel
def rims(faces: Int32s, mate: Int32s) -> tuple[Int32s, Int64s]:
    """The rims of a manifold surface: half-edges (b,), and where each rim starts (r + 1,).

    In each, a half-edge begins where the next one ends: with the hole to the left of their
    reversed direction, which is how a patch runs.
    """
    count = 0
    for h in range(len(mate)):
        count += mate[h] < 0
    out = np.empty(count, np.int32)
    starts = np.empty(count + 1, np.int64)
    seen = np.zeros(len(mate), np.bool_)
    size, found = 0, 0
    for seed in range(len(mate)):
        if mate[seed] >= 0 or seen[seed]:
            continue
        starts[found] = size
        h = seed
        while not seen[h]:
            seen[h] = True
            out[size] = h
            size += 1
            k = h + 1 if h % 3 < 2 else h - 2
            while mate[k] >= 0:
                k = mate[k]
                k = k + 1 if k % 3 < 2 else k - 2
            h = k
        low, high = starts[found], size - 1
        while low < high:
            out[low], out[high] = out[high], out[low]
            low, high = low + 1, high - 1
        found += 1
    starts[found] = size
    return out, starts[: found + 1].copy()


@kernel
def touching(faces: Int32s, on_rim: Bools) -> Int64s:
    """The faces (t,) that have a vertex of a mask (n,)."""
    out = np.empty(len(faces), np.int64)
    size = 0
    for f in range(len(faces)):
        if on_rim[faces[f, 0]] or on_rim[faces[f, 1]] or on_rim[faces[f, 2]]:
            out[size] = f
            size += 1
    return out[:size].copy()


@kernel
def area(vertices: Floats, faces: Int32s) -> float:
    """The area of all faces: without their arrays, ten times as fast."""
    total = 0.0
    for f in range(len(faces)):
        x, y, z = normal(vertices, faces[f, 0], faces[f, 1], faces[f, 2])
        total += np.sqrt(x * x + y * y + z * z)
    return total / 2


@kernel
def beside(faces: Int32s, on_rim: Bools) -> tuple[Int64s, Int32s]:
    """The other two vertices of each face at those of a mask (n,), and where each one's start."""
    start = np.zeros(len(on_rim) + 1, np.int64)
    for f in range(len(faces)):
        for i in range(3):
            if on_rim[faces[f, i]]:
                start[faces[f, i] + 1] += 2
    for v in range(len(on_rim)):
        start[v + 1] += start[v]
    at = start[:-1].copy()
    out = np.empty(start[-1], np.int32)
    for f in range(len(faces)):
        for i in range(3):
            v = faces[f, i]
            if on_rim[v]:
                out[at[v]] = faces[f, (i + 1) % 3]
                out[at[v] + 1] = faces[f, (i + 2) % 3]
                at[v] += 2
    return start, out


@kernel
def gap_width(points: Floats, triangles: Int32s, rim: Floats) -> float:
    """Twice the greatest distance of a place in a fill from the rim (n, 3), a closed line; to 2 %.

    Branch and bound: the distance changes by no more than one moves.
    """
    best, length = 0.0, 0.0
    stack = np.empty((4096, 9))
    size = 0
    for i in range(len(rim)):
        x, y, z = minus(rim, i, i - 1)
        length += np.sqrt(x * x + y * y + z * z)
    for t in triangles[:4000]:
        x = (points[t[0], 0] + points[t[1], 0] + points[t[2], 0]) / 3
        y = (points[t[0], 1] + points[t[1], 1] + points[t[2], 1]) / 3
        z = (points[t[0], 2] + points[t[1], 2] + points[t[2], 2]) / 3
        best = max(best, _distance_to_line(x, y, z, rim))
        for j in range(3):
            for axis in range(3):
                stack[size, 3 * j + axis] = points[t[j], axis]
        size += 1
    looks = 0
    while size and looks < 20_000:
        size -= 1
        corner = stack[size].copy()
        looks += 1
        x, y, z = (
            (corner[0] + corner[3] + corner[6]) / 3,
            (corner[1] + corner[4] + corner[7]) / 3,
            (corner[2] + corner[5] + corner[8]) / 3,
        )
        away = 0.0
        for j in range(3):
            u, v, w = corner[3 * j] - x, corner[3 * j + 1] - y, corner[3 * j + 2] - z
            away = max(away, np.sqrt(u * u + v * v + w * w))
        here = _distance_to_line(x, y, z, rim)
        best = max(best, here)
        # Along a straight rim there are triangles without any width, and no end to them.
        if here + away <= max(1.02 * best, 1e-5 * length) or size > 4090:
            continue
        for j in range(4):
            for axis in range(3):
                a, b, c = corner[axis], corner[3 + axis], corner[6 + axis]
                ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
                if j == 0:
                    p, q, r = a, ab, ca
                elif j == 1:
                    p, q, r = ab, b, bc
                elif j == 2:
                    p, q, r = ca, bc, c
                else:
                    p, q, r = ab, bc, ca
                stack[size + j, axis] = p
                stack[size + j, 3 + axis] = q
                stack[size + j, 6 + axis] = r
        size += 4
    return 2 * best


@kernel
def _distance_to_line(x: float, y: float, z: float, line: Floats) -> float:
    least = np.inf
    n = len(line)
    for i in range(n):
        k = i + 1 if i + 1 < n else 0
        d0, d1, d2 = minus(line, k, i)
        p0, p1, p2 = x - line[i, 0], y - line[i, 1], z - line[i, 2]
        whole = d0 * d0 + d1 * d1 + d2 * d2
        t = (p0 * d0 + p1 * d1 + p2 * d2) / whole if whole > 0 else 0.0
        t = min(max(t, 0.0), 1.0)
        p0, p1, p2 = p0 - t * d0, p1 - t * d1, p2 - t * d2
        least = min(least, p0 * p0 + p1 * p1 + p2 * p2)
    return float(np.sqrt(least))
