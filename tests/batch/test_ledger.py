"""index.json while a run goes on: never behind what lies on the disk when a run begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_scans import checked_output, read_json, write_cup

from relicscan.batch.ledger import Ledger, entry_on_disk
from relicscan.batch.run import run
from relicscan.errors import OutputError


@pytest.fixture
def out(tmp_path: Path, pipeline: str) -> Path:
    for name in ("bowl", "cup"):
        write_cup(tmp_path / "scans" / name)
    run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline)
    return tmp_path / "out"


def ids(out: Path) -> list[str]:
    return [entry["id"] for entry in read_json(out / "index.json")["relics"]]


def without(out: Path, relic_id: str) -> None:
    """The folder as a run leaves it that placed a relic and was killed before the index."""
    ledger = Ledger(out)
    del ledger.entries[relic_id]
    ledger.write()
    ledger.announce(relic_id)
    assert relic_id not in ids(out)


def test_what_was_placed_before_a_kill_is_caught_up_with(out: Path) -> None:
    before = (out / "index.json").read_bytes()
    without(out, "cup")
    assert set(Ledger(out).entries) == {"bowl", "cup"}
    assert (out / "index.json").read_bytes() == before
    checked_output(out)


@pytest.mark.parametrize("moment", ["flush_folder", "entry_on_disk"])
def test_what_was_placed_when_the_run_was_interrupted_is_entered(
    tmp_path: Path, pipeline: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between the move and the entry: the index says what lies there, at once."""
    for name in ("bowl", "cup"):
        write_cup(tmp_path / "scans" / name)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"relicscan.batch.place.{moment}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline, jobs=1)
    assert len(checked_output(tmp_path / "out")) == 1
    run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline)
    assert len(checked_output(tmp_path / "out")) == 2


def test_what_was_announced_and_never_placed_is_no_entry(out: Path) -> None:
    ledger = Ledger(out)
    for name in ("vase", "../secret", "CON", "x\n"):
        ledger.announce(name)
    assert set(Ledger(out).entries) == {"bowl", "cup"}


def test_the_state_of_a_failed_rerun_is_caught_up_with(out: Path) -> None:
    record = (out / "cup" / "run.json").read_text().replace('"done"', '"crashed"')
    (out / "cup" / "run.json").write_text(record.replace('"verdict": "pass"', '"verdict": null'))
    Ledger(out).announce("cup")
    entry = Ledger(out).entries["cup"]
    assert (entry.state, entry.verdict, entry.from_earlier_run) == ("crashed", None, True)
    assert {e["id"]: e["state"] for e in read_json(out / "index.json")["relics"]} == {
        "bowl": "done",
        "cup": "crashed",
    }


def test_writing_what_is_there_already_changes_nothing(out: Path) -> None:
    before = (out / "index.json").stat()
    ledger = Ledger(out)
    ledger.write()
    after = (out / "index.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_index_is_not_written_after_every_relic(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size grows with the batch, so writing it each time would take the square of it."""
    now = [100.0]
    written: list[float] = []
    monkeypatch.setattr("relicscan.batch.ledger.time.monotonic", lambda: now[0])

    def write_index(*_: object) -> None:
        written.append(now[0])
        now[0] += 2.0  # it takes two seconds

    ledger = Ledger(out)
    monkeypatch.setattr("relicscan.batch.ledger.write_index", write_index)
    entry = ledger.entries["cup"]
    for number in range(100):
        ledger.enter(entry.model_copy(update={"id": f"cup{number:03d}"}))
        now[0] += 1.0
    ledger.write()
    assert len(written) <= 100 / 40 + 2
    assert len(ledger.entries) == 102


def test_an_entry_is_made_of_what_lies_there(out: Path) -> None:
    entry = entry_on_disk(out, "cup")
    assert entry is not None
    assert entry == Ledger(out).entries["cup"]
    assert entry_on_disk(out, "vase") is None


def test_a_journal_that_cannot_be_written_stops_the_run(out: Path) -> None:
    ledger = Ledger(out)
    ledger.journal.mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        ledger.announce("cup")
