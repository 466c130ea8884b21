"""remove_invalid_points: what is no number goes, what was written twice goes once."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import cloud_relic, sphere_points

from relicscan.errors import ScanError
from relicscan.relic import PointCloud
from relicscan.stages.remove_invalid_points import remove_invalid_points


def test_only_usable_points_stay_in_their_order() -> None:
    good = sphere_points(500)
    points = np.insert(good, [3, 200, 499], [[np.nan, 0, 0], [0, np.inf, 0], [0, 0, 1e30]], axis=0)
    colors = np.arange(len(points) * 3).reshape(-1, 3) % 256
    after = remove_invalid_points(cloud_relic(PointCloud(points, colors=colors)))
    np.testing.assert_array_equal(after.cloud.points, good)
    np.testing.assert_array_equal(after.cloud.colors, np.delete(colors, [3, 201, 501], axis=0))
    assert after.figures == {"invalid_points": 3, "duplicate_points": 0}
    assert not after.warnings


def test_duplicates_keep_the_first_and_are_told_when_many() -> None:
    good = sphere_points(500)
    cloud = PointCloud(np.vstack([good, good[::-1]]), intensity=np.repeat([0.25, 0.75], 500))
    after = remove_invalid_points(cloud_relic(cloud))
    np.testing.assert_array_equal(after.cloud.points, good)
    assert (after.cloud.intensity == 0.25).all()
    assert after.figures["duplicate_points"] == 500
    assert "exported twice" in after.warnings[0]


def test_what_a_scanner_writes_where_it_saw_nothing_collapses_to_one_point() -> None:
    points = np.vstack([sphere_points(500) + 100, np.zeros((50, 3))])
    after = remove_invalid_points(cloud_relic(PointCloud(points)))
    assert len(after.cloud) == 501
    assert not after.warnings


def test_normals_that_are_no_numbers_become_unknown() -> None:
    normals = np.tile([0.0, 0, 1], (500, 1))
    normals[7] = [np.nan, 0, np.inf]
    after = remove_invalid_points(cloud_relic(PointCloud(sphere_points(500), normals)))
    np.testing.assert_array_equal(after.cloud.normals[7], [0, 0, 0])
    assert (after.cloud.normals[8:, 2] == 1).all()


def test_too_few_are_refused_with_both_counts() -> None:
    points = np.vstack([sphere_points(99), np.full((901, 3), np.nan)])
    with pytest.raises(ScanError, match="only 99 of 1,000 points are usable, 100 are needed"):
        remove_invalid_points(cloud_relic(PointCloud(points)))
    assert len(remove_invalid_points(cloud_relic(PointCloud(points)), min_points=99).cloud) == 99
