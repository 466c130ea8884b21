"""A bound on the time that something may take, for tests of input that is made to take for ever."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail with TimeoutError what takes longer; where there are no timers (Windows), do nothing.

    Generous: what the tests bound takes a thousandth of its time when it is sound, and hours or
    no end when it is not.
    """
    if os.name != "posix":
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
