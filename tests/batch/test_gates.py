"""Gates from a pipeline's file to the verdict, the exit code's and what relic.json says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from batch.conftest import PIPELINE
from tiny_scans import checked_output, read_json, sphere, write_ply, write_toml

from relicscan.batch.job import Outcome
from relicscan.batch.run import run
from relicscan.metadata.manifest import RelicManifest, read_manifest

GATES = """
[gates]
max_deviation_rms_mm = { review = 5, fail = 20 }
min_coverage = { review = 0.9 }
scale_known = "review"
"""
MEASURED = PIPELINE + '[[stage]]\nuse = "measure_deviation"\n'
SET = '[scan]\nunit = "mm"\nup = "+Z"\n[pipeline.set.gates]\n'
SET += "max_deviation_rms_mm.review = 0.001\nmax_deviation_rms_mm.fail = 0.01\n"

Ended = dict[str, Outcome]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("gates")
    (root / "held.toml").write_text(GATES + MEASURED)
    cloud = sphere(3000)
    write_ply(root / "scans" / "ball" / "ball.ply", cloud)
    write_toml(root / "scans" / "ball")
    write_ply(root / "scans" / "half" / "half.ply", cloud.take(cloud.points[:, 0] < 0))
    write_toml(root / "scans" / "half")
    write_ply(root / "scans" / "strict" / "ball.ply", cloud)
    write_toml(root / "scans" / "strict", SET)
    write_ply(root / "scans" / "unscaled" / "ball.ply", cloud)
    return root


@pytest.fixture(scope="module")
def ended(root: Path) -> Ended:
    outcomes = run(root / "scans", root / "out", pipeline=str(root / "held.toml"), jobs=1)
    return {outcome.id: outcome for outcome in outcomes}


@pytest.fixture(scope="module")
def said(root: Path, ended: Ended) -> dict[str, dict[str, Any]]:
    return checked_output(root / "out")


def gates_of(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {gate["name"]: gate for gate in manifest["gates"]}


def test_the_worst_gate_is_the_verdict(ended: Ended, said: dict[str, Any], root: Path) -> None:
    verdicts = {"ball": "pass", "half": "review", "strict": "fail", "unscaled": "review"}
    assert {name: outcome.verdict for name, outcome in ended.items()} == verdicts
    assert {name: manifest["verdict"] for name, manifest in said.items()} == verdicts
    assert {name: outcome.ok for name, outcome in ended.items()} == {
        name: verdict != "fail" for name, verdict in verdicts.items()
    }
    index = read_json(root / "out" / "index.json")
    assert {one["id"]: one["verdict"] for one in index["relics"]} == verdicts


def test_every_gate_is_recorded_with_its_figure(said: dict[str, Any]) -> None:
    ball, half = gates_of(said["ball"]), gates_of(said["half"])
    assert list(ball) == ["max_deviation_rms_mm", "min_coverage", "scale_known"]
    assert {one["verdict"] for one in ball.values()} == {"pass"}
    ways = [said["ball"]["levels"][-1]["deviation"][w] for w in ("scan_to_level", "level_to_scan")]
    assert ball["max_deviation_rms_mm"]["figure"] == max(way["rms_mm"] for way in ways)
    assert ball["min_coverage"]["figure"] > 0.99
    # Half of a sphere, and the disc that would close it.
    assert half["min_coverage"]["figure"] == pytest.approx(2 / 3, rel=0.02)
    assert (half["min_coverage"]["review"], half["min_coverage"]["unit"]) == (0.9, "share")
    (reason,) = said["half"]["reasons"]
    assert reason["text"].endswith("of the object's surface was seen, under 90%")
    assert reason["text"] == half["min_coverage"]["reason"]


def test_what_relic_toml_sets_is_on_record(said: dict[str, Any], ended: Ended) -> None:
    strict = gates_of(said["strict"])["max_deviation_rms_mm"]
    assert (strict["review"], strict["fail"]) == (0.001, 0.01)
    assert strict["overridden"] == dict.fromkeys(["review", "fail"], "relic.toml [pipeline]")
    assert "over 0.01 mm" in ended["strict"].reasons[0][0]


def test_without_a_scale_a_length_is_not_held_and_somebody_looks(said: dict[str, Any]) -> None:
    unscaled = gates_of(said["unscaled"])
    assert unscaled["scale_known"]["figure"] is False
    length = unscaled["max_deviation_rms_mm"]
    assert (length["figure"], length["verdict"]) == (None, "review")
    assert [reason["text"] for reason in said["unscaled"]["reasons"]] == [
        "gate max_deviation_rms_mm has no figure: the scale of the scan is unknown",
        "the scale of the scan is unknown",
    ]


def test_other_thresholds_judge_again(root: Path, ended: Ended) -> None:
    again = run(
        root / "scans" / "half",
        root / "out",
        pipeline=str(root / "held.toml"),
        overrides={"gates.min_coverage.review": 0.5},
        jobs=1,
    )
    assert [(o.id, o.verdict, o.unchanged) for o in again] == [("half", "pass", False)]
    told = gates_of(read_json(root / "out" / "half" / "relic.json"))["min_coverage"]
    assert told["overridden"] == {"review": "--set"}


def test_a_manifest_from_before_there_were_gates_is_read(root: Path, said: dict[str, Any]) -> None:
    old = {key: value for key, value in said["ball"].items() if key != "gates"}
    assert RelicManifest.model_validate(old).gates == ()
    assert len(read_manifest(root / "out" / "ball" / "relic.json").gates) == 3
    better = said["half"] | {"verdict": "pass"}
    with pytest.raises(ValueError, match="no better than that of any gate"):
        RelicManifest.model_validate(better)
