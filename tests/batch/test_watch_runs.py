"""What `watch` leaves to real runs: nothing twice, halves made anew, the lock given back."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch.story import Story
from tiny_scans import checked_output, sphere, write_cup, write_ply, write_toml

from relicscan.batch.events import Event
from relicscan.batch.lock import hold


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    (tmp_path / "inbox").mkdir()
    return Story(tmp_path / "inbox", tmp_path / "out")


def started(story: Story) -> list[str | None]:
    return [relic for _, kind, relic in story.events if kind == "relic_started"]


def test_a_restart_runs_nothing_and_says_nothing(real: Story, pipeline: str) -> None:
    write_cup(real.inbox / "cup")
    (torn := write_cup(real.inbox / "torn")).write_bytes(b"ply\n")
    first = real.tell(once=True, pipeline=pipeline)
    assert [(o.id, o.state, o.unchanged) for o in first] == [
        ("cup", "done", False),
        ("torn", "rejected", False),
    ]
    real.events.clear()
    again = real.tell(once=True, pipeline=pipeline)
    assert [(o.id, o.state, o.unchanged) for o in again] == [
        ("cup", "done", True),
        ("torn", "rejected", True),
    ]
    assert real.events == []
    write_cup(torn.parent)
    mended = real.tell(once=True, pipeline=pipeline)
    assert [o.state for o in mended] == ["done", "done"]
    assert started(real) == ["torn"]
    assert set(checked_output(real.out)) == {"cup", "torn"}


def test_the_second_half_of_a_relic_makes_it_anew(real: Story, pipeline: str) -> None:
    """A scan whose end had not come when its copy paused for long, and what was added to it."""
    folder = real.inbox / "vase"
    write_toml(folder)
    whole = write_ply(folder / "a.ply", sphere(1500)).read_bytes()
    (folder / "a.ply").write_bytes(whole[: len(whole) // 2])
    outcomes: list[tuple[float, str]] = []

    def observe(event: Event) -> None:
        if event.outcome is not None:
            outcomes.append((real.second, event.outcome.state))

    real.plot = {
        100: lambda: (folder / "a.ply").write_bytes(whole),
        200: lambda: (folder / "notes.txt").write_text("seen on Monday"),
    }
    real.ends = 250
    real.observe = observe  # type: ignore[method-assign]
    real.tell(pipeline=pipeline, cache_bytes=0)
    assert outcomes == [(30, "rejected"), (130, "done"), (230, "done")]
    sources = checked_output(real.out)["vase"]["sources"]
    assert [source["path"] for source in sources] == ["a.ply", "notes.txt", "relic.toml"]


def test_ids_are_those_of_a_run_of_the_whole_inbox(real: Story, pipeline: str) -> None:
    """Also where one folder of many is run, so that `relicscan run INBOX` finds them done."""
    write_cup(real.inbox / "gallery" / "cup")
    write_cup(real.inbox / "gallery" / "half").with_name("x.part").write_text("x")
    real.ends = 35
    real.tell(pipeline=pipeline)
    assert set(checked_output(real.out)) == {"gallery-cup"}


def test_a_lock_that_another_run_holds(real: Story, pipeline: str) -> None:
    write_cup(real.inbox / "cup")
    (real.out / ".relicscan").mkdir(parents=True)
    with hold(real.out / ".relicscan" / "lock"):
        real.ends = 35
        real.tell(pipeline=pipeline)
        assert [kind for _, kind, _ in real.events] == ["waiting", "busy"]
        assert not (real.out / "cup").exists()
    real.ends = 1000
    assert [o.verdict for o in real.tell(once=True, pipeline=pipeline)] == ["pass"]
    with hold(real.out / ".relicscan" / "lock"):
        pass  # it is held only while something runs
