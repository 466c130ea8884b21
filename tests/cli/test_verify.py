"""`relicscan verify`: exit codes, and a line for each difference with what would work."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from cli.commands import Cli, Evening
from cli.test_run import on_a_terminal


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
    said = cli("verify", evening.out)
    assert said.out.startswith("4 relics, 10 files, ")
    assert said.out.endswith(" read: all as it was written\n")
    assert said.err == ""


def test_the_scans_are_read_too(cli: Cli, evening: Evening) -> None:
    said = cli("verify", evening.out, "--scans", evening.scans)
    sources = sum(path.is_file() for path in evening.scans.rglob("*"))
    assert said.out.startswith(f"4 relics, {10 + sources} files, ")


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
    assert said.err == ""


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
    assert json.loads(cli("verify", evening.out, "--json").out) == []
    damage(out)
    differences = json.loads(cli("verify", out, "--json", code=1).out)
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
