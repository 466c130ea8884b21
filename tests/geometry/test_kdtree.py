"""The k-d tree against SciPy's, on clouds that are hard on trees."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial import cKDTree
from shapes import sphere_points

from relicscan.geometry.kernels import kdtree

RANDOM = np.random.default_rng(0)
CLOUDS = {
    "one": np.zeros((1, 3)),
    "two": np.array([[0.0, 0, 0], [1, 0, 0]]),
    "sphere": sphere_points(3000),
    "line": np.outer(np.arange(1000.0), [1, 2, 3]),
    "plane": np.c_[RANDOM.random((2000, 2)), np.zeros(2000)],
    "far apart": np.vstack([RANDOM.random((500, 3)), 1e9 + RANDOM.random((500, 3))]),
}


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("k", [1, 5, 17])
def test_the_nearest_are_scipys(name: str, k: int) -> None:
    points = CLOUDS[name]
    k = min(k, len(points))
    low, high = points.min(axis=0), points.max(axis=0)
    queries = np.vstack([points[:200], RANDOM.uniform(low - 1, high + 1, (200, 3))])
    distances, indices = kdtree.query(kdtree.build(points), queries, k, np.inf)
    wanted = cKDTree(points).query(queries, k)[0].reshape(len(queries), k)
    np.testing.assert_allclose(distances, wanted, rtol=1e-12)
    there = np.linalg.norm(points[indices] - queries[:, None], axis=2)
    np.testing.assert_allclose(there, distances, rtol=1e-12)
    assert all(len(set(row)) == k for row in indices), "no point twice"


def test_many_points_in_one_place() -> None:
    points = np.vstack([np.ones((500, 3)), sphere_points(500)])
    distances, indices = kdtree.query(kdtree.build(points), np.ones((1, 3)), 501, np.inf)
    assert (distances[0, :500] == 0).all()
    assert sorted(indices[0, :500]) == list(range(500))
    assert distances[0, 500] > 0


def test_beyond_reach_is_infinitely_far() -> None:
    tree = kdtree.build(np.array([[0.0, 0, 0], [10, 0, 0]]))
    distances, indices = kdtree.query(tree, np.array([[1.0, 0, 0]]), 2, 5.0)
    np.testing.assert_array_equal(distances, [[1, np.inf]])
    np.testing.assert_array_equal(indices, [[0, 2]])


def test_branches_part_the_points_where_the_tree_does() -> None:
    tree = kdtree.build(sphere_points(5000))
    starts = kdtree.branches(tree)
    sizes = np.diff(starts)
    assert (starts[0], starts[-1]) == (0, 5000)
    assert 16 <= sizes.min() <= sizes.max() <= 32
    extents = [np.ptp(tree.points[a:b], axis=0).max() for a, b in itertools.pairwise(starts)]
    assert max(extents) < 25, "near points share a branch"
