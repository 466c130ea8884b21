"""Points as scanned are followed through the stages, and each knows what took it away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import cloud_relic, noisy, sphere_points

from relicscan.quality import as_scanned
from relicscan.quality.as_scanned import followed
from relicscan.relic import PointCloud, Relic, Step

CLOUD = PointCloud(noisy(sphere_points(4000), 0.1))
START = Relic("test")


def after(before: Relic, cloud: PointCloud) -> Relic:
    """The relic once a stage has made `cloud`, as the batch keeps it."""
    stepped = replace(before, cloud=cloud, history=(*before.history, Step("some_stage", {})))
    return replace(stepped, as_scanned=followed(before, stepped))


def test_every_removed_point_knows_its_step() -> None:
    high, low = CLOUD.points[:, 2] > 30, CLOUD.points[:, 2] < -30
    merged = after(START, CLOUD)
    first = after(merged, CLOUD.take(~high))
    second = after(first, CLOUD.take(~high & ~low))
    known = second.as_scanned
    assert known is not None
    assert known.total == 4000
    expected = np.where(high, 1, np.where(low, 2, -1))
    assert (known.removed_by == expected).all()


def test_points_that_only_move_are_not_removed() -> None:
    merged = after(START, CLOUD)
    averaged = (CLOUD.points[0::2] + CLOUD.points[1::2]) / 2
    known = after(merged, PointCloud(averaged)).as_scanned
    assert known is not None
    assert (known.removed_by == -1).all()


def test_a_point_goes_with_the_one_that_it_was_averaged_into() -> None:
    twins = PointCloud(np.repeat(CLOUD.points, 2, axis=0) + [[0, 0, 0.01], [0, 0, -0.01]] * 4000)
    thinned = after(after(START, twins), CLOUD)
    high = CLOUD.points[:, 2] > 30
    known = after(thinned, CLOUD.take(~high)).as_scanned
    assert known is not None
    assert ((known.removed_by == 2) == np.repeat(high, 2)).mean() > 0.999


def test_it_begins_once_all_coordinates_are_numbers() -> None:
    broken = CLOUD.points.copy()
    broken[7] = np.nan
    first = after(START, PointCloud(broken))
    assert first.as_scanned is None
    second = after(first, PointCloud(np.delete(broken, 7, axis=0)))
    assert second.as_scanned is not None
    assert second.as_scanned.total == 3999


def test_of_many_points_an_even_part_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_scanned, "FOLLOWED", 1000)
    known = after(START, CLOUD).as_scanned
    assert known is not None
    assert (len(known.cloud), known.total) == (1000, 4000)
    assert known.density == pytest.approx(4000 / (4 * np.pi * 50**2), rel=0.05)


def test_a_stage_that_leaves_the_cloud_alone_changes_nothing() -> None:
    relic = cloud_relic(CLOUD)
    merged = replace(relic, as_scanned=followed(START, relic))
    assert followed(merged, replace(merged, seed=3)) is merged.as_scanned


def test_a_cloud_that_was_cut_before_anybody_followed_is_not_as_scanned() -> None:
    taken_up = replace(START, cloud=CLOUD.take(CLOUD.points[:, 2] < 30))
    assert after(taken_up, CLOUD.take(CLOUD.points[:, 2] < 20)).as_scanned is None
