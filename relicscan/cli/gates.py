"""`relicscan gates`: what the verdict on a relic can depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.quality.gate import Gate

WANTS = {"at_most": "at most", "at_least": "at least", "true": "is so"}


def command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the quality gates that a pipeline's [gates] may hold a relic to.

    [bold]Example:[/bold] relicscan gates
    """
    from relicscan.quality.gate import all_gates

    if as_json:
        output.print_json([as_data(gate) for gate in all_gates().values()])
        return
    table = output.table("gate", "wants", "in", "measured by", "what it measures")
    for row in rows():
        table.add_row(*(output.cell(text) for text in row))
    output.answers().print(table)


def rows() -> list[tuple[str, str, str, str, str]]:
    """Name, what is wanted, unit, what measures it, and description of each gate."""
    from relicscan.quality.gate import all_gates

    return [
        (gate.name, WANTS[gate.wants], gate.unit or "", gate.needs or "", gate.description)
        for gate in all_gates().values()
    ]


def as_data(gate: Gate) -> dict[str, Any]:
    """A gate as plain data."""
    return {
        "name": gate.name,
        "description": gate.description,
        "wants": gate.wants,
        "unit": gate.unit,
        "needs": gate.needs,
        "value": gate.schema,
    }
