"""`relicscan validate`: good models pass, broken ones do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.commands import Cli, Evening

from relicscan.delivery.khronos import what_is_missing


def test_models_of_a_run_are_good(cli: Cli, evening: Evening) -> None:
    said = cli("validate", evening.out)
    lines = said.out.splitlines()
    assert len(lines) == 8
    assert all(line.endswith(".glb: ok") for line in lines)


@pytest.fixture
def broken(tmp_path: Path, evening: Evening) -> Path:
    """An accessor whose bounds are not those of its data."""
    whole = (evening.out / "cup" / "web" / "thumb.glb").read_bytes()
    at = whole.index(b'"max":[') + 7
    path = tmp_path / "broken.glb"
    path.write_bytes(whole[:at] + b"9" + whole[at + 1 :])
    return path


def test_a_broken_model_is_named_with_what_is_wrong(
    cli: Cli, evening: Evening, broken: Path
) -> None:
    good = evening.out / "cup" / "web" / "thumb.glb"
    said = cli("validate", broken, good, code=1)
    lines = said.out.splitlines()
    assert lines[0] == f"{broken}: wrong"
    assert lines[1].startswith("  error ")
    assert lines[-1] == f"{good}: ok"


def test_json(cli: Cli, broken: Path) -> None:
    (result,) = json.loads(cli("validate", broken, "--json", code=1).out)
    assert (result["file"], result["ok"]) == (str(broken), False)
    assert result["findings"][0]["severity"] == "error"
    assert (result["khronos"] is None) == (what_is_missing() is not None)


def test_what_is_no_glb(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "notes.glb"
    path.write_text("on Monday")
    assert f"{path}: wrong" in cli("validate", path, code=1).out


def test_without_node_the_own_checks_remain(
    cli: Cli, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    said = cli("validate", broken, code=1)
    assert "wrong" in said.out
    assert "the Khronos validator did not run: node is not installed" in said.err


@pytest.mark.parametrize("name", ["none.glb", "."])
def test_nothing_to_validate(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = cli("validate", name, code=2)
    assert said.out == ""
    assert "what would work: name a .glb" in said.err
