"""`relicscan run`: exit codes, what it says and where, and what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli.commands import TERMINAL, Cli, Evening
from tiny_scans import (
    box,
    checked_output,
    files_below,
    read_json,
    sphere,
    write_cup,
    write_ply,
    write_toml,
)

from relicscan.batch.job import default_pipeline
from relicscan.batch.lock import hold
from relicscan.pipeline import read_pipeline

QUICK = """
[[stage]]
use = "merge_scans"
[[stage]]
use = "remove_invalid_points"
[[stage]]
use = "estimate_normals"
[[stage]]
use = "reconstruct_surface"
[[stage]]
use = "clean_mesh"
[[stage]]
use = "build_levels"
ceilings = { only = 100 }
"""


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    path = tmp_path / "quick.toml"
    path.write_text(QUICK, encoding="utf-8")
    return path


@pytest.fixture
def cup(tmp_path: Path) -> Path:
    write_cup(tmp_path / "cup")
    return tmp_path / "cup"


# An ordinary evening


def test_one_broken_relic_costs_itself(evening: Evening) -> None:
    manifests = checked_output(evening.out)
    assert {name: (m["state"], m["verdict"]) for name, m in manifests.items()} == {
        "cup": ("done", "pass"),
        "figurine": ("done", "review"),
        "torn": ("rejected", None),
        "vase": ("done", "pass"),
    }


def test_the_model_of_a_point_cloud_is_whole(evening: Evening) -> None:
    manifest = read_json(evening.out / "vase" / "relic.json")
    assert [level["name"] for level in manifest["levels"]] == ["thumb", "low", "medium", "high"]
    low, high = manifest["levels"][-1]["bounds_m"]
    # Its points are 3.5 mm apart, and the bump ends in a tip.
    assert np.subtract(high, low) == pytest.approx([0.11, 0.1, 0.1], abs=0.002)
    stages = [step.stage.name for step in read_pipeline(default_pipeline()).stages]
    assert [step["stage"] for step in manifest["steps"]] == stages
    assert all(step["skipped"] is None for step in manifest["steps"])
    validation = read_json(evening.out / "vase" / "run.json")["validation"]
    if validation["not_run"] is None:
        assert [r["errors"] + r["warnings"] for r in validation["results"]] == [0] * 4


def test_the_closing_table_is_the_answer(evening: Evening) -> None:
    lines = evening.said.out.splitlines()
    assert lines[0].split() == [
        *("relic", "result", "points", "triangles"),
        *("time", "memory", "warnings"),
    ]
    rows = {line.split()[0]: line.split()[1] for line in lines[1:-1]}
    assert rows == {"cup": "pass", "figurine": "review", "torn": "rejected", "vase": "pass"}
    assert lines[-1] == f"4 relics in {evening.out}: 2 pass, 1 review, 1 rejected"


def test_progress_and_reasons_go_to_stderr(evening: Evening) -> None:
    lines = evening.said.err.splitlines()
    assert [line.split("] ")[0] for line in lines[:4]] == ["[1/4", "[2/4", "[3/4", "[4/4"]
    assert sorted(line.split("] ")[1].split(",")[0] for line in lines[:4]) == [
        "cup: pass",
        "figurine: review",
        "torn: rejected",
        "vase: pass",
    ]
    text = "\n".join(lines[4:])
    assert "figurine (review): stage merge_scans: 2 of 2 scans have no pose (a, b)" in text
    assert "torn (rejected): scan.ply: " in text
    assert text.count("what would work: ") == 2


def test_no_colours_without_a_terminal(evening: Evening) -> None:
    assert "\x1b" not in evening.said.out + evening.said.err


def test_a_line_in_a_log_stays_one_line(evening: Evening) -> None:
    """However long: what is wrapped cannot be searched for."""
    (line,) = [x for x in evening.said.err.splitlines() if x.startswith("figurine (review)")]
    assert line.endswith("so how they belong together would be a guess")


# Exit codes and words


def test_nothing_is_said_quietly_when_all_is_well(cli: Cli, cup: Path, quick: Path) -> None:
    said = cli("run", cup, "-o", cup.parent / "out", "-p", quick, "--quiet")
    assert (said.out, said.err) == ("", "")
    assert set(checked_output(cup.parent / "out")) == {"cup"}


def test_what_went_wrong_is_said_quietly(cli: Cli, cup: Path, quick: Path) -> None:
    (cup.parent / "empty").mkdir()
    out = cup.parent / "out"
    said = cli("run", cup, cup.parent / "empty", "-o", out, "-p", quick, "-q", code=1)
    assert said.out == ""
    assert len(said.err.splitlines()) == 2
    assert said.err.startswith("empty (rejected): ")


def test_outcomes_as_json(cli: Cli, cup: Path, quick: Path) -> None:
    said = cli("run", cup, "-o", cup.parent / "out", "-p", quick, "--json")
    (outcome,) = json.loads(said.out)
    assert (outcome["id"], outcome["state"], outcome["verdict"]) == ("cup", "done", "pass")
    assert outcome["triangles"] == {"web/only.glb": 12}
    assert said.err.startswith("[1/1] cup: pass")


def test_review_is_a_failure_only_when_strict(cli: Cli, quick: Path, tmp_path: Path) -> None:
    for name in ("a.ply", "b.ply"):
        write_ply(tmp_path / "figurine" / name, sphere(300))
    arguments = ("run", tmp_path / "figurine", "-o", tmp_path / "out", "-p", quick)
    assert "review" in cli(*arguments).out
    assert "review" in cli(*arguments, "--strict", code=1).out


def test_a_kept_model_is_said(cli: Cli, cup: Path, quick: Path) -> None:
    arguments = ("run", cup, "-o", cup.parent / "out", "-p", quick)
    cli(*arguments)
    (cup / "cup.ply").write_bytes(b"ply")
    said = cli(*arguments, code=1)
    assert "rejected, earlier model kept" in said.out
    assert "cup (rejected, earlier model kept): cup.ply: " in said.err


def las_of_zero_points(path: Path) -> None:
    import laspy

    path.parent.mkdir(parents=True)
    laspy.LasData(laspy.LasHeader(point_format=3, version="1.2")).write(path)


def test_bad_scans_each_with_a_plain_reason(cli: Cli, quick: Path, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    (scans / "empty").mkdir(parents=True)
    whole = write_ply(scans / "truncated" / "a.ply", sphere(300))
    whole.write_bytes(whole.read_bytes()[:-7])
    las_of_zero_points(scans / "zero" / "zero.las")
    vertices = np.array(box().vertices)
    vertices[0] = np.nan
    write_ply(scans / "nan" / "nan.ply", replace(box(), vertices=vertices))
    write_ply(scans / "few" / "few.ply", sphere(20))
    for name in ("one", "two"):
        write_cup(scans / name)
        write_toml(scans / name, 'id = "twin"')
    write_cup(scans / "typo")
    write_toml(scans / "typo", '[scan]\nunti = "mm"\n')
    write_cup(scans / "good")
    cli_out = cli("run", scans, scans / "empty", "-o", out, "-p", quick, code=1)
    for line in (
        f"empty (rejected): {scans / 'empty'}: there is no scan in this folder",
        "truncated (rejected): a.ply: ",
        "zero (rejected): zero.las: ",
        "nan-nan (rejected): stage clean_mesh: 1 of 8 vertices are not numbers",
        "few (rejected): stage remove_invalid_points: only 20 of 20 points are usable",
        "twin (rejected): 2 relics have the id 'twin'",
        "typo (rejected): typo/relic.toml: line 2: there is no key scan.unti",
    ):
        assert f"\n{line}" in cli_out.err
    assert cli_out.err.count("what would work: ") == 7
    manifests = checked_output(out)
    assert {name: m["state"] for name, m in manifests.items() if name != "good"} == dict.fromkeys(
        ("empty", "few", "nan-nan", "truncated", "twin", "typo", "zero"), "rejected"
    )
    assert manifests["good"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("arguments", "says", "remedy"),
    [
        (["-p", "wep"], "there is no pipeline 'wep'", "did you mean 'web'?"),
        (["-p", "none.toml"], "there is no pipeline file none.toml", "archive, preview, web"),
        (["-p", "unknown.toml"], "line 1: there is no stage 'simplify'", "the stages are"),
        (["-p", "order.toml"], "stage crop: it needs a point cloud or a mesh", "move merge_scans"),
        (["-p", "typo.toml"], "line 1: there is no parameter 'supprt'", "'support'?"),
        (
            ["--set", "remove_surroundings.supprt=keep"],
            "there is no parameter 'supprt'",
            "'support'?",
        ),
        (
            ["--set", "remove_surroundings.support"],
            "not of the form name=value",
            "voxel_size_mm=0.5",
        ),
        (["--set", "build_levels.ceilings.high=1"], "ceilings.high = 1", "relicscan stages"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    cli: Cli,
    cup: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
    remedy: str,
) -> None:
    monkeypatch.chdir(cup.parent)
    Path("unknown.toml").write_text('[[stage]]\nuse = "simplify"')
    Path("typo.toml").write_text('[[stage]]\nuse = "remove_surroundings"\nsupprt = "keep"')
    Path("order.toml").write_text('[[stage]]\nuse = "crop"\n[[stage]]\nuse = "merge_scans"')
    said = cli("run", cup, *arguments, code=2)
    assert said.out == ""
    error, would_work = said.err.splitlines()
    assert error.startswith("error: ")
    assert says in error
    assert would_work.startswith("what would work: ")
    assert remedy in would_work
    assert not Path("out").exists()


def test_an_input_that_does_not_exist(cli: Cli, tmp_path: Path) -> None:
    said = cli("run", tmp_path / "none", "-o", tmp_path / "out", code=2)
    assert f"error: {tmp_path / 'none'}: there is no such file or folder" in said.err
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written(cli: Cli, cup: Path, quick: Path) -> None:
    out = cup.parent / "out"
    out.write_text("a file")
    for path in (out, out / "inside"):
        said = cli("run", cup, "-o", path, "-p", quick, code=2)
        assert said.out == ""
        assert "with -o" in said.err
    assert out.read_text() == "a file"


def test_an_output_in_the_scan_folder(cli: Cli, cup: Path, quick: Path) -> None:
    before = files_below(cup)
    said = cli("run", cup, "-o", cup / "out", "-p", quick, code=2)
    assert "lies in the scan folder" in said.err
    assert "elsewhere with -o" in said.err
    assert files_below(cup) == before


def test_an_output_that_another_run_holds(cli: Cli, cup: Path, quick: Path) -> None:
    out = cup.parent / "out"
    (out / ".relicscan").mkdir(parents=True)
    with hold(out / ".relicscan" / "lock"):
        said = cli("run", cup, "-o", out, "-p", quick, code=11)
    assert said.out == ""
    assert "another run holds this output folder" in said.err
    assert "wait until it has finished" in said.err
    assert not (out / "index.json").exists()


def test_no_room_on_the_disk(
    cli: Cli, cup: Path, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 3_000_000})()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    said = cli("run", cup, "-o", cup.parent / "out", "-p", quick, code=12)
    assert "free disk space" in said.err
    assert not (cup.parent / "out").exists()


def test_an_unknown_option_is_exit_code_2(cli: Cli, cup: Path) -> None:
    said = cli("run", cup, "--pipelin", "web", code=2)
    assert said.out == ""
    assert "--pipeline" in said.err


# Terminals


def on_a_terminal(*arguments: str | Path, columns: int, **environment: str) -> str:
    """What a command writes to a terminal of that width, stdout and stderr together."""
    import fcntl
    import pty
    import struct
    import termios

    try:
        ours, theirs = pty.openpty()
    except OSError as error:  # a bare container has no /dev/pts
        pytest.skip(f"this machine gives no pseudo-terminal: {error}")
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: text for name, text in os.environ.items() if name not in TERMINAL}
    with subprocess.Popen(
        [sys.executable, "-m", "relicscan", *map(str, arguments)],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env=kept | {"TERM": "xterm-256color"} | environment,
    ):
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other end has been closed
                break
            if not piece:
                break
            written += piece
    os.close(ours)
    return written.decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_colours_and_a_bar_on_a_narrow_terminal(cup: Path, quick: Path, tmp_path: Path) -> None:
    text = on_a_terminal("run", cup, "-o", tmp_path / "out", "-p", quick, columns=60)
    assert "\x1b[32mpass" in text
    assert "100 %" not in text.splitlines()[-1]
    assert "[1/1] cup: " in text
    assert "clean_mesh" in text or "build_levels" in text or "write" in text
    assert "1 relic in" in text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_no_color_is_respected(evening: Evening) -> None:
    arguments = ("check", evening.scans)
    assert "\x1b[32mok" in on_a_terminal(*arguments, columns=100)
    assert "\x1b[3" not in on_a_terminal(*arguments, columns=100, NO_COLOR="1")


def test_sixty_columns_hold_the_table(
    cli: Cli, quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a-rather-long-name-of-a-relic-with-an-inventory-number-1926-12"
    write_cup(tmp_path / "scans" / name)
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("run", tmp_path / "scans", "-o", tmp_path / "out", "-p", quick)
    table = said.out.splitlines()[:-1]
    assert max(map(len, table)) <= 60
    assert table[0].split() == ["relic", "result", "triangles", "time"]
    assert "".join(line.split(" ")[0] for line in table[1:]) == name
    assert table[1].split()[1:3] == ["pass", "12"]
