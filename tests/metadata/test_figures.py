"""Dimensions of the catalogue held against the model."""

from __future__ import annotations

from typing import Any

import pytest

from relicscan.metadata.descriptive import Dimension
from relicscan.metadata.figures import DimensionRecord

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
