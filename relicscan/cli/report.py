"""`relicscan report`: the page for the morning after, made again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relicscan.cli import output


def command(
    out: Annotated[Path, typer.Argument(help="The output folder of a run.")],
    file: Annotated[
        Path | None,
        typer.Option("--to", "-o", help="The page to write; OUT/report.html if not given."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="All relics as JSON; a page is written only with -o.")
    ] = False,
) -> None:
    """Write one page over all relics of an output folder, the worst first.

    Every run leaves it as OUT/report.html; this makes it again, or elsewhere. Relics are told as
    index.json, relic.json and run.json have them. Exit code 0, however they ended.

    [bold]Example:[/bold] relicscan report out -o /share/reports/tuesday.html
    """
    from relicscan.batch.report import as_data, gather, write_report
    from relicscan.errors import OutputError

    if file is not None and not file.absolute().parent.is_dir():
        raise OutputError(
            "the page cannot be written: there is no such folder",
            scan=str(file),
            remedy="make the folder, or choose another with -o",
        )
    if as_json:
        if file is not None:
            write_report(out, file=file)
        output.print_json(as_data(gather(out)))
        return
    written = file or out / "report.html"
    found = write_report(out, file=written).summary
    relics = output.plural(found.relics, "relic")
    counts = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in found.counts.items())
    output.say(output.answers(), f"{written}: {relics}{': ' if counts else ''}{counts}")
