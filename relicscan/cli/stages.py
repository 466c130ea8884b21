"""`relicscan stages`: what a pipeline can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.stage import Stage


def command(
    name: Annotated[str | None, typer.Argument(help="One stage, to see its parameters.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the stages, or one stage with all its parameters.

    [bold]Example:[/bold] relicscan stages voxel_downsample
    """
    from relicscan.stage import all_stages, get_stage

    chosen = [get_stage(name)] if name else list(all_stages().values())
    if as_json:
        output.print_json([as_data(stage) for stage in chosen])
        return
    console = output.answers()
    if name is None:
        table = output.table("stage", "needs", "makes", "what it does")
        for stage in chosen:
            makes = [*sorted(stage.makes), *(f"{m}?" for m in sorted(stage.may_make))]
            row = (stage.name, " ".join(sorted(stage.needs)), " ".join(makes), stage.summary)
            table.add_row(*(output.cell(text) for text in row))
        console.print(table)
        return
    output.say(console, chosen[0].description)
    table = output.table("parameter", "type", "default", "what it means")
    for row in parameter_rows(chosen[0]):
        table.add_row(*(output.cell(text) for text in row))
    console.print()
    console.print(table)


def parameter_rows(stage: Stage) -> list[tuple[str, str, str, str]]:
    """Name, type with limits, default and description of each parameter, from its one line."""
    schema = stage.parameters.model_json_schema()
    return [
        (
            name,
            _type_in_words(field),
            "–" if field.get("default") is None else _value(field["default"]),
            field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def as_data(stage: Stage) -> dict[str, Any]:
    """A stage as plain data."""
    return {
        "name": stage.name,
        "description": stage.description,
        "needs": sorted(stage.needs),
        "makes": sorted(stage.makes),
        "may_make": sorted(stage.may_make),
        "drops": sorted(stage.drops),
        "parameters": stage.parameters.model_json_schema(),
    }


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {entry:,}" for key, entry in value.items())
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)


def _type_in_words(field: dict[str, Any]) -> str:
    for choice in field.get("anyOf", []):
        if choice.get("type") != "null":
            return _type_in_words(choice)
    if "enum" in field:
        return " | ".join(field["enum"])
    kind = {"number": "number", "integer": "whole number", "array": "list", "object": "table"}.get(
        field.get("type", ""), field.get("type", "")
    )
    limits = [
        f"{sign} {field[key]:g}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in field
    ]
    return " ".join([kind, *limits])
