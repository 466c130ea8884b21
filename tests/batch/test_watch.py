"""An inbox is watched: what has been copied is run, what is being copied is waited for.

Time is told by a clock of the tests' own, so hours pass in no time.
"""

from __future__ import annotations

import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from batch.story import Story, append
from tiny_scans import write_cup, write_toml

from relicscan.batch import watch as module
from relicscan.batch.job import Outcome
from relicscan.batch.watch import watch
from relicscan.errors import Busy, NoRoom, OutputError, PipelineError, Unreachable


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    (tmp_path / "inbox").mkdir()
    told = Story(tmp_path / "inbox", tmp_path / "out")
    monkeypatch.setattr(module, "run", told.run)
    return told


# What is waited for


def test_a_folder_that_is_dropped_in_is_run_once_it_has_settled(story: Story) -> None:
    story.plot = {20: lambda: write_cup(story.inbox / "cup")}
    story.tell()
    assert story.ran == [(50, ["cup"])]
    assert story.events == [(20, "waiting", "cup")]


def test_a_file_that_grows_is_waited_for(story: Story) -> None:
    scan = write_cup(story.inbox / "cup")
    story.plot = {second: append(scan) for second in range(10, 100, 20)}
    story.tell()
    assert story.ran == [(90 + 30, ["cup"])]
    assert story.events == [(0, "waiting", "cup")]


def test_copying_that_pauses_for_less_than_settle(story: Story) -> None:
    write_cup(story.inbox / "cup")
    story.plot = {
        25: lambda: (story.inbox / "cup" / "notes.txt").write_text("x"),
        50: lambda: (story.inbox / "cup" / "notes.txt").write_text("xx"),
    }
    story.tell()
    assert story.ran == [(80, ["cup"])]


@pytest.mark.parametrize("name", ["back.ply.part", ".back.ply.a8Dk2X", "photos.tmp/1.jpg"])
def test_a_name_that_says_being_copied_is_waited_for(story: Story, name: str) -> None:
    """However long it lasts; that it is waited for is said once, when nothing else happens."""
    write_cup(story.inbox / "cup")
    part = story.inbox / "cup" / name
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"x")
    top = story.inbox / "cup" / name.split("/")[0]
    story.plot = {
        100: append(part),
        300: lambda: top.rename(story.inbox / "cup" / "whole"),
    }
    story.tell()
    assert story.ran == [(330, ["cup"])]
    assert [event[1:] for event in story.events] == [("waiting", "cup"), ("held", "cup")]
    assert story.events[1][0] == 30
    assert story.details[1] == {"files": [name.split("/")[0]]}


def test_two_folders_each_in_its_own_time(story: Story) -> None:
    write_cup(story.inbox / "cup")
    story.plot = {20: lambda: write_cup(story.inbox / "deep" / "bowl")}
    story.tell()
    assert story.ran == [(30, ["cup"]), (50, ["deep-bowl"])]


def test_clocks_of_files_are_never_compared_with_ours(story: Story) -> None:
    scan = write_cup(story.inbox / "cup")
    far = 4_000_000_000
    os.utime(scan, (far, far))
    story.plot = {60: lambda: os.utime(scan, (0, 0))}
    story.tell()
    assert story.ran == [(30, ["cup"]), (90, ["cup"])]


def test_an_inbox_that_takes_long_to_look_at_is_looked_at_less_often(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def slow(inbox: Path) -> dict[str, Any]:
        looks.append(story.second)
        story.now += 4
        return {}

    monkeypatch.setattr(module, "look", slow)
    story.tell()
    assert looks[:3] == [0, 40, 80]


# What is run again


def test_what_changes_after_it_was_run_is_run_again(story: Story) -> None:
    scan = write_cup(story.inbox / "cup")
    story.plot = {100: lambda: (story.inbox / "cup" / "b.txt").write_text("x"), 200: append(scan)}
    story.tell()
    assert story.ran == [(30, ["cup"]), (130, ["cup"]), (230, ["cup"])]
    assert [kind for _, kind, _ in story.events] == ["waiting"] * 3


def test_what_changes_while_it_runs_is_run_again(story: Story) -> None:
    scan = write_cup(story.inbox / "cup")
    passes = story.fate

    def fate(name: str) -> Outcome:
        if len(story.ran) == 1:
            append(scan)()
        return passes(name)

    story.fate = fate
    story.tell()
    assert story.ran == [(30, ["cup"]), (60, ["cup"])]


def test_what_was_rejected_is_told_once_until_it_changes(story: Story) -> None:
    scan = write_cup(story.inbox / "cup")
    write_toml(story.inbox / "cup", "[scan]\nunits = 'mm'\n")
    story.fate = lambda name: Outcome(name, "rejected")
    story.plot = {200: append(scan)}
    story.tell()
    assert story.ran == [(30, ["cup"]), (230, ["cup"])]


def test_a_reason_that_may_have_gone_is_tried_again_less_and_less_often(story: Story) -> None:
    write_cup(story.inbox / "cup")
    story.fate = lambda name: Outcome(name, "failed", lasting=False)
    story.ends = 20_000
    story.tell()
    seconds = [second for second, _ in story.ran]
    pauses = [later - sooner for sooner, later in pairwise(seconds)]
    assert pauses[:4] == [60, 120, 240, 480]
    assert max(pauses) == 3600
    assert len(story.events) == 1


def test_a_folder_that_is_taken_away_and_brought_back(story: Story) -> None:
    """The same files are the same relic; a half-copied one that went is forgotten."""
    write_cup(story.inbox / "cup")
    away, half = story.out.with_name("away"), story.inbox / "half"
    story.plot = {
        60: lambda: (story.inbox / "cup").rename(away),
        100: lambda: write_cup(half),
        110: lambda: shutil.rmtree(half),
        150: lambda: away.rename(story.inbox / "cup"),
    }
    story.tell()
    assert story.ran == [(30, ["cup"])]


# Shares and disks that go


def test_an_inbox_that_vanishes_is_waited_for(story: Story) -> None:
    write_cup(story.inbox / "cup")
    away = story.inbox.with_name("away")
    story.plot = {
        50: lambda: write_cup(story.inbox / "bowl"),
        60: lambda: story.inbox.rename(away),
        200: lambda: away.rename(story.inbox),
    }
    story.tell()
    assert story.ran == [(30, ["cup"]), (230, ["bowl"])]
    assert [(second, kind) for second, kind, _ in story.events] == [
        (0, "waiting"),
        (50, "waiting"),
        (60, "gone"),
        (200, "back"),
        (200, "waiting"),
    ]
    assert story.details[2] == {"reason": "No such file or directory"}


def test_a_share_that_leaves_an_empty_folder_behind(story: Story) -> None:
    """Its mount point: what was run is not run again when it is back."""
    write_cup(story.inbox / "cup")
    away = story.inbox.with_name("away")

    def unmount() -> None:
        story.inbox.rename(away)
        story.inbox.mkdir()

    def mount() -> None:
        story.inbox.rmdir()
        away.rename(story.inbox)

    story.plot = {60: unmount, 200: mount}
    story.tell()
    assert story.ran == [(30, ["cup"])]


@pytest.mark.parametrize("error", [Unreachable("gone"), PipelineError("no such file or folder")])
def test_an_inbox_that_vanishes_while_it_runs(story: Story, error: Exception) -> None:
    write_cup(story.inbox / "cup")
    away = story.inbox.with_name("away")
    passes = story.fate

    def fate(name: str) -> Outcome:
        if away.exists() or len(story.ran) > 1:
            return passes(name)
        story.inbox.rename(away)
        raise error

    story.fate = fate
    story.plot = {200: lambda: away.rename(story.inbox)}
    story.tell()
    assert story.ran == [(30, ["cup"]), (230, ["cup"])]


@pytest.mark.parametrize("error", [Busy("another run holds it"), NoRoom("3 MB are free")])
def test_an_output_that_is_not_to_be_had_now_is_waited_for(story: Story, error: Exception) -> None:
    write_cup(story.inbox / "cup")
    passes = story.fate

    def fate(name: str) -> Outcome:
        if story.second < 100:
            raise error
        return passes(name)

    story.fate = fate
    story.tell()
    seconds = [second for second, _ in story.ran]
    assert seconds == [*range(30, 105, 5)]
    busy = [(s, i) for s, kind, i in story.events if kind == "busy"]
    assert busy == [(30, None)]
    assert story.details[-1] == {"reason": str(error)}


@pytest.mark.parametrize("error", [OutputError("the disk is full"), PipelineError("no stage")])
def test_what_waiting_does_not_mend_ends_it(story: Story, error: Exception) -> None:
    write_cup(story.inbox / "cup")

    def fate(name: str) -> Outcome:
        raise error

    story.fate = fate
    with pytest.raises(type(error)):
        story.tell()


# What is wrong from the start


def test_what_is_wrong_is_said_before_anything_is_waited_for(story: Story) -> None:
    for arguments in ({"pipeline": "wep"}, {"settle_s": -1}, {"every_s": float("nan")}):
        with pytest.raises(PipelineError):
            story.tell(**arguments)
    with pytest.raises(PipelineError, match="no such file or folder"):
        watch(story.inbox / "none", story.out)
    (story.inbox / "file.ply").write_bytes(b"ply")
    with pytest.raises(PipelineError, match="an inbox is a folder"):
        watch(story.inbox / "file.ply", story.out)
    for out in (story.inbox, story.inbox.parent):
        with pytest.raises(OutputError, match="lies in the output folder"):
            watch(story.inbox, out)
    assert not story.out.exists()


# Once


def test_once_ends_when_there_is_nothing_to_wait_for(story: Story) -> None:
    assert story.tell(once=True) == []
    write_cup(story.inbox / "cup")
    part = story.inbox / "bowl" / "x.part"
    write_cup(story.inbox / "bowl")
    part.write_bytes(b"")
    story.plot = {100: part.unlink}
    outcomes = story.tell(once=True)
    assert [outcome.id for outcome in outcomes] == ["bowl", "cup"]
    assert story.ran == [(30, ["cup"]), (130, ["bowl"])]


def test_once_does_not_try_for_hours(story: Story) -> None:
    write_cup(story.inbox / "cup")
    story.fate = lambda name: Outcome(name, "failed", lasting=False)
    (outcome,) = story.tell(once=True)
    assert outcome.state == "failed"
    assert len(story.ran) == 1


def test_once_without_room_is_an_error(story: Story) -> None:
    write_cup(story.inbox / "cup")

    def fate(name: str) -> Outcome:
        raise NoRoom("3 MB are free")

    story.fate = fate
    with pytest.raises(NoRoom):
        story.tell(once=True)
