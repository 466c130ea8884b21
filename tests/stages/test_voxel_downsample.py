"""voxel_downsample: one even layer of points, attributes averaged with them."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import cloud_relic, noisy, spacing_of, sphere_points, square_points

from relicscan.errors import StageError
from relicscan.geometry.neighbours import point_spacing
from relicscan.relic import PointCloud
from relicscan.stages.voxel_downsample import voxel_downsample


def test_a_scan_that_is_there_twice_is_halved() -> None:
    once = sphere_points(8000)
    spacing = spacing_of(len(once), 4 * np.pi * 50**2)
    twice = np.vstack([once, noisy(once, 0.02 * spacing)])
    after = voxel_downsample(cloud_relic(PointCloud(twice)))
    assert len(after.cloud) == pytest.approx(len(once), rel=0.12)
    # The layers are averaged, so no two points stand close to each other any more.
    alone = voxel_downsample(cloud_relic(PointCloud(once)))
    assert point_spacing(after.cloud.points) == pytest.approx(
        point_spacing(alone.cloud.points), rel=0.1
    )


def test_a_single_even_scan_loses_little() -> None:
    once = sphere_points(8000)
    assert len(voxel_downsample(cloud_relic(PointCloud(once))).cloud) > 0.95 * len(once)


def test_cells_hold_the_mean_of_their_points_and_attributes() -> None:
    cell = np.array([[0.1, 0.1, 0.1], [0.3, 0.5, 0.7], [5.2, 0.2, 0.2]])
    cloud = PointCloud(
        cell,
        normals=[[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        colors=[[10, 20, 30], [20, 40, 61], [1, 2, 3]],
        intensity=[0.2, 0.4, 0.9],
        viewpoints=[[0, 0, 100], [0, 10, 100], [7, 7, 7]],
    )
    after = voxel_downsample(cloud_relic(cloud), voxel_size_mm=1.0).cloud
    np.testing.assert_allclose(after.points, [[0.2, 0.3, 0.4], [5.2, 0.2, 0.2]])
    np.testing.assert_allclose(after.normals, [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]], atol=1e-6)
    np.testing.assert_array_equal(after.colors, [[15, 30, 46], [1, 2, 3]])
    np.testing.assert_allclose(after.intensity, [0.3, 0.9], atol=1e-6)
    np.testing.assert_allclose(after.viewpoints, [[0, 5, 100], [7, 7, 7]])


def test_opposite_normals_of_a_thin_wall_do_not_vanish() -> None:
    cloud = PointCloud([[0, 0, 0], [0, 0, 0.1]], normals=[[0, 0, -1], [0, 0, 1]])
    after = voxel_downsample(cloud_relic(cloud), voxel_size_mm=1.0).cloud
    np.testing.assert_array_equal(after.normals, [[0, 0, -1]])


def test_the_voxel_follows_the_spacing_of_the_points() -> None:
    after = voxel_downsample(cloud_relic(PointCloud(square_points(50, 2.0))))
    assert after.figures["voxel_size_mm"] == pytest.approx(0.6 * 2.0, rel=0.05)


@pytest.mark.parametrize("most", [1000, 3000])
def test_max_points_is_a_ceiling_and_is_not_undercut_by_much(most: int) -> None:
    after = voxel_downsample(cloud_relic(PointCloud(sphere_points(12_000))), max_points=most)
    assert 0.6 * most < len(after.cloud) <= most


def test_order_of_the_input_does_not_matter() -> None:
    points = noisy(sphere_points(3000), 0.3)
    shuffled = points[np.random.default_rng(0).permutation(len(points))]
    one = voxel_downsample(cloud_relic(PointCloud(points)), voxel_size_mm=3.0).cloud
    other = voxel_downsample(cloud_relic(PointCloud(shuffled)), voxel_size_mm=3.0).cloud
    np.testing.assert_allclose(one.points, other.points, atol=1e-12)


def test_one_point_far_off_costs_nothing_else() -> None:
    points = noisy(sphere_points(3000), 0.3)
    far = np.vstack([points, [[1e9, 0, 0]]])
    alone = voxel_downsample(cloud_relic(PointCloud(points)), voxel_size_mm=3.0).cloud
    after = voxel_downsample(cloud_relic(PointCloud(far)), voxel_size_mm=3.0).cloud
    np.testing.assert_allclose(after.points[:-1], alone.points)
    np.testing.assert_array_equal(after.points[-1], [1e9, 0, 0])


def test_points_in_one_place_are_refused() -> None:
    with pytest.raises(StageError, match="no extent"):
        voxel_downsample(cloud_relic(PointCloud(np.ones((100, 3)))))
