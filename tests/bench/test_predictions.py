"""What was foretold is held against what came, and the error is told as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tiny_scans import box

from bench.predictions import CPU_PER_SECOND, Compared, Figure, compared, page, summary
from relicscan.batch.inspect import Inspection
from relicscan.quality.expectation import Expected
from relicscan.quality.inspection import measure_scan
from relicscan.relic import Scan

A_MESH = measure_scan(Scan("cup", box()))[0]


def came(rms_mm: float | None = 0.2, triangles: int = 100) -> tuple[dict[str, Any], dict[str, Any]]:
    distances = {"rms_mm": rms_mm, "rms_of_diagonal": 0.001}
    levels = [
        {"triangles": 10, "deviation": {"scan_to_level": {"rms_mm": 9, "rms_of_diagonal": 0.9}}},
        {"triangles": 50, "deviation": {"scan_to_level": distances}},
    ]
    run = {"peak_memory_bytes": 1_500_000_000}
    return run, {"master": {"triangles": triangles}, "levels": levels}


def foretold(expected: Expected | None) -> Inspection:
    return Inspection(
        "pot", "", estimated_seconds=30.0, estimated_memory_bytes=1_800_000_000, expected=expected
    )


def test_figures_stand_beside_those_that_came() -> None:
    found = compared(foretold(Expected(120, 0.1, 0.0004)), *came(), 30.0 * CPU_PER_SECOND)
    ratios = {name: figure.ratio for name, figure in found.figures.items()}
    assert ratios == pytest.approx({"seconds": 1.0, "GB": 1.2, "triangles": 1.2, "RMS": 0.5})
    assert found.in_mm


def test_without_a_scale_the_diagonal_is_the_measure() -> None:
    found = compared(foretold(Expected(100, None, 0.002)), *came(rms_mm=None), None)
    assert not found.in_mm
    assert found.figures["RMS"].ratio == pytest.approx(2.0)
    assert "seconds" not in found.figures


def test_what_was_not_foretold_or_did_not_come_is_left_out() -> None:
    run, manifest = came()
    whole = compared(foretold(Expected(100, 0.0, 0.0)), run, manifest, None)
    assert set(whole.figures) == {"GB", "triangles"}
    mesh = replace(foretold(Expected(100, 0.1, 0.1)), scans=(A_MESH,))
    assert set(compared(mesh, run, manifest, None).figures) == {"GB"}
    rejected = compared(foretold(None), run, {"master": None, "levels": []}, None)
    assert set(rejected.figures) == {"GB"}


def test_the_median_and_the_worst_are_told() -> None:
    relics = [
        Compared(name, {"seconds": Figure(foretold, 10.0)}, True)
        for name, foretold in (("a", 10.0), ("b", 12.0), ("c", 4.0))
    ]
    assert summary(relics) == [["seconds", "3", "1.00", "20%", "0.40 (c)"]]
    text = page(relics)
    assert "| b | 12 / 10 (1.20) | – | – | – |" in text
    assert "| seconds | 3 | 1.00 | 20% | 0.40 (c) |" in text
