"""Options of `relicscan run`: what would run and why, limits, records for machines, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli.commands import Cli
from tiny_scans import checked_output, files_below, write_cup


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name in ("bowl", "cup"):
        write_cup(tmp_path / "shelf" / name)
    torn = write_cup(tmp_path / "shelf" / "torn")
    torn.write_bytes(torn.read_bytes()[:-20])
    for path in (tmp_path / "shelf").rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    return tmp_path / "shelf"


def test_a_dry_run_says_what_and_why_and_writes_nothing(
    cli: Cli, shelf: Path, tmp_path: Path
) -> None:
    said = cli("run", shelf, "-o", tmp_path / "out", "--dry-run")
    assert [line.split()[:2] for line in said.out.splitlines()] == [
        ["relic", "would"],
        ["bowl", "run"],
        ["cup", "run"],
        ["torn", "run"],
        ["3", "of"],
    ]
    assert said.out.count("it is new") == 3
    assert said.out.splitlines()[-1].endswith("nothing was written")
    assert files_below(tmp_path) == {f"shelf/{name}" for name in files_below(shelf)}


def test_a_dry_run_after_a_run(cli: Cli, shelf: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cli("run", shelf, "-o", out, "-p", "preview", code=1)
    before = {name: (out / name).stat().st_mtime_ns for name in files_below(out)}
    (shelf / "cup" / "notes.txt").write_text("rain")
    said = cli("run", shelf, "-o", out, "-p", "preview", "--dry-run", "--json")
    rows = {row["id"]: (row["runs"], row["why"]) for row in json.loads(said.out)}
    assert rows == {
        "bowl": (False, None),
        "cup": (True, "files were added to its folder, or taken out"),
        "torn": (False, None),
    }
    assert before == {name: (out / name).stat().st_mtime_ns for name in files_below(out)}


def test_a_finished_batch_says_so_and_hides_no_failure(
    cli: Cli, shelf: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cli("run", shelf, "-o", out, "-p", "preview", code=1)
    said = cli("run", shelf, "-o", out, "-p", "preview", code=1)
    assert "3 relics in" in said.out
    assert said.out.splitlines()[-1].endswith("2 pass, 1 rejected; 3 unchanged")
    assert "torn (rejected): cup.ply: " in said.err
    assert "1 relic failed before, with the same scans: --retry tries again" in said.err
    assert "[" not in said.err.split("torn")[0]  # no relic was run
    again = cli("run", shelf, "-o", out, "-p", "preview", "--retry", code=1)
    assert "[3/3] torn: rejected" in again.err


def test_events_and_junit(cli: Cli, shelf: Path, tmp_path: Path) -> None:
    events, junit = tmp_path / "events.jsonl", tmp_path / "junit.xml"
    for _ in range(2):
        cli(
            *("run", shelf, "-o", tmp_path / "out", "-p", "preview"),
            *("--events", events, "--junit", junit, "-q"),
            code=1,
        )
    kinds = [json.loads(line)["event"] for line in events.read_text("utf-8").splitlines()]
    assert kinds.count("run_started") == kinds.count("run_ended") == 2  # the second is added
    assert (kinds.count("relic_ended"), kinds.count("unchanged")) == (3, 3)
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "2")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--jobs", "many"], 2, "--jobs is 'many'"),
        (["--jobs", "0"], 2, "--jobs is '0'"),
        (["--threads", "0"], 2, "--threads is 0"),
        (["--memory", "lots"], 2, "'lots' is not an amount of bytes"),
        (["--memory", "100MB"], 12, "100 MB of memory are too little"),
        (["--cache", "-1"], 2, "'-1' is not an amount of bytes"),
        (["--time-limit", "0"], 2, "--time-limit"),
        (["--events", "/nowhere/events.jsonl"], 2, "cannot be written"),
        (["--junit", "/nowhere/junit.xml"], 2, "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    cli: Cli, shelf: Path, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    said = cli("run", shelf, "-o", tmp_path / "out", *options, code=code)
    assert says in said.err
    assert not (tmp_path / "out").exists()


def test_paths_longer_than_any_file_system_takes(cli: Cli, shelf: Path, tmp_path: Path) -> None:
    endless = "x" * 6000
    assert "there is no such file" in cli("run", endless, "-o", tmp_path / "out", code=2).err
    assert "cannot be an output folder" in cli("run", shelf, "-o", tmp_path / endless, code=2).err


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)],
)
def test_a_signal_ends_it_whole_and_the_same_command_goes_on(
    shelf: Path, tmp_path: Path, number: int
) -> None:
    out = tmp_path / "out"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import sys, time\nif sys.orig_argv[-1].endswith('torn.job.json'):\n    time.sleep(120)\n"
    )
    command = [sys.executable, "-m", "relicscan", "run", shelf, "-o", out, "-p", "preview"]
    process = subprocess.Popen(
        [*command, "--jobs", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    end = time.monotonic() + 60
    while not all((out / name / "relic.json").is_file() for name in ("bowl", "cup")):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    time.sleep(1)  # a relic is in its place a moment before the run counts it
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "2 of 3 relics finished" in stderr
    assert stdout == ""
    assert set(checked_output(out)) == {"bowl", "cup"}
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].endswith("2 pass, 1 rejected; 2 unchanged")


def test_what_is_in_quarantine_is_named_with_its_place(
    cli: Cli, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, sys\nif sys.orig_argv[-1].endswith('cup.job.json'):\n    os._exit(3)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    said = cli("run", shelf, "-o", tmp_path / "out", "-p", "preview", code=1)
    assert "cup: crashed, tried once more" in said.err
    assert "cup (crashed): its process ended with exit code 3" in said.err
    assert f"in {tmp_path / 'out' / '.relicscan' / 'quarantine'}: cup, " in said.err
