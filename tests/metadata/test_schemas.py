"""The published schemas say what the models check: same instances pass, same mutations fail."""

from __future__ import annotations

import copy
import datetime
import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from relicscan.errors import PipelineError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.index import Index, IndexEntry
from relicscan.metadata.manifest import RelicManifest
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.schemas import MODELS, json_schema

Data = dict[str, Any]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(name))


@pytest.mark.parametrize("name", MODELS)
def test_each_is_a_schema_of_2020_12(name: str) -> None:
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"{name}:2.1.0")
    assert json.loads(canonical_json(schema)) == schema


def test_an_unknown_name() -> None:
    with pytest.raises(PipelineError) as caught:
        json_schema("relic.tml")
    assert "did you mean 'relic.toml'" in (caught.value.remedy or "")


def with_texts_for_dates(data: Any) -> Any:
    """JSON has no dates: programs that check TOML by a JSON Schema see texts."""
    if isinstance(data, dict):
        return {key: with_texts_for_dates(value) for key, value in data.items()}
    if isinstance(data, list):
        return [with_texts_for_dates(value) for value in data]
    return data.isoformat() if isinstance(data, datetime.date) else data


def test_toml_says_everything_without_null(everything: str) -> None:
    validator("relic.toml").validate(with_texts_for_dates(tomllib.loads(everything)))
    assert "null" not in canonical_json(json_schema("relic.toml")).decode()


@pytest.mark.parametrize(
    "text",
    [
        "id = 'Große'",
        "id = '.a'",
        "units = 'mm'",
        "[object]\ntitle = ''",
        "[object]\ntitle = {}",
        "[object]\ntitle.en = ' '",
        "[object]\ntitle.zh_Hans = 'x'",
        "[object]\ntitle.english = 'x'",
        "[object]\ninventory_number = 12",
        "[object]\ndating.edtf = '530 BC'",
        "[object]\ntype.aat = 'http://example.org/1'",
        "[object]\nrepresents = 'ruin'",
        "[rights]\ndigital = 'CC0'",
        "[scan]\nunit = 'metre'",
        "[scan]\nup = 'Z'",
        "[scan]\nframe = 'own'",
        "[scan]\nfiles = []",
        "[scan]\nfiles = ['../a.ply']",
        "[scan]\nfiles = ['a/../b.ply']",
        "[scan]\nfiles = ['/a.ply']",
        "[scan]\nfiles = ['C:/a.ply']",
        "[scan]\nfiles = ['a\\b.ply']",
        "[[scan.pose]]\nfile = 'a.ply'",
        "[[scan.pose]]\nfile = 'a.ply'\nmatrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]",
        "[crop]\nsupport = 'maybe'",
        "[crop]\nmin = [0, 0]\nmax = [1, 1]",
        "[crop]\nmin = [0, 0, '0']\nmax = [1, 1, 1]",
        "[pipeline]\nset.'a b.c' = 1",
        "[pipeline]\nset.a.b = [[1]]",
        "[[hotspot]]\nid = 'a'",
        "[[hotspot]]\nid = 'a b'\nposition = [0, 0, 0]",
        "[[tour]]\nid = 'a'\nsteps = []",
    ],
)
def test_toml_mistakes_fail_both(text: str) -> None:
    data = tomllib.loads(text)
    assert not validator("relic.toml").is_valid(data)
    with pytest.raises(ValueError, match="validation error"):
        RelicToml.model_validate(data)


def mutations(data: Any, schema_free: frozenset[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Copies of `data` with an unknown key in one table; tables of free keys are left out."""
    if isinstance(data, dict):
        if path.rsplit(".", 1)[-1] not in schema_free:
            yield f"{path}: extra", {**data, "surprise_": 1}
        for key, value in data.items():
            for what, changed in mutations(value, schema_free, f"{path}.{key}"):
                yield what, {**data, key: changed}
    elif isinstance(data, list):
        for i, value in enumerate(data):
            for what, changed in mutations(value, schema_free, path):
                yield what, [*data[:i], changed, *data[i + 1 :]]


FREE = frozenset(
    [
        "parameters",
        "overridden",
        "before",
        "after",
        "figures",
        "versions",
        "metadata_sources",
        "set",
    ]
)


def test_manifest_instance_and_mutations(manifest: RelicManifest) -> None:
    check = validator("relic.json")
    data: Data = json.loads(canonical_json(manifest))
    check.validate(data)
    mutated = list(mutations(data, FREE))
    assert len(mutated) > 25
    for what, changed in mutated:
        assert not check.is_valid(changed), what
        with pytest.raises(ValueError, match="validation error"):
            RelicManifest.model_validate_json(json.dumps(changed))
    for key in data.keys() - {"arrangements", "gates"}:  # manifests of schema 2.0 have none
        fewer = copy.copy(data)
        del fewer[key]
        assert not check.is_valid(fewer), f"without {key}"


def test_index_instance_and_mutations(manifest: RelicManifest) -> None:
    check = validator("index.json")
    data: Data = json.loads(canonical_json(Index.of([IndexEntry.of(manifest)])))
    check.validate(data)
    for what, changed in mutations(data, frozenset()):
        assert not check.is_valid(changed), what
        with pytest.raises(ValueError, match="validation error"):
            Index.model_validate_json(json.dumps(changed))


def test_run_instance() -> None:
    data = {
        "schema_name": "relicscan.run",
        "schema_version": "2.1.0",
        "id": "vase",
        "state": "failed",
        "verdict": None,
        "reasons": [{"text": "there was no room", "remedy": "free disk space"}],
        "lasting": False,
        "request": {"code": "c" * 64, "settings": "5" * 64},
        "inputs": {
            "names": "a" * 64,
            "files": [{"path": "a.ply", "bytes": 3, "sha256": "b" * 64, "modified_ns": 17}],
        },
        "stages_kept": 0,
        "started": "2026-05-01T22:15:03.250000Z",
        "finished": "2026-05-01T22:15:04Z",
        "seconds": 0.75,
        "stage_seconds": {},
        "host": "museum-pc",
        "platform": "Linux",
        "cpu_count": 2,
        "threads": 1,
        "peak_memory_bytes": None,
        "attempts": 2,
        "validation": {"not_run": "node is not installed", "results": []},
    }
    check = validator("run.json")
    check.validate(data)
    MODELS["run.json"].model_validate_json(json.dumps(data))
    for what, changed in mutations(data, frozenset(["stage_seconds"])):
        assert not check.is_valid(changed), what
