"""One number of threads, wherever it comes from."""

from __future__ import annotations

import threading
import time

import pytest

from relicscan import threads
from relicscan.threads import Kept


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "3")
    assert threads.count() == 3


@pytest.mark.parametrize("given", ["", "many", "-2", "1.5"])
def test_what_is_no_number_is_as_if_not_given(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", given)
    assert threads.count() == threads.available() >= 1


def test_a_worker_is_told_in_every_way() -> None:
    told = threads.environment(1)
    assert set(threads.VARIABLES) < set(told)
    assert {told[name] for name in (*threads.VARIABLES, "RELICSCAN_THREADS")} == {"1"}


def test_no_memory_for_a_thread_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setenv("RELICSCAN_THREADS", "2")
    monkeypatch.setattr("threading.Thread.start", refused)
    with pytest.raises(MemoryError, match="new thread"):
        threads.in_blocks(lambda start, stop: None, 10, block=2)


@pytest.mark.parametrize("given", ["1", "2", "3"])
def test_each_keeps_the_order_and_its_work_has_one_thread(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", given)

    def work(item: int) -> tuple[int, int]:
        time.sleep(0.002 * (7 - item))
        return item, threads.count()

    assert threads.each(work, range(7)) == [(item, 1) for item in range(7)]
    assert threads.count() == int(given), "only inside"
    assert threads.granted() == int(given)


def test_what_fails_in_one_of_several_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "2")
    with pytest.raises(ZeroDivisionError):
        threads.each(lambda item: 1 // item, [1, 0, 2])
    with pytest.raises(ZeroDivisionError):
        threads.both(lambda: 1, lambda: 1 // 0)


def test_both_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "2")
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(threads.both(meeting.wait, meeting.wait)) == [0, 1]
    monkeypatch.setenv("RELICSCAN_THREADS", "1")
    assert threads.both(lambda: threading.get_ident(), lambda: threading.get_ident()) == (
        threading.get_ident(),
        threading.get_ident(),
    )


def test_what_is_kept_is_made_once_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "4")
    kept, made = Kept(), []

    def make() -> object:
        made.append(1)
        time.sleep(0.05)
        return object()

    found = threads.each(lambda _: kept.get("key", make), range(4))
    assert len(made) == 1
    assert all(thing is found[0] for thing in found)
    assert kept.get("another", make) is not found[0]


def test_what_could_not_be_made_fails_for_all_who_ask() -> None:
    kept = Kept()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.get("key", lambda: 1 // 0)
