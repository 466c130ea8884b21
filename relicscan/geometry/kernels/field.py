"""The implicit field of oriented points on the nodes of a block grid."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.block_grid import SIDE
from relicscan.geometry.kernels import kernel

#: Layers of nodes that the field may be extended by.
LAYERS = 2


@kernel
def splat(points, normals, reach, width, grid, values, used, start, stop):
    """Fill values (b, SIDE, SIDE, SIDE) float32 at the nodes within `reach` of a point.

    Points (n, 3) are sorted by block; reach (n,) and width (n,) of the Gaussian are
    theirs. Each value is the mean of the distances to the tangent planes of the points
    around, in cell sizes, NaN where none reaches; used (b,) says where any does, or comes
    as near as `extend` may go.
    """
    weights = np.empty((SIDE, SIDE, SIDE), np.float32)
    sums = np.empty((SIDE, SIDE, SIDE), np.float32)
    gauss = np.empty((3, SIDE))
    low = np.empty(3, np.int64)
    high = np.empty(3, np.int64)
    at = np.empty(3)
    h = grid.cell_size
    for b in range(start, stop):
        weights[:] = 0
        sums[:] = 0
        used[b] = False
        for q in range(27):
            other = grid.neighbours[b, q]
            if other < 0:
                continue
            for i in range(grid.starts[other], grid.starts[other + 1]):
                r = reach[i] / h
                inside = near = True
                for axis in range(3):
                    at[axis] = points[i, axis] / h - grid.corners[b, axis] * SIDE
                    low[axis] = max(0, int(np.ceil(at[axis] - r)))
                    high[axis] = min(SIDE - 1, int(np.floor(at[axis] + r)))
                    inside &= low[axis] <= high[axis]
                    near &= -r - LAYERS <= at[axis] <= SIDE - 1 + r + LAYERS
                used[b] |= near
                if not inside:
                    continue
                # A Gaussian is the product of its values along the axes.
                sharpness = -0.5 * (h / width[i]) ** 2
                for axis in range(3):
                    for u in range(low[axis], high[axis] + 1):
                        gauss[axis, u] = np.exp(sharpness * (u - at[axis]) ** 2)
                nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
                for u in range(low[0], high[0] + 1):
                    dx = u - at[0]
                    for v in range(low[1], high[1] + 1):
                        dy = v - at[1]
                        rest = r * r - dx * dx - dy * dy
                        if rest < 0:
                            continue
                        weight = gauss[0, u] * gauss[1, v]
                        height = nx * dx + ny * dy
                        for w in range(low[2], high[2] + 1):
                            dz = w - at[2]
                            if dz * dz <= rest:
                                weights[u, v, w] += weight * gauss[2, w]
                                sums[u, v, w] += weight * gauss[2, w] * (height + nz * dz)
        if used[b]:
            for u in range(SIDE):
                for v in range(SIDE):
                    for w in range(SIDE):
                        some = weights[u, v, w] > 0
                        values[b, u, v, w] = sums[u, v, w] / weights[u, v, w] if some else np.nan


@kernel
def extend(values, neighbours, extended, start, stop):
    """Copy values (b, SIDE, SIDE, SIDE) and carry them on by one layer of nodes beside the surface.

    In a straight line through the next two nodes, the mean over all sides that have them.
    Only where the result is within two cells of the surface: for its rims, which otherwise
    follow the steps of the grid. `extended` is in cell sizes, as values are.
    """
    for b in range(start, stop):
        for i in range(SIDE):
            for j in range(SIDE):
                for k in range(SIDE):
                    extended[b, i, j, k] = values[b, i, j, k]
                    if not np.isnan(values[b, i, j, k]):
                        continue
                    total = 0.0
                    count = 0
                    for side in range(6):
                        step = 1 - 2 * (side % 2)
                        di = step if side < 2 else 0
                        dj = step if 2 <= side < 4 else 0
                        dk = step if side >= 4 else 0
                        one = _at(values, neighbours, b, i + di, j + dj, k + dk)
                        if np.isnan(one):
                            continue
                        two = _at(values, neighbours, b, i + 2 * di, j + 2 * dj, k + 2 * dk)
                        if not np.isnan(two):
                            total += 2 * one - two
                            count += 1
                    if count and abs(total) < 2 * count:
                        extended[b, i, j, k] = total / count


@kernel
def _at(values, neighbours, b, i, j, k):
    """The value at a node up to SIDE nodes outside a block."""
    q = 9 * (i // SIDE + 1) + 3 * (j // SIDE + 1) + k // SIDE + 1
    other = neighbours[b, q]
    return values[other, i % SIDE, j % SIDE, k % SIDE] if other >= 0 else np.float32(np.nan)
