"""Full disks, files that may not grow, read-only and vanished folders: said plainly, resumable."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_scans import checked_output, files_below, sphere, write_cup, write_ply, write_toml

from relicscan.batch import room
from relicscan.batch.events import Event
from relicscan.batch.run import run
from relicscan.errors import OutputError, Unreachable

linux = pytest.mark.skipif(sys.platform != "linux", reason="mounts as Linux does")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for number in range(3):
        folder = tmp_path / "shelf" / f"bowl{number}"
        write_toml(folder)
        write_ply(folder / "bowl.ply", sphere(10_000, seed=number))
    return tmp_path / "shelf"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes, which only root can make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here (only root can)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, leave: int) -> Path:
    """A file that takes all but `leave` bytes of a disk."""
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - leave)))
    return filler


@linux
@pytest.mark.parametrize(
    "leave_kb",
    [0, 250, *(pytest.param(kb, marks=pytest.mark.slow) for kb in (60, 500))],
)
def test_a_disk_that_runs_full_stops_the_run_and_loses_nothing(
    shelf: Path, small_disk: Path, leave_kb: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SPARE_BYTES", 0)  # or it would be seen before it happens
    monkeypatch.setattr(room, "needed_bytes", lambda relic: 0)
    monkeypatch.setattr("relicscan.batch.run.needed_bytes", lambda relic: 0)
    out = small_disk / "out"
    (first,) = run(shelf / "bowl0", out, pipeline="preview", jobs=1, cache_bytes=0)
    assert first.ok
    before = {name: (out / "bowl0" / name).read_bytes() for name in files_below(out / "bowl0")}
    filler = fill(small_disk, leave_kb * 1000)
    with pytest.raises(OutputError) as raised:
        run(shelf, out, pipeline="preview", jobs=1, cache_bytes=0)
    assert raised.value.remedy
    said = str(raised.value)
    assert "full" in said or "No space left" in said or "no room" in said
    after = {name: (out / "bowl0" / name).read_bytes() for name in files_below(out / "bowl0")}
    assert after == before
    filler.unlink()
    outcomes = run(shelf, out, pipeline="preview", jobs=1, cache_bytes=0)
    assert [o.verdict for o in outcomes] == ["pass"] * 3
    assert outcomes[0].unchanged
    assert set(checked_output(out)) == {"bowl0", "bowl1", "bowl2"}


@linux
@pytest.mark.parametrize(
    "limit_kb", [20, *(pytest.param(kb, marks=pytest.mark.slow) for kb in (2, 100))]
)
def test_files_that_may_not_grow_cost_their_relic(
    shelf: Path, tmp_path: Path, limit_kb: int
) -> None:
    """A limit on file sizes (EFBIG) is met in the worker, by large files and not by small ones."""
    out = tmp_path / "out"
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_kb * 1000},) * 2)\n"
        "from relicscan.cli.main import main\n"
        f"sys.argv = ['relicscan', 'run', {str(shelf)!r}, '-o', {str(out)!r}, '-p', 'preview',"
        " '--cache', '0']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    outcomes = run(shelf, out, pipeline="preview")
    assert [(o.verdict, o.unchanged) for o in outcomes] == [("pass", False)] * 3
    checked_output(out)


@linux
def test_a_full_disk_is_seen_before_a_relic_is_begun(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The small ones that still fit are made; what would not fit says so at once."""
    write_ply(shelf / "bowl1" / "bowl.ply", sphere(3000))
    needs = {"bowl0": 1, "bowl1": 10**15, "bowl2": 1}
    monkeypatch.setattr("relicscan.batch.run.check_room", lambda out, relics: None)
    monkeypatch.setattr("relicscan.batch.run.needed_bytes", lambda relic: needs[relic.id])
    started: list[str] = []

    def observe(event: Event) -> None:
        if event.kind == "relic_started":
            started.append(event.id or "")

    outcomes = {o.id: o for o in run(shelf, tmp_path / "out", pipeline="preview", observe=observe)}
    assert sorted(started) == ["bowl0", "bowl2"]
    assert {name: o.state for name, o in outcomes.items()} == {
        "bowl0": "done",
        "bowl1": "failed",
        "bowl2": "done",
    }
    assert "MB are free" in outcomes["bowl1"].reasons[0][0]
    monkeypatch.undo()
    assert [o.unchanged for o in run(shelf, tmp_path / "out", pipeline="preview")] == [
        True,
        False,
        True,
    ]


@linux
def test_an_output_whose_share_is_gone_and_cannot_be_written_stops_the_run(
    shelf: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SPARE_BYTES", 0)
    monkeypatch.setattr("relicscan.batch.run.needed_bytes", lambda relic: 0)
    out = small_disk / "out"
    ended: list[str] = []

    def protect(event: Event) -> None:
        if event.kind == "relic_ended":
            ended.append(event.id or "")
            over = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", small_disk]
            subprocess.run(over, check=True)

    try:
        with pytest.raises(OutputError, match=r"Read-only file system|No such file"):
            run(shelf, out, pipeline="preview", jobs=1, cache_bytes=0, observe=protect)
        assert len(ended) == 1
        with pytest.raises(OutputError, match=r"cannot be written \(Read-only file system\)"):
            run(shelf, out, pipeline="preview")
    finally:
        subprocess.run(["umount", "-l", small_disk], check=True)
    outcomes = run(shelf, out, pipeline="preview", jobs=1, cache_bytes=0)
    assert [o.verdict for o in outcomes] == ["pass"] * 3
    assert [o.id for o in outcomes if o.unchanged] == ended
    checked_output(out)


def test_scans_that_vanish_stop_the_run_and_blame_no_scan(shelf: Path, tmp_path: Path) -> None:
    """A share that goes away at two in the morning must not reject the rest of the night."""
    out, away = tmp_path / "out", tmp_path / "unplugged"
    ended: list[str] = []

    def unplug(event: Event) -> None:
        if event.kind == "relic_ended":
            ended.append(event.id or "")
            if len(ended) == 1:
                shelf.rename(away)

    with pytest.raises(Unreachable, match="no longer there"):
        run(shelf, out, pipeline="preview", jobs=1, cache_bytes=0, observe=unplug)
    away.rename(shelf)
    outcomes = run(shelf, out, pipeline="preview", jobs=1, cache_bytes=0)
    assert [o.verdict for o in outcomes] == ["pass"] * 3
    assert [o.id for o in outcomes if o.unchanged] == [ended[0]]
    checked_output(out)


def test_one_scan_that_vanishes_costs_itself_and_is_tried_next_time(
    tmp_path: Path, pipeline: str
) -> None:
    for name in ("bowl", "cup"):
        write_cup(tmp_path / "shelf" / name)

    def lose(event: Event) -> None:
        if event.kind == "run_started":
            (tmp_path / "shelf" / "cup" / "cup.ply").rename(tmp_path / "lost.ply")

    outcomes = run(tmp_path / "shelf", tmp_path / "out", pipeline=pipeline, observe=lose)
    assert [(o.id, o.state) for o in outcomes] == [("bowl", "done"), ("cup", "failed")]
    text, remedy = outcomes[1].reasons[0]
    assert "cup.ply: the file cannot be read (No such file or directory)" in text
    assert "run again" in (remedy or "")
    (tmp_path / "lost.ply").rename(tmp_path / "shelf" / "cup" / "cup.ply")
    outcomes = run(tmp_path / "shelf", tmp_path / "out", pipeline=pipeline)
    assert [(o.state, o.unchanged) for o in outcomes] == [("done", True), ("done", False)]


def test_a_file_that_may_not_be_read_is_the_scans_own_fault(
    tmp_path: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No share has gone: trying again would not help."""
    write_cup(tmp_path / "shelf" / "cup")
    (tmp_path / "shelf" / "cup" / "cup.ply").chmod(0)
    if os.access(tmp_path / "shelf" / "cup" / "cup.ply", os.R_OK):
        pytest.skip("root may read everything")
    (outcome,) = run(tmp_path / "shelf", tmp_path / "out", pipeline=pipeline)
    assert (outcome.state, outcome.lasting) == ("rejected", True)
