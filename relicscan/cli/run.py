"""`relicscan run`: the main job."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.job import Outcome
    from relicscan.batch.process import Event
    from relicscan.scan_folder import FoundRelic

#: Columns under which the closing table leaves out what can be read elsewhere.
NARROW = 80
#: A warning that holds for more relics than this names the first of them.
NAMED_RELICS = 6


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
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Say nothing but what went wrong.")
    ] = False,
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
    view = _View(show=not quiet)
    try:
        outcomes = run(
            list(inputs),
            out,
            pipeline=pipeline,
            overrides=overrides,
            reproducible=reproducible,
            observe=view.observe,
            on_start=view.start,
        )
    except KeyboardInterrupt:
        view.stop()
        finished = f"{view.ended} of {output.plural(view.total, 'relic')} finished"
        output.say(output.remarks(), f"interrupted: {finished} and in {out}; run it again at will")
        raise typer.Exit(output.EXIT_INTERRUPTED) from None
    finally:
        view.stop()
    failed = [o for o in outcomes if not o.ok or (strict and o.verdict == "review")]
    if as_json:
        output.print_json([asdict(outcome) for outcome in outcomes])
    elif not quiet:
        _closing_table(outcomes, out)
    _say_reasons(failed if quiet else outcomes)
    if not quiet:
        _say_warnings(outcomes)
    if failed:
        raise typer.Exit(output.EXIT_FAILED)


class _View:
    """A line for every relic that ended; on a terminal also a bar for the one that is running."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.console = output.remarks()
        self.progress: Any = None
        self.began = time.monotonic()
        self.relic: str | None = None
        self.total = self.ended = 0

    def start(self, found: Sequence[FoundRelic]) -> None:
        self.total = len(found)
        if not (self.show and sys.stderr.isatty()):
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.progress = Progress(
            TextColumn("{task.fields[position]} {task.description}", markup=False),
            BarColumn(24),
            TextColumn("{task.percentage:>3.0f} %", markup=False),
            TextColumn("{task.fields[stage]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False, style="dim"),
            console=self.console,
            transient=True,
        )
        self.progress.start()

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()

    def observe(self, event: Event) -> None:
        if event.id != self.relic:
            self.relic, self.began = event.id, time.monotonic()
            if self.progress is not None:
                self._add_bar(event.id)
        elapsed = time.monotonic() - self.began
        if event.outcome is not None:
            self.ended += 1
            self._remove_bar()
            if self.show:
                self._say_ended(event.outcome, elapsed)
        elif self.progress is not None:
            left = elapsed * (1 - event.done) / event.done if event.done > 0.15 else None
            self.progress.update(
                self.task,
                completed=event.done,
                stage=event.stage,
                left="" if left is None else f"about {output.duration_in_words(left)} left",
            )

    def _add_bar(self, relic: str) -> None:
        position = f"[{self.ended + 1}/{self.total}]"
        self.task = self.progress.add_task(relic, total=1.0, position=position, stage="", left="")

    def _remove_bar(self) -> None:
        if self.progress is not None:
            self.progress.remove_task(self.task)

    def _say_ended(self, outcome: Outcome, elapsed: float) -> None:
        words, took = _in_words(outcome), output.duration_in_words(elapsed)
        position = f"[{self.ended}/{self.total}]"
        output.say(
            self.console, f"{position} {outcome.id}: ", (words, _color(outcome)), f", {took}"
        )


def _in_words(outcome: Outcome) -> str:
    words = outcome.verdict or outcome.state.replace("_", " ")
    return f"{words}, earlier model kept" if outcome.kept_earlier else words


def _color(outcome: Outcome) -> str:
    return {"pass": "green", "review": "yellow"}.get(outcome.verdict or "", "red")


def _closing_table(outcomes: Sequence[Outcome], out: Path) -> None:
    console = output.answers()
    numbers = ["points", "triangles", "time", "memory", "warnings"]
    if console.width < NARROW:
        numbers = ["triangles", "time"]
    table = output.table("relic", "result", *numbers, right=numbers)
    for o in outcomes:
        all_numbers = {
            "points": f"{o.points:,}" if o.points else "–",
            "triangles": f"{max(o.triangles.values()):,}" if o.triangles else "–",
            "time": output.duration_in_words(o.seconds) if o.seconds else "–",
            "memory": output.bytes_in_words(o.peak_memory_bytes) if o.peak_memory_bytes else "–",
            "warnings": f"{len(o.warnings)}" if o.warnings else "–",
        }
        result = output.cell(_in_words(o), _color(o))
        table.add_row(o.id, result, *(all_numbers[number] for number in numbers))
    console.print(table)
    counts = Counter((o.verdict or o.state).replace("_", " ") for o in outcomes)
    summary = ", ".join(f"{count} {what}" for what, count in counts.items())
    output.say(console, f"{output.plural(len(outcomes), 'relic')} in {out}: {summary}")


def _say_reasons(outcomes: Sequence[Outcome]) -> None:
    console = output.remarks()
    for outcome in outcomes:
        for reason, remedy in outcome.reasons:
            about = f"{outcome.id} ({_in_words(outcome)}): "
            output.say(console, (about, "bold"), reason)
            if remedy:
                output.say(console, f"what would work: {remedy}", indent=2)


def _say_warnings(outcomes: Sequence[Outcome]) -> None:
    """Each warning once, with the relics that it holds for."""
    relics: dict[str, list[str]] = {}
    for outcome in outcomes:
        for warning in outcome.warnings:
            relics.setdefault(warning, []).append(outcome.id)
    console = output.remarks()
    for warning, ids in relics.items():
        more = f" and {len(ids) - NAMED_RELICS} more" if len(ids) > NAMED_RELICS else ""
        about = f"warning for {', '.join(ids[:NAMED_RELICS])}{more}: "
        output.say(console, (about, "yellow"), warning)
