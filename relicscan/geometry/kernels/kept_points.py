"""Points of the original surface, handed from face to face, so that none is ever left far behind.

Each vertex of the input is kept on the face that lies closest to it (Ciampalini, Cignoni,
Montani & Scopigno 1997). A collapse looks at the points on the faces it changes, and is refused
where one would lie farther than the tolerance from all that come in their place. Likewise where
the new vertex, or the middle of a new side or face, would lie farther than that from the input's
faces around the nearest point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.corners import following, preceding
from relicscan.relic import FloatArray


class Kept(NamedTuple):
    """Points of the original, in lists by face: on_face leads to the first, then next_point.

    tolerance (p,) float64 is how far each may be left behind. originals (p, 3) float64 and
    their faces as in `Corners`; on_face (m,) int32; next_point (p,) int32, -1 at the end of a
    list; home (p,) int32 is scratch.
    """

    tolerance: FloatArray
    originals: FloatArray
    corners: NDArray[np.int32]
    opposite: NDArray[np.int32]
    corner_of: NDArray[np.int32]
    on_face: NDArray[np.int32]
    next_point: NDArray[np.int32]
    home: NDArray[np.int32]


@kernel
def at_home(corner_of, faces):
    """Each vertex (n,) on one of its own faces: on_face (m,) and next_point (n,)."""
    on_face = np.full(faces, -1, np.int32)
    next_point = np.full(len(corner_of), -1, np.int32)
    for v in range(len(corner_of)):
        if corner_of[v] >= 0:
            face = corner_of[v] // 3
            next_point[v] = on_face[face]
            on_face[face] = v
    return on_face, next_point


@kernel
def homes(kept, faces):
    """The face (p,) int32 that each original point is kept on, -1 where none."""
    home = np.full(len(kept.next_point), -1, np.int32)
    for face in range(faces):
        p = kept.on_face[face]
        while p >= 0:
            home[p] = face
            p = kept.next_point[p]
    return home


@kernel
def all_near(points, corners, kept, u, v, around_u, count_u, around_v, count_v, x, y, z):
    """Whether the points of all faces around u and v stay near when u and v move to (x, y, z).

    Notes in `home` the face that each would go to.
    """
    originals, on_face, next_point, home = kept.originals, kept.on_face, kept.next_point, kept.home
    for side in range(2):
        around, count = (around_u, count_u) if side == 0 else (around_v, count_v)
        for i in range(count):
            a, b = corners[following(around[i])], corners[preceding(around[i])]
            if side == 1 and (a == u or b == u):
                continue
            p = on_face[around[i] // 3]
            while p >= 0:
                nearest, face = np.inf, -1
                for second in range(2):
                    around_t, count_t = (around_u, count_u) if second == 0 else (around_v, count_v)
                    skipped = v if second == 0 else u
                    for j in range(count_t):
                        a, b = corners[following(around_t[j])], corners[preceding(around_t[j])]
                        if a == skipped or b == skipped:
                            continue
                        d = distance2(points, *_at(originals, p), a, b, x, y, z)
                        if d < nearest:
                            nearest, face = d, around_t[j] // 3
                if not nearest <= kept.tolerance[p] ** 2:
                    return False
                home[p] = face
                p = next_point[p]
    if not _near_original(kept, corners, u, around_u, count_u, around_v, count_v, x, y, z):
        return False
    for side in range(2):
        around, count, skipped = (around_u, count_u, v) if side == 0 else (around_v, count_v, u)
        for i in range(count):
            a, b = corners[following(around[i])], corners[preceding(around[i])]
            if a == skipped or b == skipped:
                continue
            ax, ay, az = _at(points, a)
            bx, by, bz = _at(points, b)
            mx, my, mz = (x + ax) / 2, (y + ay) / 2, (z + az) / 2
            if not _near_original(
                kept, corners, u, around_u, count_u, around_v, count_v, mx, my, mz
            ):
                return False
            mx, my, mz = (x + ax + bx) / 3, (y + ay + by) / 3, (z + az + bz) / 3
            if not _near_original(
                kept, corners, u, around_u, count_u, around_v, count_v, mx, my, mz
            ):
                return False
    return True


@kernel
def _near_original(kept, corners, u, around_u, count_u, around_v, count_v, x, y, z):
    """Whether a place lies within the tolerance of the original faces around the nearest point.

    That is the nearest of the points kept around u and v.
    """
    closest, nearest = np.inf, -1
    for side in range(2):
        around, count = (around_u, count_u) if side == 0 else (around_v, count_v)
        for i in range(count):
            c = around[i]
            if side == 1 and (corners[following(c)] == u or corners[preceding(c)] == u):
                continue
            p = kept.on_face[c // 3]
            while p >= 0:
                px, py, pz = _at(kept.originals, p)
                d = (px - x) ** 2 + (py - y) ** 2 + (pz - z) ** 2
                if d < closest:
                    closest, nearest = d, p
                p = kept.next_point[p]
    return nearest < 0 or _near_fan(kept, nearest, x, y, z)


@kernel
def _near_fan(kept, p, x, y, z):
    """Whether a place lies within the tolerance of the original faces around original vertex p."""
    within = kept.tolerance[p] ** 2
    c = kept.corner_of[p]
    for turn in range(2):
        # One way round, and from the start the other way if a rim is met.
        while c >= 0:
            a, b = kept.corners[following(c)], kept.corners[preceding(c)]
            if distance2(kept.originals, x, y, z, a, b, *_at(kept.originals, p)) <= within:
                return True
            c = kept.opposite[following(c) if turn == 0 else preceding(c)]
            if c >= 0:
                c = following(c) if turn == 0 else preceding(c)
            if c == kept.corner_of[p]:
                return False
        c = kept.corner_of[p]
    return False


@kernel
def _at(points, v):
    return points[v, 0], points[v, 1], points[v, 2]


@kernel
def hand_over(kept, around_u, count_u, around_v, count_v):
    """Put the points of all faces around u and v on the faces noted in `home`."""
    on_face, next_point, home = kept.on_face, kept.next_point, kept.home
    first = -1
    for side in range(2):
        around, count = (around_u, count_u) if side == 0 else (around_v, count_v)
        for i in range(count):
            face = around[i] // 3
            p = on_face[face]
            on_face[face] = -1
            while p >= 0:
                after = next_point[p]
                next_point[p] = first
                first = p
                p = after
    while first >= 0:
        after = next_point[first]
        next_point[first] = on_face[home[first]]
        on_face[home[first]] = first
        first = after


@kernel
def distance2(points, px, py, pz, a, b, x, y, z):
    """Squared distance from p to the triangle of (x, y, z), points a and b (Ericson 2005)."""
    ax, ay, az = points[a, 0] - x, points[a, 1] - y, points[a, 2] - z
    bx, by, bz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
    px, py, pz = px - x, py - y, pz - z
    d1, d2 = ax * px + ay * py + az * pz, bx * px + by * py + bz * pz
    aa, ab, bb = (
        ax * ax + ay * ay + az * az,
        ax * bx + ay * by + az * bz,
        bx * bx + by * by + bz * bz,
    )
    s, t = 0.0, 0.0
    if d1 > 0.0 or d2 > 0.0:
        d3, d4 = d1 - aa, d2 - ab
        d5, d6 = d1 - ab, d2 - bb
        vc, vb, va = d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4
        if d3 >= 0.0 and d4 <= d3:
            s = 1.0
        elif d6 >= 0.0 and d5 <= d6:
            t = 1.0
        elif vc <= 0.0 and d1 >= 0.0 and d3 <= 0.0:
            s = d1 / max(aa, 1e-300)
        elif vb <= 0.0 and d2 >= 0.0 and d6 <= 0.0:
            t = d2 / max(bb, 1e-300)
        elif va <= 0.0 and d4 - d3 >= 0.0 and d5 - d6 >= 0.0:
            t = (d4 - d3) / max((d4 - d3) + (d5 - d6), 1e-300)
            s = 1.0 - t
        else:
            total = va + vb + vc
            s, t = vb / total, vc / total
    rx, ry, rz = px - s * ax - t * bx, py - s * ay - t * by, pz - s * az - t * bz
    return rx * rx + ry * ry + rz * rz
