"""Points of the original surface, handed from face to face, so that none is ever left far behind.

Each vertex of the input is kept on the face that lies closest to it (Ciampalini, Cignoni,
Montani & Scopigno 1997). A collapse looks at the points on the faces it changes, and is refused
where one would lie farther than the tolerance from all that come in their place.
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

    tolerance is a length, 0 where no points are kept. originals (p, 3) float64; on_face (m,)
    int32; next_point (p,) int32, -1 at the end of a list; home (p,) int32 is scratch.
    """

    tolerance: float
    originals: FloatArray
    on_face: NDArray[np.int32]
    next_point: NDArray[np.int32]
    home: NDArray[np.int32]


def nothing_kept() -> Kept:
    """For decimation without a tolerance."""
    none = np.empty(0, np.int32)
    return Kept(0.0, np.empty((0, 3)), none, none, none)


@kernel
def at_home(corner_of, faces):  # type: ignore[no-untyped-def]
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
def homes(kept, faces):  # type: ignore[no-untyped-def]
    """The face (p,) int32 that each original point is kept on, -1 where none."""
    home = np.full(len(kept.next_point), -1, np.int32)
    for face in range(faces):
        p = kept.on_face[face]
        while p >= 0:
            home[p] = face
            p = kept.next_point[p]
    return home


@kernel
def all_near(points, corners, kept, u, v, around_u, count_u, around_v, count_v, x, y, z):  # type: ignore[no-untyped-def]
    """Whether the points of all faces around u and v stay near when u and v move to (x, y, z).

    Notes in `home` the face that each would go to.
    """
    tolerance, originals, on_face, next_point, home = kept
    within = tolerance * tolerance
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
                        d = distance2(points, originals, p, a, b, x, y, z)
                        if d < nearest:
                            nearest, face = d, around_t[j] // 3
                if not nearest <= within:
                    return False
                home[p] = face
                p = next_point[p]
    return True


@kernel
def hand_over(kept, around_u, count_u, around_v, count_v):  # type: ignore[no-untyped-def]
    """Put the points of all faces around u and v on the faces noted in `home`."""
    tolerance, originals, on_face, next_point, home = kept
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
def distance2(points, originals, p, a, b, x, y, z):  # type: ignore[no-untyped-def]
    """Squared distance from an original point to the triangle (x, y, z), a, b (Ericson 2005)."""
    ax, ay, az = points[a, 0] - x, points[a, 1] - y, points[a, 2] - z
    bx, by, bz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
    px, py, pz = originals[p, 0] - x, originals[p, 1] - y, originals[p, 2] - z
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
