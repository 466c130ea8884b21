"""Turning axes, and the working frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapes import rotation

from relicscan.geometry.frames import (
    AXES,
    axis,
    snapped_to_axis,
    transformed,
    upright,
    working_frame,
)


@pytest.mark.parametrize("up", AXES)
def test_up_becomes_y_and_a_front_becomes_z(up: str) -> None:
    for front in AXES:
        if front[1] == up[1]:
            continue
        R = upright(axis(up), axis(front))
        np.testing.assert_allclose(R @ axis(up), [0, 1, 0], atol=1e-15)
        np.testing.assert_allclose(R @ axis(front), [0, 0, 1], atol=1e-15)
        assert np.linalg.det(R) == pytest.approx(1)


@pytest.mark.parametrize(("up", "front"), [("+Y", "+Z"), ("+Z", "-Y"), ("-Z", "-Y")])
def test_without_a_front_the_usual_side_faces(up: str, front: str) -> None:
    np.testing.assert_allclose(upright(axis(up)) @ axis(front), [0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(upright(axis(up)), upright(axis(up), axis(up)), atol=1e-15)


def test_a_front_that_leans_is_made_square() -> None:
    R = upright(axis("+Z"), np.array([1.0, 0, 5]))
    np.testing.assert_allclose(R @ axis("+X"), [0, 0, 1], atol=1e-15)


def test_any_direction_gives_a_rotation() -> None:
    for direction in itertools.product((-1.0, 0, 0.3), repeat=3):
        if any(direction):
            R = upright(np.array(direction))
            np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
            assert np.linalg.det(R) == pytest.approx(1)


def test_snapping_takes_the_axis_within_the_angle_only() -> None:
    near, far = rotation([1, 0, 0], 14.9) @ axis("+Z"), rotation([1, 0, 0], 15.1) @ axis("+Z")
    np.testing.assert_array_equal(snapped_to_axis(near, 15), axis("+Z"))
    np.testing.assert_array_equal(snapped_to_axis(far, 15), far)


def test_the_working_frame_is_recentred_millimetres() -> None:
    low, high = np.array([512_000.0, 5_400_000, 100]), np.array([512_001.0, 5_400_002, 104])
    T = working_frame(low, high, 1000.0)
    np.testing.assert_allclose(
        transformed(T, np.stack([low, high])), [[-500, -1000, -2000], [500, 1000, 2000]]
    )
    T = working_frame(low, high, None)
    np.testing.assert_allclose(
        np.ptp(transformed(T, np.stack([low, high])), axis=0), [250, 500, 1000]
    )
    assert np.isfinite(working_frame(low, low, None)).all()
