"""Which relic to start next: the largest that fits into what is left of memory and cores.

Largest first keeps the long ones from starting last (Graham 1969: at most a third longer
than the best order). Smaller ones fill the gaps. What is tried again comes after all that
has not been tried. On several machines the same holds for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from relicscan.batch.budget import LEAST_BYTES, Budget
from relicscan.batch.estimate import Estimate

#: Estimates of memory lie up to 8 % under what was measured: see `relicscan.batch.estimate`.
ROOM = 1.5
#: A relic that takes this many times its estimate, and more than ten minutes, hangs.
PATIENCE, PATIENCE_S = 10.0, 600.0


@dataclass(frozen=True)
class Waiting:
    """A relic to be started: what it is thought to take, what it is given, which attempt.

    `machine` is where it runs, once it does.
    """

    id: str
    estimate: Estimate
    memory_bytes: int
    time_limit_s: float
    attempt: int = 1
    threads: int | None = None
    machine: str = ""

    @property
    def order(self) -> tuple[int, float, str]:
        return (self.attempt, -self.estimate.seconds, self.id)


def waiting(
    relic_id: str,
    estimate: Estimate,
    budget: Budget,
    time_limit_s: float | None,
    threads: int | None,
) -> Waiting:
    """A relic with the room it gets: more than the estimate, never more than there is."""
    room = min(max(LEAST_BYTES, int(ROOM * estimate.memory_bytes)), budget.memory_bytes)
    limit = time_limit_s or max(PATIENCE_S, PATIENCE * estimate.seconds)
    return Waiting(relic_id, estimate, room, limit, threads=threads)


def again(failed: Waiting, state: str, budget: Budget, *, fixed_time: bool) -> Waiting:
    """The second attempt: one thread, and more of what there was too little of.

    One thread, since Open3D's Poisson crashes now and then on several and never on one.
    """
    memory, seconds = failed.memory_bytes, failed.time_limit_s
    if state == "out_of_memory":
        memory = budget.memory_bytes
    if state == "timed_out" and not fixed_time:
        seconds *= 3
    return Waiting(
        failed.id,
        failed.estimate,
        min(max(memory, int(1.5 * failed.memory_bytes)), budget.memory_bytes),
        seconds,
        attempt=failed.attempt + 1,
        threads=1,
    )


def next_to_start(
    queue: Sequence[Waiting], running: Sequence[Waiting], budget: Budget
) -> tuple[Waiting, int] | None:
    """The relic to start now and its threads; None while nothing fits. `queue` in any order."""
    if not queue or len(running) >= budget.jobs:
        return None
    memory = budget.memory_bytes - sum(job.memory_bytes for job in running)
    fitting = (job for job in queue if job.memory_bytes <= memory)
    chosen = min(fitting, key=lambda job: job.order, default=None)
    if chosen is None:
        return None
    if chosen.threads is not None:
        return chosen, chosen.threads
    free = budget.threads - sum(job.threads or 1 for job in running)
    slots = budget.jobs - len(running)
    left = memory - chosen.memory_bytes
    beside = (job for job in queue if job is not chosen and job.memory_bytes <= left)
    sharing = 1 + sum(1 for _ in islice(beside, slots - 1))
    return chosen, max(1, free // sharing)


def next_on_machines(
    queue: Sequence[Waiting], running: Sequence[Waiting], machines: Mapping[str, Budget]
) -> tuple[Waiting, int, str] | None:
    """The relic to start now, its threads, and the machine: of those it fits on the idlest."""
    choices = []
    for name, budget in machines.items():
        there = [job for job in running if job.machine == name]
        if chosen := next_to_start(queue, there, budget):
            relic, threads = chosen
            choices.append((relic.order, len(there) / budget.jobs, name, relic, threads))
    if not choices:
        return None
    _, _, name, relic, threads = min(choices, key=lambda choice: choice[:3])
    return relic, threads, name
