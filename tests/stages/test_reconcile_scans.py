"""Placed scans that show the same places: what others contradict goes, colours are made one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapes import rotation, sphere_points

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.frames import transformed
from relicscan.relic import Frame, PointCloud, Relic, Scan
from relicscan.stages.reconcile_scans import reconcile_scans

SIDES = np.array([[1.0, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
NAMES = ("front", "left", "right", "above", "below")
#: Exposures of the scans; their logarithms add up to nothing.
GAINS = np.array([1.25, 0.8, 1.0, 1.25, 0.8])


def cloud_from(side: int, fringes: bool = False) -> PointCloud:
    """What a scanner on one side sees of a painted ball of 50 mm: with a fringe, perhaps."""
    rng = np.random.default_rng(side)
    points = sphere_points(14_000) @ rotation(rng.normal(size=3), 90.0 * rng.uniform()).T
    cosine = points @ SIDES[side] / 50
    seen = points[cosine > 0.25] * (1 + rng.normal(0, 0.0004, (int((cosine > 0.25).sum()), 1)))
    if fringes:
        seen = np.vstack([seen, points[(cosine > 0.25) & (cosine < 0.29)] * 1.04])
    paint = 128 + 40 * np.sin(seen / 9) + rng.normal(0, 2, seen.shape)
    n = len(seen)
    return PointCloud(
        seen,
        normals=seen / np.linalg.norm(seen, axis=1, keepdims=True),
        colors=np.clip(paint, 1, 254).astype(np.uint8),
        intensity=rng.uniform(size=n),
        viewpoints=np.tile(1500 * SIDES[side], (n, 1)),
    )


def exposed(cloud: PointCloud, gain: float) -> PointCloud:
    assert cloud.colors is not None
    return replace(cloud, colors=srgb_of(LINEAR_OF_SRGB[cloud.colors] * gain))


def ball(fringes: bool = True, gains: np.ndarray | None = None, **about: Any) -> Relic:
    """Five scans; the first has a fringe, which the others see from the side."""
    scans = []
    for k, name in enumerate(NAMES):
        cloud = cloud_from(k, fringes and k == 0)
        cloud = cloud if gains is None else exposed(cloud, gains[k])
        scans.append(Scan(name, cloud, f"{name}.ply", pose=np.eye(4), unit="mm"))
    return Relic("ball", scans=tuple(scans), frame=Frame(unit="mm"), **about)


def points_of(relic: Relic, k: int) -> np.ndarray:
    return np.asarray(relic.scans[k].geometry.points)  # type: ignore[union-attr]


def colors_of(relic: Relic, k: int) -> np.ndarray:
    return np.asarray(relic.scans[k].geometry.colors)


def test_a_fringe_goes_and_figures_say_of_which_scan_and_why() -> None:
    relic = ball()
    after = reconcile_scans(relic)
    heights = [np.linalg.norm(points_of(r, 0), axis=1) for r in (relic, after)]
    flying = [int((h > 51).sum()) for h in heights]
    assert flying[0] > 200
    assert flying[1] < 0.05 * flying[0]
    told = {one["scan"]: one for one in after.figures["scans"]}
    lost = len(heights[0]) - len(heights[1])
    assert told["front"]["removed"] == lost < 1.1 * flying[0]
    assert told["front"]["removed_at_rims"] > 0.9 * lost
    assert all(told[name]["removed"] < 10 for name in NAMES[1:])
    assert after.figures["points_removed"] == sum(one["removed"] for one in told.values())
    assert after.warnings == ()


def test_what_stays_keeps_what_belongs_to_it() -> None:
    relic = ball()
    after = reconcile_scans(relic)
    before, cloud = relic.scans[0].geometry, after.scans[0].geometry
    assert isinstance(before, PointCloud)
    assert isinstance(cloud, PointCloud)
    place = {tuple(p): i for i, p in enumerate(before.points)}
    which = np.array([place[tuple(p)] for p in cloud.points])
    for name in ("normals", "colors", "intensity", "viewpoints"):
        np.testing.assert_array_equal(getattr(cloud, name), getattr(before, name)[which])
    np.testing.assert_array_equal(after.scans[0].pose, np.eye(4))


def test_scans_are_compared_where_their_poses_and_units_place_them() -> None:
    relic = ball()
    moved = []
    for k, scan in enumerate(relic.scans):
        cloud = scan.geometry
        assert isinstance(cloud, PointCloud)
        T_common_scan = np.eye(4)
        T_common_scan[:3, :3] = rotation(np.array([1.0, k, 2.0]), 50.0 * k)
        T_common_scan[:3, 3] = 1e6, 10.0 * k, -2e6  # as survey coordinates are
        T = np.linalg.inv(T_common_scan)
        own = transformed(T, cloud.points + T_common_scan[:3, 3] * [1, 0, 1])
        metres = k == 1
        pose = T_common_scan.copy()
        pose[:3, 3] *= 0.001 if metres else 1
        moved.append(
            Scan(
                scan.name,
                PointCloud(own * (0.001 if metres else 1)),
                pose=pose,
                unit="m" if metres else "mm",
            )
        )
    plain = ball()
    plain = replace(
        plain,
        scans=tuple(
            replace(s, geometry=PointCloud(s.geometry.points))  # type: ignore[union-attr]
            for s in plain.scans
        ),
    )
    there = reconcile_scans(replace(relic, scans=tuple(moved)))
    here = reconcile_scans(plain)
    removed = [[one["removed"] for one in r.figures["scans"]] for r in (here, there)]
    assert removed[0][0] > 200
    np.testing.assert_allclose(removed[1], removed[0], atol=10)


def test_exposures_are_made_one_and_the_mean_of_them_stays() -> None:
    after = reconcile_scans(ball(fringes=False, gains=GAINS), blend_colors=False)
    truth = ball(fringes=False)
    given = np.array([one["gains"] or [1, 1, 1] for one in after.figures["scans"]])
    np.testing.assert_allclose(given * GAINS[:, None], 1, rtol=0.01)
    for k in range(5):
        np.testing.assert_array_equal(points_of(after, k), points_of(truth, k))
        light = [LINEAR_OF_SRGB[colors_of(r, k)].mean() for r in (after, truth)]
        assert light[0] == pytest.approx(light[1], rel=0.015)


def test_scans_that_agree_keep_their_colours_to_the_last_bit() -> None:
    relic = ball(fringes=False)
    after = reconcile_scans(relic)
    assert all(one["gains"] is None for one in after.figures["scans"])
    for k in range(5):
        np.testing.assert_array_equal(colors_of(after, k), colors_of(relic, k))


def test_colours_are_left_alone_if_that_is_wanted() -> None:
    relic = ball(fringes=False, gains=GAINS)
    after = reconcile_scans(relic, even_exposure=False, blend_colors=False)
    assert all(colors_of(after, k) is not None for k in range(5))
    for k in range(5):
        np.testing.assert_array_equal(colors_of(after, k), colors_of(relic, k))


def test_scans_without_colours_stay_without() -> None:
    relic = ball(gains=GAINS)
    grey = replace(relic.scans[2], geometry=replace(relic.scans[2].geometry, colors=None))
    after = reconcile_scans(replace(relic, scans=(*relic.scans[:2], grey, *relic.scans[3:])))
    assert after.scans[2].geometry.colors is None
    assert after.figures["scans"][2]["gains"] is None
    assert after.figures["scans"][0]["gains"] is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda r: replace(r, scans=r.scans[:1]), "there is one scan"),
        (
            lambda r: replace(r, scans=(*r.scans[:4], replace(r.scans[4], pose=None))),
            "some scans have no place",
        ),
        (
            lambda r: replace(
                r, scans=(*r.scans[:4], replace(r.scans[4], unit=None)), frame=Frame()
            ),
            "some scans have no unit",
        ),
    ],
)
def test_what_cannot_be_compared_is_left_alone_and_said(change: Any, why: str) -> None:
    relic = change(ball())
    after = reconcile_scans(relic)
    assert after.figures["left_alone"].startswith(why)
    assert after.scans is relic.scans


def test_scans_in_one_declared_frame_need_no_poses() -> None:
    relic = ball(metadata={"scan": {"frame": "common"}})
    loose = replace(relic, scans=tuple(replace(scan, pose=None) for scan in relic.scans))
    assert reconcile_scans(loose).figures == reconcile_scans(relic).figures


def test_a_scan_that_is_listed_twice_is_named() -> None:
    relic = ball()
    again = replace(relic.scans[0], name="again")
    after = reconcile_scans(replace(relic, scans=(*relic.scans, again)))
    assert after.warnings == ("the scans front and again are one scan listed twice: take one away",)
    np.testing.assert_array_equal(points_of(after, 0), points_of(after, 5))
    np.testing.assert_array_equal(points_of(after, 0), points_of(reconcile_scans(relic), 0))


def test_much_that_goes_is_warned_of() -> None:
    relic = ball()
    cloud = relic.scans[0].geometry
    assert isinstance(cloud, PointCloud)
    cosine = cloud.points[:, 0] / np.linalg.norm(cloud.points, axis=1)
    only_rim = replace(relic.scans[0], geometry=cloud.take(cosine < 0.45))
    after = reconcile_scans(replace(relic, scans=(only_rim, *relic.scans[1:])))
    (warning,) = after.warnings
    assert warning.startswith("scan front: the other scans contradict ")


def test_colours_of_another_light_are_warned_of() -> None:
    after = reconcile_scans(ball(fringes=False, gains=np.array([0.15, 1, 1, 1, 1.0])))
    (warning,) = after.warnings
    assert warning.startswith("scan front: its colours were multiplied by ")
