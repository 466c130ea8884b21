"""Block grids: every point in its block, every neighbour where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.errors import StageError
from relicscan.geometry.block_grid import SIDE, blocks_around

POINTS = np.random.default_rng(0).uniform(-100, 100, (500, 3))


def test_every_point_lies_in_its_block() -> None:
    grid = blocks_around(POINTS, 1.5)
    block = np.repeat(np.arange(len(grid.corners)), np.diff(grid.starts))
    low = grid.corners[block] * SIDE * 1.5
    inside = POINTS[grid.order]
    assert len(block) == len(POINTS)
    assert (inside >= low).all()
    assert (inside < low + SIDE * 1.5).all()


def test_neighbours_are_those_at_one_step_and_mutual() -> None:
    grid = blocks_around(POINTS, 1.5)
    blocks, which = np.nonzero(grid.neighbours >= 0)
    other = grid.neighbours[blocks, which]
    step = np.stack([which // 9 - 1, which // 3 % 3 - 1, which % 3 - 1], axis=1)
    np.testing.assert_array_equal(grid.corners[other] - grid.corners[blocks], step)
    np.testing.assert_array_equal(grid.neighbours[other, 26 - which], blocks)
    occupied = np.diff(grid.starts) > 0
    assert (grid.neighbours[occupied] >= 0).all(), "all that touch a block with points are there"


def test_taking_blocks_renumbers_the_neighbours() -> None:
    grid = blocks_around(POINTS, 1.5)
    kept = np.random.default_rng(1).random(len(grid.corners)) < 0.5
    some = grid.take(kept)
    np.testing.assert_array_equal(some.corners, grid.corners[kept])
    blocks, which = np.nonzero(some.neighbours >= 0)
    step = np.stack([which // 9 - 1, which // 3 % 3 - 1, which % 3 - 1], axis=1)
    other = some.neighbours[blocks, which]
    np.testing.assert_array_equal(some.corners[other] - some.corners[blocks], step)


def test_points_too_far_apart_are_refused() -> None:
    with pytest.raises(StageError, match=r"cells of 0\.01 are too small"):
        blocks_around(np.array([[0, 0, 0], [1e9, 0, 0]]), 0.01)
