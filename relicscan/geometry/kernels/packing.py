"""Shapes on a grid of cells: which cells a shape touches, and where there is room for it."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def touched(triangles, mask):
    """Set mask (h, w) at the cells, of side 1, that triangles (t, 3, 2) touch; y is the row.

    Separating axes: the cell's two and the triangle's three.
    """
    height, width = mask.shape
    for t in range(len(triangles)):
        p = triangles[t]
        x0 = max(0, int(np.floor(min(p[0, 0], p[1, 0], p[2, 0]))))
        x1 = min(width - 1, int(np.floor(max(p[0, 0], p[1, 0], p[2, 0]))))
        y0 = max(0, int(np.floor(min(p[0, 1], p[1, 1], p[2, 1]))))
        y1 = min(height - 1, int(np.floor(max(p[0, 1], p[1, 1], p[2, 1]))))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                if mask[y, x]:
                    continue
                apart = False
                for k in range(3):
                    nx = p[(k + 1) % 3, 1] - p[k, 1]
                    ny = p[k, 0] - p[(k + 1) % 3, 0]
                    low, high = np.inf, -np.inf
                    for j in range(3):
                        d = nx * p[j, 0] + ny * p[j, 1]
                        low, high = min(low, d), max(high, d)
                    middle = nx * (x + 0.5) + ny * (y + 0.5)
                    reach = 0.5 * (abs(nx) + abs(ny))
                    if middle + reach < low or middle - reach > high:
                        apart = True
                        break
                if not apart:
                    mask[y, x] = True


@kernel
def covered(triangles, count):
    """Add 1 to count (h, w) where the middle of a cell, of side 1, lies in a triangle (t, 3, 2)."""
    height, width = count.shape
    for t in range(len(triangles)):
        p = triangles[t]
        x0 = max(0, int(np.floor(min(p[0, 0], p[1, 0], p[2, 0]) - 0.5)))
        x1 = min(width - 1, int(np.ceil(max(p[0, 0], p[1, 0], p[2, 0]) - 0.5)))
        y0 = max(0, int(np.floor(min(p[0, 1], p[1, 1], p[2, 1]) - 0.5)))
        y1 = min(height - 1, int(np.ceil(max(p[0, 1], p[1, 1], p[2, 1]) - 0.5)))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                positive = negative = True
                for k in range(3):
                    j = (k + 1) % 3
                    side = (p[j, 0] - p[k, 0]) * (y + 0.5 - p[k, 1])
                    side -= (p[j, 1] - p[k, 1]) * (x + 0.5 - p[k, 0])
                    positive &= side > 0
                    negative &= side < 0
                count[y, x] += positive or negative


@kernel
def best_place(occupied, near, ring, height, width, sink, best):
    """The place (score, y, x) for a shape of which none of the cells `near` it is occupied.

    near (c, 2) and ring (r, 2), the cells around those, are rows and columns within height x
    width, one more on each side than the shape has. The score is the share of the ring that is
    occupied or beyond the left, right or lower side, less `sink` times the upper end in widths.
    A score of no more than `best` is not looked for: (best, -2, -2).
    """
    rows, columns = occupied.shape
    at_y = at_x = -2
    for y in range(-1, rows - height + 1):
        low = sink * (y + height - 1) / columns
        if 1 - low <= best:
            break
        for x in range(-1, columns - width + 2):
            free = True
            for c in range(len(near)):
                v, u = y + near[c, 0], x + near[c, 1]
                if v >= 0 and u >= 0 and u < columns and occupied[v, u]:
                    free = False
                    break
            if not free:
                continue
            contact = 0
            for c in range(len(ring)):
                v, u = y + ring[c, 0], x + ring[c, 1]
                if v < 0 or u < 0 or u >= columns or (v < rows and occupied[v, u]):
                    contact += 1
            score = contact / len(ring) - low
            if score > best:
                best, at_y, at_x = score, y, x
    return best, at_y, at_x
