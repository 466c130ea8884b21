"""Edge collapses in order of quadric error, under conditions that keep a surface a surface.

A vertex owns those of its edges that were last valued by it, and stands in the queue with the
cheapest. Merging makes costs only rise, so a queued cost that has gone stale is a lower bound,
and is valued again when its turn comes. Queue entries are one 64-bit number, the cost in single
precision above the vertex: ties go by number, and the order is the same everywhere.

A chunk is a range of vertices that is worked on by itself: only vertices whose neighbours are
all in it take part, so chunks may run side by side. The caller varies the chunks.

Refused are collapses that break the link condition (Dey, Edelsbrunner, Guha & Nekhayev 1999),
turn a face by about 90 degrees or more, or leave a worse sliver than there was.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.corners import fan, following, preceding
from relicscan.geometry.kernels.kept_points import all_near, hand_over
from relicscan.geometry.kernels.quadrics import place, quadric_of
from relicscan.relic import FloatArray

MOST_FACES = 256  # around a vertex that takes part
_USUAL_FACES = 24  # a collapse may leave this many around a vertex, or as many as there were
#: Least cosine of the angle by which a face may turn, and least quality (1 is equilateral, 0 has
#: no area) below which a face must not become worse.
_LEAST_COSINE = 0.1
_LEAST_QUALITY = 0.2
_NONE = np.uint64(0xFFFFFFFFFFFFFFFF)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


class Queue(NamedTuple):
    """What the vertices (n,) of a mesh need to stand in a queue, and the queues of all chunks.

    quadrics (n, 10) float64; held bool, True where a vertex takes no part. turn int32 counts
    up with every merge, -1 when a vertex is gone. target int32 is the other end of a vertex's
    cheapest edge, target_turn int32 its turn when that was valued. tried uint64 is the last
    edge that was refused, entry uint64 what stands in the queue, heap uint64 the queues.
    """

    quadrics: FloatArray
    held: NDArray[np.bool_]
    turn: NDArray[np.int32]
    target: NDArray[np.int32]
    target_turn: NDArray[np.int32]
    tried: NDArray[np.uint64]
    entry: NDArray[np.uint64]
    heap: NDArray[np.uint64]


def empty_queue(n: int) -> Queue:
    """Room for n vertices."""
    kinds = (np.bool_, np.int32, np.int32, np.int32, np.uint64, np.uint64, np.uint64)
    return Queue._make([np.empty((n, 10)), *(np.empty(n, kind) for kind in kinds)])


def first_costs(queue: Queue) -> FloatArray:
    """The costs in the queue, right after `prepare`, unsorted."""
    entered = queue.entry[~queue.held]
    entered = entered[entered != _NONE]
    return (entered >> _HALF).astype(np.uint32).view(np.float32)


@kernel
def packed(cost, number):
    """A cost and a vertex as one number (64 bits) that sorts by cost, then by vertex."""
    return (np.uint64(np.float32(cost).view(np.uint32)) << _HALF) | np.uint64(number)


@kernel
def prepare(mesh, queue, state, low, high):
    """Value the edges of the vertices low..high and queue them.

    `state` (3,) int64 becomes the queue's length, the last turn, and how many faces are gone.
    """
    points, corners, opposite, corner_of, locked = mesh
    quadrics, held, turn, _, _, tried, entry, heap = queue
    around = np.empty(MOST_FACES, np.int32)
    for v in range(low, high):
        turn[v], tried[v], entry[v], held[v] = 0, 0, _NONE, True
        if corner_of[v] < 0 or locked[v]:
            continue
        count, is_open = fan(corners, opposite, corner_of[v], around)
        inside = count < MOST_FACES
        for i in range(count):
            a, b = corners[following(around[i])], corners[preceding(around[i])]
            inside = inside and low <= a < high and low <= b < high
        if inside:
            held[v] = False
            quadric_of(points, corners, around, count, is_open, quadrics[v])
    length = 0
    for v in range(low, high):
        if held[v]:
            continue
        count, is_open = fan(corners, opposite, corner_of[v], around)
        if _enter(points, corners, queue, around, count, is_open, v):
            heap[low + length] = entry[v]
            length += 1
    for i in range(length // 2 - 1, -1, -1):
        _sift(heap, low, i, length)
    state[0], state[1], state[2] = length, 0, 0


@kernel
def collapse(mesh, queue, kept, state, low, limit, most):
    """Collapse the cheapest edges in the queue at `low` while they cost at most `limit`.

    Ends when `most` faces are gone. `state` is that of `prepare`, and goes on.
    """
    points, corners, opposite, corner_of, _ = mesh
    quadrics, _, turn, target, target_turn, tried, entry, heap = queue
    around_u = np.empty(MOST_FACES, np.int32)
    around_v = np.empty(MOST_FACES, np.int32)
    length, clock, gone = state[0], state[1], state[2]
    last = packed(limit, 0)
    while length > 0 and gone < most:
        first = heap[low]
        if first > last:
            break
        v = np.int64(first & _LOW)
        if entry[v] != first:
            length -= 1
            heap[low] = heap[low + length]
            _sift(heap, low, 0, length)
            continue
        u = np.int64(target[v])
        count_v, open_v = fan(corners, opposite, corner_of[v], around_v)
        merged = False
        if target_turn[v] == turn[u]:
            count_u, open_u = fan(corners, opposite, corner_of[u], around_u)
            _, x, y, z = place(points, quadrics, u, v)
            merged = (
                count_u + count_v - 4 <= max(_USUAL_FACES, count_u, count_v)
                and _linked(corners, around_u, count_u, open_u, around_v, count_v, open_v, v)
                and _shapely(points, corners, u, v, around_u, count_u, around_v, count_v, x, y, z)
            )
            # Numba leaves out the branch, and its compilation, where `kept` is None.
            if kept is not None:
                merged = merged and all_near(
                    points, corners, kept, u, v, around_u, count_u, around_v, count_v, x, y, z
                )
            if not merged:
                tried[v] = ((first >> _HALF) << _HALF) | np.uint64(u)
        if merged:
            if kept is not None:
                hand_over(kept, around_u, count_u, around_v, count_v)
            gone += _merge(corners, opposite, corner_of, u, v, around_v, count_v)
            quadrics[u] += quadrics[v]
            points[u, 0], points[u, 1], points[u, 2] = x, y, z
            clock += 1
            turn[u], turn[v] = clock, -1
            tried[u] = 0
            entry[v] = _NONE
            v = u
            count_v, open_v = fan(corners, opposite, corner_of[v], around_v)
        if _enter(points, corners, queue, around_v, count_v, open_v, v):
            heap[low] = entry[v]
        else:
            length -= 1
            heap[low] = heap[low + length]
        _sift(heap, low, 0, length)
    state[0], state[1], state[2] = length, clock, gone


@kernel
def _enter(points, corners, queue, around, count, is_open, v):
    """Find the cheapest edge that v owns and has not tried in vain; whether there is one."""
    quadrics, held, turn, target, target_turn, tried, entry, _ = queue
    cheapest = _NONE
    for i in range(count + is_open):
        w = corners[following(around[i])] if i < count else corners[preceding(around[count - 1])]
        if held[w] or turn[w] > turn[v] or (turn[w] == turn[v] and w > v):
            continue
        cost, _, _, _ = place(points, quadrics, v, w)
        value = packed(cost, w)
        if tried[v] < value < cheapest:
            cheapest = value
    entry[v] = _NONE
    if cheapest == _NONE:
        return False
    w = np.int64(cheapest & _LOW)
    target[v], target_turn[v] = w, turn[w]
    entry[v] = ((cheapest >> _HALF) << _HALF) | np.uint64(v)
    return True


@kernel
def _sift(heap, low, i, length):
    """Let entry i of the binary heap at `low` sink to its place."""
    value = heap[low + i]
    while 2 * i + 1 < length:
        child = 2 * i + 1
        if child + 1 < length and heap[low + child + 1] < heap[low + child]:
            child += 1
        if heap[low + child] >= value:
            break
        heap[low + i] = heap[low + child]
        i = child
    heap[low + i] = value


@kernel
def _linked(corners, around_u, count_u, open_u, around_v, count_v, open_v, v):
    """The link condition: u and v have no neighbours in common but those across their edge."""
    common, on_rim = 0, False
    for i in range(count_u + open_u):
        w = (
            corners[following(around_u[i])]
            if i < count_u
            else corners[preceding(around_u[count_u - 1])]
        )
        if w == v:
            on_rim = open_u and (i == 0 or i == count_u)
            continue
        for j in range(count_v + open_v):
            if w == (
                corners[following(around_v[j])]
                if j < count_v
                else corners[preceding(around_v[count_v - 1])]
            ):
                common += 1
                break
    if on_rim:
        return common == 1 and count_u + count_v > 2  # not a triangle alone
    # Two rims must not meet, and of a tetrahedron nothing would be left.
    return common == 2 and not (open_u and open_v) and (open_u or open_v or count_u + count_v > 6)


@kernel
def _shapely(points, corners, u, v, around_u, count_u, around_v, count_v, x, y, z):
    """Whether no face turns over or becomes a worse sliver when u and v move to (x, y, z)."""
    # Squared quality, 12 |n|^2 / (sum of squared sides)^2 for n twice the area as a vector.
    before, after = 1.0, 1.0
    for side in range(2):
        around, count, s, t = (around_u, count_u, u, v) if side == 0 else (around_v, count_v, v, u)
        for i in range(count):
            a, b = corners[following(around[i])], corners[preceding(around[i])]
            ex, ey, ez = (
                points[b, 0] - points[a, 0],
                points[b, 1] - points[a, 1],
                points[b, 2] - points[a, 2],
            )
            sx, sy, sz = (
                points[s, 0] - points[a, 0],
                points[s, 1] - points[a, 1],
                points[s, 2] - points[a, 2],
            )
            ox, oy, oz = ey * sz - ez * sy, ez * sx - ex * sz, ex * sy - ey * sx
            old2 = ox * ox + oy * oy + oz * oz
            e2 = ex * ex + ey * ey + ez * ez
            sides = 2 * (e2 + sx * sx + sy * sy + sz * sz - ex * sx - ey * sy - ez * sz)
            old_quality = 12 * old2 / (sides * sides) if sides > 0.0 else 0.0
            before = min(before, old_quality)
            if a == t or b == t:
                continue
            nx, ny, nz = x - points[a, 0], y - points[a, 1], z - points[a, 2]
            wx, wy, wz = ey * nz - ez * ny, ez * nx - ex * nz, ex * ny - ey * nx
            new2 = wx * wx + wy * wy + wz * wz
            sides = 2 * (e2 + nx * nx + ny * ny + nz * nz - ex * nx - ey * ny - ez * nz)
            if not (sides > 0.0 and new2 > 0.0):
                return False
            after = min(after, 12 * new2 / (sides * sides))
            # A sliver's own normal is rounding and noise: it may turn as it likes.
            if old_quality > 1e-4:
                along = ox * wx + oy * wy + oz * wz
                if along < 0.0 or along * along < _LEAST_COSINE * _LEAST_COSINE * old2 * new2:
                    return False
    return after >= _LEAST_QUALITY * _LEAST_QUALITY or after > before


@kernel
def _merge(corners, opposite, corner_of, u, v, around_v, count_v):
    """Make v's corners u's and glue together what lay on both sides of the faces between them."""
    for i in range(count_v):
        corners[around_v[i]] = u
    gone, at_u = 0, -1
    for i in range(count_v):
        c = around_v[i]
        a, b = following(c), preceding(c)
        if corners[a] == u:
            other, w = a, b
        elif corners[b] == u:
            other, w = b, a
        else:
            continue
        apex = corners[w]
        # Across from the two corners that became one lie the faces that now meet.
        p, q = opposite[c], opposite[other]
        if p >= 0:
            opposite[p] = q
        if q >= 0:
            opposite[q] = p
        near = p if p >= 0 else q
        if corners[following(near)] == apex:
            corner_of[apex], at_u = following(near), preceding(near)
        else:
            corner_of[apex], at_u = preceding(near), following(near)
        face = c // 3
        corners[3 * face] = corners[3 * face + 1] = corners[3 * face + 2] = -1
        gone += 1
    corner_of[u], corner_of[v] = at_u, -1
    return gone
