"""What a ray sees where it meets a triangle: a texel of a texture, and the way a surface faces."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def read(uv, halved, pixels, meaning, halvings, begin, shapes, out, start, stop):
    """Values out (n, c) at uv (n, 2) of a texture that is so many times halved (n,), bilinearly.

    pixels (h, w, c) uint8 mean meaning (256,) where it is not halved; halvings (k, c) float32
    hold the others one after another, the one halved i times from begin[i] on, of shapes[i].
    (0, 0) is the top left corner; it repeats outside 0..1, inside it does not reach over its
    own border, where something else may be.
    """
    channels = pixels.shape[2]
    for i in range(start, stop):
        level = halved[i]
        h, w = shapes[level, 0], shapes[level, 1]
        u, v = uv[i, 0], uv[i, 1]
        if not np.isfinite(u):
            u = np.float32(0)
        if not np.isfinite(v):
            v = np.float32(0)
        if u < 0 or u > 1:
            u -= np.floor(u)
        if v < 0 or v > 1:
            v -= np.floor(v)
        x, y = np.float64(u) * w - 0.5, np.float64(v) * h - 0.5
        x0, y0 = np.floor(x), np.floor(y)
        across, down = np.float32(x - x0), np.float32(y - y0)
        left, right = min(max(int(x0), 0), w - 1), min(max(int(x0) + 1, 0), w - 1)
        top, bottom = min(max(int(y0), 0), h - 1), min(max(int(y0) + 1, 0), h - 1)
        one = np.float32(1)
        a, b = (one - across) * (one - down), across * (one - down)
        c, d = (one - across) * down, across * down
        if level == 0:
            for k in range(channels):
                out[i, k] = (
                    a * meaning[pixels[top, left, k]]
                    + b * meaning[pixels[top, right, k]]
                    + c * meaning[pixels[bottom, left, k]]
                    + d * meaning[pixels[bottom, right, k]]
                )
        else:
            above, below = begin[level] + top * w, begin[level] + bottom * w
            for k in range(channels):
                out[i, k] = (
                    a * halvings[above + left, k]
                    + b * halvings[above + right, k]
                    + c * halvings[below + left, k]
                    + d * halvings[below + right, k]
                )


@kernel
def facing(face, corners, faces, normals, flat, directions, tangents, relief, out, start, stop):
    """Shading normals out (n, 3) at hits, turned to where the ray came from.

    face (n,), corners (n, 3) weights; normals (v, 3) of the vertices of faces (m, 3); flat
    (n, 3) of the faces that were hit; directions (n, 3) of the rays. relief (n, 3) is in the
    tangent space of tangents (m, 3, 4); both are empty where there is none.
    """
    for i in range(start, stop):
        f = face[i]
        u, v, w = corners[i, 0], corners[i, 1], corners[i, 2]
        p, q, r = faces[f, 0], faces[f, 1], faces[f, 2]
        nx = u * normals[p, 0] + v * normals[q, 0] + w * normals[r, 0]
        ny = u * normals[p, 1] + v * normals[q, 1] + w * normals[r, 1]
        nz = u * normals[p, 2] + v * normals[q, 2] + w * normals[r, 2]
        length = np.sqrt(nx * nx + ny * ny + nz * nz)
        if length > np.float32(1e-6):
            nx, ny, nz = nx / length, ny / length, nz / length
        else:
            nx, ny, nz = flat[i, 0], flat[i, 1], flat[i, 2]
        if len(relief):
            t = tangents[f]
            tx = u * t[0, 0] + v * t[1, 0] + w * t[2, 0]
            ty = u * t[0, 1] + v * t[1, 1] + w * t[2, 1]
            tz = u * t[0, 2] + v * t[1, 2] + w * t[2, 2]
            length = max(np.sqrt(tx * tx + ty * ty + tz * tz), np.float32(1e-12))
            tx, ty, tz = tx / length, ty / length, tz / length
            sign = t[0, 3]
            bx = (ny * tz - nz * ty) * sign
            by = (nz * tx - nx * tz) * sign
            bz = (nx * ty - ny * tx) * sign
            length = max(np.sqrt(bx * bx + by * by + bz * bz), np.float32(1e-12))
            bx, by, bz = bx / length, by / length, bz / length
            along, over, up = relief[i, 0], relief[i, 1], relief[i, 2]
            nx = up * nx + along * tx + over * bx
            ny = up * ny + along * ty + over * by
            nz = up * nz + along * tz + over * bz
        seen = (
            flat[i, 0] * directions[i, 0]
            + flat[i, 1] * directions[i, 1]
            + flat[i, 2] * directions[i, 2]
        )
        sign = np.float32(-1) if seen > 0 else np.float32(1)
        out[i, 0], out[i, 1], out[i, 2] = sign * nx, sign * ny, sign * nz


@kernel
def mix(face, corners, values, out, start, stop):
    """Values out (n, c) at hits, of the corners (m, 3, c) of the faces (n,)."""
    for i in range(start, stop):
        f = face[i]
        for k in range(values.shape[2]):
            out[i, k] = (
                corners[i, 0] * values[f, 0, k]
                + corners[i, 1] * values[f, 1, k]
                + corners[i, 2] * values[f, 2, k]
            )
