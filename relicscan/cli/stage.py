"""`relicscan stage`: one stage on one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.relic import Step


def command(
    name: Annotated[str, typer.Argument(help="The stage: see `relicscan stages`.")],
    source: Annotated[Path, typer.Argument(metavar="IN", help="A scan file or scan folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .ply, or a .glb for meshes.")],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--param", help="name=value; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Run one stage on one scan and write the result.

    A PLY is written in the coordinates and the unit of IN, a GLB in metres, +Y up.

    [bold]Example:[/bold] relicscan stage voxel_downsample scan.ply thin.ply --param voxel_size_mm=1
    """
    from dataclasses import asdict

    from relicscan.batch.single import run_stage_on
    from relicscan.pipeline import parse_assignment

    given = dict(parse_assignment(text) for text in parameters or [])
    step, written = run_stage_on(name, source, target, given)
    if as_json:
        output.print_json({**asdict(step), "written": [str(path) for path in written]})
    else:
        _print(step, written)


def _print(step: Step, written: list[Path]) -> None:
    console = output.answers()
    if step.skipped:
        output.say(console, f"{step.stage} was skipped: {step.skipped}")
    before, after = (
        ", ".join(f"{count:,} {what}" for what, count in counts.items())
        for counts in (step.before, step.after)
    )
    output.say(console, f"{before} -> {after}")
    for figure, value in step.figures.items():
        shown = f"{value:.6g}" if isinstance(value, float) else str(value)
        output.say(console, f"{figure}: {shown}")
    for path in written:
        output.say(console, str(path))
    for warning in step.warnings:
        output.say(output.remarks(), ("warning: ", "yellow"), warning)
