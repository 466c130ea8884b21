"""One relic in one process: read, run the pipeline, write, and say how it went.

Started as `python -m relicscan.batch.worker JOB.json`. Events go out as JSON
lines on the standard output that it was started with; everything that libraries
print goes to its standard error, which is the relic's log. The output is built
in the job's own work folder; the parent moves it into place.
"""

from __future__ import annotations

import json
import os
import signal
import sys
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
from relicscan.errors import OutputError, RelicscanError, ScanError, StageError, Undecided

Emit = Callable[[dict[str, Any]], None]


def main() -> int:
    """Run the job named on the command line; always 0 once an outcome has been sent."""
    events = _own_standard_output()
    _end_with_parent()

    def emit(event: dict[str, Any]) -> None:
        try:
            events.write(json.dumps(event) + "\n")
            events.flush()
        except OSError:
            os._exit(1)  # nobody listens any more: whoever started this is gone

    job = Job.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    outcome = run_job(job, emit)
    emit({"event": "outcome", "outcome": asdict(outcome)})
    return 0


def run_job(job: Job, emit: Emit) -> Outcome:
    """Run one relic into its work folder. Every error becomes part of the outcome."""
    from relicscan.batch.record import Record

    started, clock = datetime.now(UTC), time.perf_counter()
    record = Record(job)
    try:
        _run(job, record, emit)
    except Undecided as error:
        record.end("done", "review", error)
    except ScanError as error:
        record.end("rejected", None, error)
    except RelicscanError as error:
        record.end("failed", None, error)
    except MemoryError:
        record.end(
            "out_of_memory",
            None,
            StageError(
                "there was not enough memory",
                stage=record.stage,
                remedy="run it on a machine with more, or set voxel_downsample.max_points",
            ),
        )
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
    seconds = time.perf_counter() - clock
    try:
        return record.write(started, seconds)
    except RelicscanError as error:
        text, remedy = reason_of(error, job.id)
        reasons = ((text.replace(job.work, job.id), remedy),)
        return Outcome(job.id, "failed", reasons=reasons, seconds=seconds, attempts=job.attempt)


def _run(job: Job, record: Any, emit: Emit) -> None:
    from relicscan.delivery.khronos import validate_many
    from relicscan.delivery.outputs import write_outputs
    from relicscan.pipeline import Progress, stage_by_stage
    from relicscan.scan_folder import read_relic

    def observe(progress: Progress) -> None:
        record.stage = progress.stage
        record.seconds.update(progress.seconds)
        if progress.stage is not None:
            # Reading and writing are the first and the last tenth of what a run costs.
            done = 0.1 + 0.8 * progress.done
            emit({"event": "stage", "stage": progress.stage, "done": done})

    emit({"event": "stage", "stage": "read", "done": 0.0})
    record.stage = "read"
    with record.timed("read"):
        record.relic = read_relic(job.found())
    record.pipeline = effective_pipeline(record.relic.metadata, job.pipeline, job.overrides)
    check_makes_levels(record.pipeline, record.relic.products)
    for relic in stage_by_stage(record.relic, record.pipeline, observe):
        record.relic = relic
    emit({"event": "stage", "stage": "write", "done": 0.9})
    record.stage = "write"
    with record.timed("write"):
        record.master, record.levels, record.files = write_outputs(record.relic, Path(job.work))
    with record.timed("validate"):
        paths = [Path(job.work) / level.path for level in record.levels]
        try:
            reports = validate_many(paths) or []
        except OutputError as error:
            # Our own checks have passed; a node that breaks down says nothing about the model.
            reports, record.not_validated = [], error.message
        record.validator = dict(zip((v.path for v in record.levels), reports, strict=False))
    record.judge()


def _own_standard_output() -> IO[str]:
    """The original standard output for events; descriptor 1 then leads to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _end_with_parent() -> None:
    """Let the kernel end this process with the one that started it, also in the middle of a stage.

    Elsewhere than on Linux, the next event finds that nobody listens.
    """
    if sys.platform == "linux":
        import ctypes

        PR_SET_PDEATHSIG = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
