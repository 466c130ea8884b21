"""Clouds that are larger than memory: averaged over the cells of a grid while they are read.

Twice through the file: once for a sample, which tells how large the surface is and so how
wide the cells must be, and once to add up. What is kept between pieces is one row of sums
for each cell, so the memory follows what is asked for and not what was scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import plausible
from relicscan.geometry.neighbours import local_spacing
from relicscan.relic import FloatArray

#: Points of a cloud by column, x y z among them, piece by piece.
Pieces = Callable[[], Iterator[Mapping[str, NDArray[Any]]]]

#: Points that the surface's area is taken from.
SAMPLE = 500_000

#: Cells that a plane runs through for each cell's side squared, whichever way it faces: the
#: mean over all directions of |x| + |y| + |z|.
CELLS_PER_SQUARE = 1.5


class Thinned(NamedTuple):
    """Columns (k,) of means in grid order, the side of a cell, and rows that lay nowhere."""

    columns: dict[str, FloatArray]
    cell_size: float
    nowhere: int


def thinned(
    pieces: Pieces, count: int, most: int, progress: Callable[[float], None] = lambda _: None
) -> Thinned | None:
    """About `most` means of the `count` points in `pieces`; None where they span no surface.

    `progress` hears the share that is done. The result depends on the order of the points
    and on nothing else.
    """
    step = max(1, count // SAMPLE)
    sample = _sampled(pieces, step, lambda read: progress(0.5 * read / count))
    if len(sample) < 4:
        return None
    area = float((local_spacing(sample) ** 2).sum())
    size = float(np.sqrt(CELLS_PER_SQUARE * area / most))
    if not size > 0:
        return None
    middle = np.median(sample, axis=0)
    return _averaged(pieces, middle, size, most, lambda read: progress(0.5 + 0.5 * read / count))


def _sampled(pieces: Pieces, step: int, read: Callable[[int], None]) -> FloatArray:
    """Every so-manieth place (m, 3) of those that are numbers."""
    parts, before = [], 0
    for piece in pieces():
        first = -before % step
        places = np.stack([piece[axis][first::step] for axis in "xyz"], axis=1).astype(np.float64)
        parts.append(places[plausible(places)])
        before += len(piece["x"])
        read(before)
    return np.concatenate(parts) if parts else np.empty((0, 3))


def _averaged(
    pieces: Pieces, middle: FloatArray, size: float, most: int, read: Callable[[int], None]
) -> Thinned:
    from relicscan.geometry.kernels import cell_sums

    names: list[str] = []
    table, used, nowhere, before = None, 0, 0, 0
    for piece in pieces():
        names = names or [*"xyz", *(name for name in piece if name not in "xyz")]
        rows = np.stack([piece[name].astype(np.float64) for name in names], axis=1)
        rows[:, 3:][~np.isfinite(rows[:, 3:])] = 0
        if table is None:
            table = cell_sums.empty(most, len(names))
        first = 0
        while True:
            used, first, stray = cell_sums.add(table, used, middle, size, rows, first)
            nowhere += stray
            if first == len(rows):
                break
            table = cell_sums.grown(table, used)
        before += len(rows)
        read(before)
    assert table is not None, "there was a sample"
    taken = np.flatnonzero(table.keys >= 0)
    row = table.rows[taken[np.argsort(table.keys[taken])]]
    means = table.sums[row] / table.counts[row, None]
    means[:, :3] += middle
    return Thinned(
        {name: np.ascontiguousarray(means[:, c]) for c, name in enumerate(names)}, size, nowhere
    )
