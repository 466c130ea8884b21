"""Point spacing: every other length is derived from it, so it must not depend on the pattern."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from shapes import Array, noisy, sphere_points, square_points

from relicscan.errors import StageError
from relicscan.geometry.neighbours import local_spacing, nearest, point_spacing, spacing_at, tree
from relicscan.relic import PointCloud


def hexagonal() -> Array:
    """Area of one square unit a point."""
    i, j = np.meshgrid(np.arange(90), np.arange(100))
    side = (2 / 3**0.5) ** 0.5
    return np.stack([i + 0.5 * (j % 2), j * 3**0.5 / 2, 0 * i], -1).reshape(-1, 3) * side


def random_in_plane() -> Array:
    points = np.random.default_rng(0).uniform(0, 100, (10_000, 3))
    points[:, 2] = 0
    return points


@pytest.mark.parametrize(
    "points",
    [square_points(50, 1.0), hexagonal(), random_in_plane()],
    ids=["square", "hexagonal", "random"],
)
def test_spacing_of_a_known_pattern(points: Array) -> None:
    assert point_spacing(points) == pytest.approx(1, rel=0.05)
    assert point_spacing(2.5 * points + 1e4) == pytest.approx(2.5, rel=0.05)


def test_spacing_on_a_curved_surface_with_noise() -> None:
    true = (4 * np.pi * 50**2 / 10_000) ** 0.5
    assert point_spacing(noisy(sphere_points(10_000), 0.1 * true)) == pytest.approx(true, rel=0.05)


def test_duplicates_do_not_pull_it_to_zero() -> None:
    grid = square_points(50, 1.0)
    assert point_spacing(np.vstack([grid, grid])) == pytest.approx(0.5**0.5, rel=0.15)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_points_have_none(count: int) -> None:
    assert point_spacing(np.zeros((count, 3))) == 0


def test_local_spacing_follows_the_density_and_holds_at_a_rim() -> None:
    dense, sparse = square_points(50, 1.0), square_points(50, 3.0) + np.array([200.0, 0, 0])
    points = np.vstack([dense, sparse])
    local = local_spacing(points)
    assert local[: len(dense)] == pytest.approx(np.full(len(dense), 1), rel=0.3)
    assert local[len(dense) :] == pytest.approx(np.full(len(sparse), 3), rel=0.3)
    rim = np.abs(dense).max(axis=1) > 49
    assert np.median(local[: len(dense)][rim]) == pytest.approx(1, rel=0.1)
    assert spacing_at(points[:1], points)[0] > 1.3, "a corner alone reads too much"


def test_fewer_points_than_neighbours_repeat_the_last() -> None:
    index = tree(np.array([[0.0, 0, 0], [1, 0, 0]]))
    distances, indices = nearest(index, np.array([[0.1, 0, 0], [5, 0, 0]]), 4)
    np.testing.assert_allclose(distances, [[0.1, 0.9, 0.9, 0.9], [4, 5, 5, 5]])
    np.testing.assert_array_equal(indices, [[0, 1, 1, 1], [1, 0, 0, 0]])


def test_nearest_agrees_with_brute_force() -> None:
    rng = np.random.default_rng(1)
    points, queries = rng.normal(size=(400, 3)), rng.normal(size=(60, 3))
    distances, indices = nearest(tree(points), queries, 5)
    every = np.linalg.norm(queries[:, None] - points, axis=2)
    np.testing.assert_array_equal(indices, np.argsort(every, axis=1)[:, :5])
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :5])


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(StageError, match="1 of 2 positions are not numbers"):
        tree(np.array([[0, 0, np.nan], [0, 0, 0]]))
    with pytest.raises(StageError, match="not numbers"):
        nearest(tree(np.zeros((3, 3))), np.array([[np.inf, 0, 0]]))


def test_a_tree_is_built_once_for_points_that_nobody_writes_to() -> None:
    cloud = PointCloud(sphere_points(500))
    assert tree(cloud.points) is tree(PointCloud(cloud.points).points), "the same memory"
    assert tree(cloud.points) is not tree(cloud.take(np.arange(500)).points)
    assert tree(cloud.points[:100]).points.shape == (100, 3)
    written = sphere_points(500)
    before = tree(written)
    written += 1
    assert tree(written) is not before


def test_a_tree_goes_with_its_points() -> None:
    points = PointCloud(sphere_points(500)).points
    kept = weakref.ref(tree(points).points)
    assert kept() is not None
    del points
    assert kept() is None
