"""Finished relics are not run again, and whatever changed is noticed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_scans import box, checked_output, files_below, read_json, write_cup, write_ply, write_toml

from relicscan.batch import standing as standing_module
from relicscan.batch.job import Outcome
from relicscan.batch.plan import plan
from relicscan.batch.run import run
from relicscan.pipeline import read_pipeline

Change = Callable[[Path, Path], object]
LONG_AGO = 1_000_000_000


@pytest.fixture
def old(shelf: Path) -> Path:
    """The shelf as it is found on a disk: its files were written long ago."""
    age(shelf)
    return shelf


def age(folder: Path, when: int = LONG_AGO) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (when, when))


def state_of(out: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of every file."""
    return {n: ((out / n).read_bytes(), (out / n).stat().st_mtime_ns) for n in files_below(out)}


def why(scans: Path, out: Path, pipeline: str, **asked: bool) -> dict[str, str | None]:
    return {relic.id: relic.why for relic in plan(scans, out, pipeline=pipeline, **asked).relics}


def test_a_finished_batch_is_not_run_again_and_no_byte_changes(
    old: Path, pipeline: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_cup(old / "torn")
    (old / "torn" / "cup.ply").write_bytes((old / "cup" / "cup.ply").read_bytes()[:-20])
    write_toml(old / "misspelt", "[scan]\nunits = 1\n")
    age(old)
    first = {o.id: o for o in run(old, out, pipeline=pipeline)}
    before = state_of(out)
    second = {o.id: o for o in run(old, out, pipeline=pipeline)}
    assert {k: v for k, v in state_of(out).items() if "lock" not in k} == {
        k: v for k, v in before.items() if "lock" not in k
    }
    assert {name: o.unchanged for name, o in second.items()} == {
        "cup": True,
        "misspelt": False,  # its relic.toml was read again, which costs nothing
        "torn": True,
    }
    for name in ("cup", "torn"):
        assert vars(second[name]) == {
            **vars(first[name]),
            "unchanged": True,
            "seconds": pytest.approx(first[name].seconds, abs=0.001),
        }


def test_files_that_are_too_new_to_be_vouched_for_are_read(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    """A file may change twice within the grain of its clock: git calls this racy."""
    out = tmp_path / "out"
    run(shelf, out, pipeline=pipeline)
    scan = shelf / "cup" / "cup.ply"
    record = {f["path"]: f for f in read_json(out / "cup" / "run.json")["inputs"]["files"]}
    assert record["cup.ply"]["modified_ns"] is None
    assert why(shelf, out, pipeline) == {"cup": None}
    status = scan.stat()
    content = bytearray(scan.read_bytes())
    content[-1] ^= 1
    scan.write_bytes(content)
    os.utime(scan, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert why(shelf, out, pipeline) == {"cup": "cup.ply has changed"}


CHANGES: dict[str, tuple[Change, str | None]] = {
    "nothing": (lambda scan, out: None, None),
    "only the time": (lambda scan, out: os.utime(scan / "cup.ply"), None),
    "another scan": (
        lambda scan, out: write_ply(scan / "cup.ply", box(41)),
        "cup.ply has changed",
    ),
    "relic.toml": (
        lambda scan, out: write_toml(scan, '[scan]\nunit = "cm"\nup = "+Z"\n'),
        "relic.toml has changed",
    ),
    "a note beside it": (
        lambda scan, out: (scan / "notes.txt").write_text("rain"),
        "files were added to its folder, or taken out",
    ),
    "a hidden file": (lambda scan, out: (scan / ".DS_Store").write_text("x"), None),
    "a model is gone": (
        lambda scan, out: (out / "cup" / "web" / "high.glb").unlink(),
        "its web/high.glb is missing",
    ),
    "a model is cut short": (
        lambda scan, out: os.truncate(out / "cup" / "master" / "mesh.ply", 10),
        "its master/mesh.ply is not whole",
    ),
    "its manifest is gone": (lambda scan, out: (out / "cup" / "relic.json").unlink(), ""),
    "its manifest is damaged": (
        lambda scan, out: (out / "cup" / "relic.json").write_text("{}"),
        "its relic.json is damaged",
    ),
    "run.json is gone": (
        lambda scan, out: (out / "cup" / "run.json").unlink(),
        "its run.json is missing, or of another version",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_is_said(old: Path, pipeline: str, tmp_path: Path, name: str) -> None:
    change, said = CHANGES[name]
    out = tmp_path / "out"
    run(old, out, pipeline=pipeline)
    change(old / "cup", out)
    if name == "its manifest is gone":
        with pytest.raises(Exception, match="was not made by relicscan"):
            plan(old, out, pipeline=pipeline)
        return
    assert why(old, out, pipeline) == {"cup": said}
    (outcome,) = run(old, out, pipeline=pipeline)
    assert outcome.unchanged == (said is None)
    checked_output(out)
    assert why(old, out, pipeline) == {"cup": None}


def test_the_same_size_and_time_vouch_until_every_file_is_to_be_read(
    old: Path, pipeline: str, tmp_path: Path
) -> None:
    out, scan = tmp_path / "out", old / "cup" / "cup.ply"
    run(old, out, pipeline=pipeline)
    content = bytearray(scan.read_bytes())
    content[-1] ^= 1
    scan.write_bytes(content)
    age(old)
    assert why(old, out, pipeline) == {"cup": None}
    assert why(old, out, pipeline, rehash=True) == {"cup": "cup.ply has changed"}


def test_another_pipeline_parameter_or_code(
    old: Path, pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(old, out, pipeline=pipeline)
    settings = {"the pipeline, or a parameter, has changed"}
    assert {r.why for r in plan(old, out, pipeline="preview").relics} == settings
    overrides = {"build_levels.ceilings.low": 9}
    assert {
        r.why for r in plan(old, out, pipeline=pipeline, overrides=overrides).relics
    } == settings
    assert why(old, out, pipeline, reproducible=True) == {
        "cup": "it was made without --reproducible"
    }
    monkeypatch.setattr(standing_module, "code_version", lambda: "0" * 64)
    code = "relicscan, or a library that it stands on, has changed"
    assert why(old, out, pipeline) == {"cup": code}


def test_what_is_reproducible_is_good_enough_for_those_who_did_not_ask(
    old: Path, pipeline: str, tmp_path: Path
) -> None:
    run(old, tmp_path / "out", pipeline=pipeline, reproducible=True)
    assert why(old, tmp_path / "out", pipeline) == {"cup": None}


def test_failures_stay_failures_until_asked_or_mended(
    old: Path, pipeline: str, tmp_path: Path
) -> None:
    """Failures never hide: what is not run again still counts."""
    out, scan = tmp_path / "out", old / "cup" / "cup.ply"
    whole = scan.read_bytes()
    scan.write_bytes(whole[:-20])
    age(old)

    def outcome(**asked: bool) -> Outcome:
        (found,) = run(old, out, pipeline=pipeline, **asked)
        return found

    first, second, asked = outcome(), outcome(), outcome(retry=True)
    assert [first.ok, second.ok, asked.ok] == [False] * 3
    assert [first.unchanged, second.unchanged, asked.unchanged] == [False, True, False]
    assert second.reasons == first.reasons
    scan.write_bytes(whole)
    assert outcome().ok


def test_a_late_parameter_redoes_only_what_follows(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    # In the worker: what takes any time at all is worth keeping.
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "sitecustomize.py").write_text(
        "import sys\n"
        "if sys.orig_argv[-1].endswith('.job.json'):\n"
        "    import relicscan.batch.cache\n"
        "    relicscan.batch.cache.WORTH_KEEPING_S = 0\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "keep"))
    run(old, out, pipeline="preview")
    assert read_json(out / "cup" / "run.json")["stages_kept"] == 0
    run(old, out, pipeline="preview", overrides={"build_levels.ceilings.low": 9})
    record = read_json(out / "cup" / "run.json")
    stages = [planned.stage.name for planned in read_pipeline("preview").stages]
    assert record["stages_kept"] == stages.index("build_levels")
    redone = stages[stages.index("build_levels") :]
    assert set(record["stage_seconds"]) == {
        "read",
        *redone,
        "gates",
        "write master",
        "write models",
        "validate",
    }
    assert len(checked_output(out)["cup"]["steps"]) == len(stages)


def test_scans_that_share_a_folder_and_a_texture_that_comes_later(
    pipeline: str, tmp_path: Path
) -> None:
    """They are relics of their own, and what was missing may have been brought since."""
    scans, out = tmp_path / "scans", tmp_path / "out"
    for name in ("a.ply", "b.ply"):
        write_ply(scans / name, box())
    age(scans)
    run(scans, out, pipeline=pipeline)
    assert set(why(scans, out, pipeline).values()) == {None}
    (scans / "a.mtl").write_text("newmtl x\n")
    assert set(why(scans, out, pipeline).values()) == {
        "files were added to its folder, or taken out"
    }


def test_an_index_that_was_lost_is_made_again(old: Path, pipeline: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(old, out, pipeline=pipeline)
    content = (out / "index.json").read_bytes()
    (out / "index.json").unlink()
    (out / "index.json.sha256").unlink()
    (outcome,) = run(old, out, pipeline=pipeline)
    assert outcome.unchanged
    assert (out / "index.json").read_bytes() == content
    checked_output(out)


def test_a_dry_run_writes_nothing(old: Path, pipeline: str, tmp_path: Path) -> None:
    planned = plan(old, tmp_path / "out", pipeline=pipeline)
    assert [(r.id, r.why) for r in planned.to_run] == [("cup", "it is new")]
    assert not (tmp_path / "out").exists()
    assert not list(old.rglob(".relicscan"))


def test_a_clock_that_was_set_back_hides_no_change(
    old: Path, pipeline: str, tmp_path: Path
) -> None:
    """A time in the future says nothing: only equal times vouch."""
    out = tmp_path / "out"
    age(old, int(time.time()) + 10_000_000)
    run(old, out, pipeline=pipeline)
    record = read_json(out / "cup" / "run.json")["inputs"]["files"]
    assert {file["modified_ns"] for file in record} == {None}
    age(old, LONG_AGO)
    assert why(old, out, pipeline) == {"cup": None}
