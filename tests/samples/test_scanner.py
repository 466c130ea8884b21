"""The virtual scanner tells the truth, plus exactly the errors it was asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from samples.procedural import ProceduralRelic, evaluate
from samples.relics import figurine
from samples.scanner import (
    OUTLIER,
    PERFECT,
    PLATE,
    RELIC,
    Instrument,
    Plate,
    Scene,
    View,
    merged,
    scan,
    scan_around,
    station,
    stations_around,
)

RADIUS = 50.0
CENTRE = np.array([0.0, 0.0, RADIUS])


def ball() -> ProceduralRelic:
    """Standing on z = 0, red above and blue below."""

    def distance(points):
        return np.linalg.norm(points - CENTRE, axis=1) - RADIUS

    def color(points):
        return np.where(points[:, 2:] > RADIUS, [200, 40, 40], [40, 40, 200]).astype(np.uint8)

    bounds = np.array([CENTRE - RADIUS - 1, CENTRE + RADIUS + 1])
    return ProceduralRelic("ball", distance, color, bounds, steepness=1.0)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(ball(), edge_mm=2.0)


@pytest.fixture(scope="module")
def on_plate() -> Scene:
    return Scene(ball(), edge_mm=2.0, plate=Plate(90.0))


POSE = station(CENTRE, 30.0, 25.0, 400.0)


def range_errors(view: View) -> np.ndarray:
    """Measured minus true range, (n,) mm."""
    origin = view.T_common_scan[:3, 3]
    return np.linalg.norm(view.cloud.points, axis=1) - np.linalg.norm(view.truth - origin, axis=1)


def test_a_perfect_scan_lies_on_the_surface(scene: Scene) -> None:
    view = scan(scene, POSE, 0.15, PERFECT, seed=1)
    points = view.in_common_frame().points
    assert len(points) > 5_000
    assert np.abs(np.linalg.norm(points - CENTRE, axis=1) - RADIUS).max() < 1e-6
    assert (view.kind == RELIC).all()
    assert (view.cloud.colors == ball().color(view.truth)).all()


def test_a_perfect_scan_of_a_carved_relic_lies_on_it_too() -> None:
    """The head of the figurine: creases, curls and an open mouth, from triangles of 1.5 mm."""
    head = dataclasses.replace(figurine(), bounds=np.array([[-24, -36, 124], [30, 24, 176.0]]))
    view = scan(Scene(head, 1.5), station((3, -6, 147), 15, 5, 300), 0.15, PERFECT, seed=1)
    assert len(view.cloud) > 3_000
    assert np.abs(evaluate(head, view.in_common_frame().points)).max() < 1e-6


def test_the_station_sees_what_faces_it_and_nothing_else(scene: Scene) -> None:
    view = scan(scene, POSE, 0.3, PERFECT, seed=1)
    origin = POSE[:3, 3]
    outward = (view.truth - CENTRE) / RADIUS
    assert ((origin - view.truth) * outward).sum(axis=1).min() > 0
    # A ball of radius r at distance D shows a cap of half angle acos(r / D).
    half_angle = np.arccos(np.clip(outward @ (origin - CENTRE) / 400.0, -1, 1)).max()
    assert half_angle == pytest.approx(np.arccos(RADIUS / 400.0), abs=0.08)


def test_a_station_looks_at_its_target() -> None:
    for azimuth, elevation in ((0, 0), (90, 30), (200, -40)):
        pose = station((1.0, 2.0, 3.0), azimuth, elevation, 500.0)
        R = pose[:3, :3]
        assert pytest.approx(np.eye(3), abs=1e-12) == R @ R.T
        assert np.linalg.det(R) == pytest.approx(1.0)
        assert np.linalg.inv(pose) @ [1, 2, 3, 1] == pytest.approx([0, 0, 500, 1])
        assert R[2, 1] < 0  # the camera's y is down
    assert station((0, 0, 0), 0, 0, 500.0)[:3, 3] == pytest.approx([0, -500, 0])  # in front


def test_noise_is_along_the_ray_and_of_the_size_asked_for(scene: Scene) -> None:
    noisy = dataclasses.replace(PERFECT, range_noise_mm=0.2)
    view = scan(scene, POSE, 0.1, noisy, seed=3)
    errors = range_errors(view)
    assert len(errors) > 10_000
    assert errors.std() == pytest.approx(0.2, rel=0.03)
    assert abs(errors.mean()) < 0.01
    off = view.in_common_frame().points - view.truth
    assert np.linalg.norm(off, axis=1) == pytest.approx(np.abs(errors), abs=1e-9)


def test_dropouts_by_chance_are_the_share_asked_for(scene: Scene) -> None:
    lossy = dataclasses.replace(PERFECT, dropout_share=0.2, grazing_deg=(90.0, 91.0))
    view = scan(scene, POSE, 0.1, lossy, seed=4)
    assert len(view.cloud) / view.ray_count == pytest.approx(0.8, abs=0.015)


def test_grazing_rays_are_lost(scene: Scene) -> None:
    view = scan(scene, POSE, 0.1, dataclasses.replace(PERFECT, grazing_deg=(60.0, 75.0)), seed=5)
    whole = scan(scene, POSE, 0.1, dataclasses.replace(PERFECT, grazing_deg=(90.0, 91.0)), seed=5)

    def angles(v: View) -> np.ndarray:
        return np.degrees(np.arccos(np.clip(v.cloud.intensity, 0, 1)))

    assert angles(view).max() < 75.01
    assert angles(whole).max() > 85
    assert (angles(view) < 59.9).sum() == (angles(whole) < 59.9).sum()


def test_outliers_are_the_share_asked_for_and_fly(scene: Scene) -> None:
    wild = dataclasses.replace(PERFECT, outlier_share=0.05, outlier_reach_mm=20.0)
    view = scan(scene, POSE, 0.1, wild, seed=6)
    errors = np.abs(range_errors(view))
    flying = view.kind == OUTLIER
    assert flying.sum() == round(0.05 * len(view.cloud))
    assert errors[~flying].max() < 1e-6
    assert errors[flying].min() > 0.4
    assert errors[flying].max() <= 40.0
    # Half of them fly off the silhouette as far as it has rays: it is a small part of the ball.
    rim = np.asarray(view.cloud.intensity) < 0.3
    assert rim[flying].mean() > 3 * rim[~flying].mean()


def test_the_plate_is_seen_round_the_relic(on_plate: Scene) -> None:
    view = scan(on_plate, POSE, 0.2, PERFECT, seed=7)
    points = view.in_common_frame().points[view.kind == PLATE]
    top = np.abs(points[:, 2]) < 1e-6
    assert top.sum() > 1_000
    assert np.hypot(*points[:, :2].T).max() < 90.0 + 1e-6
    assert np.hypot(*points[~top, :2].T) == pytest.approx(90.0)
    assert points[~top, 2].min() > -12.0 - 1e-6
    # The ball hides what is behind it.
    hidden = np.hypot(points[:, 0] + 20 * np.sin(np.radians(30)), points[:, 1] - 20) < 5
    assert not hidden.any()


def test_same_seed_same_scan(on_plate: Scene) -> None:
    instrument = Instrument(outlier_share=0.02)
    first, again = (scan(on_plate, POSE, 0.3, instrument, seed=8) for _ in range(2))
    assert first.cloud.points.tobytes() == again.cloud.points.tobytes()
    assert first.cloud.colors.tobytes() == again.cloud.colors.tobytes()
    other = scan(on_plate, POSE, 0.3, instrument, seed=9)
    assert first.cloud.points.tobytes() != other.cloud.points.tobytes()


def test_views_from_all_round_join_into_one_cloud(scene: Scene) -> None:
    poses = stations_around(scene.relic, 5, 400.0, (0.0, 40.0))
    views = scan_around(scene, poses, 9_000, Instrument(range_noise_mm=0.01), seed=10)
    assert sum(len(view.cloud) for view in views) == 9_000
    cloud = merged(views)
    assert len(cloud) == 9_000
    assert cloud.viewpoints is not None
    stood = {tuple(v) for v in cloud.viewpoints.round(2).tolist()}
    assert stood == {tuple(np.float32(p[:3, 3]).round(2).tolist()) for p in poses}
    true = np.concatenate([view.kind for view in views]) != OUTLIER
    off = np.linalg.norm(cloud.points[true] - CENTRE, axis=1) - RADIUS
    assert np.abs(off).max() < 0.06


def test_a_window_makes_a_close_up(scene: Scene) -> None:
    window = np.array([[-12.0, -52.0, 40.0], [12.0, -40.0, 60.0]])
    view = scan(scene, station(CENTRE, 0, 0, 200), 0.2, PERFECT, seed=11, window=window)
    low, high = view.truth.min(axis=0), view.truth.max(axis=0)
    assert np.abs(low[[0, 2]] - [-12, 40]).max() < 3
    assert np.abs(high[[0, 2]] - [12, 60]).max() < 3
