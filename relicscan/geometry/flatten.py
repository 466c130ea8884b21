"""Flattening charts as rigidly as possible (Liu et al. 2008, ARAP).

Every triangle wants to lie in the plane as it is, only turned: the turns are found triangle by
triangle, then all places from the turns, some times over. All charts are solved in one go, each
beginning with its shadow on the plane that it faces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import FloatArray

#: Rounds of turning and placing: the error falls by less than a percent with each more.
ROUNDS = 12

#: A triangle that is turned over, or has less than this share of its area, is folded; it is
#: eased in so many rounds.
FOLDED, _EASINGS = 0.02, 50

#: Weights are cotangents of the angles; those of flat triangles have no bounds of their own.
_LEAST, _MOST = 0.02, 20.0


def flattened(
    vertices: FloatArray, faces: NDArray[np.int32], chart: NDArray[np.int32]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Places (w, 2) of wedges in the unit of the vertices, and the wedge (m, 3) at each corner.

    A wedge is a vertex in one chart (m,). Each chart lies about an origin of its own.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import splu

    n = int(chart.max()) + 1
    key = chart[:, None].astype(np.int64) * len(vertices) + faces
    wedge_key, wedge = np.unique(key, return_inverse=True)
    wedge = wedge.reshape(-1, 3)
    rest, cotangent = _at_rest(vertices[faces])
    places = _shadows(vertices, faces, chart, wedge_key, n)

    a, b = wedge, np.roll(wedge, -1, axis=1)
    w = np.clip(cotangent, _LEAST, _MOST)
    count = len(wedge_key)
    rows = np.concatenate([a.ravel(), b.ravel(), a.ravel(), b.ravel()])
    columns = np.concatenate([b.ravel(), a.ravel(), a.ravel(), b.ravel()])
    values = np.concatenate([-w.ravel(), -w.ravel(), w.ravel(), w.ravel()])
    held = np.unique(wedge_key // len(vertices), return_index=True)[1]
    rows = np.concatenate([rows, held])
    columns = np.concatenate([columns, held])
    values = np.concatenate([values, np.ones(len(held))])
    solve = splu(coo_matrix((values, (rows, columns)), shape=(count, count)).tocsc()).solve

    along = np.roll(rest, -1, axis=1) - rest
    for _ in range(ROUNDS):
        now = places[b] - places[a]
        cos = np.einsum("mk,mki,mki->m", w, now, along)
        sin = np.einsum("mk,mk->m", w, along[..., 0] * now[..., 1] - along[..., 1] * now[..., 0])
        length = np.maximum(np.hypot(cos, sin), 1e-300)
        cos, sin = (cos / length)[:, None], (sin / length)[:, None]
        turned = np.stack(
            [cos * along[..., 0] - sin * along[..., 1], sin * along[..., 0] + cos * along[..., 1]],
            axis=2,
        )
        pull = w[..., None] * turned
        right = np.stack(
            [
                np.bincount(b.ravel(), pull[..., axis].ravel(), count)
                - np.bincount(a.ravel(), pull[..., axis].ravel(), count)
                for axis in range(2)
            ],
            axis=1,
        )
        places = solve(right)
    return _eased(places, wedge, np.abs(signed_areas(rest))), wedge


def _eased(places: FloatArray, wedge: NDArray[np.int64], area: FloatArray) -> FloatArray:
    """Corners of folded triangles moved to the middle of those around, some times over.

    Most folds are a triangle or two at a chart's rim, and gone by then.
    """
    from scipy.sparse import csr_array

    count = len(places)
    a, b = wedge.ravel(), np.roll(wedge, -1, axis=1).ravel()
    ends = np.concatenate([a, b]), np.concatenate([b, a])
    around = csr_array((np.ones(2 * len(a)), ends), shape=(count, count))
    degree = around.sum(axis=1)
    for _ in range(_EASINGS):
        folded = signed_areas(places[wedge]) < FOLDED * area
        if not folded.any():
            break
        moved = np.unique(wedge[folded])
        places[moved] = (around[moved] @ places) / degree[moved][:, None]
    return places


def signed_areas(triangles: FloatArray) -> FloatArray:
    """Of flat triangles (m, 3, 2): negative (m,) where they are turned over."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    return np.asarray((ux * vy - uy * vx) / 2)


def _at_rest(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Triangles (m, 3, 3) laid flat (m, 3, 2), and the cotangent (m, 3) opposite each edge."""
    a, b, c = np.moveaxis(corners, 1, 0)
    x = np.linalg.norm(b - a, axis=1)
    along = (b - a) / np.maximum(x, 1e-300)[:, None]
    cx = np.einsum("ij,ij->i", c - a, along)
    cy = np.linalg.norm(c - a - cx[:, None] * along, axis=1)
    zero = np.zeros(len(x))
    flat = np.stack([zero, zero, x, zero, cx, cy], axis=1).reshape(-1, 3, 2)
    # Edge k runs from corner k to the next; the angle opposite lies at the one after that.
    apex = np.roll(flat, -2, axis=1)
    p, q = flat - apex, np.roll(flat, -1, axis=1) - apex
    double = np.abs(p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0])
    return flat, np.einsum("mki,mki->mk", p, q) / np.maximum(double, 1e-300)


def _shadows(
    vertices: FloatArray,
    faces: NDArray[np.int32],
    chart: NDArray[np.int32],
    wedge_key: NDArray[np.int64],
    n: int,
) -> FloatArray:
    """Each chart seen from where it faces: places (w, 2) of its wedges."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    cross = np.cross(b - a, c - a)
    z = np.stack([np.bincount(chart, cross[:, axis], n) for axis in range(3)], axis=1)
    z = z / np.maximum(np.linalg.norm(z, axis=1), 1e-300)[:, None]
    least = np.eye(3)[np.argmin(np.abs(z), axis=1)]
    x = np.cross(least, z)
    x /= np.maximum(np.linalg.norm(x, axis=1), 1e-300)[:, None]
    y = np.cross(z, x)
    of, at = wedge_key // len(vertices), vertices[wedge_key % len(vertices)]
    return np.stack([np.einsum("ij,ij->i", at, x[of]), np.einsum("ij,ij->i", at, y[of])], axis=1)
