"""Compiled loops that mend triangles too thin to have a direction.

A triangle whose height is nothing beside its side has a normal of rounding errors, and after
it tangents and shading. It is mended without moving the surface: its short side collapses
(under the link condition of Dey, Edelsbrunner, Guha & Nekhayev 1999), or its long side is
flipped into the neighbour; on a rim it simply goes. `mate` is as in
`relicscan.geometry.kernels.halfedges`, and stays right throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.halfedges import Bools, Floats, Int32s, distance, normal

#: A triangle is a sliver whose smallest height is less than this share of its longest side...
THINNEST = 1e-4
#: ...or than this many steps of single precision at its farthest coordinate.
STEPS = 4.0
#: Vertices of more faces than this are left as they are.
_MOST_FACES = 96

_F4_STEP = 2.0**-23


@kernel
def mend(
    vertices: Floats, faces: Int32s, mate: Int32s, uv: NDArray[np.float32], material: Int32s
) -> tuple[Bools, int, int]:
    """Mend slivers in place; returns which faces stay (m,), how many were mended, how many left.

    `uv` (m, 3, 2) and `material` (m,) go along where they have rows.
    """
    m = len(faces)
    alive = np.ones(m, np.bool_)
    corner = np.full(len(vertices), -1, np.int32)
    flat = faces.reshape(-1)
    for h in range(3 * m):
        corner[flat[h]] = h
    mended, left = 0, 0
    for _ in range(8):
        done, left = 0, 0
        for f in range(m):
            if not alive[f] or not is_sliver(vertices, faces[f, 0], faces[f, 1], faces[f, 2]):
                continue
            if _mend_one(vertices, faces, mate, corner, alive, uv, material, f):
                done += 1
            else:
                left += 1
        mended += done
        if not done:
            break
    return alive, mended, left


@kernel
def is_sliver(vertices: Floats, a: int, b: int, c: int) -> bool:
    """Whether a triangle has next to no height."""
    height, longest, far = _height(vertices, a, b, c)
    return bool(height < max(THINNEST * longest, STEPS * _F4_STEP * far))


@kernel
def slivers(vertices: Floats, faces: Int32s) -> Bools:
    """Mask (m,) of the slivers among faces (m, 3)."""
    mask = np.empty(len(faces), np.bool_)
    for f in range(len(faces)):
        mask[f] = is_sliver(vertices, faces[f, 0], faces[f, 1], faces[f, 2])
    return mask


@kernel
def _height(vertices: Floats, a: int, b: int, c: int) -> tuple[float, float, float]:
    """Smallest height, longest side and largest coordinate of a triangle."""
    far = 0.0
    for i in range(3):
        far = max(far, abs(vertices[a, i]), abs(vertices[b, i]), abs(vertices[c, i]))
    longest = distance(vertices, a, b)
    longest = max(longest, distance(vertices, b, c), distance(vertices, c, a))
    x, y, z = normal(vertices, a, b, c)
    twice = np.sqrt(x * x + y * y + z * z)
    return (twice / longest if longest > 0 else 0.0), longest, far


@kernel
def _agree(vertices: Floats, old: tuple[int, int, int], new: tuple[int, int, int]) -> bool:
    """Whether a triangle's normal keeps within 60 degrees of another's."""
    p0, p1, p2 = normal(vertices, old[0], old[1], old[2])
    q0, q1, q2 = normal(vertices, new[0], new[1], new[2])
    dot = p0 * q0 + p1 * q1 + p2 * q2
    return bool(dot > 0.5 * np.sqrt((p0 * p0 + p1 * p1 + p2 * p2) * (q0 * q0 + q1 * q1 + q2 * q2)))


@kernel
def _next(h: int) -> int:
    return h + 1 if h % 3 < 2 else h - 2


@kernel
def _before(h: int) -> int:
    return h + 2 if h % 3 == 0 else h - 1


@kernel
def _fan(mate: Int32s, start: int, out: Int32s) -> tuple[int, bool]:
    """Half-edges that leave the vertex `start` leaves, into `out`; how many, and if it is closed.

    -1 where there are more than `out` has room for.
    """
    h, size = start, 0
    while True:
        if size == len(out):
            return -1, False
        out[size] = h
        size += 1
        k = mate[_before(h)]
        if k == start:
            return size, True
        if k < 0:
            break
        h = k
    h = start
    while mate[h] >= 0:
        h = _next(mate[h])
        if size == len(out):
            return -1, False
        out[size] = h
        size += 1
    return size, False


@kernel
def _mend_one(
    vertices: Floats,
    faces: Int32s,
    mate: Int32s,
    corner: Int32s,
    alive: Bools,
    uv: NDArray[np.float32],
    material: Int32s,
    f: int,
) -> bool:
    flat = faces.reshape(-1)
    longest, shortest = 3 * f, 3 * f
    most, least = -1.0, np.inf
    for h in range(3 * f, 3 * f + 3):
        side = distance(vertices, flat[h], flat[_next(h)])
        if side > most:
            longest, most = h, side
        if side < least:
            shortest, least = h, side
    _, length, far = _height(vertices, faces[f, 0], faces[f, 1], faces[f, 2])
    if least < 10 * max(THINNEST * length, STEPS * _F4_STEP * far):
        back = int(np.int64(mate[shortest]))
        if _collapse(vertices, faces, mate, corner, alive, shortest):
            return True
        # The other end may go instead: with the half-edge of the other face, or with none.
        if back >= 0 and _collapse(vertices, faces, mate, corner, alive, back):
            return True
    if mate[longest] >= 0:
        return _flip(vertices, faces, mate, corner, uv, material, longest)
    return _drop(faces, mate, corner, alive, longest)


@kernel
def _collapse(
    vertices: Floats, faces: Int32s, mate: Int32s, corner: Int32s, alive: Bools, h: int
) -> bool:
    """Move the start u of half-edge h onto its end v, if the surface stays what it is."""
    flat = faces.reshape(-1)
    g = int(np.int64(mate[h]))
    u, v = flat[h], flat[_next(h)]
    around_u, around_v = np.empty(_MOST_FACES, np.int32), np.empty(_MOST_FACES, np.int32)
    count_u, closed_u = _fan(mate, h, around_u)
    count_v, closed_v = _fan(mate, _next(h), around_v)
    if count_u < 0 or count_v < 0 or (not closed_u and closed_v):
        return False
    if g >= 0 and not closed_u and not closed_v:
        return False  # two rims would touch
    ring_u, ring_v = _ring(flat, around_u[:count_u]), _ring(flat, around_v[:count_v])
    shared = 0
    for p in ring_u:
        shared += _among(p, ring_v)
    if shared != (2 if g >= 0 else 1):
        return False
    for k in (h, g):
        if k < 0:
            continue
        left, right = mate[_next(k)], mate[_before(k)]
        if left < 0 and right < 0:
            return False  # the last face there
        if left >= 0 and right >= 0 and flat[_before(left)] == flat[_before(right)]:
            return False  # two faces back to back would be left
    for k in around_u[:count_u]:
        if k // 3 == h // 3 or (g >= 0 and k // 3 == g // 3):
            continue
        a, b = flat[_next(k)], flat[_before(k)]
        if is_sliver(vertices, u, a, b):
            continue
        if is_sliver(vertices, v, a, b) or not _agree(vertices, (u, a, b), (v, a, b)):
            return False
    for k in around_u[:count_u]:
        flat[k] = v
    for k in (h, g):
        if k >= 0:
            left, right = mate[_next(k)], mate[_before(k)]
            if left >= 0:
                mate[left] = right
            if right >= 0:
                mate[right] = left
            alive[k // 3] = False
            tip, stays = flat[_before(k)], max(left, right)
            corner[tip] = stays if flat[stays] == tip else _next(stays)
            corner[v] = stays if flat[stays] == v else _next(stays)
    corner[u] = -1
    return True


@kernel
def _among(p: int, some: Int32s) -> bool:
    for q in some:  # noqa: SIM110 - compiled, not interpreted
        if p == q:
            return True
    return False


@kernel
def _ring(flat: Int32s, around: Int32s) -> Int32s:
    """The vertices next to the one that the half-edges `around` leave, each once."""
    ring = np.empty(2 * len(around), np.int32)
    size = 0
    for h in around:
        for p in (flat[_next(h)], flat[_before(h)]):
            if not _among(p, ring[:size]):
                ring[size] = p
                size += 1
    return ring[:size]


@kernel
def _flip(
    vertices: Floats,
    faces: Int32s,
    mate: Int32s,
    corner: Int32s,
    uv: NDArray[np.float32],
    material: Int32s,
    h: int,
) -> bool:
    """Flip the long side h of a flat face into its neighbour, if both get a height by it.

    The flat face is (c, a, m) from h on, its neighbour (a, c, x); they become (a, m, x) and
    (m, c, x), with the neighbour's texture.
    """
    flat = faces.reshape(-1)
    g = mate[h]
    c, a, m, x = flat[h], flat[_next(h)], flat[_before(h)], flat[_before(g)]
    around = np.empty(_MOST_FACES, np.int32)
    count, _ = _fan(mate, _before(h), around)
    if count < 0 or m == x or _among(x, _ring(flat, around[:count])):
        return False
    if is_sliver(vertices, a, m, x) or is_sliver(vertices, m, c, x):
        return False
    if not is_sliver(vertices, a, c, x) and not (
        _agree(vertices, (a, c, x), (a, m, x)) and _agree(vertices, (a, c, x), (m, c, x))
    ):
        return False
    f, o = h // 3, g // 3
    am, mc = mate[_next(h)], mate[_before(h)]
    cx, xa = mate[_next(g)], mate[_before(g)]
    if len(uv):
        t = min(distance(vertices, a, m) / distance(vertices, a, c), 1.0)
        for i in range(2):
            uv_a, uv_c, uv_x = uv[o, g % 3, i], uv[o, _next(g) % 3, i], uv[o, _before(g) % 3, i]
            uv_m = uv_a * (1 - t) + uv_c * t
            uv[f, 0, i], uv[f, 1, i], uv[f, 2, i] = uv_a, uv_m, uv_x
            uv[o, 0, i], uv[o, 1, i], uv[o, 2, i] = uv_m, uv_c, uv_x
    if len(material):
        material[f] = material[o]
    faces[f, 0], faces[f, 1], faces[f, 2] = a, m, x
    faces[o, 0], faces[o, 1], faces[o, 2] = m, c, x
    for k, other in ((3 * f, am), (3 * f + 2, xa), (3 * o, mc), (3 * o + 1, cx)):
        mate[k] = other
        if other >= 0:
            mate[other] = k
    mate[3 * f + 1], mate[3 * o + 2] = 3 * o + 2, 3 * f + 1
    corner[a], corner[m], corner[x], corner[c] = 3 * f, 3 * f + 1, 3 * f + 2, 3 * o + 1
    return True


@kernel
def _drop(faces: Int32s, mate: Int32s, corner: Int32s, alive: Bools, h: int) -> bool:
    """Take away a flat face whose long side h is on the rim, if no vertex is pinched by it."""
    flat = faces.reshape(-1)
    around = np.empty(_MOST_FACES, np.int32)
    left, right = mate[_next(h)], mate[_before(h)]
    count, closed = _fan(mate, _before(h), around)
    if count < 0 or (not closed and left >= 0 and right >= 0):
        return False
    for k in (left, right):
        if k >= 0:
            mate[k] = -1
            corner[flat[k]] = k
            corner[flat[_next(k)]] = _next(k)
    alive[h // 3] = False
    return True
