"""JSON Schema 2020-12 of the files that people and programs write and read.

Made from the models, so it cannot differ from what is checked, but for rules
between several keys (a verdict only for a relic that is done), which stay with
the models.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from relicscan.errors import PipelineError
from relicscan.metadata.change_record import ChangeRecord
from relicscan.metadata.exhibition import ExhibitionToml
from relicscan.metadata.index import Index
from relicscan.metadata.manifest import SCHEMA_VERSION, RelicManifest
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.run_record import RunRecord
from relicscan.metadata.signing import Signature
from relicscan.stage import did_you_mean

MODELS: dict[str, type[BaseModel]] = {
    "relic.toml": RelicToml,
    "relic.json": RelicManifest,
    "run.json": RunRecord,
    "index.json": Index,
    "index.json.sig": Signature,
    "compare.json": ChangeRecord,
    "exhibition.toml": ExhibitionToml,
}


def json_schema(name: str) -> dict[str, Any]:
    """The schema of one of MODELS. Raises PipelineError naming those there are."""
    if name not in MODELS:
        raise PipelineError(
            f"there is no schema of {name[:60]!r}",
            remedy=did_you_mean(name, list(MODELS), "the schemas are"),
        )
    schema = MODELS[name].model_json_schema(mode="validation")
    if name.endswith(".toml"):
        schema = _without_null(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:relicscan:schema:{name}:{SCHEMA_VERSION}",
        **schema,
        "title": name,
    }


def _without_null(schema: Any) -> Any:
    """TOML has no null: what may be left out is simply not required."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {k: _without_null(v) for k, v in schema.items() if not (k == "default" and v is None)}
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    elif choices:
        kept["anyOf"] = choices
    return kept
