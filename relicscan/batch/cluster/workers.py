"""Attempts on the machines of a cluster (Dask distributed), by the side of `LocalWorkers`.

The run decides what goes where; Dask carries it there and back. Each attempt is a task
for one worker and no other, so none is ever run twice by itself, and it reserves its
memory, so two runs on one cluster do not take each other's. What is done is known from
the manifests alone: a scheduler that dies loses nothing but what runs.

An attempt builds in a folder of its own. A machine that was cut off and given up may go
on writing for a while: nobody reads what it writes.
"""

from __future__ import annotations

import logging
import math
import queue
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relicscan.batch.budget import Budget
from relicscan.batch.cluster.certificates import check_address, security_of
from relicscan.batch.cluster.roster import PATIENCE_S, SETTLE_S, Roster
from relicscan.batch.cluster.settings import MEMORY, quieten
from relicscan.batch.cluster.task import TICKET, TOPIC, work
from relicscan.batch.code_version import code_version
from relicscan.batch.estimate import Estimate
from relicscan.batch.job import Job, Outcome
from relicscan.batch.process import Attempt
from relicscan.batch.workers import Message
from relicscan.errors import PipelineError

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S = 20.0
#: How often a relic whose attempt never began is sent out again before that counts as a crash.
SENT_AGAIN = 3
#: How long what runs may take to end when the run does.
STOP_S = 15.0


@dataclass
class _Placed:
    """An attempt on its way: the run's own job, the folder that it builds in, and where."""

    job: Job
    folder: Path
    machine: str
    future: Future
    began: bool = False


class ClusterWorkers:
    """The workers of the cluster whose scheduler is at `address`, with the certificates in `tls`.

    Raises PipelineError where it cannot be reached, NoRoom where it has no worker.
    """

    def __init__(
        self, address: str, tls: Path, *, settle_s: float = SETTLE_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._run = uuid.uuid4().hex
        self._news: queue.SimpleQueue[tuple[str, str, Any]] = queue.SimpleQueue()
        self._placed: dict[str, _Placed] = {}
        self._sent_again: Counter[str] = Counter()
        self._client = _connect(address, tls)
        self._roster = Roster(self._client, address, settle_s=settle_s, patience_s=patience_s)
        try:
            self._client.subscribe_topic(TOPIC, self._hear)
            while not self.machines():
                time.sleep(0.2)
        except BaseException:
            self._close()
            raise

    def machines(self) -> Mapping[str, Budget]:
        """What each worker may give, by its address. Raises NoRoom after a while without any."""
        usable = self._roster.usable()
        for key, placed in self._placed.items():
            if self._roster.has_gone(placed.machine):
                self._news.put(("lost", key, None))
        return usable

    def refusal(self, estimate: Estimate) -> tuple[str, str] | None:
        return self._roster.refusal(estimate)

    def start(self, job: Job, log: Path, machine: str) -> None:
        base = Path(job.work).parent
        ticket = base / TICKET
        if not ticket.exists():
            ticket.write_text(self._run, encoding="utf-8")
        key = f"{job.id}-{job.attempt}-{uuid.uuid4().hex[:12]}"
        folder = base / key / job.id
        order = replace(job, work=str(folder), pipeline=_absolute(job.pipeline))
        files = [Path(path) for path in (order.folder, order.pipeline) if path]
        sees = [str(file) for file in files if file.is_absolute() and file.exists()]
        future = self._client.submit(
            work,
            *(order.to_json(), str(log.absolute()), self._run, str(base), code_version(), sees),
            key=key,
            pure=False,
            retries=0,
            workers=[machine],
            allow_other_workers=False,
            resources={MEMORY: math.ceil((job.memory_bytes or 0) / 1e6)},
        )
        self._placed[key] = _Placed(job, folder, machine, future)
        future.add_done_callback(lambda done: self._news.put(("done", done.key, None)))

    def next(self, timeout_s: float) -> Message | None:
        try:
            kind, key, news = self._news.get(timeout=timeout_s)
        except queue.Empty:
            return None
        placed = self._placed.get(key)
        if placed is None or kind == "over":
            return None
        if kind == "event":
            placed.began = True
            return Message(placed.job.id, event=news)
        del self._placed[key]
        return self._lost(placed) if kind == "lost" else self._answer(placed)

    def stop(self) -> None:
        """End what runs, and wait a while for the word that it has ended."""
        with suppress(Exception):
            self._client.cancel([placed.future for placed in self._placed.values()])
        end = time.monotonic() + STOP_S
        while self._placed and self._client.status == "running":
            try:
                kind, key, _ = self._news.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            # What we cancelled counts as done at once, before its process has ended.
            placed = self._placed.get(key)
            if placed and (kind == "over" or placed.future.status in ("finished", "error")):
                del self._placed[key]
        self._placed.clear()
        self._close()

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Called in the client's own thread. News that is lost costs a line on the screen."""
        _, told = event
        if told.get("run") == self._run:
            kind = "over" if told.get("over") else "event"
            self._news.put((kind, told["key"], told.get("event")))

    def _answer(self, placed: _Placed) -> Message:
        from distributed import CancelledError, KilledWorker

        try:
            answer = placed.future.result(timeout=CONNECT_S)
        except (KilledWorker, CancelledError, TimeoutError, OSError):
            return self._lost(placed)
        except Exception as error:  # relicscan is not there, or not this one
            answer = {"unfit": f"it cannot run relicscan ({type(error).__name__}: {error})"}
        if "cancelled" in answer:
            return self._lost(placed)
        if "unfit" in answer:
            self._roster.exclude(placed.machine, answer["unfit"])
            return Message(placed.job.id, given_back=True)
        self._roster.worked()
        _move(placed.folder, Path(placed.job.work))
        told = answer["ended"]
        outcome = Outcome.from_data(told.pop("outcome"))
        return Message(placed.job.id, ended=Attempt(placed.job, outcome, **told))

    def _lost(self, placed: _Placed) -> Message:
        """The worker has died, or its machine, or the way there; perhaps the relic killed it."""
        with suppress(Exception):
            self._client.cancel([placed.future])
        self._roster.strike(placed.machine)
        relic = placed.job.id
        if not placed.began and self._sent_again[relic] < SENT_AGAIN:
            self._sent_again[relic] += 1
            return Message(relic, given_back=True)
        reason = (
            "the worker of the cluster that it ran on was lost",
            "run it again; where it happens to this relic only, give the worker less memory with "
            "`relicscan cluster worker --memory`",
        )
        outcome = Outcome(
            relic, "crashed", reasons=(reason,), attempts=placed.job.attempt, lasting=False
        )
        return Message(relic, ended=Attempt(placed.job, outcome))

    def _close(self) -> None:
        with suppress(Exception):
            self._client.close(timeout=5)


def _connect(address: str, tls: Path) -> Client:
    check_address(address, "--cluster")
    security = security_of(tls)
    from distributed import Client

    quieten(logging.CRITICAL)  # outcomes say what matters
    try:
        return Client(address, security=security, timeout=CONNECT_S, set_as_default=False)
    except OSError as error:  # TimeoutError and ssl.SSLError are among them
        raise PipelineError(
            f"there is no cluster that lets us in ({' '.join(str(error).split())})",
            scan=address,
            remedy="check that its scheduler runs and can be reached from here, and that the "
            f"certificates in {tls} are the ones it was started with and not out of date",
        ) from None


def _absolute(pipeline: str | None) -> str | None:
    """A pipeline by its path as every machine understands it; its name stays a name."""
    if pipeline is None or not pipeline.endswith(".toml"):
        return pipeline
    return str(Path(pipeline).absolute())


def _move(folder: Path, work_folder: Path) -> None:
    """What an attempt built, to where the run looks for it."""
    shutil.rmtree(work_folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.rename(work_folder)
    shutil.rmtree(folder.parent, ignore_errors=True)
