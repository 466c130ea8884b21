"""`relicscan inspect`: what is there, what a run would cost, what looks wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.scan_folder import FoundRelic


def command(
    inputs: Annotated[
        list[Path], typer.Argument(help="Scan files, scan folders, or roots that hold them.")
    ],
    pipeline: Annotated[
        str, typer.Option("-p", "--pipeline", help="The pipeline to estimate the cost of.")
    ] = "web",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what was understood of scans, before anything is run.

    [bold]Example:[/bold] relicscan inspect samples/ding-bronze
    """
    from relicscan.pipeline import read_pipeline
    from relicscan.scan_folder import find_relics

    read_pipeline(pipeline)
    reports = [_report(found, pipeline) for found in find_relics(inputs)]
    if as_json:
        output.print_json(reports)
    else:
        for report in reports:
            _print(report)
    if any(report["error"] for report in reports):
        raise typer.Exit(output.EXIT_FAILED)


def _report(found: FoundRelic, pipeline: str) -> dict[str, Any]:
    from dataclasses import asdict, replace

    from numpy.linalg import inv

    from relicscan.batch.estimate import estimate
    from relicscan.errors import RelicscanError
    from relicscan.geometry.frames import transformed
    from relicscan.pipeline import read_pipeline
    from relicscan.quality.inspection import measure_scan, what_looks_wrong
    from relicscan.relic import UNDECIDED
    from relicscan.scan_folder import read_relic

    report: dict[str, Any] = {
        "relic": found.id,
        "folder": str(found.folder),
        "error": None,
        "remedy": None,
    }
    try:
        relic = read_relic(found)
    except RelicscanError as error:
        return {**report, "error": error.message, "remedy": error.remedy}
    if relic.mesh is not None:
        file = next(source.path for source in relic.sources if source.role == "scan")
        back = inv(relic.frame.T_work_source)
        in_file = replace(relic.mesh, vertices=transformed(back, relic.mesh.vertices))
        scans = [measure_scan(found.id, file, in_file, unit=relic.frame.unit, posed=True)]
    else:
        scans = [
            measure_scan(s.name, s.file, s.geometry, unit=s.unit, posed=s.pose is not None)
            for s in relic.scans
        ]
    cost = estimate(relic, read_pipeline(pipeline))
    return {
        **report,
        "scans": [asdict(scan) for scan in scans],
        "files": [asdict(source) for source in relic.sources],
        "unit": relic.frame.unit,
        "unit_basis": relic.frame.unit_basis,
        "up": None if relic.frame.up_basis == UNDECIDED else relic.frame.up,
        "up_basis": relic.frame.up_basis,
        "estimated_seconds": round(cost.seconds, 1),
        "estimated_memory_bytes": round(cost.memory_bytes),
        "doubts": what_looks_wrong(relic, scans),
    }


def _print(report: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = output.answers()
    console.print(Text.assemble((report["relic"], "bold"), f"  {report['folder']}"))
    if report["error"]:
        console.print(Text.assemble(("  cannot be read: ", "red"), report["error"]))
        if report["remedy"]:
            console.print(f"  what would work: {report['remedy']}", markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("scan", "kind", "points", "triangles", "extent", "spacing", "noise"):
        table.add_column(heading, justify="left" if heading in ("scan", "kind") else "right")
    for heading in ("unit", "colour", "normals", "pose"):
        table.add_column(heading)
    for scan in report["scans"]:
        table.add_row(
            scan["name"],
            scan["kind"],
            f"{scan['points']:,}",
            f"{scan['triangles']:,}" if scan["triangles"] else "–",
            " x ".join(f"{side:.4g}" for side in scan["extent"]),
            "–" if scan["spacing"] is None else f"{scan['spacing']:.3g}",
            "–" if scan["noise"] is None else f"{scan['noise']:.2g}",
            scan["unit"] or "unknown",
            scan["colors"] or "none",
            "yes" if scan["normals"] else "no",
            "yes" if scan["posed"] else "no",
        )
    console.print(table)
    others = [f["path"] for f in report["files"] if f["role"] != "scan"]
    if others:
        console.print(f"  other files: {', '.join(others)}", markup=False)
    console.print(
        f"  unit: {report['unit'] or 'unknown'} ({report['unit_basis']});"
        f" up: {report['up'] or 'not stated'} ({report['up_basis']})",
        markup=False,
    )
    console.print(
        f"  a run would take about {output.duration_in_words(report['estimated_seconds'])} and "
        f"{output.bytes_in_words(report['estimated_memory_bytes'])} of memory"
    )
    for doubt in report["doubts"]:
        console.print(Text.assemble(("  doubt: ", "yellow"), doubt))
    console.print()
