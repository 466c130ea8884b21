"""Batches: a broken relic costs itself, and OUT holds whole results or none."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from batch.spoiled import Night
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

from relicscan.batch.events import Event
from relicscan.batch.run import run
from relicscan.errors import Busy, NoRoom, OutputError, PipelineError

GOOD = {"bowl", "cup", "once"}


# One night in which nearly everything goes wrong


def test_every_relic_has_an_outcome_sorted_by_id(night: Night) -> None:
    states = {name: outcome.state for name, outcome in night.outcomes.items()}
    assert states == {
        "bowl": "done",
        "crashing": "crashed",
        "cup": "done",
        "defect": "failed",
        "empty": "rejected",
        "exhausted": "out_of_memory",
        "full": "failed",
        "misspelt": "rejected",
        "once": "done",
        "truncated": "rejected",
        "unposed": "done",
    }
    assert list(states) == sorted(states)
    verdicts = {n: o.verdict for n, o in night.outcomes.items() if o.verdict}
    assert verdicts == {"bowl": "pass", "cup": "pass", "once": "pass", "unposed": "review"}
    assert {n for n, o in night.outcomes.items() if o.ok} == GOOD | {"unposed"}


def test_the_chain_of_checksums_holds_and_nothing_else_lies_there(night: Night) -> None:
    manifests = checked_output(night.out)
    assert {name: (m["state"], m["verdict"]) for name, m in manifests.items()} == {
        name: (o.state, o.verdict) for name, o in night.outcomes.items()
    }
    for name, manifest in manifests.items():
        assert (manifest["master"] is not None) == (name in GOOD)
        assert bool(manifest["reasons"]) == (name not in GOOD)


def test_the_index_counts_states_and_verdicts(night: Night) -> None:
    index = read_json(night.out / "index.json")
    assert index["states"] == {
        "crashed": 1,
        "done": 4,
        "failed": 2,
        "out_of_memory": 1,
        "rejected": 3,
    }
    assert index["verdicts"] == {"pass": 3, "review": 1}


def test_every_reason_has_a_remedy_and_no_path_of_this_machine(night: Night) -> None:
    for name, outcome in night.outcomes.items():
        for text, remedy in outcome.reasons:
            assert text, name
            assert remedy, name
        written = (night.out / name / "relic.json").read_text(encoding="utf-8")
        assert str(night.root) not in written
        assert str(night.root.parent) not in written


@pytest.mark.parametrize(
    ("name", "says", "remedy"),
    [
        ("truncated", "cup.ply: ", ""),
        ("misspelt", "misspelt/relic.toml: line 2: there is no key scan.units", "'unit'?"),
        ("empty", "there is no scan in this folder", ".e57"),
        ("unposed", "stage merge_scans: 2 of 2 scans have no pose (a, b)", "scan.pose"),
        ("crashing", "its process ended with SIGABRT", ".relicscan/quarantine/crashing"),
        ("defect", "stage build_levels: KeyError: 'something of ours'", "please report it"),
        ("exhausted", "stage build_levels: it needed more memory than its limit of", "max_points"),
        ("full", "there is no room to write this file (No space left on device)", "free disk"),
    ],
)
def test_reasons_in_plain_words(night: Night, name: str, says: str, remedy: str) -> None:
    ((text, what_would_work),) = night.outcomes[name].reasons
    assert says in text
    assert remedy in (what_would_work or "")


def test_a_crash_is_tried_again_with_one_thread(night: Night) -> None:
    threads = [line.split()[0] for line in (night.notes / "crashing.txt").read_text().splitlines()]
    assert threads == ["2", "1"]
    assert night.outcomes["crashing"].attempts == 2
    run_json = read_json(night.out / "crashing" / "run.json")
    assert (run_json["state"], run_json["attempts"]) == ("crashed", 2)
    assert night.outcomes["once"].attempts == 2
    assert read_json(night.out / "once" / "run.json")["threads"] == 1


def test_a_crash_leaves_a_log_of_both_attempts_with_the_place(night: Night) -> None:
    log = (night.out / ".relicscan" / "logs" / "crashing.log").read_text(encoding="utf-8")
    assert log.count("about to crash") == 2
    assert log.count("Fatal Python error: Aborted") == 2
    assert log.count("worker.py") >= 2
    assert log.endswith("report it with the scan\n")


def test_a_defect_leaves_its_traceback_in_the_log(night: Night) -> None:
    log = (night.out / ".relicscan" / "logs" / "defect.log").read_text(encoding="utf-8")
    assert "Traceback" in log


def test_what_went_well_leaves_no_log(night: Night) -> None:
    logs = {path.stem for path in (night.out / ".relicscan" / "logs").iterdir()}
    assert not logs & {"bowl", "cup", "unposed"}
    assert {"crashing", "defect", "exhausted", "full", "truncated"} <= logs


# Later runs


def test_later_runs_merge_into_the_index(shelf: Path, pipeline: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(shelf, out, pipeline=pipeline)
    write_cup(tmp_path / "more" / "bowl")
    run(tmp_path / "more", out, pipeline=pipeline)
    assert set(checked_output(out)) == {"bowl", "cup"}


def test_a_failed_run_keeps_the_earlier_model_and_says_so(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    out, scan = tmp_path / "out", shelf / "cup" / "cup.ply"
    whole = scan.read_bytes()
    (first,) = run(shelf, out, pipeline=pipeline)
    assert not first.kept_earlier
    before = {name: (out / "cup" / name).read_bytes() for name in files_below(out / "cup")}

    scan.write_bytes(whole[:-20])
    for _ in range(2):
        (failed,) = run(shelf, out, pipeline=pipeline)
        assert (failed.state, failed.kept_earlier) == ("rejected", True)
        assert read_json(out / "cup" / "run.json")["state"] == "rejected"
        (entry,) = read_json(out / "index.json")["relics"]
        assert (entry["state"], entry["verdict"]) == ("rejected", None)
        assert entry["from_earlier_run"]
        assert checked_output(out)["cup"]["state"] == "done"
        after = {name: (out / "cup" / name).read_bytes() for name in files_below(out / "cup")}
        assert sorted(before) == sorted(after)
        assert [name for name in before if before[name] != after[name]] == ["run.json"]
    log = (out / ".relicscan" / "logs" / "cup.log").read_text(encoding="utf-8")
    assert log.startswith("rejected: cup.ply: ")
    assert log.count("rejected") == 1
    assert failed.unchanged  # the second time nothing was run

    scan.write_bytes(whole)
    (mended,) = run(shelf, out, pipeline=pipeline)
    assert mended.verdict == "pass"
    (entry,) = read_json(out / "index.json")["relics"]
    assert not entry["from_earlier_run"]
    assert not (out / ".relicscan" / "logs" / "cup.log").exists()


def test_a_new_result_replaces_the_old_one_whole(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(shelf, out, pipeline=pipeline)
    assert {"web/low.glb", "web/high.glb"} < files_below(out / "cup")
    run(shelf, out, pipeline=pipeline, overrides={"build_levels.ceilings": {"only": 50}})
    assert {n for n in files_below(out / "cup") if n.endswith(".glb")} == {"web/only.glb"}
    assert set(checked_output(out)) == {"cup"}


def test_a_rejection_is_replaced_by_the_next(shelf: Path, pipeline: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_toml(shelf / "cup", "[scan]\nunits = 'mm'")
    assert [o.state for o in run(shelf, out, pipeline=pipeline)] == ["rejected"]
    shutil.rmtree(shelf / "cup")
    (shelf / "cup").mkdir()
    ((text, _),) = run(shelf / "cup", out, pipeline=pipeline)[0].reasons
    assert "no scan" in text
    assert "no scan" in checked_output(out)["cup"]["reasons"][0]["text"]


def test_a_manifest_that_was_changed_keeps_nothing(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    """What cannot be vouched for is no earlier model, and no reason to stop the night."""
    out = tmp_path / "out"
    run(shelf, out, pipeline=pipeline)
    (out / "cup" / "relic.json").write_text("{}")
    (shelf / "cup" / "cup.ply").write_bytes(b"ply")
    (outcome,) = run(shelf, out, pipeline=pipeline)
    assert (outcome.state, outcome.kept_earlier) == ("rejected", False)
    assert checked_output(out)["cup"]["master"] is None


def test_a_damaged_index_stops_the_run_before_the_first_relic(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(shelf, out, pipeline=pipeline)
    (out / "index.json").write_text("{}")
    events: list[Event] = []
    with pytest.raises(OutputError, match=r"index\.json"):
        run(shelf, out, pipeline=pipeline, observe=events.append)
    assert events == []


# Runs that were killed


def test_what_a_killed_run_left_is_undone(shelf: Path, pipeline: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(shelf, out, pipeline=pipeline)
    before = files_below(out / "cup")
    # Killed between moving the old result aside and the new one into place, and again
    # between index.json and its checksum.
    (out / ".relicscan" / "old").mkdir()
    (out / "cup").rename(out / ".relicscan" / "old" / "cup")
    write_ply(out / ".relicscan" / "work-x" / "cup" / "master" / "mesh.ply", box())
    (out / "index.json.sha256").write_text("0" * 64 + "  index.json\n")
    write_cup(tmp_path / "more" / "bowl")
    run(tmp_path / "more", out, pipeline=pipeline)
    assert files_below(out / "cup") == before
    assert set(checked_output(out)) == {"bowl", "cup"}


def start(
    scans: Path, out: Path, pipeline: str, spoiler: Path
) -> tuple[subprocess.Popen[str], int]:
    """A run in a process of its own whose relic `hanging` hangs; and the worker's process id."""
    note = spoiler / "hanging.txt"
    note.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "relicscan", "run", scans, "-o", out, "-p", pipeline],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(spoiler)},
    )
    wait_for(lambda: note.exists() and note.read_text().endswith("\n"))
    return process, int(note.read_text().split()[1])


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except OSError:
        return False
    state = re.search(r"\) (\w)", Path(f"/proc/{process_id}/stat").read_text())
    return state is not None and state[1] != "Z"


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    for name in ("cup", "hanging"):
        write_cup(tmp_path / "scans" / name)
    return tmp_path / "scans"


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_ctrl_c_leaves_whole_results_and_no_orphan(
    hanging: Path, pipeline: str, spoiler: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process, worker = start(hanging, out, pipeline, spoiler)
    wait_for((out / "cup" / "relic.json").is_file)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert not is_running(worker)
    assert stdout == ""
    assert "Traceback" not in stderr
    assert "interrupted" in stderr
    assert set(checked_output(out)) == {"cup"}
    outcomes = run(hanging, out, pipeline=pipeline)
    assert [o.verdict for o in outcomes] == ["pass"] * 2
    assert set(checked_output(out)) == {"cup", "hanging"}


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_a_killed_run_leaves_no_orphan_and_can_be_run_again(
    hanging: Path, pipeline: str, spoiler: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process, worker = start(hanging, out, pipeline, spoiler)
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not is_running(worker), seconds=10)
    outcomes = run(hanging, out, pipeline=pipeline)
    assert [o.verdict for o in outcomes] == ["pass"] * 2
    assert set(checked_output(out)) == {"cup", "hanging"}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_second_run_is_refused_while_one_works(
    hanging: Path, pipeline: str, spoiler: Path, tmp_path: Path
) -> None:
    process, _ = start(hanging, tmp_path / "out", pipeline, spoiler)
    try:
        with pytest.raises(Busy):
            run(hanging, tmp_path / "out", pipeline=pipeline)
    finally:
        process.kill()
        process.communicate(timeout=30)


# Where OUT may be


def test_scans_are_never_inside_the_output(shelf: Path, pipeline: str) -> None:
    """relics of OUT have folders of their ids: `run scans -o scans` would replace the scans."""
    before = files_below(shelf)
    for out in (shelf, shelf.parent):
        with pytest.raises(OutputError, match="lie in the output folder"):
            run(shelf, out, pipeline=pipeline)
    assert files_below(shelf) == before
    assert not (shelf.parent / ".relicscan").exists()


def test_the_output_is_never_inside_a_scan_folder(shelf: Path, pipeline: str) -> None:
    before = files_below(shelf)
    for out in (shelf / "cup", shelf / "cup" / "models", shelf / "cup" / ".." / "cup" / "x"):
        with pytest.raises(OutputError, match="lies in the scan folder"):
            run(shelf, out, pipeline=pipeline)
    assert files_below(shelf) == before


def test_the_output_may_lie_in_a_root_and_beside_a_single_file(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    (outcome,) = run(shelf, shelf / "models", pipeline=pipeline)
    assert outcome.ok
    (again,) = run(shelf, shelf / "models", pipeline=pipeline)
    assert again.id == outcome.id
    scan = write_ply(tmp_path / "loose" / "bowl.ply", box())
    (alone,) = run(scan, tmp_path / "loose" / "out", pipeline=pipeline)
    assert alone.id == "bowl"


def test_a_folder_that_relicscan_did_not_make_is_not_replaced(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    out = tmp_path / "documents"
    (out / "cup").mkdir(parents=True)
    (out / "cup" / "thesis.odt").write_text("the only copy")
    with pytest.raises(OutputError, match="was not made by relicscan"):
        run(shelf, out, pipeline=pipeline)
    assert files_below(out) == {"cup/thesis.odt"}


def test_an_output_that_is_a_file(shelf: Path, pipeline: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="this is a file"):
        run(shelf, tmp_path / "out", pipeline=pipeline)
    with pytest.raises(OutputError, match="cannot be written"):
        run(shelf, tmp_path / "out" / "below", pipeline=pipeline)
    assert (tmp_path / "out").read_text() == "x"


def test_an_output_without_room(
    shelf: Path, pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 3_000_000})()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NoRoom, match="3 MB are free"):
        run(shelf, tmp_path / "out", pipeline=pipeline)
    assert not (tmp_path / "out").exists()


# Pipelines of relics


def test_a_wrong_command_line_writes_nothing(shelf: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('[[stage]]\nuse = "merge_scans"\n')
    for arguments in (
        {"pipeline": "wep"},
        {"pipeline": str(bad)},
        {"overrides": {"build_levels.ceiling": 3}},
    ):
        with pytest.raises(PipelineError):
            run(shelf, tmp_path / "out", **arguments)
    with pytest.raises(PipelineError, match="no such file or folder"):
        run(tmp_path / "none", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_overrides_of_relic_toml_and_command_line_are_on_record(
    shelf: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_toml(
        shelf / "cup",
        '[scan]\nunit = "mm"\nup = "+Z"\n'
        "[crop]\nmin = [-1, -1, -1]\nmax = [99, 99, 99]\n"
        '[pipeline]\nuse = "preview"\n'
        'set."build_levels.ceilings.ultra" = 500_000\n'
        "set.clean_mesh.max_invalid_share = 0.5\n",
    )
    (outcome,) = run(
        shelf,
        out,
        overrides={"clean_mesh.max_invalid_share": 0.25, "remove_surroundings.support": "keep"},
    )
    assert outcome.verdict == "pass"
    assert set(outcome.triangles) == {"web/thumb.glb", "web/ultra.glb"}
    manifest = checked_output(out)["cup"]
    assert manifest["pipeline"]["name"] == "preview"
    steps = {step["stage"]: step for step in manifest["steps"]}
    assert steps["crop"]["overridden"] == {
        "min": "relic.toml [crop]",
        "max": "relic.toml [crop]",
    }
    assert steps["crop"]["parameters"]["max"] == [99, 99, 99]
    assert steps["clean_mesh"]["overridden"] == {"max_invalid_share": "--set"}
    assert steps["clean_mesh"]["parameters"] == {"max_invalid_share": 0.25}
    assert steps["build_levels"]["overridden"] == {"ceilings.ultra": "relic.toml [pipeline]"}
    assert steps["build_levels"]["parameters"]["ceilings"]["ultra"] == 500_000
    assert steps["merge_scans"]["skipped"] == "the scan brings no point cloud"
    assert steps["reconstruct_surface"]["skipped"] == "the scan brings no point cloud"


def test_the_command_line_chooses_before_relic_toml(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    write_toml(shelf / "cup", '[pipeline]\nuse = "preview"')
    (outcome,) = run(shelf, tmp_path / "out", pipeline=pipeline)
    assert set(outcome.triangles) == {"web/low.glb", "web/high.glb"}


@pytest.mark.parametrize(
    ("toml", "says", "remedy"),
    [
        ('use = "wep"', "use = 'wep' is not the name", "did you mean 'web'?"),
        ('use = "meshes.toml"', "is not the name of a pipeline", "preview, web"),
        ('set."decimate.x" = 1', "pipeline 'plain' has no stage 'decimate'", ""),
        (
            'set."remove_surroundings.suport" = "keep"',
            "stage remove_surroundings: there is no parameter",
            "'support'?",
        ),
    ],
)
def test_a_relic_toml_that_does_not_fit_the_pipeline(
    shelf: Path, tmp_path: Path, toml: str, says: str, remedy: str
) -> None:
    write_toml(shelf / "cup", f"[pipeline]\n{toml}")
    (outcome,) = run(shelf, tmp_path / "out")
    assert outcome.state == "rejected"
    ((text, what_would_work),) = outcome.reasons
    assert text.startswith("relic.toml: it does not fit the pipeline: ")
    assert says in text
    assert remedy in (what_would_work or "")


def test_a_pipeline_that_makes_nothing_of_a_point_cloud(tmp_path: Path) -> None:
    only_meshes = tmp_path / "only.toml"
    only_meshes.write_text('[[stage]]\nuse = "clean_mesh"\n[[stage]]\nuse = "build_levels"\n')
    write_ply(tmp_path / "scans" / "vase" / "a.ply", sphere(300))
    (outcome,) = run(tmp_path / "scans", tmp_path / "out", pipeline=str(only_meshes))
    assert outcome.state == "failed"
    ((text, remedy),) = outcome.reasons
    assert "pipeline 'only' makes no model of it" in text
    assert "reconstruct_surface" in (remedy or "")
    assert checked_output(tmp_path / "out")["vase"]["steps"] == []


# Watching


def test_events_tell_where_a_relic_is(shelf: Path, pipeline: str, tmp_path: Path) -> None:
    events: list[Event] = []
    outcomes = run(str(shelf), str(tmp_path / "out"), pipeline=pipeline, observe=events.append)
    kinds = [event.kind for event in events]
    assert kinds[:2] == ["run_started", "relic_started"]
    assert kinds[-2:] == ["relic_ended", "run_ended"]
    assert set(kinds[2:-2]) == {"stage"}
    assert events[0].detail["relics"] == events[0].detail["to_run"] == 1
    assert events[-2].outcome == outcomes[0]
    stages = [event.stage for event in events[2:-2]]
    assert (stages[0], stages[-1]) == ("read", "write models")
    assert "build_levels" in stages
    done = [event.done for event in events[2:-2]]
    assert done == sorted(done)
    assert max(done) < 1
