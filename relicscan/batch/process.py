"""One attempt at a relic: a process of its own under limits, and what became of it.

The process leads a session of its own, has no standard input, leaves no core file, and
ends with the thread that started it. Its memory is limited twice over: by the kernel
(RLIMIT_DATA, which the worker sets before it imports anything; Linux), so that an
allocation fails in it and nowhere else, and by looking at it, for what the kernel's
limit does not see. When its time is up it is asked to end, and then made to.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relicscan import threads
from relicscan.batch.job import Job, Outcome
from relicscan.metadata.manifest import State
from relicscan.processes import ended, terminate

#: How long a process that was asked to end may take.
GRACE_S = 5.0
#: How often memory, time and cancellation are looked at.
LOOK_S = 0.2
#: What native code says in the log when an allocation failed, in lower case.
_OUT_OF_MEMORY = (b"bad_alloc", b"cannot allocate memory", b"out of memory", b"memoryerror")
_KILLED = -getattr(signal, "SIGKILL", 9)


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended.

    `identity` is what the worker had made out of the files ("sources", "inputs") before it
    ended, and empty where it did not come so far. `exit_code` is None where it was cancelled.
    """

    job: Job
    outcome: Outcome
    identity: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    peak_memory_bytes: int = 0

    def as_data(self) -> dict[str, Any]:
        """The attempt as evidence."""
        return {
            "attempt": self.job.attempt,
            "threads": self.job.threads,
            "memory_limit_bytes": self.job.memory_bytes,
            "time_limit_s": self.job.time_limit_s,
            "state": self.outcome.state,
            "reasons": [text for text, _ in self.outcome.reasons],
            "exit_code": self.exit_code,
            "seconds": round(self.outcome.seconds, 3),
            "peak_memory_bytes": self.peak_memory_bytes,
        }


class Cancelled(Exception):
    """The run is ending: the attempt was stopped and says nothing about its relic."""


def attempt(
    job: Job,
    log: Path,
    emit: Callable[[Mapping[str, Any]], None],
    cancelled: threading.Event,
) -> Attempt:
    """Run a job in a process of its own and wait for it; call from a thread that lives as long.

    `emit` gets the worker's events as they come. What the process and its libraries print
    goes to `log`. Raises Cancelled, after the process has ended.
    """
    work = Path(job.work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    order = work.with_name(f"{work.name}.job.json")
    order.write_text(job.to_json(), encoding="utf-8")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stderr:
        log_began = stderr.tell()
        process = subprocess.Popen(
            command_of(order),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={
                **os.environ,
                **threads.environment(job.threads),
                "RELICSCAN_PARENT": str(os.getpid()),
            },
            start_new_session=True,
        )
        heard = _Listener(process, emit)
        try:
            stopped, peak = _watch(process, job, heard, cancelled)
        finally:
            terminate(process)
            heard.thread.join(GRACE_S)
    order.unlink(missing_ok=True)
    if stopped == "cancelled":
        raise Cancelled
    if heard.outcome is not None:
        outcome = replace(Outcome.from_data(heard.outcome), attempts=job.attempt)
    else:
        state, (text, remedy) = _ending(
            job, process.returncode, stopped, peak, _tail(log, log_began)
        )
        outcome = Outcome(
            job.id,
            state,
            reasons=((f"stage {heard.stage}: {text}" if heard.stage else text, remedy),),
            seconds=time.perf_counter() - heard.started,
            peak_memory_bytes=peak,
            attempts=job.attempt,
        )
    return Attempt(job, outcome, heard.identity, process.returncode, peak)


def command_of(order: Path | str) -> list[str]:
    """The command that runs the job in the file `order`."""
    python = [sys.executable, "-P", "-X", "faulthandler"]
    return [*python, "-m", "relicscan.batch.worker", str(order)]


class _Listener:
    """Reads a worker's events in a thread of its own, so that nothing it does can block us."""

    def __init__(
        self, process: subprocess.Popen[bytes], emit: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self.process, self.emit = process, emit
        self.started = time.perf_counter()
        self.outcome: Mapping[str, Any] | None = None
        self.stage: str | None = None
        self.identity: Mapping[str, Any] = {}
        self.silent = threading.Event()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            with self.process.stdout as lines:
                for line in lines:
                    with suppress(ValueError):  # a crash can cut a line short
                        self._hear(json.loads(line))
        finally:
            self.silent.set()

    def _hear(self, event: Mapping[str, Any]) -> None:
        match event.get("event"):
            case "outcome":
                self.outcome = event["outcome"]
            case "identity":
                self.identity = event["identity"]
            case _:
                self.stage = event.get("stage")
                self.emit(event)


def _watch(
    process: subprocess.Popen[bytes], job: Job, heard: _Listener, cancelled: threading.Event
) -> tuple[str | None, int]:
    """Wait for the process to end; why it was made to, if it was, and its peak memory in bytes."""
    peak = 0
    while not heard.silent.wait(LOOK_S):
        peak = max(peak, resident_bytes(process.pid))
        if cancelled.is_set():
            terminate(process)
            return "cancelled", peak
        if job.memory_bytes is not None and peak > job.memory_bytes:
            terminate(process)
            return "memory", peak
        if job.time_limit_s is not None and time.perf_counter() - heard.started > job.time_limit_s:
            terminate(process, grace_s=GRACE_S)
            return "time", peak
    # It has said all it had to say; a process that hangs while it ends has a little time left.
    ended(process, GRACE_S)
    return None, peak


def resident_bytes(process_id: int) -> int:
    """Memory that a process holds now; 0 where the system does not tell (other than Linux)."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_bytes().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _tail(log: Path, began: int) -> bytes:
    with suppress(OSError), log.open("rb") as stream:
        stream.seek(max(began, log.stat().st_size - 100_000))
        return stream.read().lower()
    return b""


def _ending(
    job: Job, code: int, stopped: str | None, peak: int, log: bytes
) -> tuple[State, tuple[str, str]]:
    """State and reason for a process that never came to say how it went.

    Nothing in the words differs from one such ending to the next: they are in relic.json.
    """
    if stopped == "time":
        return "timed_out", (
            f"it took longer than its time limit of {job.time_limit_s:,.0f} s",
            "give it more with --time-limit and --retry, or look with `relicscan inspect` whether "
            "the scan is much larger than the others",
        )
    full = job.memory_bytes is not None and peak > 0.95 * job.memory_bytes
    if stopped == "memory" or full or any(words in log for words in _OUT_OF_MEMORY):
        allowed = (
            f"its limit of {job.memory_bytes / 1e9:,.1f} GB" if job.memory_bytes else "there is"
        )
        return "out_of_memory", (
            f"it needed more memory than {allowed}",
            "give it more with --memory and --retry, run it on a machine that has more, or set "
            "voxel_downsample.max_points",
        )
    if code == _KILLED:
        return "out_of_memory", (
            "its process was killed from outside, which is how the system ends one when memory "
            "runs out",
            "give the run less memory with --memory, or the machine more",
        )
    return "crashed", (
        f"its process ended with {_in_words(code)}",
        f"what there is to know is in .relicscan/quarantine/{job.id}: please report it with the "
        "scan",
    )


def _in_words(code: int) -> str:
    """How a process without an outcome ended; a negative code is the signal that ended it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
