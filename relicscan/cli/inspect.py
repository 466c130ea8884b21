"""`relicscan inspect`: what is there, what a run would cost, what looks wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output
from relicscan.cli.scan_graph import print_graph

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from relicscan.batch.inspect import Inspection
    from relicscan.quality.expectation import Expected
    from relicscan.quality.inspection import Measured


def command(
    inputs: Annotated[
        list[Path], typer.Argument(help="Scan files, scan folders, or roots that hold them.")
    ],
    pipeline: Annotated[
        str | None,
        typer.Option("-p", "--pipeline", help="The pipeline whose cost is estimated."),
    ] = None,
    graph: Annotated[
        bool,
        typer.Option(
            "--graph", help="Register scans without poses, and show how they belong together."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what was understood of scans, before anything is run, and what will go wrong.

    A run's time, memory and quality are foretold from a quick look: the triangles of the master,
    how far the finest level will be off the scan, how fine its picture will be. Each doubt says
    what would work.

    [bold]Example:[/bold] relicscan inspect samples/ding-bronze

    [bold]Example:[/bold] relicscan inspect samples/figurine-unposed --graph
    """
    from dataclasses import asdict

    from relicscan.batch.inspect import inspect

    inspections: list[Inspection] = []
    console = output.answers()
    for inspection in inspect(list(inputs), pipeline=pipeline, graph=graph):
        inspections.append(inspection)
        if not as_json:
            _print(console, inspection)
    if as_json:
        output.print_json([asdict(inspection) for inspection in inspections])
    elif len(inspections) > 1:
        _print_total(console, inspections)
    if any(inspection.error for inspection in inspections):
        raise typer.Exit(output.EXIT_FAILED)


def _print(console: Console, inspection: Inspection) -> None:
    from rich.padding import Padding

    output.say(console, (inspection.relic, "bold"), f"  {inspection.folder}")
    if inspection.error is not None:
        output.say(console, ("cannot be run: ", "red"), inspection.error, indent=2)
        if inspection.remedy:
            output.say(console, f"what would work: {inspection.remedy}", indent=2)
        console.print()
        return
    console.print(Padding(_table(inspection), (0, 0, 0, 2), expand=False))
    output.say(console, _unit_in_words(inspection), indent=2)
    for one in inspection.distances:
        measured = f"{one.measured:.6g} units"
        if one.measured_mm is not None and one.residual_mm is not None:
            measured = f"{one.measured_mm:.6g} mm, off by {one.residual_mm:+.2g} mm"
        output.say(console, f"{one.name} of {one.length_mm:.6g} mm measures {measured}", indent=4)
    up = f"{inspection.up} ({inspection.up_basis})" if inspection.up else "a run decides"
    output.say(console, f"up: {up}", indent=2)
    others = [file.path for file in inspection.files if file.role != "scan"]
    if others:
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        output.say(console, f"other files: {', '.join(others[:8])}{more}", indent=2)
    cost = _cost(inspection.estimated_seconds, inspection.estimated_memory_bytes)
    output.say(console, f"a run with pipeline {inspection.pipeline} takes {cost}", indent=2)
    if inspection.expected is not None:
        output.say(console, f"expected: {_expected_in_words(inspection.expected)}", indent=2)
    if inspection.graph is not None:
        print_graph(console, inspection.graph)
    for doubt in inspection.doubts:
        output.say(console, ("doubt: ", "yellow"), doubt, indent=2)
    console.print()


def _expected_in_words(expected: Expected) -> str:
    said = [f"a master of about {float(f'{expected.triangles:.2g}'):,.0f} triangles"]
    if expected.rms_of_diagonal == 0:
        said.append("the finest level as the scan is")
    elif expected.rms_mm is not None:
        said.append(f"the finest level {expected.rms_mm:.2g} mm (RMS) off the scan")
    elif expected.rms_of_diagonal is not None:
        said.append(f"the finest level {expected.rms_of_diagonal:.2g} of its diagonal off the scan")
    if expected.texture_side is not None:
        fine = f", {expected.texels_per_mm:.2g} to the mm" if expected.texels_per_mm else ""
        said.append(f"colours in {expected.texture_side} x {expected.texture_side} pixels{fine}")
    return ", ".join(said)


def _unit_in_words(inspection: Inspection) -> str:
    basis = inspection.unit_basis or ""
    if inspection.unit is None and inspection.mm_per_unit is not None:
        return f"scale: {inspection.mm_per_unit:.6g} mm to a unit ({basis})"
    return f"unit: {inspection.unit} ({basis})" if inspection.unit else f"unit: {basis}"


def _table(inspection: Inspection) -> Table:
    numbers = ("points", "triangles", "spacing", "noise")
    table = output.table("scan", *numbers, "extent", "has", right=numbers)
    for scan in inspection.scans:
        table.add_row(*(output.cell(text) for text in _row(scan)))
    return table


def _row(scan: Measured) -> list[str]:
    has = [scan.colors, "normals" if scan.normals else None, "a pose" if scan.posed else None]
    return [
        scan.name,
        f"{scan.points:,}",
        f"{scan.triangles:,}" if scan.triangles else "–",
        "–" if scan.spacing is None else f"{scan.spacing:.3g}",
        "–" if scan.noise is None else f"{scan.noise:.2g}",
        f"{' x '.join(f'{side:.4g}' for side in scan.extent)} {scan.unit or ''}".rstrip(),
        ", ".join(part for part in has if part) or "–",
    ]


def _print_total(console: Console, inspections: list[Inspection]) -> None:
    readable = [i for i in inspections if i.error is None]
    wrong = len(inspections) - len(readable)
    line = output.plural(len(inspections), "relic")
    line += f", {wrong} of which cannot be run" if wrong else ""
    if readable:
        seconds = sum(i.estimated_seconds for i in readable)
        memory = max(i.estimated_memory_bytes for i in readable)
        line += f"; all together take {_cost(seconds, memory)}"
    output.say(console, line)


def _cost(seconds: float, memory_bytes: float) -> str:
    time, memory = output.duration_in_words(seconds), output.bytes_in_words(memory_bytes)
    return f"about {time} and {memory} of memory"
