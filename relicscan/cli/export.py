"""`relicscan export`: finished relics in the exchange formats of museums."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.export import Export

#: How many reasons, and fields of each, are told; all of them are in losses.json.
_REASONS, _NAMED = 20, 4


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
    published: Annotated[
        str | None,
        typer.Option("--published", help="The day of publication, which RO-Crate asks for."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The loss report as JSON.")] = False,
) -> None:
    """Write relics in an exchange format, and tell what the format could not carry.

    [bold]Example:[/bold] relicscan export iiif out -o iiif --base-url https://museum.example/relics
    """
    from relicscan.batch.export import export

    found = export(format, out, to, base_url=base_url, relics=relic or [], published=published)
    if as_json:
        output.print_json(found.as_data())
    else:
        _print(found)


def _print(found: Export) -> None:
    console = output.answers()
    output.say(console, f"{output.plural(len(found.relics), 'relic')} in {found.folder}")
    for one in found.left_out:
        output.say(output.remarks(), f"{one} was left out")
    if not found.losses:
        output.say(console, "nothing that they state was lost")
        return
    output.say(console, f"not carried by {found.format}:")
    fields: dict[str, dict[str, None]] = {}
    for loss in found.losses:
        fields.setdefault(loss.reason, {})[loss.field.partition("@")[0]] = None
    for reason, named in list(fields.items())[:_REASONS]:
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        output.say(console, f"{', '.join(list(named)[:_NAMED])}{more}: {reason}", indent=2)
    if len(fields) > _REASONS:
        output.say(console, f"and more, in {found.folder}/losses.json", indent=2)
