"""Drawing triangles of texture coordinates into a picture."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def draw(triangles, face, weights):
    """Fill face (h, w), -1 where there is none, at texels whose middle is in a triangle (m, 3, 2).

    x and y in texels, y is the row. weights (h, w, 2) are those of its second and third corner.
    """
    height, width = face.shape
    for t in range(len(triangles)):
        p = triangles[t]
        ux, uy = p[1, 0] - p[0, 0], p[1, 1] - p[0, 1]
        vx, vy = p[2, 0] - p[0, 0], p[2, 1] - p[0, 1]
        double = ux * vy - uy * vx
        if double == 0:
            continue
        x0 = max(0, int(np.ceil(min(p[0, 0], p[1, 0], p[2, 0]) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(p[0, 0], p[1, 0], p[2, 0]) - 0.5)))
        y0 = max(0, int(np.ceil(min(p[0, 1], p[1, 1], p[2, 1]) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(p[0, 1], p[1, 1], p[2, 1]) - 0.5)))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                if face[y, x] >= 0:
                    continue
                dx, dy = x + 0.5 - p[0, 0], y + 0.5 - p[0, 1]
                second = (dx * vy - dy * vx) / double
                third = (ux * dy - uy * dx) / double
                if second >= 0 and third >= 0 and second + third <= 1:
                    face[y, x] = t
                    weights[y, x, 0] = second
                    weights[y, x, 1] = third
