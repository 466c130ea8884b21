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


def answer(
    monkeypatch: pytest.MonkeyPatch, found: Registered, factors: Sequence[float] = ()
) -> list[dict[str, Any]]:
    """Let registration find this; what it was asked."""
    asked: list[dict[str, Any]] = []

    def register(
        views: Sequence[Any], free: Sequence[bool], **given: Any
    ) -> tuple[Registered, np.ndarray]:
        asked.append({"views": views, "free": free, **given})
        return found, np.array(factors or [1.0] * len(views))

    monkeypatch.setattr("relicscan.geometry.registration.register_in_units", register)
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


def of_three(count: int, *ways: np.ndarray) -> Registered:
    """Scans of which the first `count` are together; the next fits onto them in several ways."""
    poses = [turned(0.1 * k, k, 0, 0) if k < count else None for k in range(3)]
    question = Ambiguity(
        tuple(range(count)), (count,), tuple(Alternative({count: T}, SURE) for T in ways)
    )
    return placed(*poses, ambiguities=(question,), groups=(tuple(range(count)),) * (count > 1))


def two_pairs() -> Registered:
    together = [Placement(np.eye(4), "", k // 2, 0.9, SURE, 0.2, "found") for k in range(4)]
    return Registered(tuple(together), ((0, 1), (2, 3)), (), ())


@pytest.mark.parametrize(
    ("found", "says", "remedy"),
    [
        (placed(None, None, None, groups=()), "cannot be told", "a third or more"),
        (two_pairs(), "fall into 2 groups that nothing joins: a, b; c, d", "a folder of its own"),
        (of_three(1, np.eye(4), turned(1, 0, 0, 0)), "the scans b fit onto a in 2 ways", "match"),
        (placed(np.eye(4), np.eye(4), None, confidence=0.1), "only a, b come together", "pose"),
        (placed(np.eye(4), np.eye(4), None, None), "only a, b come together", "min_share"),
    ],
)
def test_where_nothing_decides_there_is_no_model(
    monkeypatch: pytest.MonkeyPatch, found: Registered, says: str, remedy: str
) -> None:
    answer(monkeypatch, found)
    with pytest.raises(Undecided, match=says) as told:
        register_scans(relic_of(*"abcd"[: len(found.placements)]))
    assert remedy in (told.value.remedy or "")
    assert len(told.value.figures["placements"]) == len(found.placements)


def test_half_of_the_scans_make_a_model_where_that_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, two_pairs())
    after = register_scans(relic_of(*"abcd"), min_share=0.4)
    assert [scan.name for scan in after.scans] == ["a", "b"]
    assert [doubt.text for doubt in after.doubts] == [
        "scan c was left out: it belongs to d, and nothing joins these to the others",
        "scan d was left out: it belongs to c, and nothing joins these to the others",
    ]


def test_a_scan_that_fits_in_several_ways_is_left_out_and_they_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = turned(0.7, 1, 2, 3), turned(-0.7, 3, 2, 1)
    answer(monkeypatch, of_three(2, one, other))
    relic = relic_of("a", "b", "c")
    after = register_scans(relic)
    assert [scan.name for scan in after.scans] == ["a", "b"]
    (doubt,) = after.doubts
    assert "scan c was left out: it fits onto the others in 2 ways" in doubt.text
    first, second = doubt.arrangements
    assert first.title.startswith("way 1 of 2 (")
    assert "orange: c" in first.title
    # The still scans lie where they are in the model, in the frame of the first.
    (orange,) = np.unique(first.cloud.colors[-1:], axis=0)
    moving = (first.cloud.colors == orange).all(axis=1)
    geometry = relic.scans[2].geometry
    assert isinstance(geometry, PointCloud)
    for way, T in ((first, one), (second, other)):
        off = transformed(np.linalg.inv(T), way.cloud.points[moving])
        assert all(np.abs(geometry.points - point).sum(axis=1).min() < 1e-9 for point in off)
    np.testing.assert_allclose(first.cloud.points[~moving], second.cloud.points[~moving])
    again = np.linalg.inv(np.eye(4)) @ turned(0.1, 1, 0, 0)
    np.testing.assert_allclose(after.scans[1].pose, again, atol=1e-12)


def test_a_scan_of_a_group_that_is_not_the_posed_one_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = list(two_pairs().placements)
    together[0] = replace(together[0], group=1, origin="pinned")
    together[1] = replace(together[1], group=1)
    answer(monkeypatch, Registered(tuple(together), ((2, 3), (0, 1)), (), ()))
    relic = relic_of(*"abcd")
    posed = replace(relic.scans[0], pose=np.eye(4))
    after = register_scans(replace(relic, scans=(posed, *relic.scans[1:])))
    assert [scan.name for scan in after.scans] == ["a", "b"]
    assert len(after.doubts) == 2


def test_a_scan_without_a_unit_gets_the_one_in_which_it_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = placed(np.eye(4), turned(0.5, 1000, 0, 0), None)
    asked = answer(monkeypatch, found, [1.0, 1000.0, np.nan])
    relic = relic_of("a", "b", "c")
    silent = [replace(scan, unit=None) for scan in relic.scans[1:]]
    after = register_scans(replace(relic, scans=(relic.scans[0], *silent)))
    assert asked[0]["free"] == [False, True, True]
    assert (after.scans[1].unit, after.scans[1].name) == ("m", "b")
    np.testing.assert_allclose(after.scans[1].pose[:3, 3], [1, 0, 0])
    assert any("multiplied by 1000" in warning for warning in after.warnings)
    assert len(after.scans) == 2


def test_where_no_unit_is_known_lengths_are_made_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, placed(np.eye(4), turned(0.5, 10, 0, 0)), [1.0, 25.4])
    relic = relic_of("a", "b")
    silent = tuple(replace(scan, unit=None) for scan in relic.scans)
    after = register_scans(replace(relic, scans=silent, frame=Frame()))
    before, geometry = relic.scans[1].geometry, after.scans[1].geometry
    assert isinstance(before, PointCloud)
    assert isinstance(geometry, PointCloud)
    np.testing.assert_allclose(geometry.points, before.points * 25.4)
    np.testing.assert_allclose(after.scans[1].pose[:3, 3], [10, 0, 0])
    assert after.scans[1].unit is None


def test_a_rough_pose_is_no_pin_though_the_file_states_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answer(monkeypatch, placed(np.eye(4), turned(0.1, 1, 0, 0)))
    rough = {"file": "b.ply", "matrix": turned(0.2, 1, 1, 1).tolist(), "rough": True}
    relic = relic_of("a", "b", metadata={"scan": {"pose": [rough]}})
    own = turned(0.5, 0, 0, 9)
    scans = (replace(relic.scans[0], pose=np.eye(4)), replace(relic.scans[1], pose=own))
    after = register_scans(replace(relic, scans=scans))
    assert asked[0]["pinned"] == [0]
    np.testing.assert_allclose(asked[0]["initial"][1], turned(0.2, 1, 1, 1) @ own)
    np.testing.assert_allclose(after.scans[1].pose, turned(0.1, 1, 0, 0))


def test_what_relic_toml_hints_at_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, placed(np.eye(4), np.eye(4), np.eye(4)))
    places = [[0.0, 0, 0], [10, 0, 0], [0, 10, 0]]
    moved = transformed(turned(0.3, 1, 2, 3), np.array(places)).tolist()
    scan = {
        "pose": [{"file": "c.ply", "matrix": turned(0.2, 1, 1, 1).tolist(), "rough": True}],
        "match": [{"file": "b.ply", "points": places, "onto": "a.ply", "onto_points": moved}],
    }
    register_scans(relic_of("a", "b", "c", metadata={"scan": scan}))
    assert asked[0]["initial"][:2] == [None, None]
    np.testing.assert_allclose(asked[0]["initial"][2], turned(0.2, 1, 1, 1))
    assert asked[0]["pinned"] == []
    ((target, source, T),) = asked[0]["links"]
    assert (target, source) == (0, 1)
    np.testing.assert_allclose(T, turned(0.3, 1, 2, 3), atol=1e-9)


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
