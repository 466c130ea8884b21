"""`relicscan schema`: JSON Schemas of what people and programs write and read."""

from __future__ import annotations

from typing import Annotated

import typer

from relicscan.cli import output


def command(
    name: Annotated[
        str | None,
        typer.Argument(help="relic.toml, relic.json, run.json, index.json, or a stage's name."),
    ] = None,
) -> None:
    """Print a JSON Schema (2020-12), or the names of those there are.

    [bold]Example:[/bold] relicscan schema relic.toml
    """
    from relicscan.metadata.schemas import MODELS, json_schema
    from relicscan.stage import all_stages

    stages = all_stages()
    if name is None:
        print("\n".join([*MODELS, *stages]))
    elif name in stages:
        output.print_json(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **stages[name].parameters.model_json_schema(),
            }
        )
    else:
        output.print_json(json_schema(name))
