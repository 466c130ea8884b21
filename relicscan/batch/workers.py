"""Where attempts run: each in a thread of its own on this machine, which starts a process.

The thread waits, the main thread decides. What happens comes back through one queue, in the
order in which it happened.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from relicscan.batch.budget import Budget
from relicscan.batch.estimate import Estimate
from relicscan.batch.job import Job
from relicscan.batch.process import Attempt, Cancelled, attempt

#: The name of the only machine of a run without a cluster.
HERE = ""


@dataclass(frozen=True)
class Message:
    """News of the relic `id`: a worker's event, the end of an attempt, or what we did wrong.

    `given_back` says that the attempt never began, its machine having gone or being unfit.
    """

    id: str
    event: Mapping[str, Any] | None = None
    ended: Attempt | None = None
    error: BaseException | None = None
    given_back: bool = False


class Workers(Protocol):
    """What a run needs of the place where its attempts run."""

    def machines(self) -> Mapping[str, Budget]:
        """What each machine that can be had now may give, by its name; asked for often."""

    def refusal(self, estimate: Estimate) -> tuple[str, str] | None:
        """Why no machine could ever take such a relic, and what would work; None if one may."""

    def start(self, job: Job, log: Path, machine: str) -> None:
        """Begin an attempt."""

    def next(self, timeout_s: float) -> Message | None:
        """The next message; None when none came in time."""

    def stop(self) -> None:
        """End all attempts and wait until they have ended."""


class LocalWorkers:
    """Processes on this machine."""

    def __init__(self, budget: Budget) -> None:
        self._machines = {HERE: budget}
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._threads: list[threading.Thread] = []

    def machines(self) -> Mapping[str, Budget]:
        return self._machines

    def refusal(self, estimate: Estimate) -> tuple[str, str] | None:
        """Why there is not enough memory here, and what would work; None if there may be."""
        allowed = self._machines[HERE].memory_bytes
        if estimate.memory_bytes <= allowed:
            return None
        return (
            f"it may need {estimate.memory_bytes / 1e9:,.1f} GB of memory, and the run may use "
            f"{allowed / 1e9:,.1f} GB",
            "give it more with --memory, run it on a machine that has more, or set "
            "voxel_downsample.max_points: more points than that are thinned while they are read",
        )

    def start(self, job: Job, log: Path, machine: str = HERE) -> None:
        thread = threading.Thread(target=self._run, args=(job, log), daemon=True)
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()

    def next(self, timeout_s: float) -> Message | None:
        try:
            return self._messages.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def stop(self) -> None:
        self._cancelled.set()
        for thread in self._threads:
            thread.join()

    def _run(self, job: Job, log: Path) -> None:
        def emit(event: Mapping[str, Any]) -> None:
            self._messages.put(Message(job.id, event=event))

        try:
            ended = attempt(job, log, emit, self._cancelled)
        except Cancelled:
            return
        except BaseException as error:
            self._messages.put(Message(job.id, error=error))
        else:
            self._messages.put(Message(job.id, ended=ended))
