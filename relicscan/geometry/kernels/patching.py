"""Compiled loops that close a hole: the rim triangulated, the patch refined to the rim's density.

Liepa 2003, "Filling holes in meshes". The triangulation has the least folds and then the least
area of all that the rim allows (dynamic programming, Barequet & Sharir 1995). It is cubic, but
a triangle is only looked at where what lies on both its sides could still win: 0.2 s for 400 rim
edges. Longer rims are shortened first by cutting ears (Meisters 1975). Chords that the mesh has
as edges already are never used, so no edge gets a third face.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.halfedges import Bools, Floats, Int32s, Int64s, distance, normal
from relicscan.geometry.kernels.refining import longer, refined

#: Rims with more edges than this are shortened by cutting ears before they are triangulated.
LONGEST_RIM = 500
#: Rims with more edges than this are left: which chords there are takes a byte for each pair.
MOST_EDGES = 10_000
#: Two neighbouring faces are a fold where the cosine between their normals is below this.
FOLD = -0.5
#: What the squared sides of a triangle weigh beside its area. In a plane all triangulations have
#: the same area: without this they came out as fans, which refine badly.
SHORTNESS = 0.01


@kernel
def least_area(points: Floats, rims: Floats, forbidden: Bools) -> Int32s:
    """Triangles (n - 2, 3) that close the polygon of points (n, 3) with least folds, then area.

    `rims` (n, 3) is the normal of the face on the other side of the edge from point i to
    i + 1, zero where folds do not count; `forbidden` (n, n) are chords that must not be used.
    No rows where there is no such triangulation.
    """
    n = len(points)
    perimeter = 0.0
    for i in range(n):
        perimeter += distance(points, i, (i + 1) % n)
    penalty = 10 * perimeter * perimeter  # more than the least area can be
    cost = np.full((n, n), np.inf)  # both halves: rows are then read from front to back
    apex = np.full((n, n), -1, np.int32)
    for i in range(n - 1):
        cost[i, i + 1] = cost[i + 1, i] = 0.0
    for span in range(2, n):
        for i in range(n - span):
            k = i + span
            if forbidden[i, k] and span < n - 1:
                continue
            best, where = np.inf, -1
            for m in range(i + 1, k):
                so_far = cost[i, m] + cost[k, m]
                if so_far >= best:
                    continue
                x, y, z = normal(points, i, m, k)
                so_far += np.sqrt(x * x + y * y + z * z) / 2
                sides = distance(points, i, m) ** 2 + distance(points, m, k) ** 2
                so_far += SHORTNESS * (sides + distance(points, i, k) ** 2)
                if so_far >= best:
                    continue
                so_far += penalty * _folds(points, rims, apex, i, m, x, y, z)
                so_far += penalty * _folds(points, rims, apex, m, k, x, y, z)
                if span == n - 1:
                    so_far += penalty * _is_fold(x, y, z, rims[k, 0], rims[k, 1], rims[k, 2])
                if so_far < best:
                    best, where = so_far, m
            cost[i, k] = cost[k, i] = best
            apex[i, k] = where
    triangles = np.empty((max(n - 2, 0), 3), np.int32)
    if n < 3 or apex[0, n - 1] < 0:
        return triangles[:0]
    stack = np.empty((n, 2), np.int32)
    stack[0, 0], stack[0, 1] = 0, n - 1
    size, found = 1, 0
    while size:
        size -= 1
        i, k = stack[size, 0], stack[size, 1]
        if k - i < 2:
            continue
        m = apex[i, k]
        triangles[found, 0], triangles[found, 1], triangles[found, 2] = i, m, k
        found += 1
        stack[size, 0], stack[size, 1] = i, m
        stack[size + 1, 0], stack[size + 1, 1] = m, k
        size += 2
    return triangles


@kernel
def _folds(
    points: Floats, rims: Floats, apex: Int32s, i: int, k: int, x: float, y: float, z: float
) -> bool:
    """Whether the triangle with normal (x, y, z) is folded against what lies beyond chord i, k."""
    if k == i + 1:
        return _is_fold(x, y, z, rims[i, 0], rims[i, 1], rims[i, 2])
    u, v, w = normal(points, i, apex[i, k], k)
    return _is_fold(x, y, z, u, v, w)


@kernel
def _is_fold(x: float, y: float, z: float, u: float, v: float, w: float) -> bool:
    dot = x * u + y * v + z * w
    return bool(dot < FOLD * np.sqrt((x * x + y * y + z * z) * (u * u + v * v + w * w)))


@kernel
def triangulated(points: Floats, rims: Floats, forbidden: Bools) -> Int32s:
    """As `least_area`, for a rim of any length."""
    n = len(points)
    if n <= LONGEST_RIM:
        return least_area(points, rims, forbidden)
    left = np.arange(n).astype(np.int32)
    sides = rims.copy()
    ears = np.empty((n, 3), np.int32)
    found = 0
    while len(left) > LONGEST_RIM:
        count = len(left)
        quality = np.full(count, np.inf)
        for j in range(count):
            a, b, c = left[j - 1], left[j], left[(j + 1) % count]
            x, y, z = normal(points, a, b, c)
            folded = _is_fold(x, y, z, sides[a, 0], sides[a, 1], sides[a, 2]) or _is_fold(
                x, y, z, sides[b, 0], sides[b, 1], sides[b, 2]
            )
            if not forbidden[a, c] and not folded:
                quality[j] = distance(points, a, c)
        # The shorter ones of the ears, no two of them side by side.
        limit, ear_count = 0.0, 0
        for j in range(count):
            if quality[j] < np.inf:
                limit += quality[j]
                ear_count += 1
        limit /= max(ear_count, 1)
        keep = np.ones(count, np.bool_)
        for j in range(count):
            if quality[j] <= limit and keep[j - 1] and (j < count - 1 or keep[0]):
                a, b, c = left[j - 1], left[j], left[(j + 1) % count]
                keep[j] = False
                ears[found, 0], ears[found, 1], ears[found, 2] = a, b, c
                found += 1
                sides[a, 0], sides[a, 1], sides[a, 2] = normal(points, a, b, c)
        kept = 0
        for j in range(count):
            if keep[j]:
                left[kept] = left[j]
                kept += 1
        if kept == count:
            return ears[:0]
        left = left[:kept]
    count = len(left)
    place, side = np.empty((count, 3)), np.empty((count, 3))
    taken = np.empty((count, count), np.bool_)
    for i in range(count):
        for axis in range(3):
            place[i, axis] = points[left[i], axis]
            side[i, axis] = sides[left[i], axis]
        for j in range(count):
            taken[i, j] = forbidden[left[i], left[j]]
    inner = least_area(place, side, taken)
    if not len(inner):
        return ears[:0]
    for t in range(len(inner)):
        for j in range(3):
            ears[found + t, j] = left[inner[t, j]]
    return ears[: found + len(inner)]


@kernel
def patches(
    vertices: Floats,
    loop: Int32s,
    start: Int64s,
    rims: Floats,
    scale: Floats,
    beside_start: Int64s,
    beside: Int32s,
    most: int,
) -> tuple[Floats, Int32s, Int32s, Int32s]:
    """A patch for each loop: new points (k, 3) with the loop of each, triangles (t, 3) with theirs.

    Loop g is `loop[start[g] : start[g + 1]]`, run so that the hole lies to the left; `rims` and
    `scale` go with its entries; `beside` lists the neighbours of every vertex on a loop, and
    new points are numbered from len(vertices) on. A loop that cannot be closed has no triangles.
    """
    n = len(vertices)
    points: Floats = np.empty((1024, 3))
    point_loop = np.empty(1024, np.int32)
    faces, face_loop = np.empty((1024, 3), np.int32), np.empty(1024, np.int32)
    k, t = 0, 0
    local = np.full(n, -1, np.int32)
    for g in range(len(start) - 1):
        around = loop[start[g] : start[g + 1]]
        size = len(around)
        if size > MOST_EDGES:
            continue
        place: Floats = np.empty((size, 3))
        for i in range(size):
            local[around[i]] = i
            for axis in range(3):
                place[i, axis] = vertices[around[i], axis]
        forbidden = np.zeros((size, size), np.bool_)
        for i in range(size):
            for e in range(beside_start[around[i]], beside_start[around[i] + 1]):
                j = local[beside[e]]
                if j >= 0:
                    forbidden[i, j] = forbidden[j, i] = True
        for i in range(size):
            local[around[i]] = -1
        if size == 3 and _has_face(around, beside_start, beside):
            continue
        closed = triangulated(place, rims[start[g] : start[g + 1]], forbidden)
        if not len(closed):
            continue
        place, closed = refined(place, scale[start[g] : start[g + 1]], closed, forbidden, most)
        added = len(place) - size
        while k + added > len(points):
            points, point_loop = longer(points), _longer_numbers(point_loop)
        while t + len(closed) > len(faces):
            faces = _longer_numbers(faces.reshape(-1)).reshape(-1, 3)
            face_loop = _longer_numbers(face_loop)
        for i in range(added):
            for axis in range(3):
                points[k + i, axis] = place[size + i, axis]
            point_loop[k + i] = g
        for f in range(len(closed)):
            face_loop[t + f] = g
            for j in range(3):
                v = closed[f, j]
                faces[t + f, j] = around[v] if v < size else n + k + v - size
        k += added
        t += len(closed)
    return points[:k], point_loop[:k], faces[:t], face_loop[:t]


@kernel
def _longer_numbers(numbers: Int32s) -> Int32s:
    out = np.empty(2 * len(numbers), np.int32)
    out[: len(numbers)] = numbers
    return out


@kernel
def _has_face(around: Int32s, beside_start: Int64s, beside: Int32s) -> bool:
    """Whether the mesh has a face over three vertices: `beside` lists neighbours face by face."""
    a = around[0]
    for e in range(beside_start[a], beside_start[a + 1], 2):
        b, c = beside[e], beside[e + 1]
        if (b == around[1] and c == around[2]) or (b == around[2] and c == around[1]):
            return True
    return False
