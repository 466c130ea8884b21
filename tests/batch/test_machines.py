"""Several machines: where a relic is started, and what becomes of it when they go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tiny_scans import checked_output, write_cup

from relicscan.batch.budget import LEAST_BYTES, Budget, together
from relicscan.batch.estimate import Estimate
from relicscan.batch.job import Job
from relicscan.batch.run import run
from relicscan.batch.schedule import Waiting, next_on_machines
from relicscan.batch.workers import LocalWorkers, Message

GB = 10**9
MACHINES = {
    "small": Budget(jobs=2, threads=2, memory_bytes=2 * GB),
    "large": Budget(jobs=4, threads=4, memory_bytes=16 * GB),
}


def job(name: str, memory_gb: float, machine: str = "", seconds: float = 1) -> Waiting:
    memory = int(memory_gb * GB)
    return Waiting(name, Estimate(seconds, 0), memory, 600.0, threads=1, machine=machine)


def started(queue: list[Waiting], running: list[Waiting]) -> str | None:
    chosen = next_on_machines(queue, running, MACHINES)
    return None if chosen is None else f"{chosen[0].id} on {chosen[2]}"


def test_memory_is_that_of_one_machine_not_of_all_together() -> None:
    assert together(MACHINES.values()) == Budget(6, 6, 18 * GB)
    assert started([job("a", 10)], []) == "a on large"
    assert started([job("a", 17)], []) is None
    assert started([job("a", 2)], [job("x", 15, "large"), job("y", 1, "small")]) is None


def test_the_idlest_machine_that_has_room_is_taken() -> None:
    assert started([job("a", 1)], [job("x", 1, "large")]) == "a on small"
    assert started([job("a", 1)], [job("x", 1, "small")]) == "a on large"
    both = [job("x", 1, "small"), job("y", 1, "large")]
    assert started([job("a", 1)], both) == "a on large"


def test_the_largest_is_first_wherever_it_fits_and_a_small_one_fills_the_rest() -> None:
    queue = [job("vase", 1), job("statue", 10, seconds=9)]
    assert started(queue, []) == "statue on large"
    assert started(queue, [job("x", 10, "large")]) == "vase on small"


def test_what_runs_on_a_machine_that_has_gone_takes_nothing_from_the_others() -> None:
    assert started([job("a", 2)], [job("x", 16, "gone")]) == "a on large"


class Two(LocalWorkers):
    """Two machines made of this one; the first gives back what it is asked to do."""

    def __init__(self) -> None:
        super().__init__(Budget(1, 1, 0))
        self.there = {
            "broken": Budget(1, 1, 4 * LEAST_BYTES),
            "sound": Budget(1, 1, 2 * LEAST_BYTES),
        }
        self.asked: list[str] = []

    def machines(self) -> Mapping[str, Budget]:
        return dict(self.there)

    def refusal(self, estimate: Estimate) -> tuple[str, str] | None:  # type: ignore[override]
        largest = max(budget.memory_bytes for budget in self.there.values())
        fits = estimate.memory_bytes <= largest
        return None if fits else (f"the largest has {largest / 1e9} GB", "a larger one")

    def start(self, job: Job, log: Path, machine: str = "") -> None:
        self.asked.append(f"{job.id} on {machine} with {job.memory_bytes}")
        if machine == "broken":
            del self.there["broken"]
            self._messages.put(Message(job.id, given_back=True))
        else:
            super().start(job, log)


def test_a_machine_that_gives_back_costs_no_relic_an_attempt(
    shelf: Path, pipeline: str, tmp_path: Path
) -> None:
    workers = Two()
    (outcome,) = run(shelf, tmp_path / "out", pipeline=pipeline, workers=workers)
    assert (outcome.state, outcome.attempts) == ("done", 1)
    assert [line.split()[2] for line in workers.asked] == ["broken", "sound"]


def test_a_relic_that_only_the_lost_machine_could_take_is_refused_and_not_waited_for(
    tmp_path: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cup", "statue"):
        write_cup(tmp_path / "scans" / name)
    large = Estimate(99, 3 * LEAST_BYTES)
    small = Estimate(1, LEAST_BYTES / 2)
    monkeypatch.setattr("relicscan.batch.plan.survey", lambda *_: {"cup": small, "statue": large})
    workers = Two()
    cup, statue = run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline, workers=workers)
    assert workers.asked[0].startswith("statue on broken")
    assert cup.state == "done"
    assert (statue.state, statue.lasting) == ("out_of_memory", False)
    assert statue.reasons == (("the largest has 2.4 GB", "a larger one"),)
    assert checked_output(tmp_path / "out")["statue"]["state"] == "out_of_memory"


def test_room_beyond_the_estimate_is_cut_to_what_the_machines_left_have(
    shelf: Path, tmp_path: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = Estimate(1, 1.8 * LEAST_BYTES)  # room for it: 2.7 times the least
    monkeypatch.setattr("relicscan.batch.plan.survey", lambda *_: {"cup": estimate})
    workers = Two()
    (outcome,) = run(shelf, tmp_path / "out", pipeline=pipeline, workers=workers)
    assert outcome.state == "done"
    assert workers.asked == [
        f"cup on broken with {int(1.5 * 1.8 * LEAST_BYTES)}",
        f"cup on sound with {2 * LEAST_BYTES}",
    ]
