"""Charts that lie flat and fill their place: what does not is cut in two, and again.

A chart that folds, lies over itself or leaves much of its convex hull empty is cut along the
straight line after which the hulls of both sides are smallest: an arc becomes two, an arm comes
off. Straight lines cost little length, and rims without teeth lie snug in a picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.charts import charts, faces_across, parts_of
from relicscan.geometry.cutting import cut
from relicscan.geometry.flatten import FOLDED, flattened, signed_areas
from relicscan.geometry.topology import face_areas
from relicscan.relic import BoolArray, FloatArray, Mesh

#: A chart has at least this share of its convex hull, or is cut. 0.75 uses 2 to 3 % less of the
#: picture with a tenth to a fifth fewer charts.
FILL = 0.87

#: Rounds of cutting in two; then folds become charts of their own, in so many rounds.
HALVINGS, PATCHES = 4, 2

#: Directions of the lines that a chart is tried to be cut along, and the share on one side.
LINES, SHARES = 8, (0.35, 0.5, 0.65)

#: A chart of fewer faces is cut for its shape no more.
_FEW = 30

#: A chart that shows less than this share of its surface shows nothing.
LOST = 0.2

#: Cells of a chart's longer side when it is looked for places where it lies over itself.
_LOOKED_AT = 400


def flat_charts(
    mesh: Mesh, *, along_edges: bool = False
) -> tuple[Mesh, FloatArray, NDArray[np.int32]]:
    """The surface cut into charts, its flat faces (m, 3, 2), and the chart (m,) of each.

    Faces lie in the unit of the vertices, each chart about an origin of its own. With
    `along_edges` the faces stay those of the mesh.
    """
    mesh, label = charts(mesh, along_edges=along_edges)
    flat = _flat(mesh, label)
    for k in range(HALVINGS + PATCHES):
        order = np.argsort(label, kind="stable")
        each = np.split(flat[order], np.flatnonzero(np.diff(label[order])) + 1)
        # Borders along edges have teeth, cut or not.
        odd = _odd(each, least=FILL if k < HALVINGS and not along_edges else 0.0)
        if k < HALVINGS:
            odd[label[_folded(mesh, flat)]] = True
        if odd.any():
            mesh, flat, label = _halved(mesh, flat, label, odd, along_edges)
        if k >= HALVINGS:
            flat, label = _patched(mesh, flat, label)
    return mesh, *_apart(mesh, flat, label)


def _flat(mesh: Mesh, label: NDArray[Any]) -> FloatArray:
    label = np.unique(label, return_inverse=True)[1].astype(np.int32)
    places, wedge = flattened(mesh.vertices, mesh.faces, label)
    return places[wedge]


def _odd(each: list[FloatArray], least: float) -> BoolArray:
    """Which flat charts (c,) lie over themselves, or have less than that share of their hulls."""
    odd = np.zeros(len(each), dtype=np.bool_)

    def work(start: int, stop: int) -> None:
        for c in range(start, stop):
            over = len(each[c]) > 1 and _lies_over_itself(each[c])
            odd[c] = over or (len(each[c]) >= _FEW and _fill(each[c]) < least)

    threads.in_blocks(work, len(each), 8)
    return odd


def _folded(mesh: Mesh, flat: FloatArray) -> BoolArray:
    return np.asarray(signed_areas(flat) < FOLDED * face_areas(mesh))


def _halved(
    mesh: Mesh, flat: FloatArray, label: NDArray[np.int32], odd: BoolArray, along_edges: bool
) -> tuple[Mesh, FloatArray, NDArray[np.int32]]:
    """Charts that are odd (c,) cut in two, and flattened anew."""
    side = np.zeros((*label.shape, 3))
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(len(odd) + 1))
    cut_up = np.flatnonzero(odd)

    def lines(start: int, stop: int) -> None:
        for chart in cut_up[start:stop]:
            faces = order[ends[chart] : ends[chart + 1]]
            side[faces] = _beyond(flat[faces])

    threads.in_blocks(lines, len(cut_up), 4)
    end = np.roll(side, -1, axis=1)
    over = side > 0
    at = np.divide(side, side - end, out=np.zeros_like(side), where=over != (end > 0))
    halves = (2 * label[:, None] + over).astype(np.int32)
    mesh, half, old = cut(mesh, halves, at, along_edges=along_edges)
    anew = odd[half // 2]
    label = parts_of(half, faces_across(mesh.faces))
    flat = flat[old]
    flat[anew] = _flat(mesh.take_faces(anew), label[anew])
    return mesh, flat, label


def _patched(
    mesh: Mesh, flat: FloatArray, label: NDArray[np.int32]
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Folds, with what touches them, as charts of their own."""
    folded = _folded(mesh, flat)
    if not folded.any():
        return flat, label
    corner = np.zeros(len(mesh.vertices), dtype=np.bool_)
    corner[mesh.faces[folded]] = True
    torn = np.isin(label, label[folded])
    patch = torn & corner[mesh.faces].any(axis=1)
    label = parts_of(label + patch * (int(label.max()) + 1), faces_across(mesh.faces))
    flat = flat.copy()
    flat[torn] = _flat(mesh.take_faces(torn), label[torn])
    return flat, label


def _apart(
    mesh: Mesh, flat: FloatArray, label: NDArray[np.int32]
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Faces of charts that came to nothing as charts of their own: loose parts of a few faces,
    which close around themselves.
    """
    n = int(label.max()) + 1
    shown = np.bincount(label, np.abs(signed_areas(flat)), n)
    lost = (shown < LOST * np.bincount(label, face_areas(mesh), n))[label]
    if not lost.any():
        return flat, label
    single = np.where(lost, n + np.arange(len(label)), label)
    label = np.unique(single, return_inverse=True)[1].astype(np.int32)
    flat = flat.copy()
    flat[lost] = _flat(mesh.take_faces(lost), label[lost])
    return flat, label


def _beyond(triangles: FloatArray) -> FloatArray:
    """How far (m, 3) corners of a flat chart (m, 3, 2) lie beyond the line it is cut along."""
    from relicscan.geometry.kernels.hulls import halves

    points, centre = triangles.reshape(-1, 2), triangles.mean(axis=1)
    outline = np.unique(points, axis=0)
    area = np.abs(signed_areas(triangles))
    least, line = np.inf, (np.zeros(2), 0.0)
    for angle in np.pi * np.arange(LINES) / LINES:
        across = np.array([np.cos(angle), np.sin(angle)])
        along = centre @ across
        order = np.argsort(along, kind="stable")
        reached = np.cumsum(area[order]) / max(float(area.sum()), 1e-300)
        for share in SHARES:
            middle = order[min(int(np.searchsorted(reached, share)), len(order) - 1)]
            empty = halves(outline, outline @ across - along[middle])
            if empty < least:
                least, line = empty, (across, float(along[middle]))
    return np.asarray(points @ line[0] - line[1]).reshape(-1, 3)


def _fill(triangles: FloatArray) -> float:
    """The share of its convex hull that a flat chart (m, 3, 2) covers."""
    from relicscan.geometry.kernels.hulls import halves

    points = np.unique(triangles.reshape(-1, 2), axis=0)
    hull = halves(points, np.ones(len(points)))
    return float(np.abs(signed_areas(triangles)).sum()) / hull if hull > 0 else 1.0


def _lies_over_itself(triangles: FloatArray) -> bool:
    """Whether two triangles (m, 3, 2) of a flat chart cover one place, on a grid of places."""
    from relicscan.geometry.kernels.packing import covered

    low, high = triangles.reshape(-1, 2).min(axis=0), triangles.reshape(-1, 2).max(axis=0)
    scale = _LOOKED_AT / max(float((high - low).max()), 1e-300)
    width, height = (int(v) + 1 for v in np.ceil((high - low) * scale))
    count = np.zeros((height, width), dtype=np.int32)
    covered((triangles - low) * scale, count)
    return bool((count > 1).sum() > 2)
