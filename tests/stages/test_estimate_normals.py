"""estimate_normals: planes that fit, and an outside that is outside."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import (
    box_points,
    cloud_relic,
    cup,
    noisy,
    revolved,
    rotation,
    sphere_points,
    square_points,
    torus_points,
)

from relicscan.relic import PointCloud, Relic
from relicscan.stages.estimate_normals import estimate_normals


def right(after: Relic, outward: np.ndarray) -> float:
    """Share of normals on the right side."""
    return float((np.einsum("ij,ij->i", after.cloud.normals, outward) > 0).mean())


def run(points: np.ndarray, **parameters: object) -> Relic:
    return estimate_normals(cloud_relic(PointCloud(points)), **parameters)


def test_a_sphere_has_its_own_normals() -> None:
    points = sphere_points(8000)
    after = run(points)
    cosine = np.einsum("ij,ij->i", after.cloud.normals, points / 50)
    assert cosine.min() > np.cos(np.radians(1))
    np.testing.assert_allclose(np.linalg.norm(after.cloud.normals, axis=1), 1, atol=1e-6)
    assert after.figures["outside_sureness"] == 1
    assert not after.warnings


@pytest.mark.parametrize("sigma", [0.0, 0.05])
def test_both_sides_of_a_thin_wall_face_outwards(sigma: float) -> None:
    points, outward = cup(spacing=0.95)
    after = run(noisy(points, sigma))
    assert right(after, outward) >= 0.999


def test_the_walk_does_not_step_through_a_thin_wall() -> None:
    points, outward = cup(spacing=0.8)
    after = run(noisy(points, 0.05))
    assert right(after, outward) >= 0.999
    assert not after.warnings


def test_a_dense_outside_does_not_turn_the_planes_of_a_sparse_inside() -> None:
    dense = square_points(30, 0.5)
    sparse = square_points(30, 1.25) - [0, 0, 2.0]
    rng = np.random.default_rng(3)
    points = np.vstack([dense, sparse])
    points += rng.normal(0, [0.2, 0.2, 0.05], points.shape)
    after = run(points)
    flat = np.abs(after.cloud.normals[len(dense) :, 2]) > 0.9
    assert flat.mean() > 0.9


def test_strays_far_out_have_no_say_in_what_is_outside() -> None:
    ball = sphere_points(8000)
    rng = np.random.default_rng(4)
    away = rng.normal(size=(400, 3))
    stray = away / np.linalg.norm(away, axis=1, keepdims=True) * rng.uniform(52, 58, (400, 1))
    after = run(np.vstack([ball, stray]))
    assert after.figures["outside_sureness"] > 0.9
    assert np.einsum("ij,ij->i", after.cloud.normals[:8000], ball).min() > 0


def test_walls_thinner_than_the_scan_can_tell_are_warned_about() -> None:
    points, _ = cup(spacing=1.5)
    assert any("walls are thinner than two point spacings" in w for w in run(points).warnings)


def test_noise_as_large_as_the_spacing_is_warned_about() -> None:
    points = sphere_points(5000)
    spacing = (4 * np.pi * 50**2 / 5000) ** 0.5
    assert any("the scan is noisy" in w for w in run(noisy(points, 0.8 * spacing)).warnings)
    assert not run(noisy(points, 0.3 * spacing)).warnings


@pytest.mark.parametrize("sigma", [0.0, 0.2])
def test_a_torus(sigma: float) -> None:
    points, outward = torus_points(10_000)
    assert right(run(noisy(points, sigma)), outward) == 1


def test_the_edges_of_a_box() -> None:
    points, outward = box_points(20, 0.8)
    assert right(run(noisy(points, 0.03)), outward) >= 0.999


def test_a_vase_with_a_neck_and_a_foot_turned_over() -> None:
    points, outward = revolved([(0, 0), (20, 0), (12, 15), (40, 60), (10, 90), (16, 100)], 1.2)
    R = rotation([1, 0, 0], 180)
    assert right(run(points @ R.T), outward @ R.T) >= 0.999


def test_two_spheres_that_do_not_touch() -> None:
    ball = sphere_points(5000, 30)
    small = sphere_points(1000, 10) + np.array([48, 0, 0])
    after = run(np.vstack([ball, small]))
    assert right(after, np.vstack([ball, small - [48, 0, 0]])) == 1


def test_a_stray_point_far_off_does_not_disturb_the_walk() -> None:
    points, outward = torus_points(20_000)
    far = np.vstack([points, [[1e6, 0, 0]]])
    after = run(far)
    assert right(after, np.vstack([outward, after.cloud.normals[-1:]])) == 1


class TestAnOpenSheet:
    relief = square_points(50, 1.0)
    relief[:, 2] = 3 * np.sin(relief[:, 0] / 9) * np.cos(relief[:, 1] / 11)

    @pytest.mark.parametrize("front", ["+Z", "-Z"])
    def test_faces_the_declared_front(self, front: str) -> None:
        relic = cloud_relic(PointCloud(self.relief), metadata={"scan": {"front": front}})
        after = estimate_normals(relic)
        assert right(after, np.tile([0, 0, 1 if front == "+Z" else -1], (len(self.relief), 1))) == 1
        assert not after.warnings

    def test_is_warned_about_without_one(self) -> None:
        after = run(self.relief)
        assert after.figures["outside_sureness"] < 0.75
        assert "open sheet" in after.warnings[0]
        upwards = right(after, np.tile([0, 0, 1], (len(self.relief), 1)))
        assert upwards in (0, 1), "consistent, whichever side it is"

    def test_a_front_does_not_turn_what_is_closed(self) -> None:
        points = sphere_points(3000)
        relic = cloud_relic(PointCloud(points), metadata={"scan": {"front": "-X"}})
        assert right(estimate_normals(relic), points) == 1


def test_with_the_scanners_positions_every_sign_is_exact() -> None:
    points, outward = cup(wall=0.2, spacing=1.0)  # far too thin to be told from its shape
    seen_from = points + 300 * outward
    after = estimate_normals(cloud_relic(PointCloud(points, viewpoints=seen_from)), neighbours=8)
    sight = np.einsum("ij,ij->i", after.cloud.normals, seen_from - points)
    assert (sight >= 0).all()
    assert after.figures == {"oriented_by": "the scanner's positions"}


class TestPositionsThatArePartlyUnknown:
    def seen(self, points: np.ndarray, outward: np.ndarray, unknown: object) -> Relic:
        seen_from = points + 300 * outward
        seen_from[unknown] = np.nan
        return estimate_normals(cloud_relic(PointCloud(points, viewpoints=seen_from)))

    def test_still_tell_the_sides_of_a_wall_too_thin_to_walk(self) -> None:
        points, outward = cup(spacing=1.5)
        after = self.seen(points, outward, slice(None, None, 5))
        exact = np.ones(len(points), dtype=bool)
        exact[::5] = False
        sight = np.einsum("ij,ij->i", after.cloud.normals, 300 * outward)
        assert (sight[exact] >= -1e-3).all()
        assert right(after, outward) > 0.97

    def test_say_which_side_of_a_sheet_was_seen(self) -> None:
        relief = TestAnOpenSheet.relief
        down = np.tile([0.0, 0, -1], (len(relief), 1))
        after = self.seen(relief, down, np.arange(len(relief)) > len(relief) // 3)
        assert right(after, down) == 1
        assert after.figures["outside_sureness"] > 0.95
        assert not after.warnings

    def test_turn_an_interior_inwards(self) -> None:
        points = sphere_points(3000)
        after = self.seen(points, -points / 50 * 0.1, np.arange(3000) % 3 > 0)
        assert right(after, -points) == 1
