"""Sums over the cells of a grid that nobody knows beforehand, for points that come in pieces.

A hash table with open addressing (Knuth 1973, 6.4): cell key to row of sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.kernels import kernel
from relicscan.relic import FloatArray

#: Layers to either side of the middle, in each direction: three numbers of 21 bits in a key.
LAYERS = 1 << 20

#: A table is at most this full.
_FULL = 0.6


class CellSums(NamedTuple):
    """Slots (2^k,) of keys (-1 where free) and row numbers; rows of sums, and their counts."""

    keys: NDArray[np.int64]
    rows: NDArray[np.int32]
    sums: FloatArray
    counts: NDArray[np.int64]


def empty(cells: int, columns: int) -> CellSums:
    """A table with room for so many cells."""
    slots = 1 << max(4, int(np.ceil(np.log2(cells / _FULL))))
    return CellSums(
        np.full(slots, -1, dtype=np.int64),
        np.zeros(slots, dtype=np.int32),
        np.zeros((cells, columns)),
        np.zeros(cells, dtype=np.int64),
    )


def grown(table: CellSums, used: int) -> CellSums:
    """The same sums in a table with twice the room."""
    larger = empty(2 * len(table.counts), table.sums.shape[1])
    larger.sums[:used] = table.sums[:used]
    larger.counts[:used] = table.counts[:used]
    _rehash(table, larger)
    return larger


@kernel
def add(table, used, middle, size, columns, first):
    """Add rows (n, c) from `first` on, whose first three columns are the place.

    Returns how many cells are used then, the row it came to (the table is full before n),
    and how many rows lay nowhere: not numbers, or beyond all layers.
    """
    keys, rows, sums, counts = table
    mask = len(keys) - 1
    nowhere = 0
    n, width = columns.shape
    for i in range(first, n):
        x = np.floor((columns[i, 0] - middle[0]) / size)
        y = np.floor((columns[i, 1] - middle[1]) / size)
        z = np.floor((columns[i, 2] - middle[2]) / size)
        if not (abs(x) < LAYERS and abs(y) < LAYERS and abs(z) < LAYERS):
            nowhere += 1
            continue
        key = (
            ((np.int64(x) + LAYERS) << 42) | ((np.int64(y) + LAYERS) << 21) | (np.int64(z) + LAYERS)
        )
        slot = _slot(keys, mask, key)
        if keys[slot] < 0:
            if used == len(counts):
                return used, i, nowhere
            keys[slot] = key
            rows[slot] = used
            used += 1
        row = rows[slot]
        counts[row] += 1
        sums[row, 0] += columns[i, 0] - middle[0]
        sums[row, 1] += columns[i, 1] - middle[1]
        sums[row, 2] += columns[i, 2] - middle[2]
        for c in range(3, width):
            sums[row, c] += columns[i, c]
    return used, n, nowhere


@kernel
def _slot(keys, mask, key):
    """Where the key is, or would be."""
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(20)) & mask
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def _rehash(table, larger):
    mask = len(larger.keys) - 1
    for slot in range(len(table.keys)):
        if table.keys[slot] >= 0:
            to = _slot(larger.keys, mask, table.keys[slot])
            larger.keys[to] = table.keys[slot]
            larger.rows[to] = table.rows[slot]
