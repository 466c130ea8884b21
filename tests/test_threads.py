"""One number of threads, wherever it comes from."""

from __future__ import annotations

import pytest

from relicscan import threads


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
