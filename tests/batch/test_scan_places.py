"""Where scans lie is remembered, so that verifying reads them without being told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from batch.differences import flip, problems
from tiny_scans import files_below, write_cup

from relicscan.batch import scan_places
from relicscan.batch.rebuild import rebuild
from relicscan.batch.run import run
from relicscan.batch.scan_places import PLACES, remember, remembered
from relicscan.batch.verify import verify


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, pipeline: str) -> Path:
    """One relic each from two roots, in one output folder, made with --reproducible."""
    root = tmp_path_factory.mktemp("places")
    for name in ("east", "west"):
        write_cup(root / name / f"cup-{name}")
        run(root / name, root / "out", pipeline=pipeline, reproducible=True, jobs=1)
    return root


@pytest.fixture
def made(once: Path, tmp_path: Path) -> Path:
    """A copy of it that remembers the copies of its scans."""
    shutil.copytree(once, tmp_path / "made")
    made = tmp_path / "made"
    (made / "out" / PLACES).unlink()
    remember(made / "out", [made / "east", made / "west"])
    return made


def told(out: Path, **asked: Any) -> tuple[set[str], list[str], list[Path]]:
    """Paths that differ, notes, and where scans were read."""
    notes: list[str] = []
    read: list[Path] = []
    found = verify(out, contents=False, note=notes.append, read_in=read.append, **asked)
    return {difference.path for difference in found}, notes, read


def test_runs_remember_what_they_were_given_the_last_first(once: Path) -> None:
    assert remembered(once / "out") == [once / "west", once / "east"]
    for name in files_below(once / "out"):
        if not name.startswith(".relicscan/"):
            assert str(once).encode() not in (once / "out" / name).read_bytes(), name


def test_they_are_read_there_and_a_master_that_has_rotted_is_named(made: Path) -> None:
    both = [made / "east", made / "west"]
    assert told(made / "out") == (set(), [], both)
    scan = made / "west" / "cup-west" / "cup.ply"
    flip(scan)
    assert told(made / "out") == ({str(scan)}, [], both)
    assert told(made / "out", scans=()) == (set(), [], [])
    assert told(made / "out", scans=made / "west")[0] == {str(scan), "cup-east"}


def test_what_is_not_there_now_is_a_note_and_no_difference(made: Path) -> None:
    (made / "west").rename(made / "elsewhere")
    differences, notes, read = told(made / "out")
    assert (differences, read) == (set(), [made / "east"])
    (note,) = notes
    assert note.startswith("scans were not read of 1 (cup-west): ")
    shutil.rmtree(made / "out" / ".relicscan")
    differences, notes, read = told(made / "out")
    assert (differences, read) == (set(), [])
    assert notes[0].startswith("scans were not read of 2 (cup-east, cup-west): where they lie is ")


def test_a_relic_in_two_places_is_that_of_the_last_run(made: Path) -> None:
    shutil.copytree(made / "west", made / "older")
    scan = made / "older" / "cup-west" / "cup.ply"
    flip(scan)
    remember(made / "out", [made / "older"])
    assert told(made / "out")[0] == {str(scan)}
    remember(made / "out", [made / "west"])
    assert remembered(made / "out")[:2] == [made / "west", made / "older"]
    assert told(made / "out")[0] == set()


def test_relics_are_rebuilt_each_from_its_own_place(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[tuple[Path, ...], list[str]]] = []

    def copied(roots: tuple[Path, ...], again: Path, **settings: Any) -> None:
        asked.append((roots, settings["only"]))
        for one in settings["only"]:
            shutil.copytree(made / "out" / one, again / one)

    monkeypatch.setattr("relicscan.batch.rebuild.run", copied)
    assert rebuild(made / "out") == []
    assert asked == [((made / "east",), ["cup-east"]), ((made / "west",), ["cup-west"])]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[" * 100_000, '[1, null, "relative", "with\\u0000nul", "/none"]', "\ufeff[]"],
)
def test_a_file_that_is_none_of_ours_is_nothing_known(made: Path, content: str) -> None:
    (made / "out" / PLACES).write_text(content, encoding="utf-8")
    differences, notes, read = told(made / "out")
    assert (differences, len(notes), read) == (set(), 1, [])
    assert problems(made / "out") == {}


def test_the_oldest_are_forgotten_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_places, "MOST_PLACES", 2)
    remember(tmp_path, [tmp_path / "a"])  # there is no folder for it, which fails nothing
    (tmp_path / PLACES.parent).mkdir()
    for name in "abc":
        remember(tmp_path, [tmp_path / name])
    assert json.loads((tmp_path / PLACES).read_text()) == [str(tmp_path / n) for n in "cb"]
