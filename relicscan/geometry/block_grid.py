"""A grid that exists only near the points: cubes of cells, found by number.

A surface fills few cells of the box around it: of the 5,900 blocks beside a million points
of the benchmark relic 2,600 hold something, of 19,000 in the box. Blocks are sorted by
their place, and each knows its 26 neighbours, so a loop over one block reaches across its
sides without a search.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import StageError
from relicscan.relic import FloatArray

#: Cells along a block's side.
SIDE = 16

#: Blocks that a place may be numbered by along each axis, 21 bits each.
MOST_BLOCKS = 1 << 21


class BlockGrid(NamedTuple):
    """Blocks of SIDE^3 cells of `cell_size`, and which points lie in each.

    corners (b, 3) int64, in blocks: block k has its lowest node at corners[k] * SIDE *
    cell_size. neighbours (b, 27) int32, -1 for none; number 9 (1 + dx) + 3 (1 + dy) + (1 + dz)
    lies at (dx, dy, dz), and 13 is the block itself. Points sorted by block: `order` (n,),
    and `starts` (b + 1,) where each block's begin.
    """

    cell_size: float
    corners: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    def take(self, kept: NDArray[np.bool_]) -> BlockGrid:
        """The blocks of a mask (b,); points of the others are in none."""
        number = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        near = self.neighbours[kept]
        return self._replace(
            corners=self.corners[kept],
            neighbours=np.where(near >= 0, number[near], np.int32(-1)),
            starts=np.zeros(0, dtype=np.int64),
        )


def blocks_around(points: FloatArray, cell_size: float) -> BlockGrid:
    """The blocks that hold points (n, 3), and all that touch these.

    Raises StageError where the points are too far apart to number the blocks between.
    """
    block = np.floor(points / (cell_size * SIDE))
    low = block.min(axis=0) - 1
    if (block.max(axis=0) - low).max() + 2 >= MOST_BLOCKS:
        extent = np.ptp(points, axis=0).max()
        raise StageError(
            f"cells of {cell_size:g} are too small for an extent of {extent:g}",
            remedy="remove stray points far off first, or choose larger cells",
        )
    low = low.astype(np.int64)
    x, y, z = (block.astype(np.int64) - low).T
    keys = (x << 42) | (y << 21) | z
    order = np.argsort(keys, kind="stable")
    occupied = np.unique(keys)
    steps = np.array(
        [(x << 42) + (y << 21) + z for x, y, z in itertools.product((-1, 0, 1), repeat=3)]
    )
    blocks = np.unique(occupied[:, None] + steps)
    near = blocks[:, None] + steps
    at = np.minimum(np.searchsorted(blocks, near), len(blocks) - 1)
    mask = MOST_BLOCKS - 1
    return BlockGrid(
        cell_size,
        np.stack([blocks >> 42, (blocks >> 21) & mask, blocks & mask], axis=1) + low,
        np.where(blocks[at] == near, at, -1).astype(np.int32),
        order,
        np.searchsorted(keys[order], np.append(blocks, blocks[-1] + 1)),
    )
