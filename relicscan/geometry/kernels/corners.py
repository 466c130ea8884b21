"""The corner table of a triangle mesh (Rossignac, Safonova & Szymczak 2001), for collapses.

24 bytes a face, and a collapse rewrites only what lies around its edge. Only a surface can be
walked around, so vertices where there is none are locked, and left as they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.kernels import kernel
from relicscan.relic import FloatArray

_BITS = 6  # of each coordinate: cells of 1/64 of the longest side
_FEW = 32  # corners that are compared each with each; a hub may have a hundred thousand
_DEAD = -1


class Corners(NamedTuple):
    """A mesh in pieces that can change: corner c is the (c % 3)-th of face c // 3.

    points (n, 3) float64. corners (3 m,) int32 is the vertex at each corner, -1 on a face that
    is gone; opposite (3 m,) int32 the corner across the edge that faces it, -1 where the
    surface ends. corner_of (n,) int32 is some corner at each vertex, -1 where it has none.
    locked (n,) bool are vertices on edges of three or more faces, on edges whose faces
    disagree about the outside, and where two fans of faces touch.
    """

    points: FloatArray
    corners: NDArray[np.int32]
    opposite: NDArray[np.int32]
    corner_of: NDArray[np.int32]
    locked: NDArray[np.bool_]


@kernel
def following(c):
    """The next corner of the same face, counter-clockwise."""
    return c - 2 if c % 3 == 2 else c + 1


@kernel
def preceding(c):
    """The corner before in the same face."""
    return c + 2 if c % 3 == 0 else c - 1


@kernel
def fan(corners, opposite, first, out):
    """Put the corners at a vertex into `out`, counter-clockwise; how many, and whether open.

    An open fan starts at the rim. The neighbours are the corners' followers, and for an open
    fan also the one that precedes the last.
    """
    c, is_open = first, False
    while True:
        across = opposite[preceding(c)]
        if across < 0:
            is_open = True
            break
        c = preceding(across)
        if c == first:
            break
    start, count = c, 0
    while count < len(out):
        out[count] = c
        count += 1
        across = opposite[following(c)]
        if across < 0:
            break
        c = following(across)
        if c == start:
            break
    return count, is_open


@kernel
def morton_order(points, low):
    """Order (n,) int32 of points in a unit cube at `low` along a Morton curve (1966).

    What is near in space is then near in memory.
    """
    n = len(points)
    scale = float(1 << _BITS)
    code = np.empty(n, np.int32)
    start = np.zeros((1 << (3 * _BITS)) + 1, np.int32)
    for i in range(n):
        key = 0
        for axis in range(3):
            cell = min(int((points[i, axis] - low[axis]) * scale), (1 << _BITS) - 1)
            for bit in range(_BITS):
                key |= ((cell >> bit) & 1) << (3 * bit + axis)
        code[i] = key
        start[key + 1] += 1
    for k in range(len(start) - 1):
        start[k + 1] += start[k]
    order = np.empty(n, np.int32)
    for i in range(n):
        order[start[code[i]]] = i
        start[code[i]] += 1
    return order


@kernel
def renumbered(faces, number):
    """Corners (3 m,) with new vertex numbers (n,), faces in order of their lowest vertex.

    Faces that use a vertex twice are left out: they close nothing.
    """
    m, n = len(faces), len(number)
    lowest = np.empty(m, np.int32)
    start = np.zeros(n + 1, np.int32)
    for f in range(m):
        a, b, c = number[faces[f, 0]], number[faces[f, 1]], number[faces[f, 2]]
        lowest[f] = _DEAD
        if a != b and b != c and c != a:
            lowest[f] = min(a, b, c)
            start[lowest[f] + 1] += 1
    for v in range(n):
        start[v + 1] += start[v]
    corners = np.empty(3 * start[n], np.int32)
    for f in range(m):
        if lowest[f] != _DEAD:
            at = start[lowest[f]]
            start[lowest[f]] += 1
            for k in range(3):
                corners[3 * at + k] = number[faces[f, k]]
    return corners


@kernel
def edges_by_vertex(corners, n):
    """Corners (3 m,) by the lower vertex of the edge they face; where each begins (n + 1,)."""
    start = np.zeros(n + 1, np.int32)
    for c in range(len(corners)):
        start[min(corners[following(c)], corners[preceding(c)]) + 1] += 1
    for v in range(n):
        start[v + 1] += start[v]
    at = start[:-1].copy()
    order = np.empty(len(corners), np.int32)
    for c in range(len(corners)):
        lower = min(corners[following(c)], corners[preceding(c)])
        order[at[lower]] = c
        at[lower] += 1
    return order, start


@kernel
def join(corners, order, begins, opposite, locked, start, stop):
    """Fill `opposite` and `locked` for the edges whose lower vertex is in start..stop."""
    for v in range(start, stop):
        low, high = begins[v], begins[v + 1]
        if high - low <= _FEW:
            _pair(corners, order, low, high, opposite, locked)
            continue
        ends = np.empty(high - low, np.int32)
        for i in range(low, high):
            c = order[i]
            ends[i - low] = max(corners[following(c)], corners[preceding(c)])
        rank = np.argsort(ends, kind="mergesort")
        order[low:high] = order[low:high][rank]
        first = low
        for i in range(low + 1, high + 1):
            if i == high or ends[rank[i - low]] != ends[rank[first - low]]:
                _pair(corners, order, first, i, opposite, locked)
                first = i


@kernel
def _pair(corners, order, low, high, opposite, locked):
    """Pair the corners order[low:high] that face the same edge from its two sides."""
    for i in range(low, high):
        c = order[i]
        a, b = corners[following(c)], corners[preceding(c)]
        mate, others = -1, 0
        for j in range(low, high):
            d = order[j]
            if corners[following(d)] == b and corners[preceding(d)] == a:
                mate = d
                others += 1
            elif j != i and corners[following(d)] == a and corners[preceding(d)] == b:
                others += 2
            if others > 1:
                break
        opposite[c] = mate if others == 1 else -1
        if others > 1:
            locked[a] = True
            locked[b] = True


@kernel
def any_corner(corners, n):
    """A corner at each vertex (n,), -1 where there is none, and how many corners it has (n,)."""
    corner_of = np.full(n, -1, np.int32)
    uses = np.zeros(n, np.int32)
    for c in range(len(corners)):
        corner_of[corners[c]] = c
        uses[corners[c]] += 1
    return corner_of, uses


@kernel
def lock_touching(mesh, uses, start, stop):
    """Lock vertices start..stop whose corners are not one fan."""
    most = 1
    for v in range(start, stop):
        most = max(most, uses[v])
    around = np.empty(most, np.int32)
    for v in range(start, stop):
        if mesh.corner_of[v] >= 0 and not mesh.locked[v]:
            count, _ = fan(mesh.corners, mesh.opposite, mesh.corner_of[v], around)
            if count != uses[v]:
                mesh.locked[v] = True


@kernel
def compact(mesh, on_face):
    """Close up, in place, the gaps that dead faces and vertices left; vertices and faces left.

    Order is kept. `on_face` belongs to the faces and goes with them; it may be empty.
    """
    points, corners, opposite, corner_of, locked = mesh
    n, m = len(corner_of), len(corners) // 3
    number = np.empty(n, np.int32)
    left = 0
    for v in range(n):
        if corner_of[v] >= 0:
            number[v] = left
            left += 1
    face = np.empty(m, np.int32)
    faces_left = 0
    for f in range(m):
        if corners[3 * f] >= 0:
            face[f] = faces_left
            faces_left += 1
    for f in range(m):
        if corners[3 * f] >= 0:
            for k in range(3):
                c, to = 3 * f + k, 3 * face[f] + k
                across = opposite[c]
                corners[to] = number[corners[c]]
                opposite[to] = -1 if across < 0 else 3 * face[across // 3] + across % 3
            if len(on_face):
                on_face[face[f]] = on_face[f]
    for v in range(n):
        c = corner_of[v]
        if c >= 0:
            to = number[v]
            corner_of[to] = 3 * face[c // 3] + c % 3
            locked[to] = locked[v]
            for axis in range(3):
                points[to, axis] = points[v, axis]
    return left, faces_left
