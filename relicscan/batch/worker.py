"""One relic in one process: read, run the pipeline, write, and say how it went.

Started as `python -m relicscan.batch.worker JOB.json`. Events go out as JSON
lines on the standard output that it was started with; everything that libraries
print goes to its standard error, which is the relic's log. The output is built
in the job's own work folder; the parent moves it into place.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from relicscan.batch.job import (
    Job,
    Outcome,
    check_makes_levels,
    effective_pipeline,
    reason_of,
)
from relicscan.errors import (
    OutputError,
    RelicscanError,
    ScanError,
    StageError,
    Undecided,
    Unreachable,
)
from relicscan.processes import end_with_parent

Emit = Callable[[dict[str, Any]], None]


def main() -> int:
    """Run the job named on the command line; always 0 once an outcome has been sent."""
    job = Job.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    parent = os.environ.get("RELICSCAN_PARENT", "")
    end_with_parent(int(parent) if parent.isdecimal() else None)
    _limit(job)
    tempfile.tempdir = job.work  # what is killed leaves nothing that its parent does not remove
    events = _own_standard_output()

    def emit(event: dict[str, Any]) -> None:
        try:
            events.write(json.dumps(event) + "\n")
            events.flush()
        except OSError:
            os._exit(1)  # nobody listens any more: whoever started this is gone

    outcome = run_job(job, emit)
    emit({"event": "outcome", "outcome": asdict(outcome)})
    return 0


def run_job(job: Job, emit: Emit) -> Outcome:
    """Run one relic into its work folder. Every error but MemoryError becomes an outcome."""
    from relicscan.batch.record import Record

    started, clock = datetime.now(UTC), time.perf_counter()
    record = Record(job)
    try:
        try:
            _run(job, record, emit)
        except Undecided as error:
            record.leave_open(error)
    except Unreachable as error:
        record.end("failed", None, error, lasting=False)
    except ScanError as error:
        record.end("rejected", None, error)
    except OutputError as error:
        record.end("failed", None, error, lasting=False)
    except RelicscanError as error:
        record.end("failed", None, error)
    except MemoryError:
        record.let_go()
        raise  # the process ends, and its parent, who may have seen it first, says of what
    except Exception as error:
        traceback.print_exc()
        record.end(
            "failed",
            None,
            StageError(
                f"{type(error).__name__}: {error}",
                stage=record.stage,
                remedy="this is a defect in relicscan: please report it with the relic's log",
            ),
        )
    if record.wants_report:
        emit({"event": "stage", "stage": "write report", "done": 0.98})
        record.measure()
    seconds = time.perf_counter() - clock
    try:
        return record.write(started, seconds)
    except RelicscanError as error:
        text, remedy = reason_of(error, job.id)
        reasons = ((text.replace(job.work, job.id), remedy),)
        return Outcome(job.id, "failed", reasons=reasons, seconds=seconds, lasting=False)


def _run(job: Job, record: Any, emit: Emit) -> None:
    from relicscan.batch.cache import Cache
    from relicscan.batch.standing import inputs_of
    from relicscan.delivery.validation import khronos_reports
    from relicscan.metadata.declared import with_true_scale
    from relicscan.pipeline import Progress, stage_by_stage
    from relicscan.scan_folder import identify, read_scans

    def observe(progress: Progress) -> None:
        record.stage = progress.stage
        record.seconds.update(progress.seconds)
        if progress.stage is not None:
            # Reading and writing are the first and the last tenth of what a run costs.
            done = 0.1 + 0.8 * progress.done
            emit({"event": "stage", "stage": progress.stage, "done": done})

    def reading(done: float) -> None:
        emit({"event": "stage", "stage": "read", "done": 0.1 * done})

    reading(0.0)
    record.stage = "read"
    found = job.found()
    with record.timed("read"):
        record.relic = identify(found)
        record.metadata_sources = found.stated()[1]
        record.inputs = inputs_of(found, record.relic.sources)
        emit({"event": "identity", "identity": record.identity()})
        record.pipeline = effective_pipeline(record.relic.metadata, job.pipeline, job.overrides)
        cache = Cache.of(
            None if job.cache is None else Path(job.cache),
            record.relic,
            record.pipeline,
            reproducible=job.reproducible,
            said_by=record.metadata_sources,
        )
        kept = cache.latest(record.relic, record.pipeline)
        record.relic = kept or read_scans(
            record.relic, found, most_points=record.pipeline.max_points, progress=reading
        )
    if kept is None:
        check_makes_levels(record.pipeline, record.relic.products)
        cache.keep(record.relic)
    record.relic = with_true_scale(record.relic)
    record.stages_kept = len(record.relic.history)
    for relic in stage_by_stage(record.relic, record.pipeline, observe):
        record.follow(relic)
        cache.keep(record.relic)
    _deliver(record, Path(job.work), emit)
    with record.timed("validate"):
        paths = [Path(job.work) / level.path for level in record.levels]
        try:
            reports = khronos_reports(paths) or []
        except OutputError as error:
            # Our own checks have passed; a node that breaks down says nothing about the model.
            reports, record.not_validated = [], error.message
        record.validator = dict(zip((v.path for v in record.levels), reports, strict=False))
    record.judge()


def _deliver(record: Any, folder: Path, emit: Emit) -> None:
    """Write the master, the models of each target and the pictures."""
    from relicscan.delivery.outputs import (
        levels_as_they_are,
        write_master,
        write_models,
        write_pictures,
    )
    from relicscan.delivery.sounds import write_sounds
    from relicscan.delivery.sources import Sources

    relic = record.relic
    targets = record.pipeline.targets or (levels_as_they_are(relic),)
    pictures = ["pictures"] if record.pipeline.pictures else []
    arrangements = ["arrangements"] if relic.arrangements else []
    parts = ["master", "models", *pictures, *arrangements]

    def begin(part: str) -> Any:
        record.stage = f"write {part}"
        done = 0.9 + 0.1 * parts.index(part) / len(parts)
        emit({"event": "stage", "stage": record.stage, "done": done})
        return record.timed(record.stage)

    with begin("master"):
        record.master, record.files = write_master(relic, folder)
    with begin("models"):
        made = write_models(Sources(relic), targets, folder)
    record.levels += made.levels
    record.files += made.files
    record.noticed += made.warnings
    if pictures:
        with begin("pictures"):
            record.files += write_pictures(relic, folder)
    if arrangements:
        with begin("arrangements"):
            record.write_arrangements([doubt.arrangements for doubt in relic.doubts])
    sounds, silent = write_sounds(relic, Path(record.job.folder), folder)
    record.files += sounds
    record.noticed += silent
    record.stage = "write"


def _own_standard_output() -> IO[str]:
    """The original standard output for events; descriptor 1 then leads to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _limit(job: Job) -> None:
    """No core file, and no more memory than the job may have; a limit that is tighter stays."""
    if sys.platform == "win32":
        return
    import resource

    def set_limit(which: int, wanted: int) -> None:
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(which, (wanted, hard))

    set_limit(resource.RLIMIT_CORE, 0)
    if job.memory_bytes is not None:
        # Data counts what is allocated; address space would also count what Open3D and node
        # only reserve, which is over a gigabyte before they do anything.
        set_limit(resource.RLIMIT_DATA, job.memory_bytes)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking down what numba has built up takes 0.3 s, and nothing is left to do
