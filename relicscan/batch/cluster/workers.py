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
from relicscan.batch.cluster.task import TICKET, TOPIC, work
from relicscan.batch.code_version import code_version
from relicscan.batch.estimate import Estimate
from relicscan.batch.job import Job, Outcome
from relicscan.batch.process import Attempt
from relicscan.batch.workers import Message
from relicscan.errors import NoRoom, PipelineError

if TYPE_CHECKING:
    from distributed import Client, Future

#: Whole megabytes, by which memory is reserved: sums of them are exact.
MEMORY = "RELICSCAN_MEMORY_MB"
CONNECT_S = 20.0
#: How often the scheduler is asked which workers there are.
LOOK_S = 2.0
#: How long a run waits for a worker while there is none.
PATIENCE_S = 120.0
#: Machines that come and go have settled when nothing has changed for so long; a worker that
#: died is back in less.
SETTLE_S = 10.0
#: How often a relic whose attempt never began is sent out again before that counts as a crash.
SENT_AGAIN = 3
#: How long what runs may take to end when the run does.
STOP_S = 15.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Placed:
    """An attempt on its way: the run's own job, the folder that it builds in, and where."""

    job: Job
    folder: Path
    machine: str
    future: Future


class ClusterWorkers:
    """The workers of the cluster whose scheduler is at `address`, with the certificates in `tls`.

    Raises PipelineError where it cannot be reached, NoRoom where it has no worker.
    """

    def __init__(
        self, address: str, tls: Path, *, settle_s: float = SETTLE_S, patience_s: float = PATIENCE_S
    ) -> None:
        self.address, self.settle_s, self.patience_s = address, settle_s, patience_s
        self.run = uuid.uuid4().hex
        self._news: queue.SimpleQueue[tuple[str, str, Any]] = queue.SimpleQueue()
        self._placed: dict[str, _Placed] = {}
        self._machines: dict[str, Budget] = {}
        self._unfit: dict[str, str] = {}
        self._began: set[str] = set()
        self._sent_again: Counter[str] = Counter()
        self._settled = self._some_worked = False
        self._looked = -math.inf
        self._last_seen = time.monotonic()
        self._client = _connect(address, tls)
        try:
            self._client.subscribe_topic(TOPIC, self._hear)
            while not self.machines():
                time.sleep(0.2)
        except BaseException:
            self._close()
            raise

    def machines(self) -> Mapping[str, Budget]:
        """What each worker may give, by its address. Raises NoRoom after a while without any."""
        if time.monotonic() - self._looked > (LOOK_S if self._machines else 0.1):
            self._look()
        usable = {name: b for name, b in self._machines.items() if name not in self._unfit}
        if usable:
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > self.patience_s or (
            self._machines and not self._some_worked
        ):
            raise self._nobody()
        return usable

    def refusal(self, estimate: Estimate) -> tuple[str, str] | None:
        if self._fits(estimate):
            return None
        if not self._settled:
            self._settle()
            self._settled = True
            if self._fits(estimate):
                return None
        largest = max(budget.memory_bytes for budget in self.machines().values())
        return (
            f"it may need {estimate.memory_bytes / 1e9:,.1f} GB of memory, and no worker of the "
            f"cluster has more than {largest / 1e9:,.1f} GB",
            "add a worker with more memory, give one more with `relicscan cluster worker "
            "--memory`, or set voxel_downsample.max_points",
        )

    def start(self, job: Job, log: Path, machine: str) -> None:
        base = Path(job.work).parent
        ticket = base / TICKET
        if not ticket.exists():
            ticket.write_text(self.run, encoding="utf-8")
        key = f"{job.id}-{job.attempt}-{uuid.uuid4().hex[:12]}"
        folder = base / key / job.id
        needs = {MEMORY: math.ceil((job.memory_bytes or 0) / 1e6)}
        pipeline = job.pipeline and (
            str(Path(job.pipeline).absolute()) if job.pipeline.endswith(".toml") else job.pipeline
        )
        order = replace(job, work=str(folder), pipeline=pipeline).to_json()
        future = self._client.submit(
            work,
            *(order, str(log.absolute()), self.run, str(base), code_version()),
            key=key,
            pure=False,
            retries=0,
            workers=[machine],
            allow_other_workers=False,
            resources=needs,
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
            self._began.add(key)
            return Message(placed.job.id, event=news)
        del self._placed[key]
        began = key in self._began
        self._began.discard(key)
        return self._lost(placed, began) if kind == "lost" else self._answer(placed, began)

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
        self._close()

    # What comes in

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Called in the client's own thread. News that is lost costs a line on the screen."""
        _, told = event
        if told.get("run") == self.run:
            kind = "over" if told.get("over") else "event"
            self._news.put((kind, told["key"], told.get("event")))

    def _answer(self, placed: _Placed, began: bool) -> Message:
        from distributed import CancelledError, KilledWorker

        try:
            answer = placed.future.result(timeout=CONNECT_S)
        except (KilledWorker, CancelledError, TimeoutError, OSError):
            return self._lost(placed, began)
        except Exception as error:  # relicscan is not there, or not this one
            answer = {"unfit": f"it cannot run relicscan ({type(error).__name__}: {error})"}
        if "cancelled" in answer:
            return self._lost(placed, began)
        if "unfit" in answer:
            self._unfit[placed.machine] = answer["unfit"]
            _log.warning("worker %s takes no relics: %s", placed.machine, answer["unfit"])
            return Message(placed.job.id, given_back=True)
        self._some_worked = True
        told = answer["ended"]
        _move(placed.folder, Path(placed.job.work))
        return Message(
            placed.job.id,
            ended=Attempt(
                placed.job,
                Outcome.from_data(told["outcome"]),
                told["identity"],
                told["exit_code"],
                told["peak_memory_bytes"],
            ),
        )

    def _lost(self, placed: _Placed, began: bool) -> Message:
        """The worker has died, or its machine, or the way there; perhaps the relic killed it."""
        with suppress(Exception):
            self._client.cancel([placed.future])
        self._machines.pop(placed.machine, None)  # not to be taken again before the next look
        if not began and self._sent_again[placed.job.id] < SENT_AGAIN:
            self._sent_again[placed.job.id] += 1
            return Message(placed.job.id, given_back=True)
        reason = (
            "the worker of the cluster that it ran on was lost",
            "run it again; where it happens to this relic only, give the worker less memory with "
            "`relicscan cluster worker --memory`",
        )
        outcome = Outcome(
            placed.job.id,
            "crashed",
            reasons=(reason,),
            attempts=placed.job.attempt,
            lasting=False,
        )
        return Message(placed.job.id, ended=Attempt(placed.job, outcome))

    # Who is there

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            told = self._client.scheduler_info(n_workers=-1)["workers"]
        except Exception:  # whatever Dask raises when the scheduler is not there for now
            self._machines = {}
            return
        self._machines = {
            address: Budget(
                worker["nthreads"], worker["nthreads"], int(worker["resources"][MEMORY]) * 10**6
            )
            for address, worker in told.items()
            if worker["status"] == "running" and MEMORY in worker["resources"]
        }
        for key, placed in self._placed.items():
            if placed.machine not in told:
                self._news.put(("lost", key, None))

    def _fits(self, estimate: Estimate) -> bool:
        return any(b.memory_bytes >= estimate.memory_bytes for b in self.machines().values())

    def _settle(self) -> None:
        """Wait until no worker has come or gone for a while: a large one may be on its way."""
        seen, since = set(self._machines), time.monotonic()
        while time.monotonic() - since < self.settle_s:
            time.sleep(min(LOOK_S, self.settle_s))
            self._look()
            if set(self._machines) != seen:
                seen, since = set(self._machines), time.monotonic()

    def _nobody(self) -> NoRoom:
        reasons = [f"{name}: {reason}" for name, reason in self._unfit.items()]
        return NoRoom(
            "the cluster has no worker that could take a relic"
            + "".join(f"\n  {reason}" for reason in reasons),
            scan=self.address,
            remedy="mend that, start the workers again, and run again: what was finished is kept"
            if reasons
            else "start workers with `relicscan cluster worker`, and run again: what was finished "
            "is kept",
        )

    def _close(self) -> None:
        with suppress(Exception):
            self._client.close(timeout=5)


def _connect(address: str, tls: Path) -> Client:
    check_address(address, "--cluster")
    security = security_of(tls)
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # outcomes say what matters
    try:
        return Client(address, security=security, timeout=CONNECT_S, set_as_default=False)
    except OSError as error:  # TimeoutError and ssl.SSLError are among them
        raise PipelineError(
            f"there is no cluster that lets us in ({' '.join(str(error).split())})",
            scan=address,
            remedy="check that its scheduler runs and can be reached from here, and that the "
            f"certificates in {tls} are the ones it was started with and not out of date",
        ) from None


def _move(folder: Path, work_folder: Path) -> None:
    """What an attempt built, to where the run looks for it."""
    shutil.rmtree(work_folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.rename(work_folder)
    shutil.rmtree(folder.parent, ignore_errors=True)
