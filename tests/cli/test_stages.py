"""`relicscan stages`: every stage, and every parameter with its limits."""

from __future__ import annotations

import json

import pytest
from cli.commands import Cli

from relicscan.stage import all_stages


def test_every_stage_is_listed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = cli("stages").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(all_stages())
    assert any("cloud.normals?" in line for line in lines if line.startswith("merge_scans"))


@pytest.mark.parametrize("name", list(all_stages()))
def test_every_parameter_is_explained(cli: Cli, name: str) -> None:
    said = cli("stages", name)
    for parameter, info in all_stages()[name].parameters.model_fields.items():
        assert parameter in said.out
        assert info.description


def test_types_limits_and_defaults(cli: Cli) -> None:
    text = cli("stages", "remove_surroundings").out
    assert "judge | remove | keep" in text
    assert "number > 0" in text
    assert "thumb = 20,000, low = 40,000" in cli("stages", "build_levels").out


def test_a_stage_that_does_not_exist(cli: Cli) -> None:
    said = cli("stages", "voxel_downsampel", code=2)
    assert said.out == ""
    assert "did you mean 'voxel_downsample'?" in said.err


def test_json(cli: Cli) -> None:
    stages = json.loads(cli("stages", "--json").out)
    assert [stage["name"] for stage in stages] == list(all_stages())
    (one,) = json.loads(cli("stages", "remove_surroundings", "--json").out)
    assert one["needs"] == ["geometry"]
    assert "support" in one["parameters"]["properties"]
