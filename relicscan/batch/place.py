"""Results take their place in the output folder whole, and enter its index.

A relic is built in a work folder under OUT/.relicscan. What was at its place is
first moved aside, so at every moment either the old or the new result exists
whole; `restore` puts back what a killed run had moved aside.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from relicscan.batch.job import Outcome
from relicscan.errors import OutputError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.index import INDEX, IndexEntry, merge_index
from relicscan.metadata.manifest import Reason, RelicManifest, read_manifest, relic_manifest
from relicscan.metadata.run_record import run_record
from relicscan.relic import Relic


def restore(out: Path) -> None:
    """Undo what a run that was killed left half done. The caller holds the lock.

    Raises OutputError where the index of the folder is damaged.
    """
    private = out / ".relicscan"
    for aside in private.glob("old/*"):
        if not (out / aside.name).exists():
            aside.rename(out / aside.name)
    shutil.rmtree(private / "old", ignore_errors=True)
    for leftover in private.glob("work-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if (out / INDEX).exists():
        merge_index(out, [])


def conclude(
    out: Path,
    outcome: Outcome,
    work: Path,
    *,
    reproducible: bool,
    private_folders: Sequence[PurePath] = (),
) -> Outcome:
    """Move what a relic's worker left in `work` into place and enter it in the index.

    A relic that failed does not replace the model of an earlier run: its files stay,
    and index and outcome say so. `private_folders` are cut out of the reasons in the
    manifest. Raises OutputError when the index cannot be written.
    """
    earlier = _earlier_model(out / outcome.id) if outcome.state != "done" else None
    if earlier is None:
        try:
            entry = _enter(out, outcome, work, reproducible, private_folders)
        except OSError as error:
            outcome = replace(outcome, state="failed", verdict=None, reasons=(_not_placed(error),))
            earlier = _earlier_model(out / outcome.id)
            if earlier is None:
                raise OutputError(
                    outcome.reasons[0][0], scan=str(out / outcome.id), remedy=outcome.reasons[0][1]
                ) from None
    if earlier is not None:
        outcome = replace(outcome, kept_earlier=True)
        entry = IndexEntry.of(earlier).model_copy(
            update={"state": outcome.state, "verdict": None, "from_earlier_run": True}
        )
    merge_index(out, [entry])
    if not outcome.ok:
        _add_to_log(out / ".relicscan" / "logs" / f"{outcome.id}.log", outcome)
    return outcome


def _earlier_model(folder: Path) -> RelicManifest | None:
    """The manifest of a finished model; None where there is none that could be vouched for."""
    try:
        manifest = read_manifest(folder / "relic.json")
    except OutputError:
        return None
    return manifest if manifest.master is not None else None


def _enter(
    out: Path,
    outcome: Outcome,
    work: Path,
    reproducible: bool,
    private_folders: Sequence[PurePath],
) -> IndexEntry:
    if not (work / "relic.json").is_file():
        # The process never came to say what it made: nothing of it can be vouched for.
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        _write_bare(work, outcome, reproducible, private_folders)
    entry = IndexEntry.of(read_manifest(work / "relic.json"))
    target, aside = out / outcome.id, out / ".relicscan" / "old" / outcome.id
    if target.exists():
        aside.parent.mkdir(exist_ok=True)
        target.rename(aside)
    try:
        work.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside.parent, ignore_errors=True)
    return entry


def _write_bare(
    work: Path, outcome: Outcome, reproducible: bool, private_folders: Sequence[PurePath]
) -> None:
    """The manifests of a relic whose process never came to write them."""
    now = datetime.now(UTC)
    run = run_record(
        outcome.id,
        state=outcome.state,
        started=now - timedelta(seconds=outcome.seconds),
        finished=now,
        seconds=round(outcome.seconds, 3),
        threads=1,
        attempts=outcome.attempts,
    )
    manifest = relic_manifest(
        Relic(outcome.id),
        state=outcome.state,
        verdict=None,
        reproducible=reproducible,
        reasons=[Reason(text=text, remedy=remedy) for text, remedy in outcome.reasons],
        private_folders=private_folders,
    )
    write_json_atomically(work / "run.json", run)
    write_json_atomically(work / "relic.json", manifest)


def _not_placed(error: OSError) -> tuple[str, str]:
    return (
        f"the finished relic could not be moved into place ({error.strerror or error})",
        "close programs that have its files open, check the output folder, and run it again",
    )


def _add_to_log(log: Path, outcome: Outcome) -> None:
    """The reasons, where a relic keeps the manifest of an earlier run and has no other place."""
    with log.open("a", encoding="utf-8") as stream:
        for text, remedy in outcome.reasons:
            stream.write(f"{outcome.verdict or outcome.state}: {text}\n")
            if remedy:
                stream.write(f"  what would work: {remedy}\n")
