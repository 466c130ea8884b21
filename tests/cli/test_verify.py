"""`relicscan verify`: exit codes, and a line for each difference with what would work."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.commands import Cli, Evening
from cli.test_run import on_a_terminal

from relicscan.batch.held_against import Difference


@pytest.fixture
def out(evening: Evening, tmp_path: Path) -> Path:
    shutil.copytree(evening.out, tmp_path / "out")
    return tmp_path / "out"


def damage(out: Path) -> None:
    """Two files that a copy would bring back, and one that nobody asked for."""
    for name in ("cup", "vase"):
        path = out / name / "web" / "thumb.glb"
        path.write_bytes(path.read_bytes()[:-1])
    (out / "vase" / "notes\x1b[31m.txt").write_text("x")


def test_a_good_folder_in_one_line(cli: Cli, evening: Evening) -> None:
    said = cli("verify", evening.out, "--no-scans")
    assert said.out.startswith("4 relics, 10 files, ")
    assert said.out.endswith(" read: all as it was written\n")
    assert said.err == ""


def test_the_scans_are_read_too_and_it_is_said_where(cli: Cli, evening: Evening) -> None:
    sources = sum(path.is_file() for path in evening.scans.rglob("*"))
    named = cli("verify", evening.out, "--scans", evening.scans)
    remembered = cli("verify", evening.out)
    for said in (named, remembered):
        assert said.out.startswith(f"4 relics, {10 + sources} files, ")
    assert named.err == ""
    assert remembered.err == f"scans were read in {evening.scans}, where the run read them\n"


def test_each_difference_is_a_line_with_what_would_work(cli: Cli, out: Path) -> None:
    damage(out)
    said = cli("verify", out, code=1)
    lines = said.out.splitlines()
    assert lines[0].startswith("cup/web/thumb.glb: it has ")
    assert lines[1].startswith("  what would work: restore it from a copy")
    assert lines[2] == "vase/notes\\x1b[31m.txt: nothing lists it"
    assert lines[3].startswith("  what would work: move it out of the relic's folder")
    assert lines[4].startswith("vase/web/thumb.glb: it has ")
    assert lines[6].endswith(" read: 3 differences")


def test_what_would_work_is_said_once_for_what_is_alike(cli: Cli, out: Path) -> None:
    for name in ("thumb", "low"):
        (out / "cup" / "web" / f"{name}.glb").unlink()
    lines = cli("verify", out, code=1).out.splitlines()
    assert [line.split(":")[0].strip() for line in lines[:3]] == [
        "cup/web/low.glb",
        "cup/web/thumb.glb",
        "what would work",
    ]


def test_differences_as_json(cli: Cli, evening: Evening, out: Path) -> None:
    found = json.loads(cli("verify", evening.out, "--json").out)
    assert (found["differences"], found["notes"], found["signatures"]) == ([], [], [])
    assert (found["rebuilt"], found["scans"]) == (None, [str(evening.scans)])
    read = json.loads(cli("verify", evening.out, "--no-scans", "--json").out)["read"]
    assert (read["relics"], read["files"]) == (4, 10)
    damage(out)
    differences = json.loads(cli("verify", out, "--json", code=1).out)["differences"]
    assert [d["path"] for d in differences] == [
        "cup/web/thumb.glb",
        "vase/notes\x1b[31m.txt",
        "vase/web/thumb.glb",
    ]
    assert set(differences[0]) == {"relic", "path", "problem", "remedy"}
    assert differences[0]["relic"] == "cup"


def test_what_is_no_output_folder(cli: Cli, tmp_path: Path, evening: Evening) -> None:
    for path in (tmp_path / "none", evening.scans):
        said = cli("verify", path, code=2)
        assert said.out == ""
        assert "what would work: name the folder that a run wrote" in said.err
    said = cli("verify", evening.out, "--scans", tmp_path / "none", code=2)
    assert "there is no such file or folder" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_colours_on_a_terminal(evening: Evening) -> None:
    text = on_a_terminal("verify", evening.out, columns=100)
    assert "\x1b[32mall as it was written" in text


# Rebuilding


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--rebuild", "--no-scans"], "--no-scans does not go with --rebuild"),
        (["--scans", ".", "--no-scans"], "--no-scans does not go with --scans"),
        (["--relic", "cup"], "--relic is for --rebuild alone"),
        (["--scratch", "."], "--scratch is for --rebuild alone"),
        (["--jobs", "none"], "--jobs is 'none'"),
    ],
)
def test_options_that_do_not_go_together(
    cli: Cli, evening: Evening, options: list[str], says: str
) -> None:
    said = cli("verify", evening.out, *options, code=2)
    assert said.out == ""
    assert says in said.err


def test_a_relic_that_is_not_there_and_a_scratch_folder_in_the_output(
    cli: Cli, evening: Evening
) -> None:
    rebuild = ("verify", evening.out, "--checksums", "--scans", evening.scans, "--rebuild")
    assert "there is no relic 'cop'" in cli(*rebuild, "--relic", "cop", code=2).err
    said = cli(*rebuild, "--scratch", evening.out, code=2)
    assert "the scratch folder lies in the output folder" in said.err


def test_what_would_come_out_otherwise_is_a_difference_and_notes_are_remarks(
    cli: Cli, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def rebuild(out: Path, scans: list[Path], **given: Any) -> list[Difference]:
        asked.update(given, out=out, scans=scans)
        given["note"]("vase was not rebuilt: it is failed")
        return [Difference("cup", "cup/web/low.glb", "rebuilt, it has other bytes", "look")]

    monkeypatch.setattr("relicscan.batch.rebuild.rebuild", rebuild)
    options = ("--scans", evening.scans, "--rebuild", "--relic", "cup", "-j", "2")
    said = cli("verify", evening.out, "--checksums", *options, code=1)
    assert said.out.startswith("cup/web/low.glb: rebuilt, it has other bytes\n")
    assert said.out.endswith(" read, 0 relics made again: 1 difference\n")
    assert said.err == "vase was not rebuilt: it is failed\n"
    expected = {"out": evening.out, "scans": [evening.scans], "relics": ["cup"], "jobs": 2}
    assert {key: asked[key] for key in expected} == expected
    assert asked["scratch"] is None
    found = json.loads(cli("verify", evening.out, "--json", *options, code=1).out)
    assert [one["path"] for one in found["differences"]] == ["cup/web/low.glb"]
    assert found["notes"] == ["vase was not rebuilt: it is failed"]
    assert found["rebuilt"] == 0


def test_only_checksums_where_that_is_asked_for(
    cli: Cli, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: Any) -> None:
        raise AssertionError("a model was opened")

    monkeypatch.setattr("relicscan.batch.verify.hold_contents", opened)
    assert "all as it was written" in cli("verify", evening.out, "--checksums").out
