"""Reading ends when all is read, when somebody ends it, and loudly when it breaks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tiny_scans import read_json

from relicscan.batch import held_against
from relicscan.batch.held_against import HeldAgainst, Progress
from relicscan.batch.verify import verify


def test_progress_ends_where_everything_has_been_read(out: Path, scans: Path) -> None:
    seen: list[Progress] = []
    verify(out, scans=scans, observe=seen.append)
    last = seen[-1]
    assert last.relics == 3
    delivered = sum(e["counts"]["bytes"] for e in read_json(out / "index.json")["relics"])
    masters = sum(path.stat().st_size for path in scans.rglob("*") if path.is_file())
    assert last.bytes == last.total_bytes == delivered + masters
    assert [p.bytes for p in seen] == sorted(p.bytes for p in seen)


def test_an_interrupted_reading_ends_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses Ctrl-C does not wait until a scan of 20 GB has been read."""
    monkeypatch.setattr(held_against, "CHUNK_BYTES", 1)
    size = 200_000
    path = tmp_path / "long"
    path.write_bytes(bytes(size))
    reading, interrupting = threading.Event(), threading.Event()
    read = 0

    def observe(progress: Progress) -> None:
        nonlocal read
        read = progress.bytes
        reading.set()
        interrupting.wait(30)

    def interrupted() -> None:
        with HeldAgainst(observe) as held:
            for _ in range(10):
                held.file(path, size, "", pytest.fail)
            assert reading.wait(30)
            interrupting.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert 0 < read < size


def test_a_defect_in_a_thread_is_no_silence(out: Path) -> None:
    def observe(progress: Progress) -> None:
        if progress.bytes:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        verify(out, observe=observe)
