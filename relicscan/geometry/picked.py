"""Whether places that somebody picked lie on a scan: numbers that are typed in have errors."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.checks import plausible
from relicscan.geometry.neighbours import nearest, spacing_at, tree
from relicscan.relic import FloatArray, Mesh, PointCloud

#: A place is on a scan within so many point spacings, or this share of the scan's longest side:
#: who picks on a screen hits a pixel.
SPACINGS, OF_EXTENT = 3.0, 0.01

#: Points that the extent is taken from.
_SAMPLE = 100_000


def off_scan(places: FloatArray, scanned: PointCloud | Mesh) -> tuple[FloatArray, FloatArray]:
    """How far places (q, 3) are from a scan's points or triangles, and how far they may be to
    count as on it: (q,) each, in the unit of the scan. Both are infinite and 0 for an empty scan.
    """
    if isinstance(scanned, Mesh):
        usable = plausible(scanned.vertices)
        faces = scanned.faces[usable[scanned.faces].all(axis=1)]
        if len(faces):
            return _off_faces(places, scanned.vertices, faces)
        points = scanned.vertices[usable]
    else:
        points = scanned.points[plausible(scanned.points)]
    if not len(points):
        return np.full(len(places), np.inf), np.zeros(len(places))
    index = tree(points)
    off, closest = nearest(index, places)
    allowed = np.full(len(places), OF_EXTENT * _extent(points))
    if len(points) > 3:
        allowed = np.maximum(allowed, SPACINGS * spacing_at(points[closest], points, index))
    return off, allowed


def _off_faces(
    places: FloatArray, vertices: FloatArray, faces: np.ndarray
) -> tuple[FloatArray, FloatArray]:
    from relicscan.geometry.kernels import triangles

    off, _, _ = triangles.closest(triangles.build(vertices, faces), places)
    return off, np.full(len(places), OF_EXTENT * _extent(vertices[np.unique(faces)]))


def _extent(points: FloatArray) -> float:
    """The longest side of nearly all points (n, 3): one stray point must not make it."""
    low, high = np.quantile(points[:: max(1, len(points) // _SAMPLE)], [0.001, 0.999], axis=0)
    return float((high - low).max())
