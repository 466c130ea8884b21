"""merge_scans: posed scans become one cloud in millimetres; nothing is put together by guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import MM, box_points, noisy, rotation, scan_relic, sphere_points

from relicscan.errors import Undecided
from relicscan.geometry.frames import transformed
from relicscan.geometry.normals import fit_planes
from relicscan.relic import Frame, PointCloud, Relic, Scan
from relicscan.stages.merge_scans import merge_scans

COMMON = {"scan": {"frame": "common"}}


def pose(R: np.ndarray, t: list[float]) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, t
    return T


def source(relic: Relic) -> np.ndarray:
    """The merged points, taken back to source coordinates."""
    return transformed(np.linalg.inv(relic.frame.T_work_source), relic.cloud.points)


def test_posed_scans_in_different_units_meet_to_a_nanometre() -> None:
    whole = noisy(sphere_points(3000), 1.0) + np.array([300, 200, -100])
    in_mm, in_m = whole[::2], whole[1::2]
    T_a = pose(rotation([1, 2, 3], 70), [10, 20, 30])
    T_b = pose(rotation([3, -1, 2], -130), [0.5, -0.25, 0.125])
    scans = (
        Scan("a", PointCloud(transformed(np.linalg.inv(T_a), in_mm)), pose=T_a, unit="mm"),
        Scan("b", PointCloud(transformed(np.linalg.inv(T_b), in_m / 1000)), pose=T_b, unit="m"),
    )
    after = merge_scans(Relic("r", scans=scans, frame=MM))
    np.testing.assert_allclose(source(after), np.vstack([in_mm, in_m]), atol=1e-6)
    assert not after.scans
    assert after.figures == {"scans_merged": 2, "mm_per_source_unit": 1.0}


@pytest.mark.parametrize(("unit", "mm"), [("mm", 1.0), ("cm", 10.0), ("m", 1000.0)])
def test_the_result_is_in_millimetres_around_the_middle(unit: str, mm: float) -> None:
    points = sphere_points(3000) + np.array([500, 0, 0])
    cloud = merge_scans(scan_relic(PointCloud(points / mm), unit=unit)).cloud
    assert np.ptp(cloud.points, axis=0) == pytest.approx(np.full(3, 100), rel=0.002)
    assert np.abs(cloud.points.mean(axis=0)).max() < 0.5


def test_unknown_scale_makes_the_longest_side_1000() -> None:
    points = sphere_points(5000) * [3.0, 1, 2]
    after = merge_scans(scan_relic(PointCloud(points), unit=None))
    sides = np.ptp(after.cloud.points, axis=0)
    assert sides == pytest.approx([1000, 1000 / 3, 2000 / 3], rel=0.01)
    assert after.figures["mm_per_source_unit"] is None
    assert not after.frame.scale_known


def test_a_stray_point_does_not_set_the_scale() -> None:
    points = np.vstack([sphere_points(5000), [[1e6, 0, 0], [np.nan, 0, 0], [0, np.inf, 0]]])
    after = merge_scans(scan_relic(PointCloud(points), unit=None))
    sides = np.ptp(after.cloud.points[:5000], axis=0)
    assert sides == pytest.approx(np.full(3, 1000), rel=0.01)


def test_survey_coordinates_keep_their_precision() -> None:
    shape = noisy(sphere_points(3000), 0.01) / 1000  # metres
    offset = np.array([512_345.678, 5_412_345.678, 123.456])
    station = np.array([0.9, -0.4, 1.7])
    T = pose(np.eye(3), list(offset))
    scan = Scan("a", PointCloud(shape, viewpoints=np.tile(station, (3000, 1))), pose=T, unit="m")
    after = merge_scans(Relic("r", scans=(scan,), frame=Frame(unit="m")))
    moved = after.cloud.points - after.cloud.points[0]
    np.testing.assert_allclose(moved, 1000 * (shape - shape[0]), atol=1e-5)
    sight = after.cloud.viewpoints - after.cloud.points
    np.testing.assert_allclose(sight, 1000 * (station - shape), atol=1e-3)
    np.testing.assert_allclose(source(after), shape + offset, atol=1e-8)


def test_poses_turn_normals_and_viewpoints_along() -> None:
    points, normals = box_points(20, 1.0)
    R = rotation([1, 1, 0], 33)
    T = pose(R, [5, 6, 7])
    seen_from = points + 80 * normals
    cloud = PointCloud(points, normals, viewpoints=seen_from)
    after = merge_scans(Relic("r", scans=(Scan("a", cloud, pose=T, unit="m"),), frame=MM))
    np.testing.assert_allclose(after.cloud.normals, normals @ R.T, atol=1e-6)
    sight = after.cloud.viewpoints - after.cloud.points
    np.testing.assert_allclose(sight, 80_000 * normals @ R.T, rtol=1e-5, atol=0.1)


def test_scans_without_poses_are_never_put_together() -> None:
    half = PointCloud(sphere_points(200))
    with pytest.raises(Undecided, match=r"2 of 2 scans have no pose \(scan 0, scan 1\)"):
        merge_scans(scan_relic(half, half))
    posed = scan_relic(half, half, half)
    scans = (replace(posed.scans[0], pose=np.eye(4)), *posed.scans[1:])
    with pytest.raises(Undecided, match="2 of 3") as caught:
        merge_scans(replace(posed, scans=scans))
    assert 'frame = "common"' in caught.value.remedy


def test_one_scan_needs_no_pose_and_a_declared_frame_stands_for_them() -> None:
    half = PointCloud(sphere_points(200))
    assert len(merge_scans(scan_relic(half)).cloud) == 200
    assert len(merge_scans(scan_relic(half, half, metadata=COMMON)).cloud) == 400


def test_a_scan_without_a_unit_among_others_is_undecided() -> None:
    cloud = PointCloud(sphere_points(200))
    scans = (
        Scan("a", cloud, pose=np.eye(4), unit="m"),
        Scan("b", cloud, pose=np.eye(4)),
    )
    with pytest.raises(Undecided, match=r"1 of 2 scans have no unit .*\(b\)"):
        merge_scans(Relic("r", scans=scans))


def test_uncoloured_scans_take_the_nearest_colour_and_say_so() -> None:
    points = sphere_points(1000)
    colors = np.where(points[:, 2:] > 0, [250, 10, 10], [10, 10, 250])
    coloured, bare = PointCloud(points, colors=colors), PointCloud(points * 1.001)
    after = merge_scans(scan_relic(coloured, bare, metadata=COMMON))
    np.testing.assert_array_equal(after.cloud.colors[:1000], colors)
    np.testing.assert_array_equal(after.cloud.colors[1000:], colors)
    assert "1,000 points come from scans without colour" in after.warnings[0]


def test_what_not_all_scans_have_is_left_out_or_unknown() -> None:
    points, normals = box_points(20, 2.0)
    rich = PointCloud(points, normals, None, np.ones(len(points)), points + normals)
    after = merge_scans(scan_relic(rich, PointCloud(points), metadata=COMMON)).cloud
    assert after.normals is None
    assert after.intensity is None
    known = np.isfinite(after.viewpoints).all(axis=1)
    assert known[: len(points)].all()
    assert not known[len(points) :].any()


class TestNormalsOfTheFile:
    points, normals = box_points(20, 0.8)

    def merged(self, normals: np.ndarray, viewpoints: np.ndarray | None = None) -> Relic:
        return merge_scans(scan_relic(PointCloud(self.points, normals, viewpoints=viewpoints)))

    def test_are_kept_when_they_are_right(self) -> None:
        after = self.merged(self.normals, self.points + 100 * self.normals)
        np.testing.assert_allclose(after.cloud.normals, self.normals, atol=1e-6)
        assert not after.warnings

    def test_of_another_frame_go(self) -> None:
        after = self.merged(self.normals @ rotation([1, 1, 1], 120).T)
        assert after.cloud.normals is None
        assert "do not fit its points" in after.warnings[0]

    def test_with_signs_as_they_fell_go(self) -> None:
        signs = np.random.default_rng(0).choice([-1, 1], (len(self.points), 1))
        after = self.merged(self.normals * signs)
        assert after.cloud.normals is None
        assert "face opposite ways" in after.warnings[0]

    def test_fitted_but_never_made_consistent_go(self) -> None:
        ball = sphere_points(4000)
        after = merge_scans(scan_relic(PointCloud(ball, fit_planes(ball).normals)))
        assert after.cloud.normals is None

    def test_that_face_away_from_the_scanner_go(self) -> None:
        after = self.merged(-self.normals, self.points + 100 * self.normals)
        assert after.cloud.normals is None
        assert "face away from the scanner on 100%" in after.warnings[0]

    def test_that_all_face_inwards_stay_with_a_warning(self) -> None:
        after = self.merged(-self.normals)
        assert after.cloud.normals is not None
        assert "face inwards" in after.warnings[0]

    def test_that_are_mostly_unknown_go(self) -> None:
        normals = self.normals.copy()
        normals[: len(normals) // 10] = 0
        assert self.merged(normals).cloud.normals is None
