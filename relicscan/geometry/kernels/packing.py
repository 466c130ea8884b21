"""Shapes on a grid of cells: which cells a shape touches, and where there is room for it."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def shape(triangles, height, width, gap):
    """Cells of triangles (t, 3, 2) in height x width: spans own, spans near, and the ring (r, 2).

    Spans (s, 3) int32 are a row and its first and last column. `own` are the cells, of side 1,
    that a triangle touches; `near` those with one of them up to `gap` cells away in row and
    column, the longest first; the ring lies around those, as rows and columns.
    """
    out = gap + 1
    mask = np.zeros((height + 2 * out, width + 2 * out), np.bool_)
    for t in range(len(triangles)):
        p = triangles[t]
        first = max(0, int(np.floor(min(p[0, 1], p[1, 1], p[2, 1]))))
        last = min(height - 1, int(np.floor(max(p[0, 1], p[1, 1], p[2, 1]))))
        for y in range(first, last + 1):
            low, high = np.inf, -np.inf
            for k in range(3):
                j = (k + 1) % 3
                x0, y0, x1, y1 = p[k, 0], p[k, 1], p[j, 0], p[j, 1]
                if y <= y0 <= y + 1:
                    low, high = min(low, x0), max(high, x0)
                for line in (y, y + 1):
                    if (y0 < line < y1) or (y1 < line < y0):
                        x = x0 + (x1 - x0) * (line - y0) / (y1 - y0)
                        low, high = min(low, x), max(high, x)
            if high < low:
                continue
            for x in range(max(0, int(np.floor(low))), min(width - 1, int(np.floor(high))) + 1):
                mask[y + out, x + out] = True
    near = _grown(mask, gap)
    ring = _grown(near, 1)
    cells = np.empty((np.sum(ring) - np.sum(near), 2), np.int32)
    count = 0
    for y in range(ring.shape[0]):
        for x in range(ring.shape[1]):
            if ring[y, x] and not near[y, x]:
                cells[count, 0], cells[count, 1] = y - out, x - out
                count += 1
    own, wide = _spans(mask, out), _spans(near, out)
    return own, wide[np.argsort(wide[:, 1] - wide[:, 2], kind="mergesort")], cells


@kernel
def _grown(mask, by):
    """With all cells up to `by` rows and columns away."""
    height, width = mask.shape
    wide = mask.copy()
    for y in range(height):
        for x in range(width):
            if mask[y, x] and not (0 < x < width - 1 and mask[y, x - 1] and mask[y, x + 1]):
                wide[y, max(0, x - by) : x + by + 1] = True
    grown = wide.copy()
    for y in range(height):
        for k in range(max(0, y - by), min(height, y + by + 1)):
            if k != y:
                for x in range(width):
                    grown[y, x] |= wide[k, x]
    return grown


@kernel
def _spans(mask, out):
    height, width = mask.shape
    count = 0
    for y in range(height):
        for x in range(width):
            count += mask[y, x] and (x == 0 or not mask[y, x - 1])
    spans = np.empty((count, 3), np.int32)
    count = -1
    for y in range(height):
        for x in range(width):
            if mask[y, x]:
                if x == 0 or not mask[y, x - 1]:
                    count += 1
                    spans[count, 0], spans[count, 1] = y - out, x - out
                spans[count, 2] = x - out
    return spans


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
def placed(
    order, every, own, own_of, near, near_of, ring, ring_of, sizes, width, limit, sink, reach
):
    """Put shapes, in order, into a strip of a width: how high it comes, and turn, row and column.

    Shapes (c, k) are c charts in k turns, of which a chart is tried in each `every`-th (c,);
    sizes (c, k, 2) are their heights and widths. The spans
    own and near and the ring, as `shape` gives them, are those of all, where `own_of` and so
    forth (c * k + 1,) say which are whose. Of all places where no cell near a shape is taken the
    best is that with the most beside it, of 0 to 1, less `sink` times the upper end in widths;
    what is as far off as `reach` cells does not count as beside. Given up where it gets higher
    than `limit`.
    """
    n, turns = sizes.shape[:2]
    # A frame of cells that a shape's surroundings may lie on: those below and to the sides count.
    frame = 0
    for i in range(len(ring)):
        frame = max(frame, -ring[i, 0], -ring[i, 1])
    frame += 1
    rows, columns = limit + 2 * frame, width + 2 * frame
    taken = np.zeros((rows, columns), np.bool_)
    next_taken = np.full((rows, columns + 1), 2 * columns, np.int32)
    next_free = np.empty((rows, columns + 1), np.int32)
    beside = np.zeros((rows, columns), np.float32)
    for y in range(rows):
        for x in range(columns + 1):
            next_free[y, x] = x
        for x in range(columns):
            off = min(y - frame, x - frame, width + frame - 1 - x)
            beside[y, x] = min(1.0, max(0.0, 1 - (off + 1) / (reach + 1)))
    roomiest = np.full(rows, columns, np.int32)  # the longest free span of each row
    where = np.zeros((n, 3), np.int32)
    free, free_below = np.zeros(width + 1, np.bool_), np.zeros(width + 1, np.bool_)
    top = 0
    for chart in order:
        best, at_k, at_y, at_x = -np.inf, -1, 0, 0
        for k in range(0, turns, every[chart]):
            height, wide = sizes[chart, k]
            one = chart * turns + k
            begin, end = near_of[one], near_of[one + 1]
            hit = begin
            free_below[:] = False
            for y in range(limit - height + 1):
                low = sink * (y + height) / width
                if 1 - low <= best:
                    break
                free[:] = False
                x = 0
                for i in range(begin, end):
                    if near[i, 2] - near[i, 1] >= roomiest[near[i, 0] + y + frame]:
                        x = width
                        break
                while x <= width - wide:
                    # What was in the way last is likely to be so again.
                    i, there = hit, 2 * columns
                    row, first, last = near[i, 0] + y, near[i, 1] + x, near[i, 2] + x
                    there = next_taken[row + frame, first + frame]
                    if there > last + frame:
                        for i in range(begin, end):
                            row, first, last = near[i, 0] + y, near[i, 1] + x, near[i, 2] + x
                            there = next_taken[row + frame, first + frame]
                            if there <= last + frame:
                                break
                    if there <= last + frame:
                        hit = i
                        x = max(x + 1, next_free[row + frame, there] - frame - near[i, 1])
                        continue
                    slide = width - wide - x
                    for i in range(begin, end):
                        last = near[i, 2] + x + frame
                        slide = min(slide, next_taken[near[i, 0] + y + frame, last] - last - 1)
                        if slide == 0:
                            break
                    # What cannot move further left, right or down.
                    for u in range(x, x + slide + 1):
                        free[u] = True
                        if x < u < x + slide and free_below[u]:
                            continue
                        score = 0.0
                        for i in range(ring_of[one], ring_of[one + 1]):
                            score += beside[ring[i, 0] + y + frame, ring[i, 1] + u + frame]
                        score = score / (ring_of[one + 1] - ring_of[one]) - low
                        if score > best:
                            best, at_k, at_y, at_x = score, k, y, u
                    x += slide + 1
                free_below[:] = free
        if at_k < 0:
            return limit + 1, where
        one = chart * turns + at_k
        where[chart, 0], where[chart, 1], where[chart, 2] = at_k, at_y, at_x
        height = sizes[chart, at_k, 0]
        top = max(top, at_y + height)
        begin, end = own_of[one], own_of[one + 1]
        for i in range(begin, end):
            y = own[i, 0] + at_y + frame
            taken[y, own[i, 1] + at_x + frame : own[i, 2] + at_x + frame + 1] = True
        for y in range(at_y + frame, at_y + height + frame):
            one_taken, one_free = 2 * columns, columns
            roomiest[y] = 0
            for x in range(columns - 1, -1, -1):
                if taken[y, x]:
                    one_taken = x
                else:
                    one_free = x
                next_taken[y, x], next_free[y, x] = one_taken, one_free
                roomiest[y] = max(roomiest[y], min(one_taken, columns) - x)
        for i in range(begin, end):
            y = own[i, 0] + at_y + frame
            first, last = own[i, 1] + at_x + frame, own[i, 2] + at_x + frame
            for x in range(first, last + 1):
                beside[y, x] = 1.0
                if first < x < last and taken[y - 1, x] and taken[y + 1, x]:
                    continue
                for v in range(max(0, y - reach - 1), min(rows, y + reach + 2)):
                    for u in range(max(0, x - reach - 1), min(columns, x + reach + 2)):
                        off = np.sqrt((v - y) ** 2 + (u - x) ** 2) - 1
                        beside[v, u] = max(beside[v, u], min(1.0, 1 - off / (reach + 1)))
    return top, where
