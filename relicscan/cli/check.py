"""`relicscan check`: is the pipeline right, and the metadata, before a scan is read?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output
from relicscan.cli.closing import say_unused_roots

if TYPE_CHECKING:
    from relicscan.batch.check import Checked


def command(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Pipelines (name or path) and scan folders; all pipelines if none."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="stage.parameter=value to check as well.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check pipelines and metadata; no scan is read.

    [bold]Example:[/bold] relicscan check web samples/
    """
    from dataclasses import asdict

    from relicscan.batch.check import check
    from relicscan.pipeline import parse_assignment

    overrides = dict(parse_assignment(text) for text in settings or [])
    results = check(targets or [], overrides=overrides)
    say_unused_roots(path for path in map(Path, targets or []) if path.is_dir())
    if as_json:
        output.print_json([asdict(result) for result in results])
    else:
        for result in results:
            _print(result)
    if any(not result.ok and result.kind == "pipeline" for result in results):
        raise typer.Exit(output.EXIT_WRONG)
    if not all(result.ok for result in results):
        raise typer.Exit(output.EXIT_FAILED)


def _print(result: Checked) -> None:
    console = output.answers()
    verdict = ("ok", "green") if result.ok else ("wrong", "red")
    if not result.ok or result.kind == "catalogue":
        details = ""
    elif result.kind == "pipeline":
        stages = output.plural(len(result.stages), "stage")
        details = f", {stages}, models from {' and '.join(result.models_from)}"
    else:
        scans = output.plural(len(result.scans), "scan")
        details = f", {scans}{'' if result.metadata else ', nothing said of it'}"
    output.say(console, f"{result.kind} {result.name}: ", verdict, details)
    for note in result.notes:
        output.say(console, note, indent=2)
    if result.error is not None:
        output.say(console, result.error, indent=2)
    if result.remedy:
        output.say(console, f"what would work: {result.remedy}", indent=2)
