"""One relic in a process of its own, and what became of it, however the process ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relicscan import threads
from relicscan.batch.job import Job, Outcome


@dataclass(frozen=True)
class Event:
    """Something that happened to a relic: it started a stage (`done` 0..1), or it ended."""

    id: str
    stage: str | None = None
    done: float = 0.0
    outcome: Outcome | None = None


def run_job(job: Job, log: Path, observe: Callable[[Event], None]) -> Outcome:
    """Run a job in a process of its own and wait for it.

    After a crash it is tried once more with a single thread. What the process and its
    libraries print goes to `log`.
    """
    log.unlink(missing_ok=True)
    outcome = _attempt(job, log, observe)
    if outcome.state == "crashed" and job.threads > 1:
        # Open3D's Poisson crashes now and then on several threads, and never on one.
        outcome = _attempt(replace(job, threads=1, attempt=2), log, observe)
    if log.stat().st_size == 0:
        log.unlink()
    return outcome


def _attempt(job: Job, log: Path, observe: Callable[[Event], None]) -> Outcome:
    work = Path(job.work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    order = work.with_name(f"{work.name}.job.json")
    order.write_text(job.to_json(), encoding="utf-8")
    started = time.perf_counter()
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-X", "faulthandler", "-m", "relicscan.batch.worker", order],
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
                    outcome = Outcome.from_data(event["outcome"])
                else:
                    observe(Event(job.id, str(event["stage"]), float(event["done"])))
            code = process.wait()
        except BaseException:
            _kill(process)
            raise
    if outcome is not None:
        return outcome
    return Outcome(
        job.id,
        "crashed",
        reasons=(
            (
                f"its process ended with {_ending(code)}",
                f"read .relicscan/logs/{job.id}.log and run it alone; if it ends so again, "
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


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ending(code: int) -> str:
    """How a process without an outcome ended; a negative code is the signal that ended it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
    if name == "SIGKILL":
        return "SIGKILL, which is how the system ends a process when memory runs out"
    return name
