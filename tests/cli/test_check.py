"""`relicscan check`: what is wrong, before a scan is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.commands import Cli
from tiny_scans import write_cup, write_toml

CUP = ["relic cup: ok, 1 scan", "  no rights.digital.uri: it can be run, and not published"]


def test_all_pipelines_are_well(cli: Cli) -> None:
    said = cli("check")
    assert said.err == ""
    lines = said.out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "pipeline archive: ok",
        "pipeline preview: ok",
        "pipeline web: ok",
    ]
    assert all(line.endswith("models from point clouds and meshes") for line in lines)


def test_a_root_with_good_and_bad_metadata(cli: Cli, tmp_path: Path) -> None:
    for name in ("cup", "bowl", "plate"):
        write_cup(tmp_path / name)
    write_toml(tmp_path / "bowl", '[object]\ntitel.en = "Bowl"')
    write_toml(tmp_path / "plate", '[pipeline]\nset."crop.maxx" = [1, 1, 1]')
    said = cli("check", tmp_path, code=1)
    assert said.out.splitlines() == [
        "relic bowl: wrong",
        "  bowl/relic.toml: line 2: there is no key object.titel",
        "  what would work: did you mean 'title'? (the keys here are culture, dating, "
        "description, dimension, inventory_number, maker, material, place, represents, title, "
        "type)",
        *CUP,
        "relic plate: wrong",
        "  relic.toml: it does not fit the pipeline: stage crop: there is no parameter 'maxx'",
        "  what would work: did you mean 'max'? (the parameters are min, max)",
    ]


def test_what_metadata_leaves_open_is_noted_and_wrong_it_is_not(cli: Cli, tmp_path: Path) -> None:
    write_cup(tmp_path / "cup")
    write_toml(tmp_path / "cup", "languages = ['fr']\n[object]\ntitle.en = 'Cup'")
    assert "no text in fr for object.title" in cli("check", tmp_path).out
    (tmp_path / "defaults.toml").write_text("[rights]\ndigital = 'https://x.example/by'")
    assert "not published" not in cli("check", tmp_path).out


def test_no_scan_is_read(cli: Cli, tmp_path: Path) -> None:
    scan = write_cup(tmp_path / "cup")
    scan.write_bytes(scan.read_bytes()[:-9])
    assert cli("check", tmp_path).out.splitlines() == CUP


def test_a_relic_toml_by_name(cli: Cli, tmp_path: Path) -> None:
    write_cup(tmp_path / "cup")
    assert cli("check", tmp_path / "cup" / "relic.toml").out.splitlines() == CUP


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[stage]]\nuse = "simplify"', "mine.toml: line 1: there is no stage 'simplify'"),
        ('[[stage]]\nuse = "merge_scans"', "it makes no models"),
        (
            '[[stage]]\nuse = "crop"\n[[stage]]\nuse = "merge_scans"',
            "mine.toml, stage crop: it needs a point cloud or a mesh, which nothing before it",
        ),
    ],
)
def test_a_wrong_pipeline_is_exit_code_2_and_hides_no_other(
    cli: Cli, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    said = cli("check", tmp_path / "mine.toml", "web", code=2)
    assert says in said.out
    assert "what would work: " in said.out
    assert "pipeline web: ok" in said.out


def test_settings_are_checked_as_well(cli: Cli) -> None:
    cli("check", "web", "--set", "build_levels.ceilings.ultra=500000")
    said = cli("check", "web", "--set", "build_levels.ceiling.ultra=500000", code=2)
    assert "there is no parameter 'ceiling.ultra'" in said.out


def test_json(cli: Cli, tmp_path: Path) -> None:
    write_cup(tmp_path / "cup")
    pipeline, relic = json.loads(cli("check", "web", tmp_path, "--json").out)
    assert (pipeline["kind"], pipeline["name"], pipeline["ok"]) == ("pipeline", "web", True)
    assert pipeline["stages"][0] == "register_scans"
    assert (relic["kind"], relic["name"], relic["scans"]) == ("relic", "cup", ["cup.ply"])


def test_what_does_not_exist(cli: Cli, tmp_path: Path) -> None:
    said = cli("check", tmp_path / "none", code=2)
    assert "there is no pipeline" in said.out
