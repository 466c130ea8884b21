"""Processes that crash, hang and eat memory: ended, tried once more, put away with the evidence."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

import pytest
from tiny_scans import checked_output, files_below, read_json, write_cup

from relicscan.batch.budget import LEAST_BYTES
from relicscan.batch.estimate import Estimate
from relicscan.batch.job import Outcome
from relicscan.batch.run import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")

SITE = """
import os, pathlib, signal, subprocess, sys, time

here = pathlib.Path(__file__).parent
relic = os.path.basename(sys.orig_argv[-1]).removesuffix(".job.json")

def note(**what):
    import json, resource
    what |= {"pid": os.getpid(), "threads": os.environ["RELICSCAN_THREADS"]}
    what |= {"core": resource.getrlimit(resource.RLIMIT_CORE)[0], "session": os.getsid(0)}
    what |= {"data": resource.getrlimit(resource.RLIMIT_DATA)[0]}
    what |= {"stdin": os.readlink("/proc/self/fd/0")}
    with (here / f"{relic}.jsonl").open("a") as stream:
        stream.write(json.dumps(what) + "\\n")

def polite():
    time.sleep(120)

def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "120"])
    note(child=child.pid)
    time.sleep(120)

def greedy():
    hoard = []
    while True:
        hoard.append(bytearray(b"x") * 50_000_000)

def native():
    print("terminate called: 'std::bad_alloc'", file=sys.stderr, flush=True)
    os.abort()

def mapped():
    # What the kernel's limit on data does not count: a shared mapping.
    import mmap
    block = mmap.mmap(-1, 2_200_000_000)
    for at in range(0, len(block), 4096):
        block[at] = 1
    time.sleep(120)

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def parent_of_many():
    subprocess.Popen(["sleep", "120"], start_new_session=False)
    note(child=0)

HOW = {n: f for n, f in globals().items() if callable(f) and n in (
    "polite", "deaf", "greedy", "native", "mapped", "killed", "parent_of_many")}
if sys.orig_argv[-1].endswith(".job.json") and relic in HOW:
    import relicscan.pipeline as pipeline
    run_stage = pipeline.run_stage
    def spoiled(relic_, planned):
        if planned.stage.name == "build_levels":
            note()
            HOW[relic]()
        return run_stage(relic_, planned)
    pipeline.run_stage = spoiled
"""


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def run_one(name: str, tmp_path: Path, pipeline: str, **limits: float | int) -> Outcome:
    write_cup(tmp_path / "scans" / name)
    asked = {"jobs": 1, "threads": 2, "memory_bytes": 1_800_000_000, "cache_bytes": 0, **limits}
    (outcome,) = run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline, **asked)  # type: ignore[arg-type]
    return outcome


def told(notes: Path, name: str) -> list[dict[str, int]]:
    lines = (notes / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def is_running(process_id: int) -> bool:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(") ")[2][0] != "Z"


@pytest.mark.parametrize("name", ["polite", "deaf"])
def test_what_hangs_is_ended_with_all_that_it_started(
    notes: Path, tmp_path: Path, pipeline: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relicscan.batch.process.GRACE_S", 0.5)
    outcome = run_one(name, tmp_path, pipeline, time_limit_s=4)
    assert (outcome.state, outcome.attempts) == ("timed_out", 2)
    ((text, remedy),) = outcome.reasons
    assert text == "stage build_levels: it took longer than its time limit of 4 s"
    assert "--time-limit" in (remedy or "")
    for line in told(notes, name):
        assert not is_running(line["pid"])
        assert not is_running(line.get("child", line["pid"]))
    manifest = checked_output(tmp_path / "out")[name]
    assert (manifest["state"], manifest["levels"]) == ("timed_out", [])
    # What it was made from is known although its process never came to say how it went.
    assert {s["path"] for s in manifest["sources"]} == {"cup.ply", "relic.toml"}


@pytest.mark.parametrize("name", ["greedy", "native", "mapped"])
def test_memory_has_an_end(notes: Path, tmp_path: Path, pipeline: str, name: str) -> None:
    outcome = run_one(name, tmp_path, pipeline)
    assert (outcome.state, outcome.attempts) == ("out_of_memory", 2)
    ((text, remedy),) = outcome.reasons
    # Whoever saw it first, an allocation that failed or the look at the process, it reads the same.
    limit = 1.5 * LEAST_BYTES / 1e9
    assert text == f"stage build_levels: it needed more memory than its limit of {limit:.1f} GB"
    assert "max_points" in (remedy or "")
    manifest = checked_output(tmp_path / "out")[name]
    assert (manifest["steps"], manifest["levels"]) == ([], [])
    first, second = told(notes, name)
    assert (first["data"], second["data"]) == (LEAST_BYTES, 1.5 * LEAST_BYTES)
    assert (first["threads"], second["threads"]) == ("2", "1")


def test_a_process_that_the_system_killed_ran_out_of_memory(
    notes: Path, tmp_path: Path, pipeline: str
) -> None:
    outcome = run_one("killed", tmp_path, pipeline)
    assert outcome.state == "out_of_memory"
    assert "killed from outside" in outcome.reasons[0][0]


def test_a_worker_has_a_session_no_standard_input_and_no_core_file(
    notes: Path, tmp_path: Path, pipeline: str
) -> None:
    outcome = run_one("parent_of_many", tmp_path, pipeline)
    assert outcome.ok
    first = told(notes, "parent_of_many")[0]
    assert first["core"] == 0
    assert first["stdin"] == "/dev/null"
    assert first["session"] == first["pid"] != os.getsid(0)
    # It ended well, and what it had started was ended all the same.
    sleeping = [
        path.name
        for path in Path("/proc").iterdir()
        if path.name.isdecimal() and session_of(path) == first["pid"]
    ]
    assert sleeping == []


def session_of(process: Path) -> int:
    try:
        stat = (process / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return -1
    return int(stat[3]) if stat[0] != "Z" else -1


def test_the_evidence_and_the_command_that_repeats_it(
    notes: Path, tmp_path: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run_one("native", tmp_path, pipeline)
    folder = tmp_path / "out" / ".relicscan" / "quarantine" / "native"
    assert files_below(folder) == {"evidence.json", "job.json", "log.txt", "repeat.txt"}
    evidence = read_json(folder / "evidence.json")
    assert [a["state"] for a in evidence["attempts"]] == ["out_of_memory"] * 2
    assert [a["exit_code"] for a in evidence["attempts"]] == [-6, -6]
    assert [a["threads"] for a in evidence["attempts"]] == [2, 1]
    assert evidence["environment"]["versions"]["open3d"]
    assert (folder / "log.txt").read_text().count("std::bad_alloc") == 2
    command = shlex.split((folder / "repeat.txt").read_text())
    assert command[:2] == ["relicscan", "run"]
    # The command does what it says: the relic alone, in the folder where it is typed.
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (alone,) = checked_output(tmp_path / "native-alone").values()
    assert alone["verdict"] == "pass"  # nothing spoils it there
    # And once it ends well, the evidence goes.
    monkeypatch.setenv("PYTHONPATH", "")
    (again,) = run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline, retry=True)
    assert again.ok
    assert not folder.exists()
    assert outcome.reasons


def test_what_is_in_quarantine_is_not_tried_again_unasked(
    notes: Path, tmp_path: Path, pipeline: str
) -> None:
    first = run_one("killed", tmp_path, pipeline)
    second = run_one("killed", tmp_path, pipeline)
    assert not first.unchanged
    assert second.unchanged
    assert (second.state, second.reasons) == (first.state, first.reasons)
    assert len(told(notes, "killed")) == 2


def test_a_hang_costs_no_more_than_its_time(notes: Path, tmp_path: Path, pipeline: str) -> None:
    """Another relic goes on beside it."""
    write_cup(tmp_path / "scans" / "cup")
    write_cup(tmp_path / "scans" / "deaf")
    ended: list[str] = []
    began = time.monotonic()
    run(
        tmp_path / "scans",
        tmp_path / "out",
        pipeline=pipeline,
        jobs=2,
        cache_bytes=0,
        time_limit_s=6,
        observe=lambda e: (
            ended.append(e.id or "") if e.kind in ("relic_ended", "retried") else None
        ),
    )
    assert ended == ["cup", "deaf", "deaf"]
    assert time.monotonic() - began < 60  # two times six seconds, and not two minutes of sleep


def test_more_than_there_is_memory_for_is_refused_before_it_is_begun(
    tmp_path: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cup", "statue"):
        write_cup(tmp_path / "scans" / name)
    told = {"cup": Estimate(1, 1e8), "statue": Estimate(99, 2.5e9)}
    monkeypatch.setattr("relicscan.batch.plan.survey", lambda *_: told)
    begun: list[str | None] = []
    cup, statue = run(
        tmp_path / "scans",
        tmp_path / "out",
        pipeline=pipeline,
        memory_bytes=2_000_000_000,
        observe=lambda event: begun.append(event.id) if event.kind == "relic_started" else None,
    )
    assert begun == ["cup"]
    assert cup.state == "done"
    assert (statue.state, statue.lasting) == ("out_of_memory", False)
    ((text, remedy),) = statue.reasons
    assert text == "it may need 2.5 GB of memory, and the run may use 2.0 GB"
    assert "--memory" in (remedy or "")
    assert "max_points" in (remedy or "")
