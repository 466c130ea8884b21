"""What a pipeline may say of gates, and the words for what it may not."""

from __future__ import annotations

from types import SimpleNamespace

import jsonschema
import pytest
from pydantic import ValidationError

from relicscan.errors import PipelineError
from relicscan.metadata.gate_record import GateRecord
from relicscan.quality.gate import (
    Gate,
    HeldGate,
    NotMeasured,
    all_gates,
    get_gate,
    overridden,
    read_gate,
)


def judged(name: str, given: object, figure: bool | float) -> GateRecord:
    """What becomes of a figure."""
    known = get_gate(name)
    measuring = Gate(name, lambda _: figure, known.unit, known.needs, known.says, known.remedy)
    return measuring.held(given).judge(SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "given", "figure", "verdict"),
    [
        ("max_deviation_rms_mm", {"review": 0.2, "fail": 1.0}, 0.2, "pass"),
        ("max_deviation_rms_mm", {"review": 0.2, "fail": 1.0}, 0.201, "review"),
        ("max_deviation_rms_mm", {"review": 0.2, "fail": 1.0}, 1.001, "fail"),
        ("max_deviation_rms_mm", {"fail": 1}, 0.9, "pass"),
        ("max_deviation_rms_mm", {"review": 0.2}, 9.0, "review"),
        ("min_coverage", {"review": 0.9, "fail": 0.5}, 0.9, "pass"),
        ("min_coverage", {"review": 0.9, "fail": 0.5}, 0.89, "review"),
        ("min_coverage", {"review": 0.9, "fail": 0.5}, 0.49, "fail"),
        ("max_left_out_share", {"fail": 0.0}, 0.0, "pass"),
        ("max_left_out_share", {"fail": 0.0}, 0.001, "fail"),
        ("scale_known", "review", True, "pass"),
        ("scale_known", "review", False, "review"),
        ("scale_known", "fail", False, "fail"),
        ("scale_known", "pass", False, "pass"),
    ],
)
def test_a_figure_is_held_to_the_thresholds(name, given, figure, verdict: str) -> None:
    found = judged(name, given, figure)
    assert (found.verdict, found.figure) == (verdict, figure)
    assert (found.reason is None, found.remedy is None) == (verdict == "pass",) * 2


def test_a_reason_has_the_figure_the_threshold_and_a_remedy() -> None:
    rms = judged("max_deviation_rms_mm", {"review": 0.2, "fail": 1.0}, 0.34)
    assert rms.reason == "the finest level is 0.34 mm (RMS) from the scan, over 0.2 mm"
    assert "raise the largest of build_levels.ceilings" in (rms.remedy or "")
    assert (rms.remedy or "").endswith("or set gates.max_deviation_rms_mm.review")
    seen = judged("min_coverage", {"review": 0.9, "fail": 0.5}, 0.25)
    assert seen.reason == "25% of the object's surface was seen, under 50%"
    assert (seen.remedy or "").endswith("or set gates.min_coverage.fail")
    scale = judged("scale_known", "fail", False)
    assert scale.reason == "the scale of the scan is unknown"
    assert (scale.unit, scale.wants, scale.review, scale.fail) == (None, "true", None, True)


def test_a_figure_that_cannot_be_had_is_for_somebody_to_look_at() -> None:
    def unknown(_: object) -> float:
        raise NotMeasured("the scale of the scan is unknown", "say the unit")

    for given in ({"fail": 1.0}, {"review": 0.2}):
        found = Gate("max_size_mm", unknown, "mm", None, "", "").held(given).judge(None)  # type: ignore[arg-type]
        assert (found.figure, found.verdict) == (None, "review")
        assert found.reason == "gate max_size_mm has no figure: the scale of the scan is unknown"
        assert found.remedy == "say the unit, or take gates.max_size_mm out of the pipeline"


@pytest.mark.parametrize(
    ("name", "given", "says", "remedy"),
    [
        ("max_filed_share", {}, "no gate 'max_filed_share'", "did you mean 'max_filled_share'?"),
        ("max_filled_share", 0.2, "= 0.2 has no thresholds", "{ review = …, fail = … }"),
        ("max_filled_share", {}, "has no thresholds", "{ review = …, fail = … }"),
        ("max_filled_share", {"warn": 1}, "no threshold 'warn'", "{ review = …"),
        ("max_filled_share", {"review": 20}, "review = 20: ", "{ review = …"),
        ("max_filled_share", {"review": "a lot"}, "review = 'a lot'", "{ review = …"),
        ("max_filled_share", {"review": True}, "review = True", "{ review = …"),
        ("max_deviation_rms_mm", {"fail": -1}, "fail = -1", "{ review = …"),
        ("max_deviation_rms_mm", {"fail": float("nan")}, "fail = nan", "{ review = …"),
        ("max_deviation_rms_mm", {"review": 2, "fail": 1}, "what fails (1) would pass", "exchange"),
        ("min_coverage", {"review": 0.5, "fail": 0.9}, "what fails (0.9) would pass", "exchange"),
        ("watertight", {"review": True}, "is no verdict", 'watertight = "review"'),
        ("watertight", True, "= True is no verdict", 'watertight = "review"'),
    ],
)
def test_what_a_pipeline_may_not_say(name: str, given: object, says: str, remedy: str) -> None:
    with pytest.raises(PipelineError) as caught:
        read_gate(name, given)
    assert says in caught.value.message
    assert remedy in (caught.value.remedy or "")


def test_overrides_are_on_record() -> None:
    held = (read_gate("max_filled_share", {"review": 0.1, "fail": 0.4}),)
    held = overridden(held, "max_filled_share.review", 0.3, "relic.toml [pipeline]")
    held = overridden(held, "scale_known", "fail", "--set")
    held = overridden(held, "min_coverage.review", 0.5, "--set")
    assert [(one.gate.name, one.given) for one in held] == [
        ("max_filled_share", {"review": 0.3, "fail": 0.4}),
        ("scale_known", "fail"),
        ("min_coverage", {"review": 0.5}),
    ]
    assert held[0].overridden == {"review": "relic.toml [pipeline]"}
    assert held[1].overridden == {"review": "--set", "fail": "--set"}
    assert held[2].overridden == {"review": "--set"}


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("", 1, "no gate ''"),
        ("watertigt", "fail", "no gate 'watertigt'"),
        ("watertight.review", True, "has no thresholds, so there is no 'review' to set"),
        ("max_filled_share", 0.3, "has no thresholds"),
        ("max_filled_share.review", 0.5, "what fails (0.4) would pass"),
        ("max_filled_share.review.now", 0.5, "no threshold 'review.now'"),
    ],
)
def test_overrides_that_do_not_fit(path: str, value: object, says: str) -> None:
    held = (read_gate("max_filled_share", {"review": 0.1, "fail": 0.4}),)
    with pytest.raises(PipelineError) as caught:
        overridden(held, path, value, "--set")
    assert says in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("gate", all_gates().values(), ids=lambda gate: gate.name)
def test_every_gate_is_described_and_its_schema_takes_what_it_takes(gate: Gate) -> None:
    assert gate.description.endswith(".")
    assert ("{figure}" in gate.says) == (gate.wants != "true")
    given = "review" if gate.wants == "true" else {"review": 0.5}
    jsonschema.validate(given, gate.schema)
    assert isinstance(gate.held(given), HeldGate)
    assert gate.held(given).given == given
    for wrong in ("often", {}, {"warn": 1}, 3, {"review": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, gate.schema)
        with pytest.raises(PipelineError):
            gate.held(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "pass", "reason": None, "remedy": None},
        {"verdict": "fail"},
        {"figure": 0.1},
        {"reason": None},
    ],
)
def test_a_record_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    honest = judged("max_deviation_rms_mm", {"review": 0.2}, 0.34).model_dump()
    assert GateRecord(**honest).verdict == "review"
    with pytest.raises(ValidationError):
        GateRecord(**honest | change)
