"""Partial scans without poses: placed where that is sure, left out and named where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.errors import Undecided
from relicscan.geometry.frames import transformed
from relicscan.geometry.registration.evidence import Evidence
from relicscan.geometry.registration.registered import (
    Alternative,
    Ambiguity,
    Placement,
    Registered,
)
from relicscan.pipeline import skip_reason
from relicscan.relic import Frame, PointCloud, Relic, Scan
from relicscan.scan_folder import read_relic
from relicscan.stages.register_scans import register_scans
from samples.make_samples import figurine_poses

SAMPLE = Path(__file__).parents[2] / "samples" / "figurine-unposed"
SURE = Evidence((0.5, 0.5), 0.0, 0.1, 0.0, 1000, 1000, None)


def turned(angle: float, *shift: float) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    T[:3, 3] = shift
    return T


def relic_of(*names: str, **about: Any) -> Relic:
    points = np.random.default_rng(0).normal(size=(50, 3))
    scans = tuple(Scan(name, PointCloud(points), f"{name}.ply", unit="mm") for name in names)
    return Relic("pot", scans=scans, frame=Frame(unit="mm"), **about)


def answer(monkeypatch: pytest.MonkeyPatch, found: Registered) -> list[dict[str, Any]]:
    """Let registration find this; what it was asked."""
    asked: list[dict[str, Any]] = []

    def register(views: Sequence[Any], **given: Any) -> Registered:
        asked.append({"views": views, **given})
        return found

    monkeypatch.setattr("relicscan.geometry.registration.register", register)
    return asked


def placed(*poses: np.ndarray | None, confidence: float = 0.9, **more: Any) -> Registered:
    there = tuple(k for k, pose in enumerate(poses) if pose is not None)
    placements = tuple(
        Placement(None, "its shape was not found on any other scan")
        if pose is None
        else Placement(pose, "", 0, confidence, SURE, 0.2, "found")
        for pose in poses
    )
    given = {"groups": (there,), "pairs": (), "ambiguities": (), **more}
    return Registered(placements, **given)


# --- what comes of what was found ------------------------------------------------------------


def test_scans_get_poses_in_the_frame_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, placed(turned(0.3, 1, 2, 3), turned(-0.5, 4, 5, 6)))
    after = register_scans(relic_of("a", "b", seed=7))
    np.testing.assert_allclose(after.scans[0].pose, np.eye(4), atol=1e-12)
    expected = np.linalg.inv(turned(0.3, 1, 2, 3)) @ turned(-0.5, 4, 5, 6)
    np.testing.assert_allclose(after.scans[1].pose, expected, atol=1e-12)
    assert after.doubts == ()
    assert (asked[0]["seed"], asked[0]["pinned"]) == (7, [])
    told = after.figures["placements"]
    assert [one["scan"] for one in told] == ["a", "b"]
    assert told[1]["confidence"] == 0.9
    np.testing.assert_allclose(told[1]["T_common_scan"], expected, atol=1e-8)


def test_units_are_made_one_and_poses_stay_in_the_scans_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answer(monkeypatch, placed(np.eye(4), turned(0.5, 1000, 0, 0)))
    relic = relic_of("a", "b")
    metres = replace(relic.scans[1], unit="m", geometry=PointCloud(np.ones((50, 3))))
    after = register_scans(replace(relic, scans=(relic.scans[0], metres)))
    assert asked[0]["views"][1].points.max() == 1000
    assert after.scans[1].pose is not None
    np.testing.assert_allclose(after.scans[1].pose[:3, 3], [1, 0, 0])
    np.testing.assert_allclose(np.linalg.det(after.scans[1].pose[:3, :3]), 1)


def test_scans_that_have_poses_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    given = turned(0.2, 5, 5, 5)
    asked = answer(monkeypatch, placed(given, turned(1.0, 1, 1, 1)))
    relic = relic_of("a", "b")
    relic = replace(relic, scans=(replace(relic.scans[0], pose=given), relic.scans[1]))
    after = register_scans(relic)
    assert asked[0]["pinned"] == [0]
    np.testing.assert_array_equal(asked[0]["initial"][0], given)
    assert asked[0]["initial"][1] is None
    np.testing.assert_allclose(after.scans[0].pose, given, atol=1e-12)


def test_a_pose_that_the_scans_deny_is_kept_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = replace(SURE, beside=0.5)
    pinned = Placement(turned(0.2, 5, 5, 5), "", 0, 0.0, beside, 0.2, "pinned")
    found = Placement(np.eye(4), "", 0, 0.9, SURE, 0.2, "found")
    answer(monkeypatch, Registered((pinned, found), ((0, 1),), (), ()))
    relic = relic_of("a", "b")
    relic = replace(relic, scans=(replace(relic.scans[0], pose=np.eye(4)), relic.scans[1]))
    after = register_scans(relic)
    assert after.warnings[0].startswith("the poses of a are not what the scans show")


def test_what_cannot_be_placed_is_left_out_named_and_doubted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, placed(np.eye(4), None, np.eye(4)))
    after = register_scans(relic_of("a", "b", "c"))
    assert [scan.name for scan in after.scans] == ["a", "c"]
    (doubt,) = after.doubts
    assert doubt.text == "scan b was left out: its shape was not found on any other scan"
    assert "scan.pose" in doubt.remedy
    assert after.figures["placements"][1]["left_out"]
    assert "T_common_scan" not in after.figures["placements"][1]


def test_what_is_not_sure_enough_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = Placement(np.eye(4), "", 0, 0.8, SURE, 0.2, "found")
    unsure = replace(sure, confidence=0.1)
    answer(monkeypatch, Registered((sure, sure, unsure), ((0, 1, 2),), (), ()))
    after = register_scans(relic_of("a", "b", "c"))
    assert [scan.name for scan in after.scans] == ["a", "b"]
    assert "confidence 0.10" in after.doubts[0].text
    assert len(register_scans(relic_of("a", "b", "c"), min_confidence=0.05).scans) == 3


@pytest.mark.parametrize(
    ("found", "says", "remedy"),
    [
        (placed(None, None, None, groups=()), "cannot be told", "a third or more"),
        (
            placed(*[np.eye(4)] * 3, groups=((0, 1), (2, 2))),
            "fall into 2 groups that nothing joins: a, b; c, c",
            "a folder of its own",
        ),
        (
            placed(
                *[np.eye(4)] * 3,
                groups=((0, 1),),
                ambiguities=(Ambiguity((0, 1), (2,), (Alternative({2: np.eye(4)}, SURE),) * 3),),
            ),
            "the scans c fit onto a, b in 3 ways that are equally good",
            "tells its sides apart",
        ),
        (placed(np.eye(4), np.eye(4), None, confidence=0.1), "cannot be told", "scan.pose"),
    ],
)
def test_where_nothing_decides_there_is_no_model(
    monkeypatch: pytest.MonkeyPatch, found: Registered, says: str, remedy: str
) -> None:
    answer(monkeypatch, found)
    with pytest.raises(Undecided, match=says) as told:
        register_scans(relic_of("a", "b", "c"))
    assert remedy in (told.value.remedy or "")


@pytest.mark.parametrize(
    ("scans", "metadata", "skipped"),
    [(1, {}, True), (2, {}, False), (2, {"scan": {"frame": "common"}}, True)],
)
def test_it_is_for_several_scans_of_which_nothing_says_the_place(
    scans: int, metadata: dict[str, Any], skipped: bool
) -> None:
    relic = relic_of(*"ab"[:scans], metadata=metadata)
    reason = skip_reason(register_scans, relic.products)
    words = "the scan brings no second scan to put beside the first"
    assert (reason == words) is skipped


def test_poses_that_all_have_are_left_alone() -> None:
    relic = relic_of("a", "b")
    posed = replace(relic, scans=tuple(replace(s, pose=np.eye(4)) for s in relic.scans))
    after = register_scans(posed)
    assert after.scans == posed.scans
    assert after.figures == {}


def test_refining_moves_poses_and_doubts_what_the_scans_deny(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near, far = turned(0.01, 1, 0, 0), turned(2.0, 90, 0, 0)
    there = [
        Placement(near, "", 0, 0.9, SURE, 0.2, "given"),
        Placement(far, "", 0, 0.9, SURE, 0.2, "found"),
        Placement(None, "it has 50 usable points"),
    ]
    asked = answer(monkeypatch, Registered(tuple(there), ((0, 1),), (), ()))
    relic = relic_of("a", "b", "c")
    posed = replace(relic, scans=tuple(replace(s, pose=np.eye(4)) for s in relic.scans))
    after = register_scans(posed, refine=True)
    assert asked[0]["pinned"] == ()
    np.testing.assert_allclose(after.scans[0].pose, near)
    np.testing.assert_allclose(after.scans[1].pose, far)
    np.testing.assert_allclose(after.scans[2].pose, np.eye(4))
    (doubt,) = after.doubts
    assert "scan b was given is not where it fits" in doubt.text
    assert after.warnings == ("nothing confirms the poses of c: they were kept",)


# --- the sample ------------------------------------------------------------------------------


def test_the_drummers_six_scans_come_together() -> None:
    relic = read_relic(SAMPLE)
    after = register_scans(relic)
    assert after.doubts == ()
    assert len(after.scans) == 6
    true = figurine_poses()
    for scan, pose in zip(after.scans, true, strict=True):
        assert isinstance(scan.geometry, PointCloud)
        assert scan.pose is not None
        points = scan.geometry.points[::20]
        should = transformed(np.linalg.inv(true[0]) @ pose, points)
        off = np.linalg.norm(transformed(scan.pose, points) - should, axis=1)
        assert off.max() < 0.2, scan.name  # a third of the point spacing
    for one in after.figures["placements"]:
        assert one["confidence"] > 0.9
