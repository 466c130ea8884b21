"""Compiled loops that give a patch the density of its surroundings (Liepa 2003).

Triangles are split at their centres where they are large beside the edges around them, and
edges flipped until opposite angles are Delaunay's, in turn; no edge is made that the mesh has.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.halfedges import Bools, Floats, Int32s, cross, minus, normal

#: Liepa's density factor: a triangle is split where its centre is this far from all corners.
DENSITY = np.sqrt(2.0)


@kernel
def refined(
    points: Floats, scale: Floats, triangles: Int32s, forbidden: Bools, most: int
) -> tuple[Floats, Int32s]:
    """The patch with as many vertices as its rim has for its length, and close to Delaunay.

    `scale` (n,) is the mean edge length around each point of the rim. Returns all points,
    the rim's (n, 3) first, and triangles over them; no more than `most` are added.
    """
    n, t = len(points), len(triangles)
    room = 2 * t + 16
    P: Floats = np.empty((n + room, 3))
    S: Floats = np.empty(n + room)
    T = np.empty((t + 2 * room, 3), np.int32)
    P[:n], S[:n], T[:t] = points, scale, triangles
    M = np.full(3 * len(T), -1, np.int32)
    _link(T, M, t, n)
    _relax(P, T, M, t, n, forbidden)
    for _ in range(64):
        before = t
        for f in range(before):
            a, b, c = T[f, 0], T[f, 1], T[f, 2]
            middle = (S[a] + S[b] + S[c]) / 3
            x = (P[a, 0] + P[b, 0] + P[c, 0]) / 3
            y = (P[a, 1] + P[b, 1] + P[c, 1]) / 3
            z = (P[a, 2] + P[b, 2] + P[c, 2]) / 3
            far = True
            for v in (a, b, c):
                d = np.sqrt((P[v, 0] - x) ** 2 + (P[v, 1] - y) ** 2 + (P[v, 2] - z) ** 2)
                far = far and DENSITY * d > middle and DENSITY * d > S[v]
            if not far or n - len(points) >= most:
                continue
            if n == len(P):
                P, S = longer(P), np.concatenate((S, np.empty(len(S))))
            if t + 2 > len(T):
                M = np.concatenate((M, np.full(len(M), np.int32(-1))))
                T = np.concatenate((T, np.empty_like(T)))
            P[n, 0], P[n, 1], P[n, 2], S[n] = x, y, z, middle
            bc, ca = M[3 * f + 1], M[3 * f + 2]
            T[f, 2] = n
            T[t, 0], T[t, 1], T[t, 2] = b, c, n
            T[t + 1, 0], T[t + 1, 1], T[t + 1, 2] = c, a, n
            for h, k in (
                (3 * t, bc),
                (3 * t + 3, ca),
                (3 * f + 1, np.int32(3 * t + 2)),
                (3 * t + 1, np.int32(3 * t + 5)),
                (3 * t + 4, np.int32(3 * f + 2)),
            ):
                M[h] = k
                if k >= 0:
                    M[k] = h
            n += 1
            t += 2
        if t == before:
            break
        _relax(P, T, M, t, len(points), forbidden)
    return P[:n].copy(), T[:t].copy()


@kernel
def longer(P: Floats) -> Floats:
    """The rows of an array (n, 3), and room for as many more."""
    out = np.empty((2 * len(P), 3))
    out[: len(P)] = P
    return out


@kernel
def _link(T: Int32s, M: Int32s, t: int, n: int) -> None:
    """Mates of the half-edges of the first t triangles, whose chords each have two."""
    by_pair = {np.int64(-1): np.int32(-1)}
    for h in range(3 * t):
        a, b = np.int64(T[h // 3, h % 3]), np.int64(T[h // 3, (h + 1) % 3])
        back = b * n + a
        if back in by_pair:
            k = by_pair[back]
            M[h], M[k] = k, h
        else:
            by_pair[a * n + b] = np.int32(h)


@kernel
def _relax(P: Floats, T: Int32s, M: Int32s, t: int, rim: int, forbidden: Bools) -> None:
    """Flip edges whose opposite angles sum to over 180 degrees, until none is left to flip."""
    for _ in range(100):
        flips = 0
        for h in range(3 * t):
            g = M[h]
            if g > h and _flipped(P, T, M, h, g, rim, forbidden):
                flips += 1
        if not flips:
            return


@kernel
def _flipped(P: Floats, T: Int32s, M: Int32s, h: int, g: int, rim: int, forbidden: Bools) -> bool:
    f, i, o, j = h // 3, h % 3, g // 3, g % 3
    c, a, m, x = T[f, i], T[f, (i + 1) % 3], T[f, (i + 2) % 3], T[o, (j + 2) % 3]
    if _cotangent(P, m, c, a) + _cotangent(P, x, a, c) >= -1e-6 or m == x:
        return False
    if m < rim and x < rim and forbidden[m, x]:
        return False
    # The whole must be seen from its front in both new triangles.
    p0, p1, p2 = normal(P, c, a, m)
    q0, q1, q2 = normal(P, a, c, x)
    s0, s1, s2 = p0 + q0, p1 + q1, p2 + q2
    size = np.sqrt(s0 * s0 + s1 * s1 + s2 * s2)
    for u, v, w in ((a, m, x), (m, c, x)):
        r0, r1, r2 = normal(P, u, v, w)
        if r0 * s0 + r1 * s1 + r2 * s2 <= 0.2 * size * np.sqrt(r0 * r0 + r1 * r1 + r2 * r2):
            return False
    # m and x may be neighbours already, on the far side: go once around m.
    for turn in range(2):
        k = 3 * f + (i + 2) % 3
        while True:
            if T[k // 3, (k + 1) % 3] == x or T[k // 3, (k + 2) % 3] == x:
                return False
            if turn:
                k = M[k]
                if k < 0:
                    break
                k = k + 1 if k % 3 < 2 else k - 2
            else:
                k = M[k - 1 if k % 3 else k + 2]
                if k < 0:
                    break
            if k == 3 * f + (i + 2) % 3:
                break
    am, mc = M[3 * f + (i + 1) % 3], M[3 * f + (i + 2) % 3]
    cx, xa = M[3 * o + (j + 1) % 3], M[3 * o + (j + 2) % 3]
    T[f, 0], T[f, 1], T[f, 2] = a, m, x
    T[o, 0], T[o, 1], T[o, 2] = m, c, x
    for k, other in ((3 * f, am), (3 * f + 2, xa), (3 * o, mc), (3 * o + 1, cx)):
        M[k] = other
        if other >= 0:
            M[other] = k
    M[3 * f + 1], M[3 * o + 2] = 3 * o + 2, 3 * f + 1
    return True


@kernel
def _cotangent(P: Floats, at: int, b: int, c: int) -> float:
    """Cotangent of the angle at a corner, between b and c."""
    x, y, z = minus(P, b, at)
    u, v, w = minus(P, c, at)
    p, q, r = cross(x, y, z, u, v, w)
    area = np.sqrt(p * p + q * q + r * r)
    return float((x * u + y * v + z * w) / max(area, 1e-300))
