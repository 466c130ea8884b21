"""`relicscan compare`: where an object has changed from one scan to the next, and by how much."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from rich.console import Console

    from relicscan.batch.compare import Comparison
    from relicscan.geometry.change import Frames
    from relicscan.metadata.change_record import ChangeRecord

#: Changes that the terminal shows; all of them are in the JSON.
_SHOWN = 20


def command(
    before: Annotated[
        Path, typer.Argument(help="An output folder, the folder of a relic in it, or a mesh file.")
    ],
    after: Annotated[Path, typer.Argument(help="The same object later, likewise.")],
    to: Annotated[
        Path | None,
        typer.Option("--to", "-o", help="A new folder for compare.json, pictures and report.html."),
    ] = None,
    aligned: Annotated[
        bool,
        typer.Option("--aligned", help="Both lie in one frame already: take the frames as given."),
    ] = False,
    roughly_aligned: Annotated[
        bool,
        typer.Option("--roughly-aligned", help="Both lie nearly alike: align them from there."),
    ] = False,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="The unit of a mesh file: mm, cm, m, in, ft."),
    ] = None,
    relic: Annotated[
        list[str] | None, typer.Option("--relic", help="Only this relic; may be repeated.")
    ] = None,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit code 1 where a change was found.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The comparisons as JSON.")] = False,
) -> None:
    """Find what differs between two outputs, or an output and a mesh of the same object.

    Both are aligned by what has not changed. What is more than the noise of both is told with its
    place, area, volume and depth; what only one of both shows is neither loss nor gain. Exit code
    1 where it is not sure that they are the same object, or how they lie on each other.

    [bold]Example:[/bold] relicscan compare out-2024 out-2027 --relic ding-bronze -o compared
    """
    from relicscan.batch.compare import compare
    from relicscan.errors import PipelineError

    if aligned and roughly_aligned:
        raise PipelineError(
            "--aligned takes the frames as they are, and --roughly-aligned moves them",
            remedy="leave one of both out",
        )
    frames: Frames = "same" if aligned else "near" if roughly_aligned else "unrelated"
    console = output.answers()
    found: list[Comparison] = []
    for one in compare(before, after, to=to, frames=frames, unit=unit, relics=relic or []):
        if not as_json:
            if found:
                output.say(console, "")
            _print(console, one)
        found.append(one)
    if as_json:
        output.print_json([one.record.model_dump(mode="json") for one in found])
    refused = any(one.record.state == "refused" for one in found)
    if refused or (fail_on_change and any(one.record.changes for one in found)):
        raise typer.Exit(output.EXIT_FAILED)


def _print(console: Console, one: Comparison) -> None:
    record = one.record
    if record.reason is not None:
        remarks = output.remarks()
        output.say(remarks, (f"{one.name}: ", "bold red"), record.reason.text)
        if record.reason.remedy:
            output.say(remarks, f"what would work: {record.reason.remedy}", indent=2)
        return
    _print_measured(console, one)
    _print_changes(console, record)
    for remark in record.remarks:
        output.say(console, ("remark: ", "yellow"), remark)
    if one.folder is not None:
        output.say(console, f"pictures: {one.folder / 'report.html'}")


def _print_measured(console: Console, one: Comparison) -> None:
    from relicscan.metadata.change_record import ALIGNMENT_WORDS

    record = one.record
    assert record.alignment is not None
    assert record.detection is not None
    assert record.areas is not None
    assert record.before is not None
    assert record.after is not None
    fit, limits, areas = record.alignment, record.detection, record.areas
    output.say(console, (f"{one.name}: ", "bold"), _verdict(record))
    how = ALIGNMENT_WORDS[fit.method]
    rows = (
        ("before", f"{record.before.name}, {record.before.triangles:,} triangles"),
        ("after", f"{record.after.name}, {record.after.triangles:,} triangles"),
        (
            "alignment",
            f"{how}; what fits scatters by {fit.residual_mm:.2g} mm, "
            f"{100 * fit.fitting_share:.1f} % of the surface",
        ),
        ("noise", f"{limits.noise_mm:.2g} mm; level of detection (95 %) {limits.lod95_mm:.2g} mm"),
        (
            "found is",
            f"what exceeds {limits.detectable_mm:.2g} mm over a circle of "
            f"{2 * limits.cylinder_radius_mm:.2g} mm",
        ),
        (
            "compared",
            f"{areas.compared_mm2:,.0f} of {areas.before_mm2:,.0f} mm²; only before "
            f"{areas.not_in_after_mm2:,.0f}, only after {areas.not_in_before_mm2:,.0f}, "
            f"made up to close holes {areas.made_up_mm2:,.0f}",
        ),
    )
    for name, text in rows:
        output.say(console, f"{name:<10}", text, indent=2)


def _verdict(record: ChangeRecord) -> str:
    losses = sum(change.kind == "loss" for change in record.changes)
    gains = len(record.changes) - losses
    if not record.changes:
        return "no change found"
    words = [f"{losses} loss" if losses == 1 else f"{losses} losses"] if losses else []
    if gains:
        words.append(output.plural(gains, "gain"))
    return " and ".join(words)


def _print_changes(console: Console, record: ChangeRecord) -> None:
    if not record.changes:
        return
    right = ("area mm²", "volume mm³", "mean mm", "deepest mm", "extent mm", "centre mm")
    table = output.table("", "kind", *right, right=right)
    for number, change in enumerate(record.changes[:_SHOWN], start=1):
        table.add_row(
            str(number),
            change.kind + (", cut off" if change.cut_off else ""),
            f"{change.area_mm2:,.4g} ± {change.area_uncertainty_mm2:.2g}",
            f"{change.volume_mm3:,.4g} ± {change.volume_uncertainty_mm3:.2g}",
            f"{change.mean_mm:+.3g}",
            f"{change.deepest_mm:+.3g} ± {change.uncertainty_mm:.2g}",
            f"{change.length_mm:.3g} × {change.width_mm:.3g}",
            ", ".join(f"{v:.1f}" for v in change.centroid.mesh_mm),
        )
    console.print(table)
    if any(change.cut_off for change in record.changes):
        output.say(console, "cut off: it reaches what only one of both shows, and may be larger")
    if len(record.changes) > _SHOWN:
        output.say(console, f"and {len(record.changes) - _SHOWN} smaller ones: see --json")
