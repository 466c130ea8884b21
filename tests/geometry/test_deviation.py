"""Deviation of levels from scans whose distance is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import (
    Array,
    cube_mesh,
    grid_faces,
    noisy,
    spacing_of,
    sphere_mesh,
    sphere_points,
    square_points,
)

from relicscan.errors import StageError
from relicscan.geometry.deviation import SPAN, deviations
from relicscan.geometry.topology import face_areas
from relicscan.relic import Deviation, Mesh, PointCloud

COUNT = 40_000
BALL = PointCloud(sphere_points(COUNT), sphere_points(COUNT) / 50)
SPACING = spacing_of(COUNT, 4 * np.pi * 50**2)


def off(level: Mesh, cloud: PointCloud | None, master: Mesh | None = None, **more) -> Deviation:
    (found,) = deviations([level], master or level, cloud, **{"samples": 20_000, **more})
    return found


def sheet(spacing: float = 0.5, half: float = 30.0) -> PointCloud:
    points = square_points(half, spacing)
    return PointCloud(points, np.tile([0.0, 0, 1], (len(points), 1)))


def plane_mesh(half: float = 30.0, height: float = 0.0, steps: int = 60) -> Mesh:
    line = np.linspace(-half, half, steps + 1)
    x, y = np.meshgrid(line, line)
    vertices = np.stack([x.ravel(), y.ravel(), np.full(x.size, height)], axis=1)
    return Mesh(vertices, grid_faces(steps + 1, steps + 1))


def depth(mesh: Mesh, radius: float = 50.0, count: int = 400_000) -> Array:
    """How far places on an inscribed mesh lie inside the sphere, by area."""
    rng = np.random.default_rng(8)
    area = face_areas(mesh)
    face = rng.choice(len(area), count, p=area / area.sum())
    u, v = np.sqrt(rng.random((count, 1))), rng.random((count, 1))
    a, b, c = (mesh.vertices[mesh.faces[face, i]] for i in range(3))
    places = (1 - u) * a + u * (1 - v) * b + u * v * c
    return radius - np.linalg.norm(places, axis=1)


def test_a_coarse_sphere_is_as_far_off_as_its_triangles_are_flat() -> None:
    coarse = sphere_mesh(rows=20, columns=40)
    true = depth(coarse)
    found = off(coarse, BALL)
    # Both ways differ only by what a chord is longer along the sphere: under 1 %.
    for way in (found.level_to_scan, found.scan_to_level):
        assert way.rms == pytest.approx(np.sqrt((true**2).mean()), rel=0.02)
        assert way.p95 == pytest.approx(np.quantile(true, 0.95), rel=0.02)
        assert way.max == pytest.approx(true.max(), rel=0.02)
    assert (found.reference, found.left_out_share, found.filled_area_share) == ("points", 0, 0)
    assert found.left_out_beyond == pytest.approx(3 * SPACING, rel=0.02)


def test_the_distance_between_points_is_no_deviation() -> None:
    sparse = sheet(spacing=2.0)
    found = off(plane_mesh(), sparse)
    assert found.level_to_scan.max == pytest.approx(0, abs=1e-9)
    assert found.scan_to_level.max == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("by", [0.3, -0.3])
def test_a_shifted_plane_is_off_by_the_shift(by: float) -> None:
    found = off(plane_mesh(height=by), sheet())
    for way in (found.level_to_scan, found.scan_to_level):
        assert (way.rms, way.p95, way.max) == pytest.approx((0.3, 0.3, 0.3), rel=1e-3)


def test_a_hole_in_a_level_shows_from_the_scan_only() -> None:
    whole = plane_mesh(steps=240)
    middle = np.linalg.norm(whole.vertices[whole.faces].mean(axis=1), axis=1)
    found = off(whole.take_faces(middle > 10), sheet(), whole)
    assert found.left_out_share == 0, "the full mesh has what the level has lost"
    # Of the points within 10 mm, r is 10 - r off: RMS over the square of 60 x 60 mm.
    assert found.scan_to_level.rms == pytest.approx(np.sqrt(np.pi * 10**4 / 6 / 60**2), rel=0.04)
    assert found.scan_to_level.max == pytest.approx(10, abs=0.8)
    assert found.level_to_scan.max == pytest.approx(0, abs=1e-5)


def test_what_goes_on_beyond_the_scan_is_off_by_as_much() -> None:
    """A level of 40 mm over a scan of 30: sideways a point stands for SPAN spacings."""
    found = off(plane_mesh(half=40.0), sheet(spacing=0.5))
    corner = np.hypot(10.25, 10.25)
    # At a corner a point has neighbours in a quarter only, and counts as in a sparser place.
    assert corner - 2 * SPAN * 0.5 < found.level_to_scan.max < corner - SPAN * 0.5
    assert found.level_to_scan.rms > 1
    assert found.scan_to_level.max == pytest.approx(0, abs=1e-5)


def test_what_was_filled_is_left_out_and_told() -> None:
    level = plane_mesh(half=30.0)
    inside = np.linalg.norm(level.vertices, axis=1) < 10
    bulging = level.vertices + np.array([0, 0, 5.0]) * inside[:, None]
    around = sheet()
    gap = around.take(np.linalg.norm(around.points, axis=1) > 12)
    bulging = replace(level, vertices=bulging)
    invented = off(bulging, gap)
    assert invented.level_to_scan.max > 5
    assert invented.filled_area_share == 0
    honest = off(replace(bulging, filled=inside), gap)
    share = face_areas(bulging)[inside[level.faces].any(axis=1)].sum() / face_areas(bulging).sum()
    assert honest.filled_area_share == pytest.approx(share, rel=1e-3)
    assert honest.level_to_scan.max < 1.5, "what is left between the filled part and the points"
    nothing = off(replace(level, filled=np.ones(len(level.vertices), bool)), gap)
    assert (nothing.level_to_scan, nothing.filled_area_share) == (None, 1)
    assert nothing.scan_to_level.rms == pytest.approx(0, abs=1e-5)


def test_noise_counts_from_the_scan_and_hardly_from_the_level() -> None:
    rough = replace(BALL, points=noisy(BALL.points, 0.05 / np.sqrt(3)))
    off_sphere = np.linalg.norm(rough.points, axis=1) - 50
    fine = sphere_mesh(rows=300, columns=600)
    found = off(fine, rough, samples=40_000)
    assert found.scan_to_level.rms == pytest.approx(np.sqrt((off_sphere**2).mean()), rel=0.02)
    assert found.level_to_scan.rms < 0.5 * found.scan_to_level.rms


def test_a_thin_wall_has_two_sides() -> None:
    """Points of the other side are nearer than those a level has moved away from."""
    points, up = square_points(30, 0.5), [0.0, 0, 1]
    n = len(points)
    both = PointCloud(
        np.vstack([points, points - np.array([0, 0, 1.0])]),
        np.vstack([np.tile(up, (n, 1)), np.tile(np.negative(up), (n, 1))]),
    )
    sunk = off(plane_mesh(height=-0.7), both)
    assert sunk.level_to_scan.rms == pytest.approx(0.7, rel=0.01)


def test_points_that_the_model_does_not_have_count_in_share_and_maximum() -> None:
    strays = BALL.points[::100] * 1.4
    both = PointCloud(
        np.vstack([BALL.points, strays]), np.vstack([BALL.normals, BALL.normals[::100]])
    )
    fine = sphere_mesh(rows=100, columns=200)
    with_strays, without = off(fine, both, samples=50_000), off(fine, BALL, samples=50_000)
    assert with_strays.left_out_share == pytest.approx(1 / 101, rel=0.01)
    assert with_strays.scan_to_level.max == pytest.approx(20, rel=1e-2)
    assert with_strays.scan_to_level.rms == pytest.approx(without.scan_to_level.rms, rel=0.01)
    assert with_strays.scan_to_level.p95 == pytest.approx(without.scan_to_level.p95, rel=0.01)


def test_a_level_of_something_else_hides_nothing() -> None:
    far = Mesh(sphere_mesh().vertices + 500.0, sphere_mesh().faces)
    found = off(far, BALL)
    assert found.left_out_share == 1
    assert found.scan_to_level.rms == pytest.approx(np.sqrt(3) * 500, rel=0.1)
    assert found.level_to_scan.rms == pytest.approx(np.sqrt(3) * 500, rel=0.1)


def test_a_repeat_with_another_seed_agrees() -> None:
    """The hard case: nearly all of the error on a small part of the level."""
    spiky = sphere_mesh(rows=100, columns=200)
    chosen = np.random.default_rng(3).choice(len(spiky.vertices), 40, replace=False)
    vertices = spiky.vertices.copy()
    vertices[chosen] *= 1.03
    level = replace(spiky, vertices=vertices)
    rough = replace(BALL, points=noisy(BALL.points, 0.02))
    found = [off(level, rough, spiky, samples=50_000, seed=seed) for seed in range(4)]
    for way in ("scan_to_level", "level_to_scan"):
        for figure in ("rms", "p95", "max"):
            values = np.array([getattr(getattr(one, way), figure) for one in found])
            assert np.ptp(values) < 0.02 * values.mean(), (way, figure)
    assert all(one.level_to_scan.max > 1.2 for one in found)


def test_a_scanned_mesh_is_its_own_reference() -> None:
    cube = cube_mesh(half=10, steps=12)
    same = off(cube, None)
    assert (same.reference, same.left_out_share, same.left_out_beyond) == ("mesh", 0, None)
    assert same.diagonal == pytest.approx(20 * np.sqrt(3))
    assert same.scan_to_level.max < 1e-5
    assert same.level_to_scan.max < 1e-5
    larger = Mesh(1.03 * cube_mesh(half=10, steps=1).vertices, cube_mesh(half=10, steps=1).faces)
    found = off(larger, None, cube)
    assert found.scan_to_level.rms == pytest.approx(0.3, rel=1e-3)
    assert found.level_to_scan.max == pytest.approx(0.3 * np.sqrt(3), rel=1e-3)
    capped = replace(cube, filled=cube.vertices[:, 2] > 9.9)
    moved = cube.vertices + np.array([0, 0, 1.0]) * (cube.vertices[:, 2:] > 9.9)
    told = off(Mesh(moved, cube.faces), None, capped)
    assert told.scan_to_level.max < 1e-5, "the cap was not scanned"
    assert told.level_to_scan.max == pytest.approx(1, rel=1e-3)


def test_threads_and_repeats_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = [sphere_mesh(rows=20, columns=40), sphere_mesh(rows=60, columns=120)]
    found = []
    for count in ("1", "2", "3", "2"):
        monkeypatch.setenv("RELICSCAN_THREADS", count)
        found.append(deviations(levels, levels[1], BALL, samples=30_000, seed=5))
    assert found[1:] == found[:1] * 3


def test_coordinates_may_lie_far_from_the_origin() -> None:
    away = np.array([512_345.0, 5_412_345.0, 123.0])
    level = plane_mesh(height=0.3)
    found = off(
        replace(level, vertices=level.vertices + away),
        replace(sheet(), points=sheet().points + away),
    )
    assert found.scan_to_level.rms == pytest.approx(0.3, rel=1e-3)
    assert found.level_to_scan.rms == pytest.approx(0.3, rel=1e-3)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_points_are_a_result(count: int) -> None:
    cloud = PointCloud(sheet().points[:count], sheet().normals[:count])
    found = off(plane_mesh(), cloud, samples=1000)
    assert found.scan_to_level.max < 1e-5
    assert found.level_to_scan.max > 30


def test_points_in_one_place_and_normals_that_are_unknown() -> None:
    cloud = PointCloud(np.zeros((50, 3)), np.zeros((50, 3)))
    found = off(plane_mesh(), cloud, samples=1000)
    assert found.level_to_scan.max == pytest.approx(np.sqrt(2) * 30, rel=0.01)


def test_triangles_without_area_are_measured_at_their_corners() -> None:
    line = Mesh([[0, 0, 0.5], [10, 0, 0.5], [20, 0, 0.5]], [[0, 1, 2]])
    found = off(line, sheet(), samples=1000)
    assert found.level_to_scan.rms == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("level", "cloud", "says"),
    [
        (plane_mesh(), PointCloud(np.zeros((0, 3)), np.zeros((0, 3))), "0 points"),
        (plane_mesh(), PointCloud(sheet().points), "no normals"),
        (plane_mesh(), PointCloud([[0, np.nan, 0]], [[0, 0, 1]]), "not numbers"),
        (Mesh([[0, 0, np.inf], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]), sheet(), "not numbers"),
        (Mesh(np.eye(3), np.zeros((0, 3))), sheet(), "no triangles"),
        (Mesh(np.eye(3), np.zeros((0, 3))), None, "no triangles"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    level: Mesh, cloud: PointCloud | None, says: str
) -> None:
    with pytest.raises(StageError, match=says) as refused:
        off(level, cloud)
    assert refused.value.remedy
