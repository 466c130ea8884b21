"""`relicscan stage`: one stage on one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="The stage: see `relicscan stages`.")],
    source: Annotated[Path, typer.Argument(metavar="IN", help="A scan file or scan folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A .ply, or a .glb for meshes.")],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--param", help="name=value; may be repeated."),
    ] = None,
) -> None:
    """Run one stage on one scan and write the result.

    A PLY is written in the coordinates and the unit of IN, a GLB in metres, +Y up.

    [bold]Example:[/bold] relicscan stage voxel_downsample scan.ply thin.ply --param voxel_size_mm=1
    """
    from relicscan.batch.single import run_single_stage
    from relicscan.pipeline import parse_assignment

    given = dict(parse_assignment(text) for text in parameters or [])
    step, written = run_single_stage(name, source, target, given)
    if step.skipped:
        print(f"{name} was skipped: {step.skipped}")
    before = ", ".join(f"{count:,} {what}" for what, count in step.before.items())
    after = ", ".join(f"{count:,} {what}" for what, count in step.after.items())
    print(f"{before} -> {after}")
    for figure, value in step.figures.items():
        print(f"{figure}: {value:.6g}" if isinstance(value, float) else f"{figure}: {value}")
    for path in written:
        print(path)
