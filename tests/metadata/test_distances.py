"""Known distances: they set a scale that nothing states, check one that is, and are checked."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tiny_scans import box, sphere, write_ply, write_toml

from relicscan.errors import ScanError
from relicscan.metadata.declared import with_true_scale
from relicscan.metadata.distances import Distance
from relicscan.metadata.filling import Filled, combined
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.metadata.scale import with_known_distances
from relicscan.metadata.units_record import Units
from relicscan.relic import Frame, PointCloud, Relic, Scan
from relicscan.scan_folder import read_relic

#: A ball of 0.1 source units across, as photogrammetry leaves it, far off its origin.
CENTRE = np.array([12.0, -3.0, 7.0])
_BALL = sphere(20_000, radius_mm=0.05, noise_mm=0)


def ball() -> Scan:
    return Scan("ball", PointCloud(_BALL.points + CENTRE), file="ball.ply")


def across(axis: int, length: float, **more: Any) -> Distance:
    """A distance from one side of the ball to the other, 0.1 of its units apart."""
    points = np.stack([CENTRE, CENTRE])
    points[:, axis] += [-0.05, 0.05]
    return Distance.model_validate({"points": points.tolist(), "length": length, **more})


def scaled(
    *distances: Distance, scans: tuple[Scan, ...] | None = None, frame: Frame | None = None
) -> Relic:
    scans = (ball(),) if scans is None else scans
    relic = Relic("ball", frame=frame or Frame(), metadata={})
    return with_known_distances(relic, distances, scans, scans)[0]


# Nothing states a unit: the distances do


def test_one_distance_sets_the_scale_and_says_that_nothing_checks_it() -> None:
    relic = scaled(across(1, 250, name="scale bar A"))
    assert relic.frame.mm_per_unit == pytest.approx(2500)
    assert relic.frame.scale_known
    assert relic.frame.unit is None
    assert relic.frame.unit_basis == "measured: 1 known distance, which nothing checks"
    assert "(scale bar A), and nothing checks it" in relic.warnings[0]
    assert relic.doubts == ()


def test_distances_are_fitted_by_least_squares() -> None:
    relic = scaled(across(1, 250), across(2, 251), across(1, 25.2, unit="cm"))
    # The three measure the same 0.1 units, so the best factor is that of the mean length.
    assert relic.frame.mm_per_unit == pytest.approx(2510)
    assert [one.residual_mm for one in relic.frame.distances] == pytest.approx([1, 0, -1])
    assert relic.frame.distance_rms_mm == pytest.approx(np.sqrt(2 / 3))
    assert relic.frame.unit_basis == "measured: 3 known distances, RMS residual 0.82 mm"
    assert (relic.warnings, relic.doubts) == ((), ())


def test_the_surer_distance_counts_for_more() -> None:
    sure, unsure = across(1, 250, uncertainty=0.1), across(2, 251, uncertainty=0.2)
    assert scaled(sure, unsure).frame.mm_per_unit == pytest.approx(10 * (4 * 250 + 251) / 5)
    # One that does not say counts as the least sure of the others.
    assert scaled(sure, unsure, across(1, 250.5)).frame.mm_per_unit == pytest.approx(
        10 * (4 * 250 + 251 + 250.5) / 6
    )


def test_longer_distances_say_more_of_the_scale() -> None:
    short = [[12, -3.05, 7], [12, -3, 7.05]]  # a quarter around: 0.0707 units
    quarter = Distance.model_validate({"points": short, "length": 177})
    relic = scaled(across(1, 250), quarter)
    a, b = 0.1, float(np.hypot(0.05, 0.05))
    assert relic.frame.mm_per_unit == pytest.approx((a * 250 + b * 177) / (a * a + b * b))


def test_distances_that_do_not_agree_leave_the_scale_unknown() -> None:
    relic = scaled(across(1, 250, name="A"), across(2, 256, name="B"))
    assert not relic.frame.scale_known
    assert relic.frame.unit_basis == "unknown: the 2 known distances do not agree with one another"
    (doubt,) = relic.doubts
    assert "A of 250 mm measures 253 mm (+3); B of 256 mm measures 253 mm (-3)" in doubt.text
    assert "2530 mm to a unit" in doubt.text
    assert [one.measured for one in relic.frame.distances] == pytest.approx([0.1, 0.1])
    assert {one.measured_mm for one in relic.frame.distances} == {None}


def test_distances_agree_within_their_uncertainty() -> None:
    relic = scaled(across(1, 250, uncertainty=4), across(2, 256, uncertainty=4))
    assert relic.frame.mm_per_unit == pytest.approx(2530)
    assert relic.doubts == ()


# A unit is stated: the distances check it


@pytest.mark.parametrize(
    ("stated", "mm_per_unit", "meant"), [("mm", 25.4, "in"), ("mm", 1000, "m"), ("m", 1, "mm")]
)
def test_a_wrong_unit_is_denied_and_the_right_one_named(
    stated: str, mm_per_unit: float, meant: str
) -> None:
    length = 0.1 * mm_per_unit
    relic = scaled(
        across(1, length),
        across(2, length * 1.002),
        scans=(Scan("ball", ball().geometry, file="ball.ply", unit=stated),),
        frame=Frame(unit=stated, unit_basis="declared in relic.toml"),
    )
    assert relic.frame.unit == stated, "a distance overrules nobody"
    (doubt,) = relic.doubts
    assert f"that the unit is {stated} (declared in relic.toml)" in doubt.text
    assert f"a unit has {1.001 * mm_per_unit:.6g} mm by them" in doubt.text
    assert f'write unit = "{meant}"' in doubt.remedy


def in_mm(size: float) -> dict[str, Any]:
    geometry = PointCloud(_BALL.points * size + CENTRE)
    scans = (Scan("ball", geometry, file="ball.ply", unit="mm"),)
    return {"scans": scans, "frame": Frame(unit="mm", unit_basis="declared in relic.toml")}


def test_a_right_unit_is_confirmed_with_its_residuals() -> None:
    relic = scaled(across(1, 0.1003), across(2, 0.0999), **in_mm(1))
    assert relic.doubts == relic.warnings == ()
    assert [one.residual_mm for one in relic.frame.distances] == pytest.approx([-0.0003, 0.0001])
    assert relic.frame.unit_basis == "declared in relic.toml"


def test_a_unit_is_denied_beyond_three_uncertainties_only() -> None:
    assert scaled(across(1, 0.104, uncertainty=0.0014), **in_mm(1)).doubts == ()
    (doubt,) = scaled(across(1, 0.104, uncertainty=0.001), **in_mm(1)).doubts
    assert "1 known distance denies that the unit is mm" in doubt.text


def test_where_no_unit_fits_the_remedy_is_another() -> None:
    (doubt,) = scaled(across(1, 0.7), **in_mm(1)).doubts
    assert "no unit fits: leave unit out" in doubt.remedy
    (doubt,) = scaled(across(1, 0.7), across(2, 0.1), **in_mm(1)).doubts
    assert "do not agree with one another" in doubt.text
    assert "correct the length or the points" in doubt.remedy


# In which coordinates, and whether the points lie there


def test_a_point_that_is_not_on_the_scan_is_a_typing_error() -> None:
    points = [[12, -3.05, 7], [12, -2.59, 7]]  # -2.95 with a digit wrong
    typed = Distance.model_validate({"points": points, "length": 250, "name": "bar B"})
    with pytest.raises(ScanError) as caught:
        scaled(typed)
    assert "bar B: its second point [12.0, -2.59, 7.0] is 0.36 units from" in caught.value.message
    assert "x, y, z in the coordinates" in (caught.value.remedy or "")


def test_a_point_inside_a_large_triangle_is_on_the_mesh() -> None:
    mesh = box(40)
    inside = [[20.0, 15.0, 40.0], [20.0, 15.0, 0.0]]
    assert len(mesh.vertices) == 8, "they are far from any vertex"
    scans = (Scan("box", mesh, file="box.ply"),)
    relic = scaled(Distance.model_validate({"points": inside, "length": 80}), scans=scans)
    assert relic.frame.mm_per_unit == pytest.approx(2)
    outside = Distance.model_validate({"points": [[20, 15, 41], inside[1]], "length": 80})
    with pytest.raises(ScanError, match="is 1 units from"):
        scaled(outside, scans=scans)


def placed(scan: Scan, shift: float) -> Scan:
    pose = np.eye(4)
    pose[0, 3] = shift
    return replace(scan, pose=pose)


def test_points_are_in_their_own_file_however_it_is_placed() -> None:
    one = Scan("one", ball().geometry, file="one.ply")
    two = Scan("two", PointCloud(_BALL.points), file="two.ply")
    there = [[-0.0, -0.05, 0], [0, 0.05, 0]]
    distance = Distance.model_validate({"points": there, "length": 250, "file": "two.ply"})
    relic = Relic("ball", metadata={})
    read, moved = (one, two), (placed(one, 0), placed(two, 12))
    found, scans = with_known_distances(relic, [distance], read, moved)
    assert [scan.mm_per_unit for scan in scans] == pytest.approx([2500, 2500])
    assert found.frame.mm_per_unit == pytest.approx(2500)
    nowhere = distance.model_copy(update={"file": None})
    with pytest.raises(ScanError, match="in which of 2 files"):
        with_known_distances(relic, [nowhere], read, read)
    # Without a file, they are where the poses lead: from one side of the two balls to the other.
    far = Distance.model_validate({"points": [[12, -3.05, 7], [12, 0.05, 0]], "length": 1000})
    found, _ = with_known_distances(relic, [far], read, moved)
    assert found.frame.mm_per_unit == pytest.approx(1000 / np.hypot(3.1, 7))


def test_each_file_is_measured_in_its_own_unit() -> None:
    metres = Scan("one", ball().geometry, file="one.ply", unit="m")
    feet = Scan("two", ball().geometry, file="two.ply", unit="ft")
    frame = Frame(unit="m", unit_basis="stated")
    distances = [across(1, 100, file="one.ply"), across(1, 30.48, file="two.ply")]
    relic = scaled(*distances, scans=(metres, feet), frame=frame)
    assert relic.doubts == ()
    assert relic.frame.distance_rms_mm == pytest.approx(0, abs=1e-9)
    assert len(scaled(distances[0], across(1, 100, file="two.ply"), scans=(metres, feet),
                      frame=frame).doubts) == 1  # fmt: skip


def test_a_scan_without_a_unit_beside_one_that_has_one_is_scaled_by_its_own() -> None:
    metres = Scan("one", ball().geometry, file="one.ply", unit="m")
    silent = Scan("two", ball().geometry, file="two.ply")
    frame = Frame(unit="m", unit_basis="stated")
    distances = [across(1, 100, file="one.ply"), across(1, 250, file="two.ply")]
    relic = Relic("ball", frame=frame, metadata={})
    relic, scans = with_known_distances(relic, distances, *[(metres, silent)] * 2)
    assert relic.doubts == ()
    assert [scan.mm_per_unit for scan in scans] == pytest.approx([1000, 2500])
    assert (relic.frame.unit_basis, relic.frame.mm_per_unit) == ("stated", 1000)
    assert [relic.frame.units_in(scan) for scan in scans] == pytest.approx([1, 2.5])
    T = relic.frame.T_source_scan(placed(scans[1], 4))
    assert pytest.approx([10, 0, 0, 1]) == T @ [0, 0, 0, 1], "poses are in the unit of the scan"
    # Distances that deny each other leave it as it is, and what the others say stands.
    distances.append(across(2, 300, file="two.ply"))
    relic = Relic("ball", frame=frame, metadata={})
    relic, scans = with_known_distances(relic, distances, *[(metres, silent)] * 2)
    assert scans[1].mm_per_unit is None
    assert len(relic.doubts) == 1
    assert [one.measured_mm is None for one in relic.frame.distances] == [False, True, True]
    Units.of(relic.frame, None)


def test_distances_of_a_file_that_is_not_read_are_left_out_and_told() -> None:
    relic = scaled(across(1, 250, file="other.ply"))
    assert not relic.frame.scale_known
    assert "other.ply was left out" in relic.warnings[0]


# In relic.toml, and in a scan folder

DISTANCE = '[[scan.distance]]\npoints = [[20, 20, 40], [20, 20, 0]]\nlength = 80\nname = "bar"\n'


def test_a_mesh_without_a_unit_comes_out_in_millimetres(tmp_path: Path) -> None:
    write_ply(tmp_path / "box.ply", box(40))
    write_toml(tmp_path, DISTANCE)
    relic = read_relic(tmp_path)
    assert relic.mesh is not None
    assert relic.mesh.bounds == pytest.approx(np.array([[-40] * 3, [40] * 3]))
    place = relic.frame.T_model_source @ [40, 20, 20, 1]
    assert float(np.linalg.norm(place[:3])) == pytest.approx(0.04), "metres from the middle"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (DISTANCE.replace("20, 0]", "20, 40]"), "both points are [20.0, 20.0, 40.0]"),
        (DISTANCE.replace("80", "0"), "scan.distance 1.length = 0"),
        (DISTANCE.replace(", [20, 20, 0]", ""), "points has too few numbers"),
        (DISTANCE.replace("]]\nl", "], [1, 1, 1]]\nl"), "points has 3 entries"),
        (DISTANCE + 'unit = "inches"\n', "'inches' is not one of the units"),
        (DISTANCE + "uncertainty = -1\n", "uncertainty = -1"),
        (DISTANCE + "lenght = 5\n", "there is no key scan.distance 1.lenght"),
        ('[scan]\nfiles = ["a.ply"]\n' + DISTANCE + 'file = "b.ply"\n', "'b.ply' has a distance"),
        ('[capture]\nscale = "unknown"\n' + DISTANCE, "a known distance is given"),
    ],
)
def test_what_is_wrong_is_told(
    write: Callable[[str | bytes], Path], text: str, problem: str
) -> None:
    with pytest.raises(ScanError) as caught:
        read_relic_toml(write(text))
    assert problem in caught.value.message
    assert caught.value.remedy


def test_a_distance_of_no_scan_of_the_relic(tmp_path: Path) -> None:
    write_ply(tmp_path / "box.ply", box(40))
    write_toml(tmp_path, DISTANCE + 'file = "bax.ply"\n')
    with pytest.raises(ScanError, match=r"'bax\.ply', which is no scan") as caught:
        read_relic(tmp_path)
    assert "box.ply" in (caught.value.remedy or "")


def test_it_is_stated_as_it_was_written(write: Callable[[str | bytes], Path]) -> None:
    stated = read_relic_toml(write(DISTANCE)).stated()
    (distance,) = stated["scan"]["distance"]
    assert distance["points"] == [[20, 20, 40], [20, 20, 0]]
    assert RelicToml.model_validate(stated).scan.distance[0].name == "bar"


# In relic.json


def measured(**changed: Any) -> dict[str, Any]:
    frame = scaled(across(1, 250, name="A"), across(2, 251, name="B")).frame
    return {**Units.of(frame, None).model_dump(mode="json"), **changed}


def test_the_manifest_says_how_it_was_measured() -> None:
    said = measured()
    assert (said["unit"], said["scale"], said["figures_in"]) == (None, "measured", "mm")
    assert said["mm_per_source_unit"] == pytest.approx(2505)
    assert said["distance_rms_mm"] == pytest.approx(0.5)
    assert said["distances"][1] == {
        "name": "B",
        "length_mm": 251,
        "measured": pytest.approx(0.1),
        "measured_mm": pytest.approx(250.5),
        "residual_mm": pytest.approx(-0.5),
    }
    assert Units.model_validate(said).model_dump(mode="json") == said


@pytest.mark.parametrize(
    "changed",
    [
        {"mm_per_source_unit": None},
        {"scale": "declared"},
        {"scale_known": False},
        {"distances": []},
        {"distance_rms_mm": 0.1},
        {"distance_rms_mm": None},
        {"unit": "mm"},
    ],
)
def test_what_does_not_add_up_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Units.model_validate(measured(**changed))


def test_residuals_that_do_not_add_up_are_refused() -> None:
    said = measured()
    said["distances"][0]["measured_mm"] += 0.1
    with pytest.raises(ValidationError, match="residual_mm must follow"):
        Units.model_validate(said)


def test_a_scale_that_stays_unknown_has_no_figure_in_mm() -> None:
    said = Units.of(scaled(across(1, 250), across(2, 300)).frame, None).model_dump()
    assert (said["scale"], said["mm_per_source_unit"], said["distance_rms_mm"]) == (
        *("unknown", None, None),
    )
    assert [one["residual_mm"] for one in said["distances"]] == [None, None]
    assert said["distances"][0]["measured"] == pytest.approx(0.1)


def test_a_manifest_of_before_is_still_read() -> None:
    before = {"unit": "cm", "basis": "b", "scale": "declared", "scale_known": True,
              "figures_in": "mm"}  # fmt: skip
    assert Units.model_validate(before).mm_per_source_unit is None


def test_the_example_of_the_docs_is_the_file_that_is_run() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    toml = (docs / "examples" / "scale-bar" / "relic.toml").read_text(encoding="utf-8")
    distances = toml[toml.index("[[scan.distance]]") :]
    assert f"```toml\n{distances}```" in (docs / "metadata.md").read_text(encoding="utf-8")


def test_a_claim_that_the_distances_do_not_bear_out_is_not_repeated() -> None:
    claimed = {"capture": {"scale": "measured", "scale_basis": {"en": "two bars"}}}
    relic = replace(scaled(across(1, 250), across(2, 300)), metadata=claimed)
    told = with_true_scale(relic)
    assert told.metadata == {"capture": {}}
    assert "known distances do not agree with one another" in told.warnings[-1]


def test_an_unknown_scale_is_not_filled_in_with_distances_from_farther() -> None:
    defaults = Filled("defaults.toml", RelicToml.model_validate(tomllib.loads(DISTANCE)).stated())
    said, by = combined({"capture": {"scale": "unknown"}}, [defaults])
    assert "scan" not in said
    assert "scan.distance" not in by
    said, by = combined({}, [defaults])
    assert len(said["scan"]["distance"]) == 1
    assert by["scan.distance"] == "defaults.toml"
