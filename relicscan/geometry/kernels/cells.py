"""Loops over the cells of a grid: which there are, what they hold, and which are connected.

A cell's key holds its three layer numbers, so keys in order are cells in grid order.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel

BITS = 21  # of a layer number: three of them fit one 64-bit key
EMPTY = np.int64(-1)
_LAST = float((1 << BITS) - 2)


@kernel
def _layer(value, low, inverse):
    at = np.floor((value - low) * inverse)
    return np.int64(min(max(at, 1.0), _LAST))


@kernel
def fill(points, low, inverse, table, number_in, found, of_point):
    """Number the cells of all points as they appear; -1 where the table is too small."""
    slots, count = len(table), 0
    for i in range(len(points)):
        key = np.int64(0)
        for axis in range(3):
            key = (key << BITS) | _layer(points[i, axis], low[axis], inverse)
        mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
        slot = np.int64((mixed >> np.uint64(20)) & np.uint64(slots - 1))
        while table[slot] != EMPTY and table[slot] != key:
            slot = (slot + 1) & (slots - 1)
        if table[slot] == EMPTY:
            if count == len(found):
                return -1
            table[slot] = key
            number_in[slot] = count
            found[count] = key
            count += 1
        of_point[i] = number_in[slot]
    return count


@kernel
def sum_up(points, middle, of_point, moments):
    """Count, sums and sums of products about the middle of each cell: xx xy xz yy yz zz."""
    d = np.empty(3)
    for i in range(len(points)):
        cell = of_point[i]
        for axis in range(3):
            d[axis] = points[i, axis] - middle[cell, axis]
        m = moments[cell]
        m[0] += 1
        at = 4
        for a in range(3):
            m[1 + a] += d[a]
            for b in range(a, 3):
                m[at] += d[a] * d[b]
                at += 1


@kernel
def find_neighbours(keys, neighbours, start, stop):
    """A pointer for each of the nine columns around: it walks along as the cells do."""
    for column in range(9):
        offset = np.int64(column // 3 - 1) << 2 * BITS
        offset += (np.int64(column % 3) - 1) << BITS
        at = np.searchsorted(keys, keys[start] + offset - 1)
        for cell in range(start, stop):
            lowest = keys[cell] + offset - 1
            while at < len(keys) and keys[at] < lowest:
                at += 1
            ahead = at
            for dz in range(3):
                other = -1
                if ahead < len(keys) and keys[ahead] == lowest + dz:
                    other = ahead
                if ahead < len(keys) and keys[ahead] <= lowest + dz:
                    ahead += 1
                place = 3 * column + dz
                if place != 13:  # the cell itself
                    neighbours[cell, place - (place > 13)] = other


@kernel
def fit_planes(neighbours, moments, size, normal, thickness, start, stop):
    """The plane through what each cell and its 26 neighbours hold, and the deviation from it."""
    sums = np.empty(10)
    for cell in range(start, stop):
        sums[:] = moments[cell]
        for k in range(26):
            other = neighbours[cell, k]
            if other >= 0:
                place = k + (k > 12)
                x, y, z = place // 9 - 1, place // 3 % 3 - 1, place % 3 - 1
                _add_moved(sums, moments[other], x * size, y * size, z * size)
        thickness[cell] = _plane_through(sums, normal[cell])


@kernel
def _add_moved(sums, m, x, y, z):
    """Add moments that were taken about a point (x, y, z) away."""
    sums[0] += m[0]
    sums[1] += m[1] + x * m[0]
    sums[2] += m[2] + y * m[0]
    sums[3] += m[3] + z * m[0]
    sums[4] += m[4] + 2 * x * m[1] + x * x * m[0]
    sums[5] += m[5] + x * m[2] + y * m[1] + x * y * m[0]
    sums[6] += m[6] + x * m[3] + z * m[1] + x * z * m[0]
    sums[7] += m[7] + 2 * y * m[2] + y * y * m[0]
    sums[8] += m[8] + y * m[3] + z * m[2] + y * z * m[0]
    sums[9] += m[9] + 2 * z * m[3] + z * z * m[0]


@kernel
def _plane_through(sums, normal):
    """The least principal axis and the deviation along it, by Jacobi rotations."""
    n = sums[0]
    a = np.empty((3, 3))
    at = 4
    for i in range(3):
        for j in range(i, 3):
            a[i, j] = a[j, i] = sums[at] / n - sums[1 + i] * sums[1 + j] / (n * n)
            at += 1
    v = np.eye(3)
    for _ in range(8):
        off = abs(a[0, 1]) + abs(a[0, 2]) + abs(a[1, 2])
        if off <= 1e-14 * (abs(a[0, 0]) + abs(a[1, 1]) + abs(a[2, 2])):
            break
        for p in range(2):
            for q in range(p + 1, 3):
                if a[p, q] == 0.0:
                    continue
                theta = (a[q, q] - a[p, p]) / (2 * a[p, q])
                t = 1.0 / (abs(theta) + np.sqrt(theta * theta + 1))
                if theta < 0:
                    t = -t
                c = 1 / np.sqrt(t * t + 1)
                s = t * c
                for k in range(3):
                    x, y = a[k, p], a[k, q]
                    a[k, p], a[k, q] = c * x - s * y, s * x + c * y
                for k in range(3):
                    x, y = a[p, k], a[q, k]
                    a[p, k], a[q, k] = c * x - s * y, s * x + c * y
                for k in range(3):
                    x, y = v[k, p], v[k, q]
                    v[k, p], v[k, q] = c * x - s * y, s * x + c * y
    least = 0
    for i in range(1, 3):
        if a[i, i] < a[least, least]:
            least = i
    for k in range(3):
        normal[k] = v[k, least]
    return np.sqrt(max(a[least, least], 0.0))


@kernel
def connect(neighbours, member, parts):
    """Number the connected parts of the members in parts (c,), -1 elsewhere."""
    count = len(member)
    parent = np.arange(count)
    for cell in range(count):
        if not member[cell]:
            continue
        root = cell
        while parent[root] != root:
            parent[root] = parent[parent[root]]
            root = parent[root]
        for k in range(neighbours.shape[1]):
            other = neighbours[cell, k]
            if other < 0 or other > cell or not member[other]:
                continue
            while parent[other] != other:
                parent[other] = parent[parent[other]]
                other = parent[other]
            if other < root:
                parent[root] = other
                root = other
            elif root < other:
                parent[other] = root
    number = 0
    for cell in range(count):
        if not member[cell]:
            parts[cell] = -1
        elif parent[cell] == cell:
            parts[cell] = number
            number += 1
        else:
            root = cell
            while parent[root] != root:
                root = parent[root]
            parts[cell] = parts[root]


@kernel
def count_near(points, normals, at, along, tolerance, least_cosine, counts):
    """For each plane through at (h, 3) along (h, 3): points near it with a normal like its own."""
    for h in range(len(at)):
        nx, ny, nz = along[h, 0], along[h, 1], along[h, 2]
        offset = nx * at[h, 0] + ny * at[h, 1] + nz * at[h, 2]
        count = 0
        for i in range(len(points)):
            height = nx * points[i, 0] + ny * points[i, 1] + nz * points[i, 2] - offset
            if abs(height) < tolerance:
                cosine = nx * normals[i, 0] + ny * normals[i, 1] + nz * normals[i, 2]
                count += abs(cosine) > least_cosine
        counts[h] = count
