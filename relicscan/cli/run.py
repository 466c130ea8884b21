"""`relicscan run`: the main job."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.job import Outcome
    from relicscan.batch.process import Event
    from relicscan.scan_folder import FoundRelic


def command(
    inputs: Annotated[
        list[Path], typer.Argument(help="Scan files, scan folders, or roots that hold them.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The output folder.")] = Path("out"),
    pipeline: Annotated[
        str | None,
        typer.Option("-p", "--pipeline", help="web, preview, archive, or a path ending in .toml."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="stage.parameter=value, on record; may be repeated."),
    ] = None,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="One thread: the same bytes on every run.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="A relic that needs a review counts as failed.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The outcomes as JSON.")] = False,
) -> None:
    """Turn scans into web-ready models with manifests.

    Each relic runs in a process of its own: one that breaks costs itself, never the batch.

    [bold]Example:[/bold] relicscan run scans/ -o out --set build_levels.ceilings.ultra=500000
    """
    from dataclasses import asdict

    from relicscan.batch.run import run
    from relicscan.pipeline import parse_assignment

    overrides = dict(parse_assignment(text) for text in settings or [])
    view = _View(show=not (quiet or as_json))
    try:
        outcomes = run(
            inputs,
            out,
            pipeline=pipeline,
            overrides=overrides,
            reproducible=reproducible,
            observe=view.observe,
            on_start=view.start,
        )
    finally:
        view.stop()
    if as_json:
        output.print_json([asdict(outcome) for outcome in outcomes])
    elif not quiet:
        _closing_table(outcomes, out)
    if not quiet:
        _say_what_went_wrong(outcomes)
    if not all(o.ok and not (strict and o.verdict == "review") for o in outcomes):
        raise typer.Exit(output.EXIT_FAILED)


class _View:
    """One line per relic while it works; a bar on a terminal, plain lines in a log."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.live = show and sys.stderr.isatty()
        self.progress: Any = None
        self.tasks: dict[str, Any] = {}
        self.started: dict[str, float] = {}
        self.total = self.ended = 0

    def start(self, found: Sequence[FoundRelic]) -> None:
        self.total = len(found)
        if not self.live:
            return
        from rich.progress import BarColumn, Progress, TextColumn

        self.progress = Progress(
            TextColumn("{task.fields[relic]}"),
            BarColumn(24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[stage]}"),
            TextColumn("[dim]{task.fields[times]}"),
            console=output.remarks(),
        )
        self.progress.start()

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()

    def observe(self, event: Event) -> None:
        if not self.show:
            return
        now = time.monotonic()
        began = self.started.setdefault(event.id, now)
        if event.outcome is not None:
            self._ended(event.outcome, now - began)
        elif self.live:
            elapsed = now - began
            left = elapsed * (1 - event.done) / event.done if event.done > 0.05 else None
            times = output.duration_in_words(elapsed)
            if left is not None:
                times += f", about {output.duration_in_words(left)} left"
            self._update(event.id, completed=event.done, stage=event.stage, times=times)

    def _ended(self, outcome: Outcome, elapsed: float) -> None:
        self.ended += 1
        words = _in_words(outcome)
        if self.live:
            self._update(
                outcome.id,
                completed=1.0,
                stage=words,
                times=output.duration_in_words(elapsed),
            )
        else:
            output.remarks().print(
                f"[{self.ended}/{self.total}] {outcome.id}: {words}, "
                f"{output.duration_in_words(elapsed)}",
                markup=False,
            )

    def _update(self, relic: str, **fields: Any) -> None:
        if relic not in self.tasks:
            self.tasks[relic] = self.progress.add_task(
                "", total=1.0, relic=relic, stage="", times=""
            )
        self.progress.update(self.tasks[relic], **fields)


def _in_words(outcome: Outcome) -> str:
    return outcome.verdict or outcome.state.replace("_", " ")


def _closing_table(outcomes: Sequence[Outcome], out: Path) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (
        ("relic", "left"),
        ("result", "left"),
        ("points", "right"),
        ("triangles", "right"),
        ("time", "right"),
        ("memory", "right"),
        ("warnings", "right"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    colours = {"pass": "green", "review": "yellow"}
    for o in outcomes:
        table.add_row(
            o.id,
            Text(_in_words(o), colours.get(o.verdict or "", "red")),
            f"{o.points:,}" if o.points else "–",
            f"{max(o.triangles.values()):,}" if o.triangles else "–",
            output.duration_in_words(o.seconds),
            output.bytes_in_words(o.peak_memory_bytes) if o.peak_memory_bytes else "–",
            str(len(o.warnings)),
        )
    console = output.answers()
    console.print(table)
    counts: dict[str, int] = {}
    for o in outcomes:
        counts[_in_words(o)] = counts.get(_in_words(o), 0) + 1
    summary = ", ".join(f"{n} {what}" for what, n in counts.items())
    console.print(f"{len(outcomes)} relics in {out}: {summary}", markup=False)


def _say_what_went_wrong(outcomes: Sequence[Outcome]) -> None:
    from rich.text import Text

    console = output.remarks()
    for outcome in outcomes:
        for reason, remedy in outcome.reasons:
            console.print(Text.assemble((f"{outcome.id} ({_in_words(outcome)}): ", "bold"), reason))
            if remedy:
                console.print(Text(f"  what would work: {remedy}"))
        for warning in outcome.warnings:
            console.print(Text.assemble((f"{outcome.id}: ", "dim"), warning))
