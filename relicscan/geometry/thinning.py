"""Clouds that are larger than memory: averaged over the cells of a grid while they are read.

Twice through the file: once for a sample, which tells how large the surface is and so how
wide the cells must be, and once to add up. What is kept between pieces is one row of sums
for each cell, so the memory follows what is asked for and not what was scanned.

A mean counts as one point however many it is of, so strays, with a cell each, would become
many: 1 % of 20 million points, thinned to 600,000, are 18 % of the cells. Cells that hold far
fewer points than their neighbours (which also clip a corner of the surface) are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import plausible
from relicscan.geometry.neighbours import local_spacing
from relicscan.geometry.outliers import sparser_than_neighbours
from relicscan.relic import FloatArray

#: Points of a cloud by column, x y z among them, piece by piece.
Pieces = Callable[[], Iterator[Mapping[str, NDArray[Any]]]]

#: Points that the surface's area is taken from.
SAMPLE = 500_000

#: Cells that are left of a plane for each cell's side squared, whichever way it faces. It runs
#: through 1.5 (the mean over all directions of |x| + |y| + |z|), of which a tenth or so hold
#: too little.
CELLS_PER_SQUARE = 1.35

#: Sparse parts count as up to this much sparser than the typical place: strays span no surface.
SPARSEST = 3.0


class Thinned(NamedTuple):
    """Columns (k,) of means in grid order, the side of a cell, and rows that were left out.

    `nowhere` rows were no place; `sparse` rows lay in cells with far fewer than their neighbours.
    """

    columns: dict[str, FloatArray]
    cell_size: float
    nowhere: int
    sparse: int


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
    spacing = local_spacing(sample)
    spacing = np.minimum(spacing, SPARSEST * np.median(spacing))
    area = float((spacing**2).sum())
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
    counts = table.counts[row]
    means = table.sums[row] / counts[:, None]
    means[:, :3] += middle
    del table
    sparse = sparser_than_neighbours(means[:, :3], counts)
    return Thinned(
        {name: means[~sparse, c] for c, name in enumerate(names)},
        size,
        nowhere,
        int(counts[sparse].sum()),
    )
