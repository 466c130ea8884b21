"""`relicscan schema`: JSON Schemas of what people and programs write and read."""

from __future__ import annotations

from typing import Annotated

import typer

from relicscan.cli import output


def command(
    name: Annotated[
        str | None,
        typer.Argument(help="relic.toml, relic.json, pipeline.toml, …, or a stage's name."),
    ] = None,
) -> None:
    """Print a JSON Schema (2020-12), or the names of those there are.

    [bold]Example:[/bold] relicscan schema relic.toml
    """
    from relicscan.batch.schema import schema, schema_names

    if name is None:
        print("\n".join(schema_names()))
    else:
        output.print_json(schema(name))
