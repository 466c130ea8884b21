"""Cells of a grid: which there are, what they hold, and what is connected."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapes import noisy, sphere_points, square_points

from relicscan.errors import StageError
from relicscan.geometry.cells import cells_of, connected


def test_every_point_is_in_its_cell_and_every_cell_has_its_mean() -> None:
    points = np.random.default_rng(1).uniform(-20, 30, (5000, 3))
    cells = cells_of(points, 3.0)
    assert cells.count.sum() == len(points)
    np.testing.assert_array_equal(np.bincount(cells.of_point), cells.count)
    for axis in range(3):
        mean = np.bincount(cells.of_point, points[:, axis]) / cells.count
        np.testing.assert_allclose(cells.mean[:, axis], mean, atol=1e-9)
    assert np.abs(points - cells.mean[cells.of_point]).max() < 3.0


def test_neighbours_are_the_26_around() -> None:
    points = np.random.default_rng(2).uniform(0, 10, (400, 3))
    cells = cells_of(points, 1.0)
    low = np.median(points, axis=0) - 2.0**20
    layer = np.zeros((len(cells), 3), dtype=int)
    layer[cells.of_point] = np.floor(points - low)
    known = {tuple(at): i for i, at in enumerate(layer)}
    around = [d for d in itertools.product((-1, 0, 1), repeat=3) if any(d)]
    for i, at in enumerate(layer):
        expected = [known.get(tuple(at + np.array(d)), -1) for d in around]
        assert list(cells.neighbours[i]) == expected


def test_normals_thickness_and_area_of_a_sphere() -> None:
    points = noisy(sphere_points(60_000, 50.0), 0.1)
    cells = cells_of(points, 3.0)
    radial = cells.mean / np.linalg.norm(cells.mean, axis=1)[:, None]
    assert np.abs((radial * cells.normal).sum(axis=1)).min() > 0.99
    assert 0.08 < np.median(cells.thickness) < 0.16
    # Cells that the surface only clips may hold no point: some area is missed.
    assert cells.area.sum() == pytest.approx(4 * np.pi * 50**2, rel=0.12)


def test_parts_are_connected_across_a_cell_and_not_across_three() -> None:
    sheet = square_points(10, 0.5)
    near, far = sheet + np.array([20.5, 0, 0]), sheet + np.array([0, 0, 6.1])
    cells = cells_of(np.vstack([sheet, near, far]), 2.0)
    parts = connected(cells, np.ones(len(cells), dtype=bool))
    n = len(sheet)
    of_point = parts[cells.of_point]
    assert (of_point[: 2 * n] == of_point[0]).all()
    assert (of_point[2 * n :] == of_point[-1]).all()
    assert of_point[0] != of_point[-1]
    assert (connected(cells, np.zeros(len(cells), dtype=bool)) == -1).all()


def test_order_of_points_changes_no_cell() -> None:
    points = sphere_points(4000)
    shuffled = np.random.default_rng(3).permutation(len(points))
    one, other = cells_of(points, 4.0), cells_of(points[shuffled], 4.0)
    # The grid hangs on the median, which a sample of another order may move.
    low = np.median(points, axis=0)
    assert np.allclose(low, np.median(points[shuffled], axis=0))
    np.testing.assert_array_equal(one.of_point[shuffled], other.of_point)
    np.testing.assert_array_equal(one.neighbours, other.neighbours)


@pytest.mark.parametrize("size", [1e-6, 1e9])
def test_a_size_far_from_that_of_the_points(size: float) -> None:
    points = sphere_points(300)
    cells = cells_of(points, size)
    assert len(cells) <= 300
    assert np.isfinite(cells.mean).all()
    assert cells.count.sum() == len(points)


def test_a_point_far_off_shares_an_outermost_cell() -> None:
    points = np.vstack([sphere_points(300), [[1e12, -1e12, 1e12]]])
    cells = cells_of(points, 1.0)
    assert cells.count.sum() == 301
    assert np.isfinite(cells.mean).all()


def test_points_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(StageError, match="not numbers"):
        cells_of(np.array([[0.0, np.nan, 0.0]]), 1.0)


def test_no_points_have_no_cells() -> None:
    assert len(cells_of(np.zeros((0, 3)), 1.0)) == 0
