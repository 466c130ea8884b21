"""`relicscan export`: finished relics in the exchange formats of museums."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.export import Export

#: How many losses are told; all of them are in losses.json.
_TOLD = 20


def command(
    format: Annotated[
        str,
        typer.Argument(help="iiif, svx, schema-org, edm, lido, ro-crate, bagit, packrat or csv."),
    ],
    out: Annotated[Path, typer.Argument(help="The output folder of a run.")],
    to: Annotated[Path, typer.Option("--to", "-o", help="The new folder to write to.")],
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="Where the output folder will be found on the web."),
    ] = None,
    relic: Annotated[
        list[str] | None, typer.Option("--relic", help="Only this relic; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The loss report as JSON.")] = False,
) -> None:
    """Write relics in an exchange format, and tell what the format could not carry.

    [bold]Example:[/bold] relicscan export iiif out -o iiif --base-url https://museum.example/relics
    """
    from relicscan.batch.export import export

    found = export(format, out, to, base_url=base_url, relics=relic or [])
    if as_json:
        output.print_json(found.as_data())
    else:
        _print(found)


def _print(found: Export) -> None:
    console = output.answers()
    output.say(console, f"{output.plural(len(found.relics), 'relic')} in {found.folder}")
    for one in found.without_model:
        output.say(output.remarks(), f"{one} has no model and was left out")
    counted = Counter((loss.field, loss.reason) for loss in found.losses)
    if not counted:
        output.say(console, "nothing that they state was lost")
        return
    output.say(console, f"not carried by {found.format}:")
    for (field, reason), count in list(counted.items())[:_TOLD]:
        of = f" ({count} relics)" if count > 1 else ""
        output.say(console, f"{field}: {reason}{of}", indent=2)
    if len(counted) > _TOLD:
        output.say(console, f"and {len(counted) - _TOLD} more, in losses.json", indent=2)
