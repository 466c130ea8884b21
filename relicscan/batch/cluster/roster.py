"""Which workers a cluster has now, what each may give, and when to stop waiting for one."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any

from relicscan.batch.budget import Budget
from relicscan.batch.cluster.settings import MEMORY
from relicscan.batch.estimate import Estimate
from relicscan.errors import NoRoom

if TYPE_CHECKING:
    from distributed import Client

#: How often the scheduler is asked which workers there are; while there are none, and otherwise.
LOOK_SOON_S, LOOK_S = 0.2, 2.0
#: How long a run waits for a worker while there is none.
PATIENCE_S = 120.0
#: Workers that come and go have settled when nothing has changed for so long; one that died is
#: back in less.
SETTLE_S = 10.0

_log = logging.getLogger(__name__)


class Roster:
    """The workers of one cluster, by their addresses, as its scheduler last told."""

    def __init__(self, client: Client, address: str, *, settle_s: float, patience_s: float) -> None:
        self._client, self._address = client, address
        self._settle_s, self._patience_s = settle_s, patience_s
        self._there: dict[str, Budget] = {}
        self._told: set[str] | None = None
        self._unfit: dict[str, str] = {}
        self._some_worked = False
        self._looked = self._changed = -math.inf
        self._last_usable = time.monotonic()

    def usable(self) -> dict[str, Budget]:
        """What each worker that can be used may give. Raises NoRoom where there is no hope."""
        now = time.monotonic()
        if now - self._looked > (LOOK_S if self._there else LOOK_SOON_S):
            self._look(now)
        usable = {name: b for name, b in self._there.items() if name not in self._unfit}
        if usable:
            self._last_usable = now
        elif (
            now - self._last_usable > self._patience_s
            or (self._there and not self._some_worked)
            or self._client.status == "closed"
        ):
            raise self._no_hope()
        return usable

    def refusal(self, estimate: Estimate) -> tuple[str, str] | None:
        """Why no worker could ever take such a relic, and what would work; None if one may.

        Waits while workers come and go: a large one may be on its way.
        """
        while True:
            largest = max((b.memory_bytes for b in self.usable().values()), default=None)
            if largest is not None and largest >= estimate.memory_bytes:
                return None
            if largest is not None and time.monotonic() - self._changed > self._settle_s:
                return (
                    f"it may need {estimate.memory_bytes / 1e9:,.1f} GB of memory, and no worker "
                    f"of the cluster has more than {largest / 1e9:,.1f} GB",
                    "add a worker with more memory, give one more with `relicscan cluster worker "
                    "--memory`, or set voxel_downsample.max_points",
                )
            time.sleep(LOOK_SOON_S)

    def has_gone(self, worker: str) -> bool:
        """Whether the scheduler, when it last answered, did not know this worker any more."""
        return self._told is not None and worker not in self._told

    def strike(self, worker: str) -> None:
        """Not to use a worker that was just lost before the scheduler tells of it again."""
        self._there.pop(worker, None)

    def exclude(self, worker: str, reason: str) -> None:
        """Not to use a worker any more that cannot do its work."""
        self._unfit[worker] = reason
        _log.warning("worker %s takes no relics: %s", worker, reason)

    def worked(self) -> None:
        """One worker has done its work: where all others cannot, it may yet come back."""
        self._some_worked = True

    def _look(self, now: float) -> None:
        self._looked = now
        before = set(self._there)
        try:
            told: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        except Exception:  # whatever Dask raises when the scheduler is not there for now
            self._there, self._told = {}, None
        else:
            self._there = {name: _budget(w) for name, w in told.items() if _takes_relics(w)}
            self._told = set(told)
        if set(self._there) != before:
            self._changed = now

    def _no_hope(self) -> NoRoom:
        if self._client.status == "closed":
            message = "the scheduler of the cluster has gone"
            remedy = "start it and the workers again"
        elif self._unfit:
            reasons = "".join(f"\n  {name}: {why}" for name, why in self._unfit.items())
            message = f"the cluster has no worker that could take a relic{reasons}"
            remedy = "mend that, start the workers again"
        else:
            message = "the cluster has no worker"
            remedy = "start workers with `relicscan cluster worker`"
        remedy += ", and run again: what was finished is kept"
        return NoRoom(message, scan=self._address, remedy=remedy)


def _takes_relics(worker: dict[str, Any]) -> bool:
    """Whether it was started by relicscan, and is not about to leave."""
    return worker["status"] == "running" and MEMORY in worker["resources"]


def _budget(worker: dict[str, Any]) -> Budget:
    slots = int(worker["nthreads"])
    return Budget(slots, slots, int(worker["resources"][MEMORY]) * 10**6)
