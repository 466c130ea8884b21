"""Numbers and rulers on pictures of changes: where they belong, and as long as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from relicscan.geometry import o3d
from relicscan.quality.camera import fit_camera
from relicscan.quality.change_marks import visible, with_numbers, with_ruler
from relicscan.relic import ByteArray
from tests.shapes import sphere_mesh


@pytest.fixture
def sheet() -> ByteArray:
    return np.full((400, 400, 4), 200, dtype=np.uint8)


@pytest.mark.parametrize(("mm_per_px", "length"), [(0.1, 10.0), (0.03, 2.0), (1.0, 100.0)])
def test_a_ruler_is_as_long_as_it_says(sheet: ByteArray, mm_per_px: float, length: float) -> None:
    ruled = with_ruler(sheet, mm_per_px)
    dark = (ruled[..., :3] < 60).all(axis=2)
    longest = max(int(row.sum()) for row in dark)
    assert longest * mm_per_px == pytest.approx(length, rel=0.04)


def test_numbers_stand_beside_what_they_are_of_and_not_on_each_other(sheet: ByteArray) -> None:
    at = {1: (200.0, 200.0), 2: (203.0, 200.0), 3: (395.0, 5.0)}
    marked = with_numbers(sheet, at)
    white = (marked[..., :3] == 255).all(axis=2)
    alone = (with_numbers(sheet, {1: (200.0, 200.0)})[..., :3] == 255).all(axis=2)
    assert white.sum() > 2.5 * alone.sum()
    rows, columns = np.nonzero(alone)
    away = math.hypot(columns.mean() - 200, rows.mean() - 200)
    assert 20 < away < 50
    assert np.array_equal(with_numbers(sheet, {}), sheet)


def test_what_is_behind_is_not_seen() -> None:
    ball = sphere_mesh(1.0, 40, 80)
    camera = fit_camera(ball.vertices, width_px=100, height_px=100, azimuth_deg=0, elevation_deg=0)
    scene = o3d.raycasting_scene(ball)
    seen = visible(scene, camera, np.array([[0, 0, 1.0], [0, 0, -1.0], [0.5, 0.5, 0.7]]))
    assert seen.tolist() == [True, False, True]
    assert not visible(scene, camera, np.empty((0, 3))).any()
