"""Loops that are compiled, against what is slower and known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from relicscan.geometry.kernels.hulls import halves
from relicscan.geometry.kernels.wedges import numbered


@pytest.mark.parametrize("seed", range(5))
def test_hulls_of_both_sides_of_a_line(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = np.unique(random.integers(-9, 9, (200, 2)).astype(float), axis=0)
    off = points @ random.normal(size=2)
    expected = sum(ConvexHull(points[side]).volume for side in (off > 0, off <= 0))
    assert halves(points, off) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("points", [[], [[1, 2]], [[1, 2], [3, 4]], [[0, 0], [1, 1], [2, 2]]])
def test_a_hull_of_too_few_points_has_no_area(points: list[list[float]]) -> None:
    given = np.array(points, dtype=float).reshape(-1, 2)
    assert halves(given, np.ones(len(given))) == 0


def test_corners_are_numbered_as_they_agree() -> None:
    random = np.random.default_rng(1)
    vertex, place, material = (random.integers(0, n, 5000) for n in (40, 7, 3))
    place = np.array([0, 1, -1, 2**62, -(2**62), 2**32, 2**32 + 1])[place]
    number = numbered(vertex, place, material)
    _, first, expected = np.unique(
        np.column_stack([vertex, place, material]), axis=0, return_index=True, return_inverse=True
    )
    assert number.max() + 1 == len(first)
    np.testing.assert_array_equal(number, np.argsort(np.argsort(first))[expected])


def test_no_corners_have_no_numbers() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert len(numbered(nothing, nothing, nothing)) == 0
