"""`relicscan new`: a relic.toml to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relicscan.cli import output


def command(
    folder: Annotated[Path, typer.Argument(help="The scan folder.")],
    language: Annotated[
        str, typer.Option("--language", "-l", help="Language of the comments: en zh-Hans de fr it.")
    ] = "en",
    relic_id: Annotated[
        str | None, typer.Option("--id", help="The relic's id; by default from the folder's name.")
    ] = None,
) -> None:
    """Write a commented relic.toml into a scan folder.

    [bold]Example:[/bold] relicscan new scans/amphora --language de
    """
    from relicscan.batch.new import new

    print(output.printable(str(new(folder, language=language, id=relic_id))))
    output.say(output.remarks(), f"fill it in, then: relicscan check {folder}")
