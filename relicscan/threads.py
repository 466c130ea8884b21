"""How many threads numeric work may use: one number, set before numeric libraries load.

`--reproducible` means one thread everywhere: parallel reductions add in an order
that differs from run to run, and with it the last bits of the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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
    with ThreadPoolExecutor(count()) as pool:
        try:
            done = pool.map(lambda span: work(*span), spans)
        except RuntimeError as error:  # "can't start new thread"
            raise MemoryError(str(error)) from error
        for _ in done:
            pass
