"""`relicscan schema`: JSON Schemas that are valid and fit what a run writes."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest
from cli.commands import Cli, Evening
from tiny_scans import read_json

from relicscan.batch.schema import schema_names
from relicscan.pipeline import find_pipeline, pipeline_names
from relicscan.stage import all_stages


def test_names_without_an_argument(cli: Cli) -> None:
    names = cli("schema").out.splitlines()
    assert names[:5] == ["relic.toml", "relic.json", "run.json", "index.json", "index.json.sig"]
    assert names[-len(all_stages()) - 1 :] == ["pipeline.toml", *all_stages()]


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_valid(cli: Cli, name: str) -> None:
    schema = json.loads(cli("schema", name).out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_what_a_run_writes_fits(cli: Cli, evening: Evening) -> None:
    schemas = {
        n: json.loads(cli("schema", n).out) for n in ("relic.json", "run.json", "index.json")
    }
    jsonschema.validate(read_json(evening.out / "index.json"), schemas["index.json"])
    for relic in ("vase", "cup", "torn", "figurine"):
        for name in ("relic.json", "run.json"):
            jsonschema.validate(read_json(evening.out / relic / name), schemas[name])


def test_a_stage_refuses_by_schema_what_it_refuses_by_hand(cli: Cli) -> None:
    schema = json.loads(cli("schema", "voxel_downsample").out)
    jsonschema.validate({"voxel_size_mm": 0.5}, schema)
    for wrong in ({"voxel_size_mm": 0}, {"voxel_size": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("name", pipeline_names())
def test_shipped_pipelines_fit_theirs_and_a_slip_does_not(cli: Cli, name: str) -> None:
    schema = json.loads(cli("schema", "pipeline.toml").out)
    text = find_pipeline(name).read_text(encoding="utf-8")
    jsonschema.validate(tomllib.loads(text), schema)
    for right, wrong in (
        ('use = "clean_mesh"', 'use = "clean_mash"'),
        ('use = "build_levels"', 'use = "build_levels"\nceiling = 5'),
        ("description =", "purpose ="),
        (text, gated(text)),
    ):
        slip = text.replace(right, wrong, 1)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(slip), schema)


def gated(text: str) -> str:
    """The same with a threshold that no share has."""
    head, stages = text.split("[[stage]]", 1)
    head = head if "[gates]" in head else head + "[gates]\n"
    return f"{head.rstrip()}\nmin_coverage = {{ review = 1.5 }}\n[[stage]]{stages}"


def test_an_unknown_name(cli: Cli) -> None:
    said = cli("schema", "relic.jsn", code=2)
    assert said.out == ""
    assert "did you mean 'relic.json'?" in said.err
