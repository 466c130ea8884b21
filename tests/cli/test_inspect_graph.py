"""`relicscan inspect --graph`: how scans belong together, as a tree and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli.commands import Cli
from tiny_scans import sphere, write_ply, write_toml

from relicscan.batch import graph as graph_module
from relicscan.cli.scan_graph import spanning_trees
from relicscan.errors import StageError, Undecided
from relicscan.pipeline import PlannedStage
from relicscan.relic import Arrangement, PointCloud, Relic, Step

EVIDENCE = {"rms_voxels": 0.123, "beside": 0.01, "conflict": 0.0005}


def pair(a: str, b: str, overlap: float, *, used: bool = True) -> dict[str, Any]:
    return {"scans": [a, b], "used": used, "overlap": overlap, **EVIDENCE}


def placed(scan: str, origin: str = "found") -> dict[str, Any]:
    return {"scan": scan, "confidence": 0.9, "origin": origin, "overlap": 0.5, **EVIDENCE}


PLACEMENTS = [
    placed("a"),
    {"scan": "b", "confidence": 0.0, "left_out": "its shape was not found"},
    placed("c", "color"),
    placed("d"),
    placed("e", "pinned"),
    placed("f"),
]
PAIRS = [
    pair("a", "c", 0.3),
    pair("a", "d", 0.4),
    pair("c", "d", 0.6),
    pair("e", "f", 0.5),
    pair("a", "b", 0.2, used=False),
]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A relic `pot` of two scans without poses."""
    write_toml(tmp_path / "pot")
    for name in ("a.ply", "b.ply"):
        write_ply(tmp_path / "pot" / name, sphere(300))
    return tmp_path / "pot"


def answer(monkeypatch: pytest.MonkeyPatch, figures: dict[str, Any], *warnings: str) -> list[Any]:
    """Let the stage measure this; with which parameters it was run."""
    asked: list[Any] = []

    def run_stage(relic: Relic, planned: PlannedStage) -> Relic:
        asked.append((planned.stage.name, dict(planned.parameters)))
        step = Step(planned.stage.name, {}, figures=figures, warnings=warnings)
        return replace(relic, history=(step,))

    monkeypatch.setattr(graph_module, "run_stage", run_stage)
    return asked


def test_a_tree_of_the_firmest_pairs_for_each_group(
    cli: Cli, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toml(shelf, '[pipeline]\nset."register_scans.min_confidence" = 0.5\n')
    asked = answer(monkeypatch, {"placements": PLACEMENTS, "pairs": PAIRS}, "mind the gap")
    out = cli("inspect", shelf, "--graph", "-p", "web").out
    assert asked[0][0] == "register_scans"
    assert asked[0][1]["min_confidence"] == 0.5
    lines = [line.rstrip() for line in out.splitlines()]
    at = lines.index("  how scans belong together:")
    how = "residual 0.12 voxels, conflict 0.05 %"
    assert lines[at + 1 : at + 10] == [
        "    group 1: a  confidence 0.90",
        f"    └── d  overlap 40 %, {how}, confidence 0.90",
        f"        └── c  overlap 60 %, {how}, colours decided, confidence 0.90",
        "    group 2: e  pose given, confidence 0.90",
        f"    └── f  overlap 50 %, {how}, confidence 0.90",
        "  left out: b: its shape was not found",
        "  1 more pair bearing this out as well",
        "  1 more pair fitting alone, and contradicted by others",
        "  warning: mind the gap",
    ]


def test_for_a_script_figures_are_as_they_are(
    cli: Cli, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, {"placements": PLACEMENTS, "pairs": PAIRS})
    (told,) = json.loads(cli("inspect", shelf, "--graph", "--json", "-p", "web").out)
    assert told["graph"]["placements"] == PLACEMENTS
    assert told["graph"]["pairs"] == PAIRS
    assert told["graph"]["note"] is None


def test_what_stays_open_is_told_with_what_would_work(
    cli: Cli, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_stage(relic: Relic, planned: PlannedStage) -> Relic:
        way = Arrangement("way 1 of 2 (orange: b)", PointCloud([[0.0, 0, 0]]))
        figures = {"placements": [placed("a"), placed("b")], "pairs": []}
        raise Undecided(
            "b fits in 2 ways", remedy="scan again", figures=figures, arrangements=[way]
        ).at(scan=relic.id, stage="register_scans")

    monkeypatch.setattr(graph_module, "run_stage", run_stage)
    lines = [line.strip() for line in cli("inspect", shelf, "--graph", "-p", "web").out.split("\n")]
    assert "a run makes no model: stage register_scans: b fits in 2 ways" in lines
    assert "what would work: scan again" in lines
    assert "a run makes a picture of: way 1 of 2 (orange: b)" in lines
    assert "group 2: b  confidence 0.90" in lines


def test_two_spheres_are_not_placed_by_guessing(cli: Cli, shelf: Path) -> None:
    """With the stage itself, which refuses."""
    (told,) = json.loads(cli("inspect", shelf, "--graph", "--json", "-p", "web").out)
    assert told["error"] is None
    assert "2 scans have no pose" in told["graph"]["undecided"]
    assert "frame" in told["graph"]["remedy"]


def test_a_stage_that_fails_is_an_error_as_elsewhere(
    cli: Cli, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_stage(relic: Relic, planned: PlannedStage) -> Relic:
        raise StageError("too few points", remedy="scan more").at(stage="register_scans")

    monkeypatch.setattr(graph_module, "run_stage", run_stage)
    said = cli("inspect", shelf, "--graph", "-p", "web", code=1).out
    assert "cannot be run: stage register_scans: too few points" in said
    assert "what would work: scan more" in said


@pytest.mark.parametrize(
    ("toml", "pipeline", "note"),
    [
        ('frame = "common"', "web", "poses given: relic.toml says"),
        (
            "".join(
                f'[[scan.pose]]\nfile = "{name}.ply"\n'
                "matrix = [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]\n"
                for name in "ab"
            ),
            "web",
            "poses given: a run keeps them",
        ),
        ("", None, "pipeline plain has no stage register_scans"),
    ],
)
def test_why_nothing_is_registered(
    cli: Cli, shelf: Path, toml: str, pipeline: str | None, note: str
) -> None:
    write_toml(shelf, f'[scan]\nunit = "mm"\n{toml}')
    chosen = ["-p", pipeline] if pipeline else []
    assert f"  how scans belong together: {note}" in cli("inspect", shelf, "--graph", *chosen).out


def test_without_asking_one_line_says_how_to_ask(cli: Cli, shelf: Path) -> None:
    out = cli("inspect", shelf).out
    (line,) = [line for line in out.splitlines() if "--graph" in line]
    assert "a run places them" in line
    assert "how scans belong together" not in out
    (told,) = json.loads(cli("inspect", shelf, "--json").out)
    assert told["graph"] is None


def test_one_scan_has_no_graph(cli: Cli, tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", sphere(300))
    (told,) = json.loads(cli("inspect", tmp_path, "--graph", "--json").out)
    assert told["graph"] is None


def test_a_spanning_tree_takes_what_overlaps_most() -> None:
    pairs = [pair("a", "b", 0.1), pair("b", "c", 0.5), pair("c", "a", 0.4), pair("d", "c", 0.2)]
    (tree,) = spanning_trees("abcd", pairs)
    assert tree == ("a", None, [("c", pairs[2], [("b", pairs[1], []), ("d", pairs[3], [])])])
    assert [branch[0] for branch in spanning_trees("abx", pairs)] == ["a", "x"]
    assert spanning_trees("", pairs) == []
