"""Moving least squares: the surface that oriented points span around a place.

The algebraic sphere through the nearest points and their normals (Guennebaud & Gross 2007).
Places are moved onto it, or are told how far they are from it.
"""

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
    normals (n, 3) are in the tree's order; facing (v, 3) says roughly, and afterwards
    exactly, where outside is. A vertex that would move more than a cell stays.
    """
    work = scratch(k)
    for v in range(start, stop):
        x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        count = search(tree, x, y, z, np.inf, work)
        gaps[v] = np.sqrt(work.squared[0])
        closest[v] = tree.order[work.found[0]]
        fx, fy, fz = facing[v, 0], facing[v, 1], facing[v, 2]
        fits, t, gx, gy, gz, bend = _sphere(tree, normals, work, count, x, y, z, fx, fy, fz)
        if not fits or abs(t) > cell_size:
            continue
        t += _CHORD * cell_size * min(0.5, max(-0.5, cell_size * bend))
        vertices[v, 0] = x + t * gx
        vertices[v, 1] = y + t * gy
        vertices[v, 2] = z + t * gz
        facing[v, 0], facing[v, 1], facing[v, 2] = gx, gy, gz


@kernel
def heights(tree, normals, k, places, facing, height, gap, closest, start, stop):
    """Fill height (q,), gap (q,) and closest (q,) for places (q, 3).

    height is the distance to the sphere through the k nearest points, gap that to the
    nearest of them and closest which one that is, in the tree's order; no height is more
    than its gap. normals (n, 3) are in the tree's order, zero where unknown. Only points on
    the side that facing (q, 3) says count; where there are none, those on the side of the
    nearest one.
    """
    work = scratch(k)
    found = work.found
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
        gap[q] = height[q] = np.sqrt(work.squared[near])
        fits, t, _, _, _, _ = _sphere(tree, normals, work, count, x, y, z, fx, fy, fz)
        if fits:
            height[q] = min(abs(t), gap[q])


@kernel
def _sphere(tree, normals, work, count, x, y, z, fx, fy, fz):
    """The sphere through the found points on the side of f, seen from a place.

    Whether there is one, how far it is along its gradient, that gradient of length one, and
    half the curvature.
    """
    points, found, squared = tree.points, work.found, work.squared
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
        return False, 0.0, 0.0, 0.0, 0.0, 0.0
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
        return False, 0.0, 0.0, 0.0, 0.0, 0.0
    # It is height + slope t + bend t^2 = 0 along the gradient: the nearer root.
    height = -(px * gx + py * gy + pz * gz) - bend * pp
    inner = slope * slope - 4 * bend * height
    t = -2 * height / (slope + np.sqrt(inner)) if inner > 0 else -height / slope
    return True, t, gx / slope, gy / slope, gz / slope, bend / slope


@kernel
def _nearest(normals, found, count, fx, fy, fz):
    """Which of the found points is the first on the side of a direction; -1 where none is."""
    for j in range(count):
        i = found[j]
        if normals[i, 0] * fx + normals[i, 1] * fy + normals[i, 2] * fz >= _SAME_SIDE:
            return j
    return -1
