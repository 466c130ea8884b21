"""`relicscan verify`: is every file still what its manifest says?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import batch_options as options
from relicscan.cli import output
from relicscan.cli.dashboard import Dashboard
from relicscan.cli.running import ended_by_signals

if TYPE_CHECKING:
    from relicscan.batch.held_against import Difference, Progress
    from relicscan.metadata.signing import Signature


def command(
    out: Annotated[Path, typer.Argument(help="The output folder of a run.")],
    scans: Annotated[
        list[Path] | None,
        typer.Option(
            "--scans",
            help="Where the scans lie, as given to the run, if not where it read them; may be "
            "repeated.",
        ),
    ] = None,
    no_scans: Annotated[
        bool, typer.Option("--no-scans", help="Leave the scans alone, and read OUT only.")
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", help="The key that it must be signed with: a PEM file, KEY.pub."
        ),
    ] = None,
    checksums: Annotated[
        bool, typer.Option("--checksums", help="Only the checksums: no model is opened.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Run the relics again from their scans, and compare what is made."
        ),
    ] = False,
    relics: Annotated[
        list[str] | None,
        typer.Option("--relic", help="Rebuild this relic alone; may be repeated."),
    ] = None,
    scratch: Annotated[
        Path | None,
        typer.Option(
            "--scratch", help="Where they are rebuilt, and removed afterwards; beside OUT if not."
        ),
    ] = None,
    jobs: options.Jobs = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="All findings as JSON.")] = False,
) -> None:
    """Read everything in an output folder: do checksums hold, models work, and manifests say so?

    The scans are read as well, where the run read them, if they are still there.
    Exit code 0 when all is as it was written, 1 when something differs. Nothing is written to OUT.
    A signature is checked where there is one; whose it has to be, only --public-key says.
    Rebuilt relics have to have the same bytes where they were made with --reproducible by the same
    code on the same platform, and else the same figures within tolerances.

    [bold]Example:[/bold] relicscan verify out --rebuild --relic amphora
    """
    from dataclasses import asdict

    from relicscan.batch.verify import verify

    _check_options(rebuild=rebuild, scans=scans, no_scans=no_scans, relics=relics, scratch=scratch)
    at_a_time = options.parse_jobs(jobs)
    notes: list[str] = []
    rebuilt = None
    signatures: list[Signature] = []
    looked_in: list[Path] = []
    with watched() as (observe, latest):
        differences = verify(
            out,
            scans=() if no_scans else scans,
            public_key=public_key,
            contents=not checksums,
            note=notes.append,
            signed=signatures.append,
            read_in=looked_in.append,
            observe=observe,
        )
    if rebuild:
        from relicscan.batch.rebuild import rebuild as make_again

        dashboard = Dashboard(show=sys.stderr.isatty())
        try:
            with ended_by_signals():
                differences += make_again(
                    out,
                    scans,
                    relics=relics or [],
                    scratch=scratch,
                    jobs=at_a_time,
                    note=lambda text: None if text in notes else notes.append(text),
                    observe=dashboard,
                )
        finally:
            dashboard.stop()
        rebuilt = dashboard.ended
    if as_json:
        found = {
            "differences": [asdict(difference) for difference in differences],
            "notes": notes,
            "read": asdict(latest()),
            "scans": [str(root) for root in looked_in],
            "rebuilt": rebuilt,
            "signatures": [signature.model_dump(mode="json") for signature in signatures],
        }
        output.print_json(found)
    else:
        _print(differences)
        _summary(latest(), differences, rebuilt)
        for signature in signatures:
            output.say(output.answers(), signed_by(signature))
        for root in looked_in if scans is None else ():
            told = f"scans were read in {root}, where the run read them"
            output.say(output.remarks(), told)
        for text in notes:
            output.say(output.remarks(), text)
    if differences:
        raise typer.Exit(output.EXIT_FAILED)


def _check_options(
    *,
    rebuild: bool,
    scans: Sequence[Path] | None,
    no_scans: bool,
    relics: Sequence[str] | None,
    scratch: Path | None,
) -> None:
    """Raise PipelineError where options do not go together."""
    from relicscan.errors import PipelineError

    if no_scans and (rebuild or scans):
        given = "--rebuild" if rebuild else "--scans"
        raise PipelineError(f"--no-scans does not go with {given}", remedy="leave out one of them")
    if not rebuild and (relics or scratch):
        given = "--relic" if relics else "--scratch"
        raise PipelineError(f"{given} is for --rebuild alone", remedy="add --rebuild")


def _print(differences: Sequence[Difference]) -> None:
    """A line for each, and what would work once for those that follow each other."""
    console = output.answers()
    for remedy, alike in groupby(differences, key=lambda difference: difference.remedy):
        for difference in alike:
            output.say(console, (f"{difference.path}: ", "bold red"), difference.problem)
        output.say(console, f"what would work: {remedy}", indent=2)


def _summary(read: Progress, differences: Sequence[Difference], rebuilt: int | None) -> None:
    relics, files = output.plural(read.relics, "relic"), output.plural(read.files, "file")
    amount = output.bytes_in_words(read.bytes)
    wrong = (output.plural(len(differences), "difference"), "red")
    verdict = wrong if differences else ("all as it was written", "green")
    again = "" if rebuilt is None else f", {output.plural(rebuilt, 'relic')} made again"
    output.say(output.answers(), f"{relics}, {files}, {amount} read{again}: ", verdict)


def signed_by(signature: Signature) -> str:
    """Who signed an output folder, and for whom."""
    edition = f", edition {signature.edition}" if signature.edition else ""
    licensee = f", licensed to {signature.licensee}" if signature.licensee else ""
    return f"signed by {signature.fingerprint}{edition}{licensee}"


@contextmanager
def watched() -> Iterator[tuple[Callable[[Progress], None], Callable[[], Progress]]]:
    """An observer, a bar on a terminal, and what was last observed."""
    from relicscan.batch.held_against import Progress

    last = Progress()

    def observe(progress: Progress) -> None:
        nonlocal last
        last = progress

    if not sys.stderr.isatty():
        yield observe, lambda: last
        return
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (BarColumn(24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=output.remarks(), transient=True) as bars:
        task = bars.add_task("", total=None)

        def show(progress: Progress) -> None:
            observe(progress)
            whole = progress.total_bytes + progress.to_open
            bars.update(task, completed=progress.bytes + progress.opened, total=whole or None)

        yield show, lambda: last
