"""Results take their place in the output folder whole, and enter its index.

A relic is built in a work folder under OUT/.relicscan. What was at its place is
first moved aside, so at every moment either the old or the new result exists
whole; `restore` puts back what a killed run had moved aside.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any

from relicscan.batch.job import Outcome, asks_for_report
from relicscan.batch.ledger import Ledger, entry_on_disk
from relicscan.batch.relic_report import write_relic_report
from relicscan.durable import flush_folder
from relicscan.errors import OutputError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.index import CHECKSUM, INDEX
from relicscan.metadata.manifest import Reason, RelicManifest, read_manifest, relic_manifest
from relicscan.metadata.run_record import (
    Inputs,
    Request,
    RunRecord,
    read_run,
    run_record,
    write_run,
)
from relicscan.relic import Relic, SourceFile


@dataclass(frozen=True)
class Ended:
    """A relic that has ended: its outcome, and what is known of it besides.

    `pipeline` is that of the run, None where each relic may choose. `identity` is what its worker
    told of its files before it ended: see `Record.identity`.
    """

    outcome: Outcome
    reproducible: bool
    request: Mapping[str, Any]
    pipeline: str | None = None
    threads: int = 1
    identity: Mapping[str, Any] = field(default_factory=dict)
    private_folders: Sequence[PurePath] = ()


def restore(out: Path) -> None:
    """Undo what a run that was killed left half done. The caller holds the lock."""
    private = out / ".relicscan"
    for aside in private.glob("old/*"):
        if not (out / aside.name).exists():
            aside.rename(out / aside.name)
    shutil.rmtree(private / "old", ignore_errors=True)
    for leftover in private.glob("work-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for name in (INDEX, CHECKSUM, "report.html"):
        for part in out.glob(f".{name}.*.part"):
            part.unlink(missing_ok=True)
    for part in out.glob("*/.run.json.*.part"):
        part.unlink(missing_ok=True)


def conclude(out: Path, ended: Ended, work: Path, ledger: Ledger) -> Outcome:
    """Move what a relic's worker left in `work` into place and enter it in the index.

    A relic that failed does not replace the model of an earlier run: its files stay,
    and index, run.json and outcome say so. Raises OutputError when the disk that holds
    OUT does not do its part.
    """
    outcome = ended.outcome
    target = out / outcome.id
    earlier = _earlier_model(target) if outcome.state != "done" else None
    try:
        if not (work / "relic.json").is_file():
            # The process never came to say what it made: nothing of it can be vouched for.
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            _write_bare(work, ended)
        if earlier is not None:
            outcome = replace(outcome, kept_earlier=True)
            ledger.announce(outcome.id)
            write_run(target / "run.json", read_run(work / "run.json"))
        elif not _the_same(work, target):
            ledger.announce(outcome.id)
            _move(work, target, out / ".relicscan" / "old" / outcome.id)
    except OSError as error:
        return _not_placed(out, outcome, error, ledger)
    shutil.rmtree(work, ignore_errors=True)
    entry = entry_on_disk(out, outcome.id)
    if entry is None:
        raise OutputError(
            "what was written did not come back from the disk as it should",
            scan=str(target / "relic.json"),
            remedy="check the disk or network share that holds the output, and run again",
        )
    ledger.enter(entry)
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


def _the_same(work: Path, target: Path) -> bool:
    """Whether a relic without files ended as it did before: then what is there stays untouched."""
    if _earlier_model(work) is not None or _earlier_model(target) is not None:
        return False
    try:
        before, now = read_run(target / "run.json"), read_run(work / "run.json")
        same = (work / "relic.json").read_bytes() == (target / "relic.json").read_bytes()
    except (OSError, OutputError):
        return False
    return same and _vouches(before) == _vouches(now)


def _vouches(run: RunRecord) -> tuple[object, ...]:
    return run.state, run.lasting, run.request, run.inputs


def _move(work: Path, target: Path, aside: Path) -> None:
    if target.exists():
        aside.parent.mkdir(exist_ok=True)
        target.rename(aside)
    try:
        work.rename(target)
    except BaseException:
        if aside.exists() and not target.exists():
            aside.rename(target)
        raise
    flush_folder(target.parent)
    shutil.rmtree(aside, ignore_errors=True)
    with suppress(OSError):
        aside.parent.rmdir()  # only when it is empty


def _write_bare(work: Path, ended: Ended) -> None:
    """The manifests and the report of a relic whose process never came to write them."""
    now, outcome = datetime.now(UTC), ended.outcome
    sources = tuple(SourceFile(**source) for source in ended.identity.get("sources", ()))
    manifest = relic_manifest(
        Relic(outcome.id, sources=sources, metadata=ended.identity.get("metadata", {})),
        metadata_sources=ended.identity.get("metadata_sources", {}),
        state=outcome.state,
        verdict=None,
        reproducible=ended.reproducible,
        reasons=[Reason(text=text, remedy=remedy) for text, remedy in outcome.reasons],
        private_folders=ended.private_folders,
    )
    inputs = ended.identity.get("inputs")
    run = run_record(
        outcome.id,
        state=outcome.state,
        reasons=manifest.reasons,
        lasting=outcome.lasting and inputs is not None,
        request=Request(**ended.request),
        inputs=None if inputs is None else Inputs.model_validate(inputs),
        started=now - timedelta(seconds=outcome.seconds),
        finished=now,
        seconds=round(outcome.seconds, 3),
        threads=ended.threads,
        attempts=outcome.attempts,
        peak_memory_bytes=outcome.peak_memory_bytes or None,
    )
    if asks_for_report(ended.pipeline):
        run = write_relic_report(work, manifest, run)
    write_run(work / "run.json", run)
    write_json_atomically(work / "relic.json", manifest)


def _not_placed(out: Path, outcome: Outcome, error: OSError, ledger: Ledger) -> Outcome:
    """On Windows a viewer that has a model open holds it: that costs the relic, not the run."""
    reason = (
        f"the finished relic could not be moved into place ({error.strerror or error})",
        "close programs that have its files open, check the output folder, and run it again",
    )
    entry = entry_on_disk(out, outcome.id)
    if entry is None:
        raise OutputError(reason[0], scan=str(out / outcome.id), remedy=reason[1]) from None
    ledger.enter(entry.of_earlier_run("failed", [Reason(text=reason[0], remedy=reason[1])]))
    return replace(
        outcome, state="failed", verdict=None, reasons=(reason,), kept_earlier=True, lasting=False
    )


def _add_to_log(log: Path, outcome: Outcome) -> None:
    """The reasons, where a relic keeps the manifest of an earlier run and has no other place."""
    lines = []
    for text, remedy in outcome.reasons:
        lines.append(f"{outcome.verdict or outcome.state}: {text}\n")
        if remedy:
            lines.append(f"  what would work: {remedy}\n")
    with suppress(OSError):
        said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        if not said.endswith("".join(lines)):
            with log.open("a", encoding="utf-8") as stream:
                stream.writelines(lines)
