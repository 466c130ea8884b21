"""`relicscan validate`: is a model what viewers can rely on, and does it fit its target?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.delivery.validation import Validated


def command(
    files: Annotated[
        list[Path], typer.Argument(help="GLB or USDZ files, or folders that hold some.")
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="Also check against a delivery target: its name, or a target file of your own.",
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            "--level",
            help="The target's level whose budget counts; else the one the file is called after.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
) -> None:
    """Check models with our own checks and the validators of Khronos and Pixar, where installed.

    Compressed content is decoded and checked again.

    [bold]Example:[/bold] relicscan validate out/amphora/web/high.glb --target web
    """
    from dataclasses import asdict

    from relicscan.delivery.khronos import what_is_missing
    from relicscan.delivery.target import read_target
    from relicscan.delivery.validation import validate
    from relicscan.errors import PipelineError

    if level is not None and target is None:
        raise PipelineError(
            "--level names a level of a target, and no target is given",
            remedy=f"add --target, for example --target web --level {level}",
        )
    chosen = None if target is None else read_target(target)
    results = validate(list(files), target=chosen, level=level)
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
