"""Which workers there are, as a scheduler tells it: and when a run stops waiting for one."""

from __future__ import annotations

from typing import Any

import pytest

from relicscan.batch.budget import Budget
from relicscan.batch.cluster import roster
from relicscan.batch.cluster.roster import Roster
from relicscan.batch.cluster.settings import MEMORY
from relicscan.batch.estimate import Estimate
from relicscan.errors import NoRoom

GB = 10**9


class Scheduler:
    """A client whose scheduler tells one thing after the other, and the last one again and again.

    None is no answer.
    """

    def __init__(self, *answers: dict[str, dict[str, Any]] | None) -> None:
        self.answers = list(answers)
        self.status = "running"

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise OSError("the scheduler does not answer")
        return {"workers": answer}


def worker(gb: int, slots: int = 2, status: str = "running") -> dict[str, Any]:
    return {"nthreads": slots, "status": status, "resources": {MEMORY: gb * 1000}}


@pytest.fixture(autouse=True)
def _always_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_S", "LOOK_SOON_S"):
        monkeypatch.setattr(roster, name, 0.0)


def of(scheduler: Scheduler, *, settle_s: float = 0.0, patience_s: float = 3600.0) -> Roster:
    client: Any = scheduler
    return Roster(client, "tls://here:1", settle_s=settle_s, patience_s=patience_s)


def test_only_workers_that_relicscan_started_and_that_stay_are_used() -> None:
    stranger = {"nthreads": 8, "status": "running", "resources": {"GPU": 1}}
    leaving = worker(9, status="closing_gracefully")
    told = {"tls://a:1": worker(8, slots=4), "tls://b:1": stranger, "tls://c:1": leaving}
    assert of(Scheduler(told)).usable() == {"tls://a:1": Budget(4, 4, 8 * GB)}


def test_a_worker_has_gone_when_the_scheduler_says_so_not_when_it_says_nothing() -> None:
    told = of(Scheduler({"a": worker(1)}, None, {}))
    assert set(told.usable()) == {"a"}
    assert not told.has_gone("a")
    assert told.usable() == {}
    assert not told.has_gone("a")
    assert told.usable() == {}
    assert told.has_gone("a")


def test_a_lost_worker_is_not_used_before_the_scheduler_tells_of_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = of(Scheduler({"a": worker(1), "b": worker(1)}))
    told.usable()
    monkeypatch.setattr(roster, "LOOK_S", 3600.0)
    told.strike("a")
    assert set(told.usable()) == {"b"}
    monkeypatch.setattr(roster, "LOOK_S", 0.0)
    assert set(told.usable()) == {"a", "b"}


def test_patience_has_an_end() -> None:
    with pytest.raises(NoRoom, match="the cluster has no worker") as caught:
        of(Scheduler({}), patience_s=-1).usable()
    assert "relicscan cluster worker" in (caught.value.remedy or "")


def test_a_scheduler_that_has_gone_is_not_waited_for() -> None:
    scheduler = Scheduler(None)
    scheduler.status = "closed"
    with pytest.raises(NoRoom, match="the scheduler of the cluster has gone"):
        of(scheduler).usable()


def test_where_no_worker_is_fit_a_run_ends_at_once_and_where_one_was_it_waits() -> None:
    told = of(Scheduler({"a": worker(1), "b": worker(1)}, {"a": worker(1)}))
    assert set(told.usable()) == {"a", "b"}
    told.exclude("a", "it does not see the output folder")
    told.worked()
    assert told.usable() == {}
    never = of(Scheduler({"a": worker(1)}))
    never.exclude("a", "it does not see the output folder")
    with pytest.raises(NoRoom, match="a: it does not see the output folder"):
        never.usable()


def test_a_large_worker_that_is_on_its_way_is_waited_for() -> None:
    small, large = {"a": worker(2)}, {"a": worker(2), "b": worker(16)}
    told = of(Scheduler(small, small, small, large), settle_s=3600.0)
    assert told.refusal(Estimate(1, 9e9)) is None


def test_a_relic_that_fits_nowhere_is_refused_with_both_figures() -> None:
    told = of(Scheduler({"a": worker(2), "b": worker(4)}), settle_s=-1)
    assert told.refusal(Estimate(1, 4e9)) is None
    refused = told.refusal(Estimate(1, 9e9))
    assert refused is not None
    assert "9.0 GB" in refused[0]
    assert "4.0 GB" in refused[0]
