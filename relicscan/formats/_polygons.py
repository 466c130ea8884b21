"""Polygons of any size become triangles, all at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import FloatArray

Indices = NDArray[np.int64]


def triangulate(vertices: FloatArray, corners: Indices, sizes: Indices) -> tuple[Indices, Indices]:
    """Triangles of polygons as (t, 3) positions in `corners`, and (t,) the polygon of each.

    vertices (n, 3) float64; corners (c,) int64 into them, one polygon after
    another; sizes (p,) int64, each at least 3, adding up to c.

    Polygons become fans. A quad is split along the diagonal that lies inside it,
    so a dart comes out right; larger polygons are taken to be convex.
    """
    begin = np.cumsum(sizes) - sizes
    count = sizes - 2
    polygon = np.repeat(np.arange(len(sizes)), count)
    step = np.arange(len(polygon)) - np.repeat(np.cumsum(count) - count, count) + 1
    apex = _split_quads_from(vertices, corners, sizes, begin)[polygon]
    base, size = begin[polygon], sizes[polygon]
    triangles = np.empty((len(polygon), 3), np.int64)
    for column, place in enumerate((apex, apex + step, apex + step + 1)):
        triangles[:, column] = base + np.where(place < size, place, place - size)
    return triangles, polygon


def fan_warnings(sizes: Indices) -> list[str]:
    """What to say of polygons that `triangulate` took to be convex, if there are any."""
    many = int((sizes > 4).sum())
    if not many:
        return []
    return [
        f"polygons of more than four corners ({many:,}) were cut into fans: where they are not "
        "convex, triangulate them in the program that wrote the file"
    ]


def _split_quads_from(
    vertices: FloatArray, corners: Indices, sizes: Indices, begin: Indices
) -> Indices:
    """(p,) the corner that each fan starts from: 1 for quads that are hollow at 1 or 3, else 0."""
    apex = np.zeros(len(sizes), np.int64)
    quads = np.flatnonzero(sizes == 4)
    if len(quads):
        a, b, c, d = vertices[corners[begin[quads, None] + np.arange(4)]].swapaxes(0, 1)
        with np.errstate(invalid="ignore", over="ignore"):  # NaN and inf stay in the file's order
            facing = np.cross(b - a, c - a) * np.cross(c - a, d - a)
            apex[quads] = facing.sum(axis=1) < 0
    return apex
