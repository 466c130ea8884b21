"""Quadric errors (Garland & Heckbert 1997): what moving a vertex costs, and the best place for it.

A quadric is ten numbers: the symmetric matrix A by rows (6), the vector b (3) and c of
x'Ax + 2 b'x + c, the sum of squared distances to planes, each weighted by its face's area.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.corners import following, preceding

#: Planes through a rim, square to its face, count this many squared edge lengths.
_RIM_WEIGHT = 3.0
#: How firmly a vertex is held at the middle of its edge, as a share of the quadric: where the
#: surface is flat, nothing else holds it. 1e-3 costs 4 % of RMS, 1e-5 and less is the same.
_HOLD = 1e-4
#: What an edge costs for its length alone, as a share of the quadric: orders flat surfaces.
_LENGTH = 1e-6


@kernel
def add_plane(quadric, x, y, z, px, py, pz, weight):
    """Add the plane through p with unit normal (x, y, z)."""
    d = -(x * px + y * py + z * pz)
    quadric[0] += weight * x * x
    quadric[1] += weight * x * y
    quadric[2] += weight * x * z
    quadric[3] += weight * y * y
    quadric[4] += weight * y * z
    quadric[5] += weight * z * z
    quadric[6] += weight * x * d
    quadric[7] += weight * y * d
    quadric[8] += weight * z * d
    quadric[9] += weight * d * d


@kernel
def quadric_of(points, corners, around, count, is_open, quadric):
    """Fill the quadric (10,) of a vertex from the faces of its fan, and from its rim."""
    quadric[:] = 0.0
    for i in range(count):
        c = around[i]
        v, a, b = corners[c], corners[following(c)], corners[preceding(c)]
        ax, ay, az = (
            points[a, 0] - points[v, 0],
            points[a, 1] - points[v, 1],
            points[a, 2] - points[v, 2],
        )
        bx, by, bz = (
            points[b, 0] - points[v, 0],
            points[b, 1] - points[v, 1],
            points[b, 2] - points[v, 2],
        )
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        length = np.sqrt(x * x + y * y + z * z)
        if length <= 0.0:
            continue
        x, y, z = x / length, y / length, z / length
        add_plane(quadric, x, y, z, points[v, 0], points[v, 1], points[v, 2], 0.5 * length)
        if is_open and i == 0:
            _add_rim(quadric, x, y, z, ax, ay, az, points[v, 0], points[v, 1], points[v, 2])
        if is_open and i == count - 1:
            _add_rim(quadric, x, y, z, bx, by, bz, points[v, 0], points[v, 1], points[v, 2])


@kernel
def _add_rim(quadric, x, y, z, ex, ey, ez, px, py, pz):
    """Add the plane through a rim's edge e at p, square to the face with normal (x, y, z)."""
    tx, ty, tz = ey * z - ez * y, ez * x - ex * z, ex * y - ey * x
    length = np.sqrt(tx * tx + ty * ty + tz * tz)
    if length > 0.0:
        weight = _RIM_WEIGHT * length * length
        add_plane(quadric, tx / length, ty / length, tz / length, px, py, pz, weight)


@kernel
def place(points, quadrics, u, v):
    """What it costs to merge u and v, and the best place for what they become."""
    a0 = quadrics[u, 0] + quadrics[v, 0]
    a1 = quadrics[u, 1] + quadrics[v, 1]
    a2 = quadrics[u, 2] + quadrics[v, 2]
    a3 = quadrics[u, 3] + quadrics[v, 3]
    a4 = quadrics[u, 4] + quadrics[v, 4]
    a5 = quadrics[u, 5] + quadrics[v, 5]
    bx = quadrics[u, 6] + quadrics[v, 6]
    by = quadrics[u, 7] + quadrics[v, 7]
    bz = quadrics[u, 8] + quadrics[v, 8]
    mx = 0.5 * (points[u, 0] + points[v, 0])
    my = 0.5 * (points[u, 1] + points[v, 1])
    mz = 0.5 * (points[u, 2] + points[v, 2])
    # Half the gradient at the middle, and the error there.
    gx = a0 * mx + a1 * my + a2 * mz + bx
    gy = a1 * mx + a3 * my + a4 * mz + by
    gz = a2 * mx + a4 * my + a5 * mz + bz
    cost = (
        gx * mx + gy * my + gz * mz + bx * mx + by * my + bz * mz + quadrics[u, 9] + quadrics[v, 9]
    )
    trace = a0 + a3 + a5
    held = _HOLD * trace
    h0, h3, h5 = a0 + held, a3 + held, a5 + held
    c0, c1, c2 = h3 * h5 - a4 * a4, a2 * a4 - a1 * h5, a1 * a4 - a2 * h3
    c3, c4, c5 = h0 * h5 - a2 * a2, a1 * a2 - h0 * a4, h0 * h3 - a1 * a1
    determinant = h0 * c0 + a1 * c1 + a2 * c2
    ex, ey, ez = (
        points[u, 0] - points[v, 0],
        points[u, 1] - points[v, 1],
        points[u, 2] - points[v, 2],
    )
    length2 = ex * ex + ey * ey + ez * ez
    if determinant > 0.0:
        share = -1.0 / determinant
        dx = (c0 * gx + c1 * gy + c2 * gz) * share
        dy = (c1 * gx + c3 * gy + c4 * gz) * share
        dz = (c2 * gx + c4 * gy + c5 * gz) * share
        # Once more for what is left of the gradient: a corner is where it is, held or not.
        rx = gx + a0 * dx + a1 * dy + a2 * dz
        ry = gy + a1 * dx + a3 * dy + a4 * dz
        rz = gz + a2 * dx + a4 * dy + a5 * dz
        dx += (c0 * rx + c1 * ry + c2 * rz) * share
        dy += (c1 * rx + c3 * ry + c4 * rz) * share
        dz += (c2 * rx + c4 * ry + c5 * rz) * share
        # Farther off than two edges is no place of this surface's: the planes are parallel.
        if dx * dx + dy * dy + dz * dz < 4.0 * length2:
            hx = 2 * gx + a0 * dx + a1 * dy + a2 * dz
            hy = 2 * gy + a1 * dx + a3 * dy + a4 * dz
            hz = 2 * gz + a2 * dx + a4 * dy + a5 * dz
            cost += hx * dx + hy * dy + hz * dz
            mx, my, mz = mx + dx, my + dy, mz + dz
    return max(cost, 0.0) + _LENGTH * trace * length2, mx, my, mz
