"""`relicscan new`: a relic.toml that is right as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import Cli
from tiny_scans import box, files_below, sphere, write_ply

UNSTATED = "  no rights.digital.uri: it can be run, and not published\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_ply(tmp_path / "amphora" / "front.ply", sphere(100))
    write_ply(tmp_path / "amphora" / "back.ply", sphere(100))
    return tmp_path / "amphora"


@pytest.mark.parametrize("language", ["en", "zh-Hans", "de", "fr", "it"])
def test_what_it_writes_is_accepted(cli: Cli, folder: Path, language: str) -> None:
    said = cli("new", folder, "--language", language)
    assert said.out == f"{folder / 'relic.toml'}\n"
    assert said.err == f"fill it in, then: relicscan check {folder}\n"
    assert cli("check", folder).out == f"relic amphora: ok, 2 scans\n{UNSTATED}"


def test_it_names_the_scans_that_are_there(cli: Cli, folder: Path) -> None:
    cli("new", folder)
    assert '#files = ["back.ply", "front.ply"]' in (folder / "relic.toml").read_text("utf-8")


def test_an_id(cli: Cli, folder: Path) -> None:
    cli("new", folder, "--id", "amphora-12")
    assert cli("check", folder).out == f"relic amphora-12: ok, 2 scans\n{UNSTATED}"


def test_it_never_writes_over_one(cli: Cli, folder: Path) -> None:
    (folder / "relic.toml").write_text("# mine")
    said = cli("new", folder, code=2)
    assert said.out == ""
    assert "never overwritten" in said.err
    assert (folder / "relic.toml").read_text() == "# mine"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["amphora", "--language", "xx"], 2, "no template in the language 'xx'"),
        (["amphora", "--id", "Amphora 12"], 1, "'Amphora 12' cannot be an id"),
        (["none"], 2, "cannot be written"),
    ],
)
def test_what_goes_wrong(
    cli: Cli,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    before = files_below(folder.parent)
    said = cli("new", *arguments, code=code)
    assert said.out == ""
    assert says in said.err
    assert files_below(folder.parent) == before


def test_a_mesh(cli: Cli, tmp_path: Path) -> None:
    write_ply(tmp_path / "cup.ply", box())
    cli("new", tmp_path, "--id", "cup")
    assert cli("check", tmp_path).out == f"relic cup: ok, 1 scan\n{UNSTATED}"
