"""Hints become starts and links, in the units and frames of the scans that they are for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.metadata.hints import Hints, hints_of
from relicscan.metadata.relic_toml import RelicToml
from relicscan.relic import PointCloud, Scan

PLACES = np.array([[0.0, 0, 0], [60, 0, 5], [0, 40, -3], [10, 15, 70]])
UP = [0.0, 0.0, 1.0]


def turned(degrees: float, *shift: float) -> np.ndarray:
    """A turn about z by the right hand, and a shift."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    T = np.eye(4)
    T[:2, :2] = [[c, -s], [s, c]]
    T[:3, 3] = shift or 0.0
    return T


def at(T: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ T[:3, :3].T + T[:3, 3]


def scan(file: str, **told: Any) -> Scan:
    cloud = told.pop("points", np.zeros((1, 3)))
    return Scan(told.pop("name", file), PointCloud(cloud), file, **told)


def pose(file: str, T: np.ndarray, *, rough: bool = True) -> dict[str, Any]:
    return {"file": file, "matrix": T.tolist(), "rough": rough}


def match(file: str, points: np.ndarray, onto: str, onto_points: np.ndarray) -> dict[str, Any]:
    both = {"points": points.tolist(), "onto_points": onto_points.tolist()}
    return {"match": [{"file": file, "onto": onto, **both}]}


def table(step: float = 90.0, **more: Any) -> dict[str, Any]:
    said = {"axis_point": [10.0, 0.0, 0.0], "axis": UP, "step_degrees": step, **more}
    return {"turntable": said}


def starts_of(scans: list[Scan], said: dict[str, Any]) -> dict[int, np.ndarray]:
    hints = hints_of(scans, said)
    assert hints.links == ()
    return dict(hints.starts)


def refused(scans: list[Scan], said: dict[str, Any]) -> ScanError:
    with pytest.raises(ScanError) as caught:
        hints_of(scans, said)
    assert caught.value.scan == "relic.toml"
    return caught.value


def test_nothing_said_is_no_hint() -> None:
    hints = hints_of([scan("a.ply"), scan("b.ply")], {"unit": "mm"})
    assert isinstance(hints, Hints)
    assert (dict(hints.starts), hints.links) == ({}, ())


# --- rough poses -----------------------------------------------------------------------------


def test_a_rough_pose_is_a_start_after_what_the_file_states() -> None:
    own, added = turned(20, 1, 2, 3), turned(-50, 4, 0, 0)
    scans = [scan("a.ply", pose=np.eye(4)), scan("b.ply"), scan("c.ptx", pose=own)]
    said = {"pose": [pose("a.ply", np.eye(4), rough=False), pose("b.ply", added)]}
    said["pose"].append(pose("c.ptx", added))
    starts = starts_of(scans, said)
    assert set(starts) == {1, 2}
    np.testing.assert_allclose(starts[1], added)
    np.testing.assert_allclose(starts[2], added @ own)


# --- the turntable ---------------------------------------------------------------------------


def test_a_turntable_turns_all_scans_in_the_order_of_their_numbers() -> None:
    scans = [scan(f"scan{k}.ply") for k in (1, 10, 2)]
    starts = starts_of(scans, table())
    np.testing.assert_allclose(starts[0], np.eye(4), atol=1e-12)
    # What came to (10, 10, 0) by a quarter turn about (10, 0) had been at (20, 0, 0).
    np.testing.assert_allclose(at(starts[2], np.array([10.0, 10, 0])), [20, 0, 0], atol=1e-9)
    np.testing.assert_allclose(at(starts[1], np.array([20.0, 5, 3])), [0, -5, 3], atol=1e-9)


def test_a_turntable_turns_the_files_it_names_in_their_order() -> None:
    scans = [scan("a.ply"), scan("b.ply"), scan("c.ply")]
    starts = starts_of(scans, table(files=["c.ply", "a.ply"]))
    assert set(starts) == {0, 2}
    np.testing.assert_allclose(starts[2], np.eye(4), atol=1e-12)
    np.testing.assert_allclose(starts[0][:3, :3], turned(-90)[:3, :3], atol=1e-12)


def test_scans_of_one_file_are_turned_one_after_the_other_where_they_were_posed() -> None:
    own = turned(0, 0, 0, 500)
    scans = [scan("t.e57", name=f"turn {k}", pose=own) for k in range(3)]
    starts = starts_of(scans, table(120.0))
    np.testing.assert_allclose(starts[0], own, atol=1e-12)
    np.testing.assert_allclose(starts[1][:3, :3], turned(-120)[:3, :3], atol=1e-12)
    np.testing.assert_allclose(starts[2][2, 3], 500)


def test_the_turns_go_from_the_scan_that_has_a_pose() -> None:
    place = turned(35, 7, -3, 20)
    for rough in (False, True):
        scans = [scan("a.ply"), scan("b.ply", pose=None if rough else place), scan("c.ply")]
        starts = starts_of(scans, {**table(30.0), "pose": [pose("b.ply", place, rough=rough)]})
        assert set(starts) == ({0, 1, 2} if rough else {0, 2})
        free = starts_of([scan(name) for name in ("a.ply", "b.ply", "c.ply")], table(30.0))
        expected = place @ np.linalg.inv(free[1]) @ free[2]
        np.testing.assert_allclose(starts[2], expected, atol=1e-9)


def test_turns_beside_poses_of_other_scans_are_links() -> None:
    scans = [scan("a.ply"), scan("b.ply"), scan("c.ply"), scan("d.ply", pose=turned(5))]
    hints = hints_of(scans, table(files=["a.ply", "b.ply", "c.ply"]))
    assert dict(hints.starts) == {}
    assert [(link.target, link.source) for link in hints.links] == [(0, 1), (1, 2)]
    for link in hints.links:
        moved = at(link.T_target_source, np.array([10.0, 10, 0]))
        np.testing.assert_allclose(moved, [20, 0, 0], atol=1e-9)


def test_the_axis_is_in_the_unit_of_the_first_scan() -> None:
    scans = [scan("a.ply", unit="cm"), scan("b.ply", unit="mm"), scan("c.ply")]
    starts = starts_of(scans, table())
    np.testing.assert_allclose(at(starts[1], np.array([100.0, 100, 0])), [200, 0, 0], atol=1e-9)
    np.testing.assert_allclose(at(starts[2], np.array([10.0, 20, 0])), [10, -20, 0], atol=1e-9)


# --- matched points --------------------------------------------------------------------------


def test_matched_points_say_how_one_scan_lies_on_another() -> None:
    T = turned(70, 5, -8, 13)
    said = match("b.ply", PLACES, "a.ply", at(T, PLACES))
    (link,) = hints_of([scan("a.ply"), scan("b.ply")], said).links
    assert (link.target, link.source, link.points) == (0, 1, 4)
    np.testing.assert_allclose(link.T_target_source, T, atol=1e-9)
    assert link.rms == pytest.approx(0, abs=1e-9)


def test_points_picked_by_hand_leave_a_residual() -> None:
    onto = PLACES + np.array([[0.6, 0, 0], [0, 0.6, 0], [0, 0, 0.6], [-0.6, 0, 0]])
    (link,) = hints_of(
        [scan("a.ply", unit="mm"), scan("b.ply", unit="mm")], match("b.ply", PLACES, "a.ply", onto)
    ).links
    assert 0.1 < link.rms < 0.6


@pytest.mark.parametrize(
    ("target", "source", "times"),
    [("mm", "m", 1000.0), ("cm", "in", 2.54), (None, "m", 1000.0), (None, None, 25.4)],
)
def test_points_of_scans_in_two_units(target: str | None, source: str | None, times: float) -> None:
    T = turned(-40, 30, 20, 10)
    scans = [scan("a.ply", unit=target), scan("b.ply", unit=source)]
    (link,) = hints_of(scans, match("b.ply", PLACES / times, "a.ply", at(T, PLACES))).links
    np.testing.assert_allclose(link.T_target_source, T, atol=1e-9)
    assert link.rms == pytest.approx(0, abs=1e-9)


def test_four_points_are_never_mirrored() -> None:
    error = refused(
        [scan("a.ply"), scan("b.ply")], match("b.ply", PLACES, "a.ply", PLACES * [1, 1, -1])
    )
    assert "however it is turned" in error.message


def test_points_that_do_not_match_are_told_pair_by_pair() -> None:
    swapped = PLACES[[1, 0, 2, 3]]
    scans = [scan("a.ply", unit="mm"), scan("b.ply", unit="mm")]
    error = refused(scans, match("b.ply", PLACES, "a.ply", swapped))
    assert "[[scan.match]] 1: the points of b.ply do not lie on those of a.ply" in error.message
    assert len(error.message.split("They stay ")[1].split(" mm apart")[0].split(", ")) == 4
    assert "in another unit" not in error.message
    assert "same order" in (error.remedy or "")


def test_points_in_a_unit_that_was_stated_wrongly() -> None:
    scans = [scan("a.ply", unit="mm"), scan("b.ply", unit="mm")]
    error = refused(scans, match("b.ply", PLACES, "a.ply", PLACES / 1000))
    assert "a.ply are 0.001 times as far apart" in error.message
    assert "in another unit" in error.message


def test_points_are_in_the_coordinates_of_the_file() -> None:
    own, added = turned(25, 100, 0, 0), turned(-60, 0, 9, 0)
    T = turned(70, 5, -8, 13)
    said = match("b.ptx", at(own, PLACES), "a.ply", at(T, PLACES))
    # A .conf beside it, or relic.toml, says where a PLY lies; its points stay as they are.
    scans = [scan("a.ply", pose=turned(11, 2, 2, 2)), scan("b.ptx", pose=added @ own)]
    said["pose"] = [pose("b.ptx", added, rough=False)]
    (link,) = hints_of(scans, said).links
    np.testing.assert_allclose(link.T_target_source, T, atol=1e-9)


def test_of_several_scans_in_a_file_the_one_that_saw_the_places_is_meant() -> None:
    own = [turned(0), turned(90, 200, 0, 0)]
    scans = [scan("a.ply")]
    scans += [scan("b.e57", name=str(k), pose=own[k], points=PLACES + 50 * k) for k in (0, 1)]
    seen = at(own[1], PLACES + 50)
    (link,) = hints_of(scans, match("b.e57", seen, "a.ply", seen)).links
    assert link.source == 2
    np.testing.assert_allclose(link.T_target_source, own[1], atol=1e-9)


def test_what_the_documentation_shows_works() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metadata.md").read_text(encoding="utf-8")
    shown = page.partition("### Where its scans stand")[2].split("```toml\n")[1].split("```")[0]
    said = RelicToml.model_validate(tomllib.loads(shown)).stated()["scan"]
    sides = [scan(f"side{k}.ply", unit="mm") for k in (1, 2, 3)]
    hints = hints_of([scan("foot.ply", unit="mm"), scan("lid.ply", unit="mm"), *sides], said)
    assert set(hints.starts) == {0}
    assert [(link.target, link.source) for link in hints.links] == [(0, 1), (2, 3), (3, 4)]
    assert 0 < hints.links[0].rms < 0.3


def test_files_that_are_not_there() -> None:
    said = match("bb.ply", PLACES, "a.ply", PLACES)
    error = refused([scan("a.ply"), scan("b.ply")], said)
    assert "a [[scan.match]] is for 'bb.ply', which is no scan" in error.message
    assert "did you mean 'b.ply'?" in (error.remedy or "")
    error = refused([scan("a.ply")], table(files=["c.ply"]))
    assert "a [scan.turntable] is for 'c.ply'" in error.message
