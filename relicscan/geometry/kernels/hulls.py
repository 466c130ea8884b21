"""Areas of convex hulls of points in the plane, by Andrew's monotone chain (1979)."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def halves(points, off):
    """The areas of the hulls of points with off > 0 and of the others, added.

    points (n, 2) are sorted by x, then by y; off (n,).
    """
    chain = np.empty(len(points), np.int64)
    total = 0.0
    for beyond in (True, False):
        for sign in (1.0, -1.0):  # below, then above
            size = 0
            for i in range(len(points)):
                if (off[i] > 0) != beyond:
                    continue
                while size > 1 and sign * _turn(points, chain[size - 2], chain[size - 1], i) <= 0:
                    size -= 1
                chain[size] = i
                size += 1
            for k in range(size - 1):
                a, b = points[chain[k]], points[chain[k + 1]]
                total -= sign * (b[0] - a[0]) * (b[1] + a[1]) / 2
    return total


@kernel
def _turn(points, a, b, c):
    """Twice the area of a triangle, positive where it turns left."""
    return (points[b, 0] - points[a, 0]) * (points[c, 1] - points[a, 1]) - (
        points[b, 1] - points[a, 1]
    ) * (points[c, 0] - points[a, 0])
