"""`relicscan verify`: is every file still what its manifest says?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.held_against import Difference, Progress
    from relicscan.metadata.signing import Signature


def command(
    out: Annotated[Path, typer.Argument(help="The output folder of a run.")],
    scans: Annotated[
        list[Path] | None,
        typer.Option(
            "--scans",
            help="Read also the scans in this folder, as it was given to the run; may be repeated.",
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", help="The key that it must be signed with: a PEM file, KEY.pub."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The differences as JSON.")] = False,
) -> None:
    """Read everything in an output folder and say whether the chain of checksums holds.

    Exit code 0 when all is as it was written, 1 when something differs. Nothing is written.
    A signature is checked where there is one; whose it has to be, only --public-key says.

    [bold]Example:[/bold] relicscan verify out --scans scans/
    """
    from dataclasses import asdict

    from relicscan.batch.verify import verify

    signatures: list[Signature] = []
    with watched() as (observe, latest):
        differences = verify(
            out,
            scans=list(scans or []),
            public_key=public_key,
            signed=signatures.append,
            observe=observe,
        )
    if as_json:
        output.print_json([asdict(difference) for difference in differences])
    else:
        _print(differences)
        _summary(latest(), differences)
        for signature in signatures:
            output.say(output.answers(), signed_by(signature))
    if differences:
        raise typer.Exit(output.EXIT_FAILED)


def _print(differences: Sequence[Difference]) -> None:
    """A line for each, and what would work once for those that follow each other."""
    console = output.answers()
    for remedy, alike in groupby(differences, key=lambda difference: difference.remedy):
        for difference in alike:
            output.say(console, (f"{difference.path}: ", "bold red"), difference.problem)
        output.say(console, f"what would work: {remedy}", indent=2)


def _summary(read: Progress, differences: Sequence[Difference]) -> None:
    relics, files = output.plural(read.relics, "relic"), output.plural(read.files, "file")
    amount = output.bytes_in_words(read.bytes)
    wrong = (output.plural(len(differences), "difference"), "red")
    verdict = wrong if differences else ("all as it was written", "green")
    output.say(output.answers(), f"{relics}, {files}, {amount} read: ", verdict)


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
            bars.update(task, completed=progress.bytes, total=progress.total_bytes or None)

        yield show, lambda: last
