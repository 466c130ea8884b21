"""Moving least squares: places near oriented points moved onto the surface through them."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.kdtree import scratch, search

#: Points that face away from the surface at hand belong to another, as across a thin wall.
_SAME_SIDE = 0.2

#: The weight is zero a little beyond the farthest of the k points, in squared distances.
_REACH = 1.2

#: A triangle between vertices on a sphere lies inside it. Vertices this share of squared cell
#: size times half the curvature outside make the surface right in the mean: the same for
#: spheres and tori of any cell size (0.24 +- 0.01), where without it volumes come out up to
#: 0.4 % too small.
_CHORD = 0.242


@kernel
def project(tree, normals, k, cell_size, vertices, facing, gaps, closest, start, stop):
    """Move vertices (v, 3) onto the spheres fitted to their k nearest points.

    Fill gaps (v,), the distance to the nearest point before, and which it is, closest (v,).
    Algebraic spheres through points and normals (Guennebaud & Gross 2007). normals (n, 3)
    are in the tree's order; facing (v, 3) says roughly, and afterwards exactly, where
    outside is. A vertex that would move more than a cell stays.
    """
    points = tree.points
    work = scratch(k)
    found, squared = work.found, work.squared
    for v in range(start, stop):
        x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        count = search(tree, x, y, z, np.inf, work)
        gaps[v] = np.sqrt(squared[0])
        closest[v] = tree.order[found[0]]
        reach = _REACH * squared[count - 1]
        total = px = py = pz = nx = ny = nz = pn = pp = 0.0
        for j in range(count):
            i = found[j]
            ax, ay, az = normals[i, 0], normals[i, 1], normals[i, 2]
            if ax * facing[v, 0] + ay * facing[v, 1] + az * facing[v, 2] < _SAME_SIDE:
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
        # The sphere is height + slope t + bend t^2 = 0 along the gradient: the nearer root.
        height = -(px * gx + py * gy + pz * gz) - bend * pp
        inner = slope * slope - 4 * bend * height
        t = -2 * height / (slope + np.sqrt(inner)) if inner > 0 else -height / slope
        if abs(t) > cell_size:
            continue
        t += _CHORD * cell_size * min(0.5, max(-0.5, cell_size * bend / slope))
        gx, gy, gz = gx / slope, gy / slope, gz / slope
        vertices[v, 0] = x + t * gx
        vertices[v, 1] = y + t * gy
        vertices[v, 2] = z + t * gz
        facing[v, 0], facing[v, 1], facing[v, 2] = gx, gy, gz
