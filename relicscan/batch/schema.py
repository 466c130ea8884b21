"""JSON Schemas by name: of the files that people and programs write and read, and of stages."""

from __future__ import annotations

from typing import Any

from relicscan.errors import PipelineError
from relicscan.metadata.manifest import SCHEMA_VERSION
from relicscan.metadata.schemas import MODELS, json_schema
from relicscan.quality.gate import all_gates
from relicscan.stage import Stage, all_stages, did_you_mean

PIPELINE = "pipeline.toml"


def schema_names() -> list[str]:
    """relic.toml, relic.json, …, pipeline.toml, and every stage."""
    return [*MODELS, PIPELINE, *all_stages()]


def schema(name: str) -> dict[str, Any]:
    """A JSON Schema 2020-12. Raises PipelineError naming those there are."""
    if name in MODELS:
        return json_schema(name)
    if name == PIPELINE:
        return pipeline_schema()
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


def pipeline_schema() -> dict[str, Any]:
    """The schema of a pipeline's file, made from the stages and the gates.

    What only the order of its stages decides stays with `relicscan check`.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:relicscan:schema:{PIPELINE}:{SCHEMA_VERSION}",
        "title": PIPELINE,
        "type": "object",
        "additionalProperties": False,
        "required": ["stage"],
        "properties": {
            "description": {"type": "string", "description": "What it is for."},
            "targets": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Delivery targets by name or file, or TARGET:LEVEL.",
            },
            "pictures": {"type": "boolean", "description": "Make posters and turns as well."},
            "report": {"type": "boolean", "description": "Make a report.html of each relic."},
            "gates": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: gate.schema for name, gate in all_gates().items()},
                "description": "What the verdict depends on.",
            },
            "stage": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "oneOf": [{"$ref": f"#/$defs/{name}"} for name in all_stages()],
                },
            },
        },
        "$defs": {name: _used(stage) for name, stage in all_stages().items()},
    }


def _used(stage: Stage) -> dict[str, Any]:
    """A [[stage]] table that uses a stage."""
    schema = stage.parameters.model_json_schema()
    return {
        **schema,
        "description": stage.summary,
        "properties": {"use": {"const": stage.name}, **schema.get("properties", {})},
        "required": ["use"],
    }
