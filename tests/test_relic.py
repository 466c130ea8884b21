"""The types refuse what does not fit, and cannot be changed."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.relic import Mesh, PointCloud

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float)


def test_arrays_are_read_only_and_leave_the_given_one_alone() -> None:
    given = CORNERS.copy()
    cloud = PointCloud(given)
    with pytest.raises(ValueError, match="read-only"):
        cloud.points[0, 0] = 5
    given[0, 0] = 7  # still the caller's to change
    assert given.flags.writeable


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("normals", np.zeros((2, 3))),
        ("colors", np.zeros((3, 4))),
        ("intensity", np.zeros((3, 1))),
        ("viewpoints", np.zeros(3)),
    ],
)
def test_shapes_are_checked_and_both_are_named(attribute: str, value: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"{attribute} must have shape .* got \("):
        PointCloud(CORNERS, **{attribute: value})


def test_numbers_that_do_not_fit_are_refused_and_do_not_wrap() -> None:
    with pytest.raises(ValueError, match="faces must lie in"):
        Mesh(CORNERS, np.array([[0, 1, 2**32 + 2]]))
    with pytest.raises(ValueError, match="colors must lie in"):
        PointCloud(CORNERS, colors=np.full((3, 3), 256))


@pytest.mark.parametrize("index", [-1, 3])
def test_faces_must_index_vertices(index: int) -> None:
    with pytest.raises(ValueError, match=r"faces must index 0\.\.2"):
        Mesh(CORNERS, np.array([[0, 1, index]]))
