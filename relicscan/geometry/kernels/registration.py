"""Placing one scan on another, and what they say of each other where they are.

A placement is R (3, 3) and t (3,), from the source's frame to the target's.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel
from relicscan.geometry.kernels.kdtree import scratch, search

#: Normals of two scans of one place may differ by the angle of this cosine.
_ALIKE = 0.6

#: What a point of one scan is to another: what `weigh` fills `places` and `sights` with.
NOWHERE, ON, OFF = 0, 1, 2
UNSEEN, AGREES, BEHIND, IN_FRONT = 0, 1, 2, 3


@kernel
def weigh(
    tree, normals, rim, sight, seen, R, t, points, facing, numbers, places, sights, off, which
):
    """What each point (n, 3), facing (n, 3), is to a target: on it, beside it, in its sight.

    numbers: how far to look for the target's nearest point, how far off its plane a point
    still is on it, and how much nearer than what was seen it must be to stand in the way.
    off (n,): distance from the plane of point number `which` (n,), where there is one;
    `seen`: the sight counts.
    """
    reach, thickness, clear = numbers
    work = scratch(1)
    for i in range(len(points)):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2]
        x = R[0, 0] * px + R[0, 1] * py + R[0, 2] * pz + t[0]
        y = R[1, 0] * px + R[1, 1] * py + R[1, 2] * pz + t[1]
        z = R[2, 0] * px + R[2, 1] * py + R[2, 2] * pz + t[2]
        places[i] = NOWHERE
        if search(tree, x, y, z, reach * reach, work):
            q = work.found[0]
            j = tree.order[q]
            nx, ny, nz = normals[j, 0], normals[j, 1], normals[j, 2]
            fx, fy, fz = facing[i, 0], facing[i, 1], facing[i, 2]
            mx = R[0, 0] * fx + R[0, 1] * fy + R[0, 2] * fz
            my = R[1, 0] * fx + R[1, 1] * fy + R[1, 2] * fz
            mz = R[2, 0] * fx + R[2, 1] * fy + R[2, 2] * fz
            if not rim[j] and nx * mx + ny * my + nz * mz > _ALIKE:
                a = x - tree.points[q, 0]
                b = y - tree.points[q, 1]
                c = z - tree.points[q, 2]
                d = nx * a + ny * b + nz * c
                off[i] = d
                which[i] = j
                places[i] = ON if abs(d) < thickness else OFF
        if seen:
            sights[i] = _sighted(sight, x, y, z, clear)
        else:
            sights[i] = UNSEEN


@kernel
def _sighted(sight, x, y, z, clear):
    axes = sight.axes
    if not sight.parallel:
        x -= sight.viewpoint[0]
        y -= sight.viewpoint[1]
        z -= sight.viewpoint[2]
    u = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
    v = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
    w = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
    depth = -w
    if not sight.parallel:
        depth = np.sqrt(x * x + y * y + z * z)
        if w > -1e-3 * depth:
            return UNSEEN
        u /= -w
        v /= -w
    i = int(np.floor((u - sight.origin[0]) / sight.cell))
    j = int(np.floor((v - sight.origin[1]) / sight.cell))
    if i < 0 or j < 0 or i >= sight.near.shape[0] or j >= sight.near.shape[1]:
        return UNSEEN
    near = sight.near[i, j]
    if np.isnan(near):
        return UNSEEN
    if depth < near - clear:
        return IN_FRONT
    if depth <= sight.far[i, j] + clear:
        return AGREES
    return BEHIND


@kernel
def refine(tree, normals, rim, R, t, points, facing, reaches):
    """Move R and t, in place, so that points (n, 3) come to lie on the target; return how many do.

    One Gauss-Newton step for each of `reaches` on the symmetric point-to-plane distance
    (Rusinkiewicz 2019), Tukey-weighted by distance over reach.
    """
    work = scratch(1)
    H = np.zeros((6, 6))
    g = np.zeros(6)
    row = np.zeros(6)
    used = 0
    for reach in reaches:
        H[:] = 0.0
        g[:] = 0.0
        used = 0
        total = 0.0
        for i in range(len(points)):
            px, py, pz = points[i, 0], points[i, 1], points[i, 2]
            rx = R[0, 0] * px + R[0, 1] * py + R[0, 2] * pz
            ry = R[1, 0] * px + R[1, 1] * py + R[1, 2] * pz
            rz = R[2, 0] * px + R[2, 1] * py + R[2, 2] * pz
            x, y, z = rx + t[0], ry + t[1], rz + t[2]
            if not search(tree, x, y, z, reach * reach, work):
                continue
            q = work.found[0]
            j = tree.order[q]
            if rim[j]:
                continue
            fx, fy, fz = facing[i, 0], facing[i, 1], facing[i, 2]
            nx = R[0, 0] * fx + R[0, 1] * fy + R[0, 2] * fz
            ny = R[1, 0] * fx + R[1, 1] * fy + R[1, 2] * fz
            nz = R[2, 0] * fx + R[2, 1] * fy + R[2, 2] * fz
            if nx * normals[j, 0] + ny * normals[j, 1] + nz * normals[j, 2] < _ALIKE:
                continue
            nx += normals[j, 0]
            ny += normals[j, 1]
            nz += normals[j, 2]
            size = np.sqrt(nx * nx + ny * ny + nz * nz)
            nx, ny, nz = nx / size, ny / size, nz / size
            d = (
                nx * (x - tree.points[q, 0])
                + ny * (y - tree.points[q, 1])
                + nz * (z - tree.points[q, 2])
            )
            short = 1 - work.squared[0] / (reach * reach)
            weight = short * short
            row[0] = ry * nz - rz * ny
            row[1] = rz * nx - rx * nz
            row[2] = rx * ny - ry * nx
            row[3], row[4], row[5] = nx, ny, nz
            for a in range(6):
                g[a] -= weight * row[a] * d
                for b in range(a + 1):
                    H[a, b] += weight * row[a] * row[b]
            used += 1
            total += weight
        if used < 12:
            return 0
        spread = 0.0
        for i in range(0, len(points), 7):
            spread += points[i, 0] ** 2 + points[i, 1] ** 2 + points[i, 2] ** 2
        spread /= max(1, (len(points) + 6) // 7)
        for a in range(6):  # what nothing holds does not move
            H[a, a] += 1e-4 * total * (spread if a < 3 else 1.0)
        if not solve(H, g):
            return 0
        turn(R, g)
        t += g[3:]
    return used


@kernel
def solve(H, g):
    """Solve H x = g in place for a positive definite H, of which the lower half is read."""
    n = len(g)
    for a in range(n):
        for b in range(a + 1):
            s = H[a, b]
            for c in range(b):
                s -= H[a, c] * H[b, c]
            if a == b:
                if s <= 0:
                    return False
                H[a, a] = np.sqrt(s)
            else:
                H[a, b] = s / H[b, b]
    for a in range(n):
        for c in range(a):
            g[a] -= H[a, c] * g[c]
        g[a] /= H[a, a]
    for a in range(n - 1, -1, -1):
        for c in range(a + 1, n):
            g[a] -= H[c, a] * g[c]
        g[a] /= H[a, a]
    return True


@kernel
def turn(R, w):
    """Turn R (3, 3), in place, by a rotation vector, the first three of w (Rodrigues)."""
    x, y, z = w[0], w[1], w[2]
    angle = np.sqrt(x * x + y * y + z * z)
    if angle < 1e-15:
        return
    x, y, z = x / angle, y / angle, z / angle
    s, c = np.sin(angle), 1 - np.cos(angle)
    for k in range(3):
        a, b, d = R[0, k], R[1, k], R[2, k]
        ca, cb, cd = y * d - z * b, z * a - x * d, x * b - y * a
        R[0, k] = a + s * ca + c * (y * cd - z * cb)
        R[1, k] = b + s * cb + c * (z * ca - x * cd)
        R[2, k] = d + s * cd + c * (x * cb - y * ca)


@kernel
def pull(tree, normals, rim, tone, slope, Ri, ti, Rj, tj, points, facing, hue, reach, share, H, g):
    """Add to H (12, 12) and g (12,) what holds two placed scans together; return how many points.

    Rows: turn and shift of the source i, then of the target j, in the common frame. The
    distance is from the target's plane, Tukey-weighted; where both have a tone (m,), and
    slope (m, 3) is its gradient along the target's surface, tones agree too (Park, Zhou &
    Koltun 2017), with the weight `share`. Returns the count and the weighted squared sum.
    """
    work = scratch(1)
    row = np.zeros(12)
    used = 0
    weights = 0.0
    squares = 0.0
    colored = len(hue) > 0 and len(tone) > 0 and share > 0
    for i in range(len(points)):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2]
        cx = Ri[0, 0] * px + Ri[0, 1] * py + Ri[0, 2] * pz + ti[0]
        cy = Ri[1, 0] * px + Ri[1, 1] * py + Ri[1, 2] * pz + ti[1]
        cz = Ri[2, 0] * px + Ri[2, 1] * py + Ri[2, 2] * pz + ti[2]
        a, b, c = cx - tj[0], cy - tj[1], cz - tj[2]
        x = Rj[0, 0] * a + Rj[1, 0] * b + Rj[2, 0] * c
        y = Rj[0, 1] * a + Rj[1, 1] * b + Rj[2, 1] * c
        z = Rj[0, 2] * a + Rj[1, 2] * b + Rj[2, 2] * c
        if not search(tree, x, y, z, reach * reach, work):
            continue
        q = work.found[0]
        j = tree.order[q]
        if rim[j]:
            continue
        lx, ly, lz = normals[j, 0], normals[j, 1], normals[j, 2]
        nx = Rj[0, 0] * lx + Rj[0, 1] * ly + Rj[0, 2] * lz
        ny = Rj[1, 0] * lx + Rj[1, 1] * ly + Rj[1, 2] * lz
        nz = Rj[2, 0] * lx + Rj[2, 1] * ly + Rj[2, 2] * lz
        fx, fy, fz = facing[i, 0], facing[i, 1], facing[i, 2]
        mx = Ri[0, 0] * fx + Ri[0, 1] * fy + Ri[0, 2] * fz
        my = Ri[1, 0] * fx + Ri[1, 1] * fy + Ri[1, 2] * fz
        mz = Ri[2, 0] * fx + Ri[2, 1] * fy + Ri[2, 2] * fz
        if nx * mx + ny * my + nz * mz < _ALIKE:
            continue
        a, b, c = x - tree.points[q, 0], y - tree.points[q, 1], z - tree.points[q, 2]
        d = lx * a + ly * b + lz * c
        short = 1 - work.squared[0] / (reach * reach)
        weight = short * short
        _fill(row, cx, cy, cz, nx, ny, nz)
        _add(H, g, row, d, weight)
        used += 1
        weights += weight
        squares += weight * d * d
        if colored:
            sx, sy, sz = slope[j, 0], slope[j, 1], slope[j, 2]
            e = tone[j] + sx * (a - d * lx) + sy * (b - d * ly) + sz * (c - d * lz) - hue[i]
            if abs(e) < 0.25:
                nx = Rj[0, 0] * sx + Rj[0, 1] * sy + Rj[0, 2] * sz
                ny = Rj[1, 0] * sx + Rj[1, 1] * sy + Rj[1, 2] * sz
                nz = Rj[2, 0] * sx + Rj[2, 1] * sy + Rj[2, 2] * sz
                _fill(row, cx, cy, cz, nx, ny, nz)
                _add(H, g, row, e, weight * share * (1 - (4 * e) ** 2) ** 2)
    return used, weights, squares


@kernel
def _fill(row, x, y, z, nx, ny, nz):
    row[0], row[1], row[2] = y * nz - z * ny, z * nx - x * nz, x * ny - y * nx
    row[3], row[4], row[5] = nx, ny, nz
    for k in range(6):
        row[6 + k] = -row[k]


@kernel
def _add(H, g, row, d, weight):
    for a in range(12):
        g[a] -= weight * row[a] * d
        for b in range(a + 1):
            H[a, b] += weight * row[a] * row[b]
