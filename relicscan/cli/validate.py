"""`relicscan validate`: is a GLB what viewers can rely on?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.delivery.validation import Validated


def command(
    files: Annotated[list[Path], typer.Argument(help="GLB files, or folders that hold some.")],
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
) -> None:
    """Check GLB files with our own checks and, where node is installed, the Khronos validator.

    [bold]Example:[/bold] relicscan validate out/amphora/web/high.glb
    """
    from dataclasses import asdict

    from relicscan.delivery.khronos import what_is_missing
    from relicscan.delivery.validation import validate

    results = validate(list(files))
    if as_json:
        output.print_json([asdict(result) for result in results])
    else:
        for result in results:
            _print(result)
    missing = what_is_missing()
    if missing:
        output.say(output.remarks(), f"the Khronos validator did not run: {missing}")
    if not all(result.ok for result in results):
        raise typer.Exit(output.EXIT_FAILED)


def _print(result: Validated) -> None:
    console = output.answers()
    verdict = ("ok", "green") if result.ok else ("wrong", "red")
    output.say(console, f"{result.file}: ", verdict)
    for finding in result.findings:
        line = f"{finding.severity} {finding.code}: {finding.message} {finding.pointer}"
        output.say(console, line.rstrip(), indent=2)
    for message in result.khronos or ():
        line = f"Khronos {message.severity} {message.code}: {message.message} {message.pointer}"
        output.say(console, line.rstrip(), indent=2)
