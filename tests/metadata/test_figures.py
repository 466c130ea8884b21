"""Dimensions of the catalogue held against the model, and deviations against their limits."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from relicscan.metadata.descriptive import Dimension
from relicscan.metadata.figures import DeviationCheckRecord, DeviationRecord, DimensionRecord
from relicscan.relic import Deviation, Distances, Frame

SIDES = (100.0, 420.0, 60.0)  # width, height, depth in mm


def held(kind: str, value: str, unit: str = "cm", *, upright: bool = True, **more: Any) -> Any:
    stated = Dimension.model_validate({"kind": kind, "value": value, "unit": unit, **more})
    return DimensionRecord.of(stated, SIDES, upright=upright)


def test_a_height_that_agrees() -> None:
    found = held("height", "42.5")
    assert (found.stated_mm, found.measured_mm, found.threshold_mm) == (425.0, 420.0, 8.5)
    assert found.agrees
    assert found.reason is None


def test_a_height_in_the_wrong_unit_does_not() -> None:
    assert held("height", "42.5", "in").agrees is False


def test_a_height_is_not_the_width() -> None:
    assert held("height", "10.0").agrees is False
    assert held("height", "10.0", upright=False).agrees


def test_a_width_may_be_either_side_and_not_the_height() -> None:
    assert held("width", "6.0").measured_mm == 60.0
    assert held("width", "10.0").measured_mm == 100.0
    assert held("width", "42.0").agrees is False


@pytest.mark.parametrize(("uncertainty", "agrees"), [("1", True), ("0.1", False)])
def test_the_catalogue_s_own_uncertainty_counts(uncertainty: str, agrees: bool) -> None:
    assert held("depth", "7.0", uncertainty=uncertainty).agrees is agrees


def test_what_cannot_be_held_against_the_model_says_why() -> None:
    part = held("diameter", "5", part={"en": "mouth"})
    assert (part.agrees, part.reason) == (None, "it is a dimension of a part")
    stated = Dimension(kind="height", value="1", unit="m")
    unknown = DimensionRecord.of(stated, None, upright=True)
    assert unknown.stated_mm == 1000.0
    assert unknown.measured_mm is None
    assert "scale" in (unknown.reason or "")


def test_the_front_tells_width_from_depth() -> None:
    depth = Dimension(kind="depth", value="10.0", unit="cm")
    assert DimensionRecord.of(depth, SIDES, upright=True).agrees
    assert DimensionRecord.of(depth, SIDES, upright=True, fronted=True).agrees is False


KNOWN, UNKNOWN = Frame(unit="mm", unit_basis="declared in relic.toml"), Frame()
THERE, BACK = Distances(0.123456, 0.25, 1.5, 120_000), Distances(9.0, 9.0, 9.0, 120_000)
FOUND = Deviation("points", THERE, BACK, 0.0, 0.6, 0.0, diagonal=500.0)
FILLED = Deviation("mesh", None, BACK, 0.0, None, 1.0, diagonal=500.0)


@pytest.mark.parametrize(
    ("limit", "passes"), [(0.2, True), (0.123456, True), (0.123455, False), (0.01, False)]
)
def test_a_deviation_within_its_limit_passes(limit: float, passes: bool) -> None:
    """By the root mean square from the scan to the level, and by no other figure."""
    assert DeviationCheckRecord.of(FOUND, KNOWN, limit).model_dump() == {
        "method": "rms_scan_to_level",
        "reference": "points",
        "measured_mm": 0.123456,
        "measured_of_diagonal": 0.0002469,
        "threshold_mm": limit,
        "passes": passes,
        "reason": None,
    }


@pytest.mark.parametrize("frame", [KNOWN, UNKNOWN])
@pytest.mark.parametrize("found", [FOUND, FILLED])
def test_its_figures_are_those_of_the_deviation(found: Deviation, frame: Frame) -> None:
    checked = DeviationCheckRecord.of(found, frame, 0.2)
    there = DeviationRecord.of(found, frame).scan_to_level
    assert checked.measured_mm == (there and there.rms_mm)
    assert checked.measured_of_diagonal == (there and there.rms_of_diagonal)
    assert checked.reference == found.reference


@pytest.mark.parametrize(
    ("found", "frame", "limit", "measured", "reason"),
    [
        (FOUND, KNOWN, None, 0.123456, "the target sets no limit"),
        (FOUND, UNKNOWN, 0.2, None, "the scale of the scan is unknown"),
        (None, KNOWN, 0.2, None, "it was not measured"),
        (None, UNKNOWN, 0.2, None, "it was not measured"),
        (FILLED, KNOWN, 0.2, None, "all of the scan's surface was filled"),
        (
            FOUND, UNKNOWN, None, None,
            "the scale of the scan is unknown; the target sets no limit",
        ),
        (
            None, KNOWN, None, None,
            "it was not measured; the target sets no limit",
        ),
    ],
)  # fmt: skip
def test_a_deviation_that_cannot_be_held_against_a_limit_says_why(
    found: Deviation | None, frame: Frame, limit: float | None, measured: float | None, reason: str
) -> None:
    checked = DeviationCheckRecord.of(found, frame, limit)
    assert (checked.measured_mm, checked.threshold_mm) == (measured, limit)
    assert (checked.passes, checked.reason) == (None, reason)
    share = 0.0002469 if found is FOUND else None
    assert checked.measured_of_diagonal == share


@pytest.mark.parametrize(
    "change",
    [
        {"passes": True},
        {"passes": None},
        {"passes": None, "reason": "it is late"},
        {"threshold_mm": 0.2},
        {"threshold_mm": None},
        {"measured_mm": None, "passes": None},
        {"reason": "it is late"},
        {"threshold_mm": 0.0},
        {"measured_mm": float("nan")},
    ],
)
def test_a_check_that_says_what_its_figures_do_not(change: dict[str, Any]) -> None:
    good = DeviationCheckRecord.of(FOUND, KNOWN, 0.1).model_dump()
    assert DeviationCheckRecord.model_validate(good).passes is False
    with pytest.raises(ValidationError):
        DeviationCheckRecord.model_validate(good | change)
