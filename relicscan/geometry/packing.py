"""Packing flat charts into a square: the largest first, each where it lies low and snug.

On a grid of cells as wide as charts must be apart. A chart is tried in several turns at every
place of the grid where it is free, so small charts come to lie in the bays and holes of large
ones. Of all places the one is taken that touches most of what lies there already, less what it
lets the whole grow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.flatten import signed_areas
from relicscan.relic import FloatArray

#: Turns that a chart is tried in, evenly around, from the one with the smallest bounding box.
TURNS = 16

#: The share of a square that charts are drawn for: what they come to fill is about as high as
#: wide, and the longer of the two becomes the side.
FILLED = 0.7

#: So many charts, the largest, are laid snugly; what a mesh in thousands of loose parts has beside
#: them is laid in rows: snugly, 4,000 charts take a minute.
SNUG = 600

#: A whole outline of contact is worth as much as lying the width over this number lower.
SINK = 100.0


class Packed(NamedTuple):
    """Places (w, 2), x and y in 0..1, and the share of the square that charts cover."""

    places: FloatArray
    used_share: float


class _Shape(NamedTuple):
    """A turned chart's cells (t, 2), those within a cell of them (c, 2), and those around (r, 2).

    Rows and columns within height x width, in random order but for its own.
    """

    own: NDArray[np.int64]
    near: NDArray[np.int64]
    ring: NDArray[np.int64]
    height: int
    width: int


def packed(
    places: FloatArray, wedge: NDArray[np.int64], chart: NDArray[np.int32], width: int
) -> Packed:
    """Move and turn charts, and scale all by one factor, so that a cell lies between any two.

    places (w, 2), the wedge (m, 3) at each corner and the chart (m,) of each face; the
    square is `width` cells wide, or a little more.
    """
    n = int(chart.max()) + 1
    order = np.argsort(chart, kind="stable")
    starts = np.searchsorted(chart[order], np.arange(n + 1))
    faces = [order[starts[c] : starts[c + 1]] for c in range(n)]
    area = np.abs(signed_areas(places[wedge]))
    total = float(area.sum())
    upright = [_upright(places[wedge[of_chart]]) for of_chart in faces]
    longest = max(
        float(np.ptp((places[wedge[f]] @ t.T).reshape(-1, 2), axis=0).max())
        for f, t in zip(faces, upright, strict=True)
    )
    scale = min(width * np.sqrt(FILLED / total), (width - 2) / longest)

    occupied = np.zeros((3 * width, width), dtype=np.bool_)
    moved, top = np.zeros_like(places), 0
    largest_first = np.argsort(-np.bincount(chart, area, n), kind="stable")
    for c in largest_first[:SNUG]:
        turn, shift, shape, y, x = _best(places[wedge[faces[c]]], upright[c], scale, occupied)
        occupied[y + shape.own[:, 0], x + shape.own[:, 1]] = True
        top = max(top, y + shape.height - 1)
        at = wedge[faces[c]].ravel()
        moved[at] = scale * (places[at] @ turn.T) + shift
    x, y, row = 0.0, top + 1.0, 0.0
    for c in largest_first[SNUG:]:
        at = wedge[faces[c]].ravel()
        flat = scale * (places[at] @ upright[c].T)
        low, (wide, high) = flat.min(axis=0), np.ptp(flat, axis=0)
        if x + wide > width:
            x, y, row = 0.0, y + row + 1, 0.0
        moved[at] = flat - low + [x, y]
        x, row = x + wide + 1, max(row, high)
        top = max(top, y + high)
    side = max(width, top)
    return Packed(moved / side, total * (scale / side) ** 2)


def _best(
    triangles: FloatArray, upright: FloatArray, scale: float, occupied: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, _Shape, int, int]:
    """The turn (2, 2) and shift (2,) of a chart, its shape in that turn, and its row and column."""
    from relicscan.geometry.kernels.packing import best_place

    score, found = -np.inf, None
    for k in range(TURNS):
        turn = _rotation(2 * np.pi * k / TURNS) @ upright
        turned = scale * (triangles @ turn.T)
        low = turned.reshape(-1, 2).min(axis=0) - 1
        shape = _shape(turned - low)
        if shape.width - 2 > occupied.shape[1]:
            continue
        score, y, x = best_place(occupied, *shape[1:], SINK, score)
        if y > -2:
            found = (turn, np.array([x, y]) - low, shape, y, x)
    assert found is not None, "the rectangle is three times as high as it should have to be"
    return found


def _shape(triangles: FloatArray) -> _Shape:
    """The cells of a chart (t, 3, 2) that begins at (1, 1)."""
    from relicscan.geometry.kernels.packing import touched

    width, height = (int(np.floor(v)) + 2 for v in triangles.reshape(-1, 2).max(axis=0))
    mask = np.zeros((height + 2, width + 2), dtype=np.bool_)
    touched(triangles + 1, mask)
    near = _grown(mask)
    ring = _grown(near) & ~near
    mixed = np.random.default_rng(0)
    own, close, around = (np.argwhere(cells) - 1 for cells in (mask, near, ring))
    return _Shape(own, mixed.permutation(close), around, height, width)


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With all cells that touch one of the mask, be it at a corner."""
    padded = np.pad(mask, 1)
    wide = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    return np.asarray(wide[:-2] | wide[1:-1] | wide[2:])


def _upright(triangles: FloatArray) -> FloatArray:
    """The rotation (2, 2) that gives a chart its smallest bounding box."""
    points = triangles.reshape(-1, 2)
    turns = [_rotation(angle) for angle in np.linspace(0, np.pi / 2, 24, endpoint=False)]
    return turns[int(np.argmin([np.prod(np.ptp(points @ turn.T, axis=0)) for turn in turns]))]


def _rotation(angle: float) -> FloatArray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])
