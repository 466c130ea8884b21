"""Which relic is started next, and with what: decided by arithmetic alone."""

from __future__ import annotations

import pytest

from relicscan.batch.budget import LEAST_BYTES, Budget
from relicscan.batch.estimate import Estimate
from relicscan.batch.schedule import Waiting, again, next_to_start, waiting

GB = 10**9
BUDGET = Budget(jobs=2, threads=4, memory_bytes=10 * GB)


def job(name: str, seconds: float, memory_gb: float = 1, **more: int) -> Waiting:
    return Waiting(name, Estimate(seconds, 0), int(memory_gb * GB), 600.0, **more)


def started(queue: list[Waiting], running: list[Waiting], budget: Budget = BUDGET) -> str | None:
    chosen = next_to_start(queue, running, budget)
    return None if chosen is None else f"{chosen[0].id} {chosen[1]}"


def test_the_largest_is_started_first() -> None:
    assert started([job("small", 1), job("large", 9), job("middle", 5)], []) == "large 2"


def test_equals_are_started_by_id() -> None:
    assert started([job("b", 1), job("a", 1)], []) == "a 2"


def test_no_more_than_jobs_at_a_time() -> None:
    assert started([job("a", 1)], [job("x", 1), job("y", 1)]) is None


def test_a_smaller_one_fills_what_memory_is_left() -> None:
    queue = [job("large", 9, 8), job("small", 1, 3)]
    assert started(queue, [job("x", 1, 6, threads=2)]) == "small 2"
    assert started(queue, [job("x", 1, 9, threads=2)]) is None


def test_threads_are_shared_among_those_that_can_run_beside_it() -> None:
    assert started([job("a", 9), job("b", 1)], []) == "a 2"
    # Nothing fits beside it, or nothing is left: it gets all cores.
    assert started([job("a", 9, 9), job("b", 1, 2)], []) == "a 4"
    assert started([job("a", 9)], []) == "a 4"
    assert started([job("a", 9)], [job("x", 1, threads=3)]) == "a 1"


def test_threads_that_were_asked_for_are_given() -> None:
    assert started([job("a", 9, threads=1), job("b", 1)], []) == "a 1"


def test_what_failed_comes_after_what_was_not_tried() -> None:
    assert started([job("again", 99, attempt=2), job("fresh", 1)], []) == "fresh 2"


def test_room_is_more_than_the_estimate_and_never_more_than_there_is() -> None:
    def room(estimated: float) -> int:
        return waiting("a", Estimate(1, estimated), BUDGET, None, None).memory_bytes

    assert room(2 * GB) == 3 * GB
    assert room(9 * GB) == BUDGET.memory_bytes
    assert room(1000) == LEAST_BYTES


@pytest.mark.parametrize(
    ("seconds", "asked", "limit"), [(10, None, 600), (120, None, 1200), (120, 30.0, 30)]
)
def test_time_is_ten_times_the_estimate_or_what_was_asked(
    seconds: float, asked: float | None, limit: float
) -> None:
    assert waiting("a", Estimate(seconds, GB), BUDGET, asked, None).time_limit_s == limit


def test_a_second_attempt_has_one_thread_and_more_of_what_was_short() -> None:
    first = job("a", 9, 2, threads=2)
    crashed = again(first, "crashed", BUDGET, fixed_time=False)
    assert (crashed.attempt, crashed.threads) == (2, 1)
    assert (crashed.memory_bytes, crashed.time_limit_s) == (3 * GB, 600)
    hungry = again(first, "out_of_memory", BUDGET, fixed_time=False)
    assert (hungry.memory_bytes, hungry.time_limit_s) == (10 * GB, 600)
    slow = again(first, "timed_out", BUDGET, fixed_time=False)
    assert (slow.memory_bytes, slow.time_limit_s) == (3 * GB, 1800)
    assert again(first, "timed_out", BUDGET, fixed_time=True).time_limit_s == 600
