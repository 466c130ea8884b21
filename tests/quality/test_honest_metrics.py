"""The metrics are measured themselves: what was done to a relic comes back within 2 %.

Known offsets, scales, holes, fillings and noise on surfaces that are known exactly. Every figure
that is asked for is far from zero, so a metric that is off by 5 % fails its test.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import (
    Array,
    box_points,
    cube_mesh,
    grid_faces,
    mesh_relic,
    noisy,
    sphere_mesh,
    sphere_points,
)

from relicscan.errors import StageError
from relicscan.geometry.coverage import coverage
from relicscan.geometry.deviation import SAMPLES, deviations
from relicscan.geometry.holes import fill_holes
from relicscan.geometry.scan_noise import scan_noise
from relicscan.geometry.topology import face_areas
from relicscan.metadata.descriptive import Dimension
from relicscan.metadata.figures import DimensionRecord, HolesRecord
from relicscan.pipeline import PlannedStage, run_stage
from relicscan.relic import Deviation, Mesh, PointCloud
from relicscan.stage import get_stage

WITHIN = 0.02
RADIUS, HALF = 50.0, 30.0
COUNT = 40_000

#: A relief of waves along x: height, and how many radians to the mm.
HIGH, WAVE = 1.0, 2 * np.pi / 40

Scanned = tuple[PointCloud, Mesh]


def ball(count: int = COUNT) -> Scanned:
    points = sphere_points(count, RADIUS)
    return PointCloud(points, points / RADIUS), sphere_mesh(RADIUS, rows=220, columns=440)


def crate() -> Scanned:
    return PointCloud(*box_points(HALF, 0.6)), cube_mesh(HALF, steps=24)


def relief(count: int = COUNT, half: float = 60.0) -> Scanned:
    """A sheet with waves: points at random in x and y, and the surface as a fine grid."""
    x, y = np.random.default_rng(2).uniform(-half, half, (2, count))
    line = np.linspace(-half, half, 241)
    gx, gy = (grid.ravel() for grid in np.meshgrid(line, line))
    flank = HIGH * WAVE * np.cos(WAVE * x)
    normals = np.stack([-flank, np.zeros(count), np.ones(count)], 1) / np.hypot(1, flank)[:, None]
    cloud = PointCloud(np.stack([x, y, HIGH * np.sin(WAVE * x)], 1), normals)
    mesh = Mesh(np.stack([gx, gy, HIGH * np.sin(WAVE * gx)], 1), grid_faces(241, 241))
    return cloud, mesh


def off(cloud: PointCloud | None, level: Mesh, master: Mesh | None = None, **more) -> Deviation:
    (found,) = deviations([level], master or level, cloud, **{"samples": 40_000, **more})
    return found


def moved(mesh: Mesh, vertices: Array) -> Mesh:
    return replace(mesh, vertices=vertices)


def along_normals(cloud: PointCloud, sigma: float, seed: int = 0) -> PointCloud:
    by = np.random.default_rng(seed).normal(0, sigma, len(cloud.points))
    return replace(cloud, points=cloud.points + by[:, None] * cloud.normals)


# Offsets and scales


@pytest.mark.parametrize("by", [0.1, 0.5])
def test_a_ball_that_is_too_large_is_off_by_as_much(by: float) -> None:
    cloud, surface = ball()
    found = off(cloud, moved(surface, surface.vertices * (1 + by / RADIUS)))
    for way in (found.scan_to_level, found.level_to_scan):
        assert (way.rms, way.p95, way.max) == pytest.approx((by, by, by), rel=WITHIN)


@pytest.mark.parametrize("by", [0.1, 0.5])
def test_a_box_whose_sides_lie_outside_is_off_by_as_much(by: float) -> None:
    cloud, surface = crate()
    found = off(cloud, moved(surface, surface.vertices * (1 + by / HALF)))
    for way in (found.scan_to_level, found.level_to_scan):
        assert (way.rms, way.p95) == pytest.approx((by, by), rel=WITHIN)
    assert found.scan_to_level.max == pytest.approx(by, rel=WITHIN)


@pytest.mark.parametrize("by", [0.1, 0.5])
def test_a_lifted_relief_is_off_by_less_on_its_flanks(by: float) -> None:
    cloud, surface = relief()
    found = off(cloud, moved(surface, surface.vertices + np.array([0, 0, by])))
    x = np.linspace(0, 2 * np.pi / WAVE, 10_000, endpoint=False)
    cosine = 1 / np.hypot(1, HIGH * WAVE * np.cos(WAVE * x))
    seen = np.sqrt((cosine**2).mean())
    by_area = np.sqrt(cosine.mean() / (1 / cosine).mean())
    assert found.scan_to_level.rms == pytest.approx(by * seen, rel=WITHIN)
    assert found.level_to_scan.rms == pytest.approx(by * by_area, rel=WITHIN)


def test_a_scanned_mesh_measures_an_offset_too() -> None:
    _, surface = ball()
    found = off(None, moved(surface, surface.vertices * 1.01), surface)
    for way in (found.scan_to_level, found.level_to_scan):
        assert (way.rms, way.p95, way.max) == pytest.approx((0.5, 0.5, 0.5), rel=WITHIN)
    assert found.diagonal == pytest.approx(2 * RADIUS * np.sqrt(3), rel=WITHIN)


@pytest.mark.parametrize("scale", [1.01, 0.99])
def test_a_scale_comes_back_from_the_deviation(scale: float) -> None:
    for (cloud, surface), size in ((ball(), RADIUS), (crate(), HALF)):
        found = off(cloud, moved(surface, surface.vertices * scale))
        assert found.scan_to_level.rms / size == pytest.approx(abs(scale - 1), rel=WITHIN)


@pytest.mark.parametrize("scale", [1.01, 0.99])
def test_a_scale_comes_back_from_the_dimensions(scale: float) -> None:
    _, surface = crate()
    sides = np.ptp(surface.vertices * scale, axis=0)
    stated = Dimension(kind="height", value="6", unit="cm")
    found = DimensionRecord.of(stated, sides.tolist(), upright=True)
    assert found.measured_mm / found.stated_mm - 1 == pytest.approx(scale - 1, rel=WITHIN)


# Holes and what fills them


@pytest.mark.parametrize("share", [0.002, 0.01, 0.018])
def test_a_hole_in_a_ball_comes_back_as_what_was_not_seen(share: float) -> None:
    _, surface = ball()
    middle = surface.vertices[surface.faces].mean(axis=1)[:, 2] / RADIUS
    open_ball = surface.take_faces(middle < 1 - 2 * share)
    area = face_areas(surface)
    true = area[middle >= 1 - 2 * share].sum() / area.sum()
    found = coverage(open_ball)
    assert 1 - found.share == pytest.approx(true, rel=WITHIN)
    assert (found.openings, found.watertight) == (1, False)


def test_holes_in_a_box_come_back_each_for_itself() -> None:
    surface = cube_mesh(HALF, steps=30)
    middle = surface.vertices[surface.faces].mean(axis=1)
    hole = (middle[:, 2] == HALF) & (np.abs(middle[:, :2]) < 10).all(axis=1)
    hole |= (middle[:, 0] == -HALF) & (np.abs(middle[:, 1:]) < 4).all(axis=1)
    found = coverage(surface.take_faces(~hole))
    assert (found.openings, found.boundary_edges) == (2, 4 * 10 + 4 * 4)
    assert found.open_area == pytest.approx(20**2 + 8**2, rel=WITHIN)
    assert 1 - found.share == pytest.approx((20**2 + 8**2) / (6 * 60**2), rel=WITHIN)


def test_a_closed_surface_was_seen_all_over_and_a_sheet_by_half() -> None:
    closed = coverage(cube_mesh(HALF, steps=6))
    assert (closed.share, closed.open_area, closed.boundary_edges) == (1, 0, 0)
    assert closed.watertight
    assert closed.seen_area == pytest.approx(6 * 60**2)
    _, sheet = relief()
    assert coverage(sheet).share == pytest.approx(0.5, abs=0.01)
    away = moved(sheet, sheet.vertices + np.array([512_345.0, 5_412_345.0, 123.0]))
    assert coverage(away).share == pytest.approx(coverage(sheet).share, rel=1e-6)
    with pytest.raises(StageError, match="no triangles"):
        coverage(Mesh(np.eye(3), np.zeros((0, 3))))


def test_what_was_filled_comes_back_as_filled_and_as_not_seen() -> None:
    _, surface = ball()
    cap = surface.vertices[:, 2] > 0.96 * RADIUS
    made_up = replace(surface, filled=cap)
    area = face_areas(surface)
    true = area[cap[surface.faces].any(axis=1)].sum() / area.sum()
    assert 0.015 < true < 0.03
    cloud, _ = ball()
    seen = cloud.take(cloud.points[:, 2] < 0.96 * RADIUS)
    assert off(seen, made_up).filled_area_share == pytest.approx(true, rel=WITHIN)
    assert 1 - coverage(made_up).share == pytest.approx(true, rel=WITHIN)
    assert coverage(made_up).watertight


def test_a_hole_that_is_closed_comes_back_as_what_was_filled() -> None:
    _, surface = ball()
    middle = surface.vertices[surface.faces].mean(axis=1)[:, 2] / RADIUS
    share = 0.004
    open_ball = surface.take_faces(middle < 1 - 2 * share)
    area = face_areas(surface)
    true = area[middle >= 1 - 2 * share].sum() / area.sum()
    filling = get_stage("fill_holes")
    planned = PlannedStage(filling, filling.effective({"fill_holes_up_to_mm": 20}))
    closed = run_stage(mesh_relic(open_ball), planned)
    holes = HolesRecord.of(closed.history)
    assert holes.filled_area_share == pytest.approx(true, rel=WITHIN)
    assert holes.filled_area == pytest.approx(true * area.sum(), rel=WITHIN)
    found = coverage(closed.the_mesh(), holes.filled_area)
    assert 1 - found.share == pytest.approx(true, rel=WITHIN)
    assert found.watertight


@pytest.mark.parametrize("wide", [8, 20, 40])
def test_a_hole_that_is_left_open_comes_back_as_wide_as_it_is(wide: int) -> None:
    """The widest ball that goes through: of a square hole its side, of a round one its diameter."""
    box = cube_mesh(HALF, steps=60)
    middle = box.vertices[box.faces].mean(axis=1)
    square = (middle[:, 2] == HALF) & (np.abs(middle[:, :2]) < wide / 2).all(axis=1)
    _, whole = ball()
    height = np.sqrt(RADIUS**2 - (wide / 2) ** 2)
    ring = whole.vertices[whole.faces].max(axis=1)[:, 2] > height
    round_hole = whole.take_faces(~ring)
    rim = whole.vertices[np.unique(whole.faces[~ring])][:, 2].max()
    diameter = 2 * np.sqrt(RADIUS**2 - rim**2)
    for surface, true in ((box.take_faces(~square), wide), (round_hole, diameter)):
        _, found = fill_holes(surface, 0.5)
        assert (found.count, found.left_open) == (0, 1)
        assert found.widest == pytest.approx(true, rel=WITHIN)


def test_what_the_model_has_not_comes_back_as_left_out() -> None:
    """A crumb of the scan that became no surface: its share, and no deviation."""
    cloud, surface = ball()
    lost = along_normals(cloud, 0.1).take(slice(0, len(cloud.points), 20))
    crumb = replace(lost, points=lost.points / 10 + np.array([90.0, 0, 0]))
    points = np.concatenate([cloud.points, crumb.points])
    both = PointCloud(points, np.concatenate([cloud.normals, crumb.normals]))
    found = off(both, moved(surface, surface.vertices * 1.01))
    assert found.left_out_share == pytest.approx(1 / 21, rel=WITHIN)
    assert found.scan_to_level.rms == pytest.approx(0.5, rel=WITHIN)


def test_what_was_filled_is_no_deviation() -> None:
    """A cap that bulges by 5 mm, on a ball that is 0.2 mm too large everywhere."""
    cloud, surface = ball()
    cap = surface.vertices[:, 2] > 0.9 * RADIUS
    grown = surface.vertices * (1 + 0.2 / RADIUS)
    grown[cap] *= 1.1
    seen = cloud.take(cloud.points[:, 2] < 0.89 * RADIUS)
    told = off(seen, replace(surface, vertices=grown, filled=cap))
    assert told.level_to_scan.rms == pytest.approx(0.2, rel=WITHIN)
    assert told.scan_to_level.rms == pytest.approx(0.2, rel=WITHIN)
    hidden = off(seen, moved(surface, grown))
    assert hidden.level_to_scan.rms > 1, "the same, unless it is flagged"


def test_a_hole_in_a_level_is_as_deep_as_it_is_wide() -> None:
    """Of the points within 10 mm of its middle, one at r is 10 - r off: RMS over the square."""
    line = np.linspace(-HALF, HALF, 481)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    whole = Mesh(np.stack([x, y, 0 * x], 1), grid_faces(481, 481))
    middle = np.linalg.norm(whole.vertices[whole.faces].mean(axis=1), axis=1)
    side = (np.arange(240) + 0.5) / 4 - HALF
    px, py = (grid.ravel() for grid in np.meshgrid(side, side))
    points = np.stack([px, py, 0 * px], 1)
    cloud = PointCloud(points, np.tile([0.0, 0, 1], (len(points), 1)))
    found = off(cloud, whole.take_faces(middle > 10), whole)
    true = np.sqrt(np.pi * 10**4 / 6 / (2 * HALF) ** 2)
    assert found.scan_to_level.rms == pytest.approx(true, rel=WITHIN)


# Noise and density


@pytest.mark.parametrize("sigma", [0.02, 0.1])
def test_noise_comes_back_from_the_deviation(sigma: float) -> None:
    for cloud, surface in (ball(), crate(), relief()):
        found = off(along_normals(cloud, sigma), surface).scan_to_level
        assert found.rms == pytest.approx(sigma, rel=WITHIN)
        # Of a normal distribution 95 % lie within 1.96 sigma.
        assert found.p95 == pytest.approx(1.96 * sigma, rel=WITHIN)


@pytest.mark.parametrize("spacings", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("kind", [ball, crate, relief])
def test_noise_comes_back_from_the_points_alone(kind, spacings: float) -> None:
    cloud, _ = kind()
    sigma = spacings * scan_noise(cloud.points).spacing
    found = scan_noise(noisy(cloud.points, sigma, seed=3))
    assert found.sigma == pytest.approx(sigma, rel=WITHIN)


def test_density_comes_back_with_noise_and_without() -> None:
    area = {ball: 4 * np.pi * RADIUS**2, crate: 6 * (2 * HALF) ** 2}
    for kind, of in area.items():
        cloud, _ = kind()
        true = len(cloud.points) / of
        for sigma in (0.0, 0.1):
            found = scan_noise(noisy(cloud.points, sigma))
            assert found.density == pytest.approx(true, rel=WITHIN)
            assert found.spacing == pytest.approx(true**-0.5, rel=WITHIN)


def test_few_points_and_points_in_one_place_tell_nothing() -> None:
    cloud, _ = ball(20)
    assert scan_noise(cloud.points) is None
    assert scan_noise(np.zeros((100, 3))) is None
    with pytest.raises(StageError, match="0 points"):
        scan_noise(np.zeros((0, 3)))


# Repeats


def test_another_seed_gives_the_same_deviation() -> None:
    """With as many places as a pipeline takes; a lifted relief is off by another amount at each."""
    cloud, surface = relief()
    rough = along_normals(cloud, 0.1)
    lifted = moved(surface, surface.vertices + np.array([0, 0, 0.2]))
    found = [off(rough, lifted, samples=SAMPLES, seed=seed) for seed in range(3)]
    for way in ("scan_to_level", "level_to_scan"):
        for figure in ("rms", "p95", "max"):
            values = np.array([getattr(getattr(one, way), figure) for one in found])
            assert np.ptp(values) < WITHIN * values.mean(), (way, figure)


def test_other_places_give_the_same_noise_and_density() -> None:
    cloud, _ = ball(120_000)
    rough = noisy(cloud.points, 0.05)
    found = [scan_noise(rough, seed=seed) for seed in range(4)]
    assert len({one.sigma for one in found}) == 4, "other places were looked at"
    for figure in ("sigma", "density"):
        values = np.array([getattr(one, figure) for one in found])
        assert np.ptp(values) < WITHIN * values.mean(), figure
