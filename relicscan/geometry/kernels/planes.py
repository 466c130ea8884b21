"""Planes fitted to each point's neighbours."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.kdtree import scratch, search

#: Neighbours with more surface variation than this are not of one surface: then the plane
#: through as many of the nearest ones is tried, and taken where it is twice as flat. On the
#: benchmark vase the dense outside of a wall of 2 mm is nearer to points of its sparse inside
#: than most of these: 52 % of the normals there were off by 37 degrees or more, 4 % now, and
#: 0.4 % instead of 1.7 % in all. With 0.02 or 0.03 it is 0.5 %, with 8 neighbours alone 0.5 %.
MIXED, FEWER = 0.05, (8, 5)


@kernel
def fit(tree, k, normals, variation, near, start, stop):
    """Fill normals (n, 3), surface variation (n,) and nearest other points (n, m).

    All in the order of the tree's input; where there are fewer than m, the point itself
    stands for the rest.
    """
    points, order = tree.points, tree.order
    m = near.shape[1]
    work = scratch(k)
    found = work.found
    for t in range(start, stop):
        i = order[t]
        count = search(tree, points[t, 0], points[t, 1], points[t, 2], np.inf, work)
        nx, ny, nz, least = _plane(points, found, count)
        variation[i] = least
        for fewer in FEWER:
            if least > MIXED and fewer < count:
                ax, ay, az, flatter = _plane(points, found, fewer)
                if flatter < least / 2:
                    nx, ny, nz, least = ax, ay, az, flatter
        normals[i, 0] = nx
        normals[i, 1] = ny
        normals[i, 2] = nz
        filled = 0
        for j in range(count):
            if found[j] != t and filled < m:
                near[i, filled] = order[found[j]]
                filled += 1
        for j in range(filled, m):
            near[i, j] = i


@kernel
def variations(points, near, which, variation, start, stop):
    """Fill variation (q,) of some points (q,) from their nearest others near (n, k).

    The least of all and of the nearer half: across a thin wall lies another surface.
    """
    k = near.shape[1]
    for q in range(start, stop):
        _, _, _, of_all = _plane(points, near[which[q]], k)
        _, _, _, of_half = _plane(points, near[which[q]], k // 2)
        variation[q] = min(of_all, of_half)


@kernel
def hovering(points, near, above, deviations, flat, mask, start, stop):
    """Set mask (n,) where a point hovers over the plane through its nearest others near (n, k).

    Higher than above (n,) and so many standard deviations, with no neighbour nearer to its
    height than half of that, and neighbours with no more surface variation than `flat`.
    """
    k = near.shape[1]
    for i in range(start, stop):
        if mask[i]:
            continue
        nx, ny, nz, variation = _plane(points, near[i], k)
        if variation > flat:
            continue
        total = squares = 0.0
        least = np.inf
        for j in near[i]:
            down = nx * (points[i, 0] - points[j, 0])
            down += ny * (points[i, 1] - points[j, 1]) + nz * (points[i, 2] - points[j, 2])
            total += down
            squares += down * down
            least = min(least, abs(down))
        height = abs(total) / k
        deviation = np.sqrt(max(squares / k - height * height, 0.0))
        mask[i] = height > above[i] and height > deviations * deviation and least > height / 2


@kernel
def _plane(points, found, count):
    """Unit normal of the plane through points found[:count], and their surface variation."""
    mx = my = mz = 0.0
    for j in range(count):
        mx += points[found[j], 0]
        my += points[found[j], 1]
        mz += points[found[j], 2]
    mx /= count
    my /= count
    mz /= count
    xx = yy = zz = xy = xz = yz = 0.0
    for j in range(count):
        x = points[found[j], 0] - mx
        y = points[found[j], 1] - my
        z = points[found[j], 2] - mz
        xx += x * x
        yy += y * y
        zz += z * z
        xy += x * y
        xz += x * z
        yz += y * z
    nx, ny, nz, low = _smallest_eigenvector(xx, yy, zz, xy, xz, yz)
    trace = xx + yy + zz
    return nx, ny, nz, max(low, 0.0) / trace if trace > 0 else 0.0


@kernel
def _smallest_eigenvector(xx, yy, zz, xy, xz, yz):
    """Of a symmetric matrix: unit vector and eigenvalue, in closed form (Smith 1961)."""
    mean = (xx + yy + zz) / 3
    a, b, c = xx - mean, yy - mean, zz - mean
    p2 = (a * a + b * b + c * c + 2 * (xy * xy + xz * xz + yz * yz)) / 6
    if p2 <= 0:
        return 0.0, 0.0, 1.0, mean
    p = np.sqrt(p2)
    det = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)
    angle = np.arccos(min(1.0, max(-1.0, det / (2 * p2 * p)))) / 3
    low = mean + 2 * p * np.cos(angle + 2 * np.pi / 3)
    # Two rows of (matrix - low) span the plane; of the three cross products the longest.
    a, b, c = xx - low, yy - low, zz - low
    ux, uy, uz = xy * yz - xz * b, xz * xy - a * yz, a * b - xy * xy
    vx, vy, vz = xy * c - xz * yz, xz * xz - a * c, a * yz - xy * xz
    wx, wy, wz = b * c - yz * yz, yz * xz - xy * c, xy * yz - b * xz
    u = ux * ux + uy * uy + uz * uz
    v = vx * vx + vy * vy + vz * vz
    w = wx * wx + wy * wy + wz * wz
    if v > u:
        ux, uy, uz, u = vx, vy, vz, v
    if w > u:
        ux, uy, uz, u = wx, wy, wz, w
    if u <= 1e-300:
        return 0.0, 0.0, 1.0, low
    length = np.sqrt(u)
    return ux / length, uy / length, uz / length, low
