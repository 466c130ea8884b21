"""How many threads numeric work may use: one number, set before numeric libraries load.

`--reproducible` means one thread everywhere: parallel reductions add in an order
that differs from run to run, and with it the last bits of the result.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")

#: Set in threads whose neighbours keep the other processors busy.
_this_thread = threading.local()

#: What BLAS and OpenMP read when they load. Open3D reads none of them: see `open3d`.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


def environment(count: int) -> dict[str, str]:
    """The environment that a worker process needs for `count` threads."""
    return {
        **dict.fromkeys(VARIABLES, str(count)),
        "RELICSCAN_THREADS": str(count),
        # glibc keeps what threads have freed in a heap for each: a third more at the peak.
        "MALLOC_ARENA_MAX": "2",
    }


def count() -> int:
    """Threads that numeric work may use where this is called: one inside `each`."""
    return 1 if getattr(_this_thread, "is_one_of_several", False) else granted()


def granted() -> int:
    """Threads that numeric work may use in this process."""
    given = os.environ.get("RELICSCAN_THREADS", "")
    return max(1, int(given)) if given.isdecimal() else available()


def available() -> int:
    """Processors that this process may run on: fewer than there are in a container or a job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def in_blocks(work: Callable[[int, int], None], items: int, block: int = 16_384) -> None:
    """Call `work(start, stop)` over all items in blocks, as many at a time as there are threads.

    For compiled loops that let go of the interpreter (numba's `nogil`) and write each item
    to a place of its own: the result is then the same for any number of threads. Raises
    MemoryError where there is no memory for another thread.
    """
    spans = [(start, min(start + block, items)) for start in range(0, items, block)]
    if count() == 1 or len(spans) < 2:
        for span in spans:
            work(*span)
        return
    for _ in _side_by_side(lambda span: work(*span), spans):
        pass


def each(work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """The results of work on every item, in their order, as many at a time as there are threads.

    For a few long pieces of work: each has one thread. Raises MemoryError where there is no
    memory for another.
    """
    if count() == 1 or len(items) < 2:
        return [work(item) for item in items]

    def alone(item: _In) -> _Out:
        _this_thread.is_one_of_several = True
        try:
            return work(item)
        finally:
            _this_thread.is_one_of_several = False

    return _side_by_side(alone, items)


def both(first: Callable[[], _In], second: Callable[[], _Out]) -> tuple[_In, _Out]:
    """The results of two pieces of work, side by side where there are threads.

    Each may use all of them: the one that is left has what the other no longer needs.
    """
    if count() == 1:
        return first(), second()
    with ThreadPoolExecutor(1) as pool:
        try:
            other = pool.submit(second)
        except RuntimeError as error:
            raise MemoryError(str(error)) from error
        return first(), other.result()


def _side_by_side(work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    with ThreadPoolExecutor(count()) as pool:
        try:
            done = pool.map(work, items)
        except RuntimeError as error:  # "can't start new thread"
            raise MemoryError(str(error)) from error
        return list(done)


class Kept:
    """Results by their keys, each made once: who asks while it is made waits for it."""

    def __init__(self) -> None:
        self._results: dict[Hashable, Future[Any]] = {}
        self._asking = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], _Out]) -> _Out:
        """The result kept under a key; `make()` where there is none yet."""
        with self._asking:
            known = self._results.get(key)
            found: Future[_Out] = Future() if known is None else known
            self._results[key] = found
        if known is None:
            try:
                found.set_result(make())
            except BaseException as error:
                found.set_exception(error)
                raise
        return found.result()
