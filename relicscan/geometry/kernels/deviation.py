"""How far places are from the surface that oriented points span around them."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.kdtree import scratch, search

#: Points that face away from the place at hand belong to another surface, as across a thin wall.
_SAME_SIDE = 0.2

#: The weight is zero a little beyond the farthest of the k points, in squared distances.
_REACH = 1.2


@kernel
def heights(tree, normals, k, places, facing, height, gap, closest, start, stop):
    """Fill height (q,), gap (q,) and closest (q,) for places (q, 3).

    height is the distance to the algebraic sphere through the k nearest points with their
    normals (Guennebaud & Gross 2007), gap that to the nearest of them and closest which one
    that is, in the tree's order; no height is more than its gap. normals (n, 3) are in the
    tree's order, zero where unknown. Only points on the side that facing (q, 3) says count;
    where there are none, those on the side of the nearest one.
    """
    points = tree.points
    work = scratch(k)
    found, squared = work.found, work.squared
    for q in range(start, stop):
        x, y, z = places[q, 0], places[q, 1], places[q, 2]
        count = search(tree, x, y, z, np.inf, work)
        fx, fy, fz = facing[q, 0], facing[q, 1], facing[q, 2]
        near = _nearest(normals, found, count, fx, fy, fz)
        if near < 0:
            near = 0
            i = found[0]
            fx, fy, fz = normals[i, 0], normals[i, 1], normals[i, 2]
        closest[q] = found[near]
        gap[q] = height[q] = np.sqrt(squared[near])
        reach = _REACH * squared[count - 1]
        total = px = py = pz = nx = ny = nz = pn = pp = 0.0
        for j in range(count):
            i = found[j]
            ax, ay, az = normals[i, 0], normals[i, 1], normals[i, 2]
            if ax * fx + ay * fy + az * fz < _SAME_SIDE:
                continue
            weight = max(0.0, 1 - squared[j] / reach) ** 4 if reach > 0 else 1.0
            dx, dy, dz = points[i, 0] - x, points[i, 1] - y, points[i, 2] - z
            total += weight
            px += weight * dx
            py += weight * dy
            pz += weight * dz
            nx += weight * ax
            ny += weight * ay
            nz += weight * az
            pn += weight * (dx * ax + dy * ay + dz * az)
            pp += weight * squared[j]
        if total <= 0:
            continue
        px, py, pz = px / total, py / total, pz / total
        nx, ny, nz = nx / total, ny / total, nz / total
        pn, pp = pn / total, pp / total
        spread = pp - (px * px + py * py + pz * pz)
        bend = 0.0
        if spread > 1e-12 * reach:
            bend = 0.5 * (pn - (px * nx + py * ny + pz * nz)) / spread
        gx, gy, gz = nx - 2 * bend * px, ny - 2 * bend * py, nz - 2 * bend * pz
        slope = np.sqrt(gx * gx + gy * gy + gz * gz)
        if slope <= 1e-12:
            continue
        # The sphere is off + slope t + bend t^2 = 0 along the gradient: the nearer root.
        off = -(px * gx + py * gy + pz * gz) - bend * pp
        inner = slope * slope - 4 * bend * off
        t = 2 * off / (slope + np.sqrt(inner)) if inner > 0 else off / slope
        height[q] = min(abs(t), gap[q])


@kernel
def _nearest(normals, found, count, fx, fy, fz):
    """Which of the found points is the first on the side of a direction; -1 where none is."""
    for j in range(count):
        i = found[j]
        if normals[i, 0] * fx + normals[i, 1] * fy + normals[i, 2] * fz >= _SAME_SIDE:
            return j
    return -1
