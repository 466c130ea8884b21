"""A batch: one fresh process per relic, so that a broken relic costs itself and nothing else.

The parent imports nothing that can crash. A relic is built in its own work
folder under OUT/.relicscan and moved into place when it is whole, so an
interrupted run leaves the results of earlier runs as they were.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relicscan import threads
from relicscan.batch.job import Job, Outcome
from relicscan.batch.lock import hold
from relicscan.errors import NoRoom, OutputError, RelicscanError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import Reason, RelicManifest, read_manifest, relic_manifest
from relicscan.pipeline import read_pipeline
from relicscan.relic import Relic
from relicscan.scan_folder import FoundRelic, find_relics

#: Room that a relic's outputs and temporary files may need beyond the size of its scans.
SPARE_BYTES = 200_000_000


@dataclass(frozen=True)
class Event:
    """Something that happened to a relic: it started a stage (`done` 0..1), or it ended."""

    id: str
    stage: str | None = None
    done: float = 0.0
    outcome: Outcome | None = None


def run(
    inputs: Sequence[Path],
    out: Path,
    *,
    pipeline: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    reproducible: bool = False,
    observe: Callable[[Event], None] = lambda _: None,
    on_start: Callable[[Sequence[FoundRelic]], None] = lambda _: None,
) -> list[Outcome]:
    """Turn every relic in `inputs` into models under `out`; one Outcome each, sorted by id.

    `pipeline` is a name or a path; None takes "web" unless a relic.toml chooses.
    Raises PipelineError (also where an input does not exist), OutputError, Busy or
    NoRoom, all before anything is written. What goes wrong with a relic is in its
    Outcome.
    """
    read_pipeline(pipeline or "web").with_overrides(overrides or {}, "--set")
    found = find_relics(inputs)
    private = _prepared(out, found)
    with hold(private / "lock"):
        on_start(found)
        outcomes = []
        for relic in found:
            outcome = _run_relic(relic, out, pipeline, overrides or {}, reproducible, observe)
            outcome = _conclude(out, outcome, reproducible)
            observe(Event(relic.id, outcome=outcome))
            outcomes.append(outcome)
        for leftover in ("work", "old"):
            shutil.rmtree(private / leftover, ignore_errors=True)
    return outcomes


def _prepared(out: Path, found: Sequence[FoundRelic]) -> Path:
    """OUT/.relicscan, made and proved writable, with enough room on its disk."""
    target = out.resolve()
    for relic in found:
        if target == relic.folder.resolve() or target.is_relative_to(relic.folder.resolve()):
            raise OutputError(
                f"the output folder lies in the scan folder {relic.folder}, which is read-only",
                scan=str(out),
                remedy="choose an output folder elsewhere with -o",
            )
    private = out / ".relicscan"
    try:
        for name in ("work", "logs", "old"):
            (private / name).mkdir(parents=True, exist_ok=True)
        probe = private / "probe"
        probe.write_bytes(b"1")
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be written ({error.strerror or error})",
            scan=str(out),
            remedy="choose a folder that you may write in with -o",
        ) from None
    sizes = (f.stat().st_size for relic in found for f in relic.files if f.is_file())
    needed = SPARE_BYTES + 2 * max(sizes, default=0)
    free = shutil.disk_usage(out).free
    if free < needed:
        raise NoRoom(
            f"{free / 1e6:,.0f} MB are free, the largest relic may need {needed / 1e6:,.0f} MB",
            scan=str(out),
            remedy="free disk space, or choose an output folder on another disk with -o",
        )
    return private


def _run_relic(
    relic: FoundRelic,
    out: Path,
    pipeline: str | None,
    overrides: Mapping[str, Any],
    reproducible: bool,
    observe: Callable[[Event], None],
) -> Outcome:
    if relic.error is not None:
        return Outcome(relic.id, "rejected", reasons=((relic.error.message, relic.error.remedy),))
    work = out / ".relicscan" / "work" / relic.id
    job = Job.for_relic(
        relic,
        pipeline=pipeline,
        overrides=dict(overrides),
        work=str(work),
        threads=1 if reproducible else threads.count(),
        reproducible=reproducible,
    )
    outcome = _attempt(job, out, observe)
    if outcome.state == "crashed" and job.threads > 1:
        # Open3D's Poisson crashes now and then on several threads, and never on one.
        outcome = _attempt(replace(job, threads=1, attempt=2), out, observe)
    return outcome


def _attempt(job: Job, out: Path, observe: Callable[[Event], None]) -> Outcome:
    """Run a job in a process of its own and wait for it."""
    work = Path(job.work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    order = work.with_suffix(".job.json")
    order.write_text(job.to_json(), encoding="utf-8")
    log = out / ".relicscan" / "logs" / f"{job.id}.log"
    started = time.perf_counter()
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "relicscan.batch.worker", str(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **threads.environment(job.threads)},
            start_new_session=True,
        )
        try:
            outcome = None
            for event in _events(process):
                if event.get("event") == "outcome":
                    outcome = _outcome(event)
                else:
                    observe(Event(job.id, str(event["stage"]), float(event["done"])))
            code = process.wait()
        except BaseException:
            _kill(process)
            shutil.rmtree(work, ignore_errors=True)
            raise
        finally:
            order.unlink(missing_ok=True)
    if outcome is not None:
        return outcome
    return Outcome(
        job.id,
        "crashed",
        reasons=(
            (
                f"its process ended with {_ending(code)}",
                f"read .relicscan/logs/{job.id}.log and run it alone; if it crashes again, "
                "report it with the scan",
            ),
        ),
        seconds=time.perf_counter() - started,
        attempts=job.attempt,
    )


def _events(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            with suppress(ValueError):  # a crash can cut a line short
                yield json.loads(line)


def _outcome(event: dict[str, Any]) -> Outcome:
    fields = {key: value for key, value in event.items() if key != "event"}
    fields["reasons"] = tuple((text, remedy) for text, remedy in fields["reasons"])
    fields["warnings"] = tuple(fields["warnings"])
    return Outcome(**fields)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _conclude(out: Path, outcome: Outcome, reproducible: bool) -> Outcome:
    """Move what a relic's worker left into place and enter it in the index.

    A relic that failed does not replace the model of an earlier run: the files stay,
    and the index says that the last run failed.
    """
    work, target = out / ".relicscan" / "work" / outcome.id, out / outcome.id
    try:
        if outcome.state != "done" and (target / "master").is_dir():
            shutil.rmtree(work, ignore_errors=True)
            earlier = IndexEntry.of(read_manifest(target / "relic.json"))
            entry = earlier.model_copy(
                update={"state": outcome.state, "verdict": None, "from_earlier_run": True}
            )
        else:
            if not (work / "relic.json").is_file():
                work.mkdir(parents=True, exist_ok=True)
                write_json_atomically(work / "relic.json", _bare_manifest(outcome, reproducible))
            entry = IndexEntry.of(read_manifest(work / "relic.json"))
            _into_place(work, target, out / ".relicscan" / "old" / outcome.id)
        merge_index(out, [entry])
    except OSError as error:
        raise OutputError(
            f"the finished relic could not be moved into place ({error.strerror or error})",
            scan=outcome.id,
            remedy="check the output folder and run again: the other relics are as they were",
        ) from None
    except RelicscanError as error:
        raise error.at(scan=outcome.id) from None
    return outcome


def _bare_manifest(outcome: Outcome, reproducible: bool) -> RelicManifest:
    """The manifest of a relic whose process never came to write one."""
    return relic_manifest(
        Relic(outcome.id),
        state=outcome.state,
        verdict=None,
        reproducible=reproducible,
        reasons=[Reason(text=text, remedy=remedy) for text, remedy in outcome.reasons],
    )


def _into_place(work: Path, target: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    work.rename(target)
    shutil.rmtree(old, ignore_errors=True)
