"""One suite over every registered stage: what a stage promises by being one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan import threads
from relicscan.errors import PipelineError, RelicscanError
from relicscan.geometry.packing import packed
from relicscan.pipeline import plain, skip_reason
from relicscan.relic import PRODUCTS, Relic
from relicscan.stage import Stage, all_stages

from .relics import degenerate_relics, digest, input_of

STAGES = all_stages()
DEGENERATE = degenerate_relics()
PARAMETERS = [(stage, name) for stage in STAGES.values() for name in stage.parameters.model_fields]
LIMITS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
TESTS = Path(__file__).resolve().parents[1]

every_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
every_parameter = pytest.mark.parametrize(
    ("stage", "name"), PARAMETERS, ids=[f"{stage.name}.{name}" for stage, name in PARAMETERS]
)


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What --reproducible does; see relicscan.threads."""
    monkeypatch.setenv("RELICSCAN_THREADS", "1")


def schema(stage: Stage, name: str) -> dict[str, Any]:
    """The JSON Schema of a parameter; of one that may be None, that of its value."""
    found = stage.parameters.model_json_schema()["properties"][name]
    choices = [c for c in found.get("anyOf", []) if c.get("type") != "null"]
    return choices[0] if choices else found


@pytest.fixture(autouse=True)
def few_trials(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Charts are packed a few times on a coarse grid: what a stage promises does not depend on it.

    Another process would not know of it.
    """
    if "another_process" not in request.node.name:
        monkeypatch.setattr(
            "relicscan.geometry.unwrap.packed",
            lambda flat, chart, gaps, rounds=None: packed(flat, chart, gaps=128, rounds=1),
        )


@every_stage
def test_leaves_its_input_alone_and_returns_another(stage: Stage, one_thread: None) -> None:
    relic = input_of(stage)
    before = digest(relic)
    after = stage(relic)
    assert digest(relic) == before
    assert after is not relic
    assert isinstance(after, Relic)


@every_stage
def test_makes_and_drops_what_it_says(stage: Stage, one_thread: None) -> None:
    relic = input_of(stage)
    had = relic.products
    assert stage.needs <= had
    has = stage(relic).products
    assert stage.makes <= has, "it promised more than it made"
    assert not stage.drops & has, "it left what it says it drops"
    undeclared = has - had - stage.makes - stage.may_make - {"geometry"}
    assert not undeclared, "it made more than it says"
    lost = had - stage.drops - has
    assert not lost, "it lost more than it says"


@every_stage
def test_same_input_same_result(stage: Stage, one_thread: None) -> None:
    assert digest(stage(input_of(stage))) == digest(stage(input_of(stage)))


@pytest.mark.parametrize(
    "stage",
    # Open3D's Poisson adds in another order each time when it may use several threads.
    [stage for name, stage in STAGES.items() if name != "reconstruct_surface"],
    ids=[name for name in STAGES if name != "reconstruct_surface"],
)
def test_threads_change_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "1")
    alone = digest(stage(input_of(stage)))
    monkeypatch.setenv("RELICSCAN_THREADS", "2")
    assert digest(stage(input_of(stage))) == alone


def test_same_result_in_another_process(one_thread: None) -> None:
    code = (
        "from stages.relics import digest, input_of\n"
        "from relicscan.stage import all_stages\n"
        "for name, stage in all_stages().items(): print(name, digest(stage(input_of(stage))))"
    )
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, **threads.environment(1), "PYTHONPATH": path}
    there = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    here = [f"{name} {digest(stage(input_of(stage)))}" for name, stage in STAGES.items()]
    assert there.stdout.splitlines() == here


@every_stage
def test_prints_nothing(stage: Stage, one_thread: None, capfd: pytest.CaptureFixture[str]) -> None:
    stage(input_of(stage))
    assert capfd.readouterr() == ("", "")


@every_stage
def test_figures_and_warnings_can_be_recorded(stage: Stage, one_thread: None) -> None:
    after = stage(input_of(stage))
    figures = dict(after.figures)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    for name, value in figures.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        # The canonical manifest is written from plain types, not from NumPy's.
        assert type(value) in (int, float, str, bool, type(None), list, dict), name
    assert all(len(warning) > 20 for warning in after.warnings)


@every_stage
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_input_is_a_result_or_a_plain_error(
    stage: Stage, case: str, one_thread: None
) -> None:
    refusal = None
    try:
        after = stage(DEGENERATE[case])
    except RelicscanError as error:
        refusal = error
    if refusal is None:
        json.dumps(dict(after.figures), allow_nan=False)
    else:
        assert refusal.remedy


@every_stage
def test_describes_itself(stage: Stage) -> None:
    assert re.fullmatch(r"[A-Z].{15,98}\.", stage.summary), "a sentence on one line"
    assert stage.needs
    assert stage.makes
    assert stage.needs | stage.makes | stage.may_make | stage.drops <= set(PRODUCTS)
    assert stage.function.__module__ == f"relicscan.stages.{stage.name}"
    assert stage.cost > 0


@every_stage
def test_has_a_test_of_its_name(stage: Stage) -> None:
    assert (TESTS / "stages" / f"test_{stage.name}.py").is_file()


@every_stage
def test_says_in_words_why_it_is_skipped(stage: Stage) -> None:
    for need in stage.needs:
        reason = skip_reason(stage, set(PRODUCTS) - {need})
        assert reason
        assert "." not in reason, "names of products are not words"
    assert skip_reason(stage, stage.needs) is None


@every_stage
def test_defaults_survive_json(stage: Stage) -> None:
    defaults = stage.effective({})
    assert stage.effective(json.loads(json.dumps(plain(defaults)))) == defaults
    described = stage.parameters.model_json_schema()
    assert json.loads(json.dumps(described)) == described
    assert described["additionalProperties"] is False
    assert plain(defaults) == {
        name: entry["default"] for name, entry in described.get("properties", {}).items()
    }


@every_stage
def test_an_unknown_parameter_is_refused_with_the_nearest(stage: Stage) -> None:
    with pytest.raises(PipelineError, match="no parameter 'qqq'") as caught:
        stage.effective({"qqq": 1})
    assert caught.value.stage == stage.name
    for name in stage.parameters.model_fields:
        with pytest.raises(PipelineError) as caught:
            stage.effective({f"{name}s": 1})
        assert f"did you mean '{name}'" in (caught.value.remedy or "")


@every_parameter
def test_parameter_is_described(stage: Stage, name: str) -> None:
    field = stage.parameters.model_fields[name]
    assert not field.is_required(), "every parameter has a default"
    assert field.description
    assert re.fullmatch(r"[A-Z].*\.", field.description)
    assert "  " not in field.description


@every_parameter
def test_lengths_carry_their_unit(stage: Stage, name: str) -> None:
    length = {"size", "distance", "radius", "gap", "margin", "deviation", "thickness", "tolerance"}
    if length & set(name.split("_")):
        assert re.search(r"_(mm|px|spacings|voxels|degrees)$", name)


@every_parameter
def test_parameter_refuses_what_it_cannot_be(stage: Stage, name: str) -> None:
    bounds = schema(stage, name)
    wrong: list[Any] = [[], {"a": {}}, "no such value"]
    wrong += [np.nan, np.inf] if bounds.get("type") in ("number", "integer") else []
    wrong += [bounds["minimum"] - 1] if "minimum" in bounds else []
    wrong += [bounds["exclusiveMinimum"]] if "exclusiveMinimum" in bounds else []
    wrong += [bounds["maximum"] + 1] if "maximum" in bounds else []
    wrong += [bounds["exclusiveMaximum"]] if "exclusiveMaximum" in bounds else []
    for value in wrong:
        with pytest.raises(PipelineError) as caught:
            stage.effective({name: value})
        assert caught.value.stage == stage.name
        assert name in caught.value.message
        assert caught.value.remedy


@every_parameter
def test_numbers_have_a_limit(stage: Stage, name: str) -> None:
    bounds = schema(stage, name)
    if bounds.get("type") in ("number", "integer"):
        assert any(limit in bounds for limit in LIMITS), "a number without limits checks nothing"
