"""Packing flat charts into a square: the largest first, each where it lies low and snug.

On a grid of cells, with so many empty ones between charts as they must be apart. A chart is
tried in several turns at every place of the grid where it is free, so small charts come to lie
in the bays and holes of large ones. Of all places the one is taken that touches most of what
lies there already, less what it lets the whole grow. That is luck to a degree: it is done for
some widths and orders, and the smallest square is kept.

Tried one at a time on five relics or seven, where trials differ by 1 %: straight borders
(`geometry.cutting`) and widths tried until square, 5 % of the picture; charts cut that fill less
than 0.85 of their hulls and not 0.75, 3 %, and 0.87, 0.2 to 1 % more; the 400 largest laid snugly
and not the 200, 1 to 4 % of a crumpled surface; 32 turns and not 16, 1 %; SINK 30 and not 100,
1 %, and 10, another 1 % in twice the time; a reach of 8 and not 3, less than that; three times as
many trials, 1 %. Moving all charts down and left on a grid four times as fine, once they are
placed, 0.2 %; orders like that of the best trial so far, none: both were left out. Gaps of a
1024th and not a 512th, 2 %: on two relics with 512 to 1024 texels no picture of a level differed
more from the master (mean FLIP within 0.0005), which is what wider gaps would be for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.flatten import signed_areas
from relicscan.relic import FloatArray

#: Turns that a chart is tried in, evenly around, from the one with the smallest bounding box; the
#: smallest, which make up so much of the area, in every so many-th: a third of the time.
TURNS, SMALL, FEWER = 32, 0.2, 8

#: Cells along the square's side, about.
CELLS = 1024

#: Cells between two charts at the most, where they must be far apart.
_MOST_CELLS = 2

#: A whole outline of contact is worth as much as lying the width over this number lower.
SINK = 30.0

#: What is so many cells off is no contact.
REACH = 6

#: The share of the square that charts are drawn for: somewhat less than they come to fill.
FILLED = 0.7

#: The share that the second trial's width is drawn for.
_HOPED = 0.77

#: So many charts, the largest, are laid snugly; what a mesh in thousands of loose parts has beside
#: them is laid in rows, and these as one.
SNUG = 400

#: Trials: some at a time, in orders by area but for a factor that spreads as much; in so many
#: rounds, one fewer for every so many charts, since a trial takes as long as it has charts, and
#: none where there are more than SNUG.
AT_A_TIME, SPREAD, ROUNDS, ONE_FEWER = 4, 0.2, 6, 30


class _Shapes(NamedTuple):
    """Charts in all turns on the grid, as `kernels.packing.placed` takes them."""

    own: NDArray[np.int32]
    own_of: NDArray[np.int64]
    near: NDArray[np.int32]
    near_of: NDArray[np.int64]
    ring: NDArray[np.int32]
    ring_of: NDArray[np.int64]
    sizes: NDArray[np.int64]


def packed(
    flat: FloatArray, chart: NDArray[np.int32], gaps: int, rounds: int | None = None
) -> FloatArray:
    """Move and turn charts, and scale all by one factor, so that they lie apart in a square.

    Flat faces (m, 3, 2) and the chart (m,) of each; the same with x and y in 0..1, where any two
    charts lie a `gaps`-th of the square's side apart, or more. After `rounds` of trials at the
    most, ROUNDS where it is not said.
    """
    rounds = ROUNDS if rounds is None else rounds
    flat, chart = _in_rows(flat, chart, gaps)
    n = int(chart.max()) + 1
    order = np.argsort(chart, kind="stable")
    starts = np.searchsorted(chart[order], np.arange(n + 1))
    charts = [flat[order[starts[c] : starts[c + 1]]] for c in range(n)]
    area = np.bincount(chart, np.abs(signed_areas(flat)), n)
    around = np.stack([_rotation(2 * np.pi * k / TURNS) for k in range(TURNS)])
    turns = [around @ _upright(of) for of in charts]
    longest = max(
        float(np.ptp(of.reshape(-1, 2) @ turn[0].T, axis=0).max())
        for of, turn in zip(charts, turns, strict=True)
    )
    gap = min(-(-CELLS // gaps), _MOST_CELLS)
    wanted, filled = gap * gaps, FILLED
    while True:
        scale = min(wanted * np.sqrt(filled / area.sum()), (wanted - 2) / longest)
        shapes, lows = _shapes(charts, turns, scale, gap)
        side, where = _smallest(shapes, scale**2 * area, wanted, rounds)
        if side <= wanted:
            break
        filled = 0.98 * float(area.sum()) * (scale / side) ** 2
    moved = np.empty_like(flat)
    for c, (k, y, x) in enumerate(where):
        here = scale * (charts[c] @ turns[c][k].T) - lows[c, k] + (x, y)
        moved[order[starts[c] : starts[c + 1]]] = here
    return moved / side


def _in_rows(
    flat: FloatArray, chart: NDArray[np.int32], gaps: int
) -> tuple[FloatArray, NDArray[np.int32]]:
    """The same where all but the SNUG largest charts lie in rows, as one chart."""
    n = int(chart.max()) + 1
    if n <= SNUG:
        return flat, chart
    area = np.bincount(chart, np.abs(signed_areas(flat)), n)
    rank = np.empty(n, dtype=np.int32)
    rank[np.argsort(-area, kind="stable")] = np.arange(n)
    faces = np.flatnonzero(rank[chart] >= SNUG)
    number, of = np.unique(chart[faces], return_inverse=True)
    lows, highs = np.full((len(number), 2), np.inf), np.full((len(number), 2), -np.inf)
    corners = flat[faces]
    np.minimum.at(lows, of, corners.min(axis=1))
    np.maximum.at(highs, of, corners.max(axis=1))
    apart = 2 * np.sqrt(area.sum() / FILLED) / gaps
    sizes = highs - lows + apart
    width = max(float(np.sqrt(sizes.prod(axis=1).sum())), float(sizes[:, 0].max()))
    starts = np.empty_like(sizes)
    x = y = row = 0.0
    for k in np.argsort(-sizes[:, 1], kind="stable"):
        if x + sizes[k, 0] > width:
            x, y, row = 0.0, y + row, 0.0
        starts[k] = x, y
        x, row = x + sizes[k, 0], max(row, sizes[k, 1])
    flat = flat.copy()
    flat[faces] = corners - lows[of, None] + starts[of, None]
    return flat, np.minimum(rank, SNUG)[chart]


def _shapes(
    charts: list[FloatArray], turns: Sequence[FloatArray], scale: float, gap: int
) -> tuple[_Shapes, FloatArray]:
    """All charts in all turns, and their lower left corners (c, k, 2) at that scale."""
    from relicscan.geometry.kernels.packing import shape

    n = len(charts)
    lows, sizes = np.empty((n, TURNS, 2)), np.empty((n, TURNS, 2), dtype=np.int64)
    found: list[Any] = [None] * (n * TURNS)

    def work(start: int, stop: int) -> None:
        for c in range(start, stop):
            for k in range(TURNS):
                turned = scale * (charts[c] @ turns[c][k].T)
                lows[c, k] = turned.reshape(-1, 2).min(axis=0)
                turned -= lows[c, k]
                width, height = np.floor(turned.reshape(-1, 2).max(axis=0)).astype(int) + 1
                sizes[c, k] = height, width
                found[c * TURNS + k] = shape(turned, height, width, gap)

    threads.in_blocks(work, n, 4)
    all_of = [np.concatenate([of[kind] for of in found]) for kind in range(3)]
    first = [np.cumsum([0] + [len(of[kind]) for of in found]) for kind in range(3)]
    shapes = _Shapes(
        own=all_of[0],
        own_of=first[0],
        near=all_of[1],
        near_of=first[1],
        ring=all_of[2],
        ring_of=first[2],
        sizes=sizes,
    )
    return shapes, lows


def _smallest(
    shapes: _Shapes, area: FloatArray, wanted: int, rounds: int
) -> tuple[int, NDArray[np.int32]]:
    """The side in cells of the smallest square found, and turn, row and column (c, 3) in it."""
    from relicscan.geometry.kernels.packing import placed

    every = np.ones(len(area), dtype=np.int64)
    by_size = np.argsort(area, kind="stable")
    every[by_size[np.cumsum(area[by_size]) < SMALL * area.sum()]] = FEWER
    mixed = np.random.default_rng(0)
    orders = [np.argsort(-area, kind="stable")]
    rounds = min(rounds, max(1, ROUNDS - len(area) // ONE_FEWER)) if len(area) <= SNUG else 0
    orders += [
        np.argsort(-area * np.exp(SPREAD * mixed.standard_normal(len(area))), kind="stable")
        for _ in range(rounds * AT_A_TIME)
    ]

    def tried(width: int, order: NDArray[np.intp], limit: int) -> tuple[int, NDArray[np.int32]]:
        top, where = placed(order, every, *shapes, width, limit, SINK, REACH)
        return (max(top, width) if top <= limit else limit + wanted), where

    # A square about as wide as high, from one as wide as wanted; then ever smaller ones.
    first = [wanted, min(wanted, int(np.sqrt(area.sum() / _HOPED)) + 1)]
    found: list[Any] = [None] * len(first)

    def begin(start: int, stop: int) -> None:
        for i in range(start, stop):
            found[i] = tried(first[i], orders[0], 3 * wanted)

    threads.in_blocks(begin, len(first), 1)
    best: tuple[int, NDArray[np.int32]] = min(found, key=lambda one: one[0])
    for k in range(rounds):
        results: list[Any] = [best] * AT_A_TIME
        some = orders[1 + k * AT_A_TIME :][:AT_A_TIME]
        side = best[0]

        def work(start: int, stop: int) -> None:
            for i in range(start, stop):
                results[i] = tried(side - 1 - 2 * i, some[i], side - 1)  # noqa: B023 (within the round)

        threads.in_blocks(work, AT_A_TIME, 1)
        best = min(best, *results, key=lambda one: one[0])
    return best


def _upright(triangles: FloatArray) -> FloatArray:
    """The rotation (2, 2) that gives a chart its smallest bounding box."""
    points = triangles.reshape(-1, 2)
    turns = [_rotation(angle) for angle in np.linspace(0, np.pi / 2, 24, endpoint=False)]
    return turns[int(np.argmin([np.prod(np.ptp(points @ turn.T, axis=0)) for turn in turns]))]


def _rotation(angle: float) -> FloatArray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])
