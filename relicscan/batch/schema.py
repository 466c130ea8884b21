"""JSON Schemas by name: of the files that people and programs write and read, and of stages."""

from __future__ import annotations

from typing import Any

from relicscan.errors import PipelineError
from relicscan.metadata.schemas import MODELS, json_schema
from relicscan.stage import all_stages, did_you_mean


def schema_names() -> list[str]:
    """relic.toml, relic.json, …, and every stage."""
    return [*MODELS, *all_stages()]


def schema(name: str) -> dict[str, Any]:
    """A JSON Schema 2020-12. Raises PipelineError naming those there are."""
    if name in MODELS:
        return json_schema(name)
    stages = all_stages()
    if name not in stages:
        raise PipelineError(
            f"there is no schema of {name[:60]!r}",
            remedy=did_you_mean(name, schema_names(), "the schemas are"),
        )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **stages[name].parameters.model_json_schema(),
    }
