"""What a worker of a cluster does with an attempt: it starts the very same process.

The Dask task only waits for that process, in a thread that lives as long. So limits,
crashes and memory are what they are on one machine, and nothing that a scan does can
harm the worker. Words and numbers go in and come out as plain data.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from relicscan import __version__
from relicscan.batch.code_version import code_version
from relicscan.batch.job import Job
from relicscan.batch.process import Cancelled, attempt

#: Under which workers tell what happens. One for all runs, since a scheduler never forgets one.
TOPIC = "relicscan"
#: The file by which a worker knows that it sees the output folder that the run means.
TICKET = "ticket"
SAME_PATHS = "Scans and output have to be where all machines see them under the same path."
#: A network share may show a new file late: this long it is looked for.
SHOWS_LATE_S = 5.0


def work(
    order: str, log: str, run: str, folder: str, code: str, sees: Sequence[str]
) -> dict[str, Any]:
    """Run the job `order` in a process on this worker; how it ended, or why not, as plain data.

    `run` is the name of the run, which is in the ticket in its `folder`; `code` is the
    version of the code that the run is made with; `sees` are files and folders that it sees.
    One key of the answer is there: `ended` (an attempt), `unfit` (why this worker can do
    nothing), `cancelled`.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def tell(**news: Any) -> None:
        worker.log_event(TOPIC, {"run": run, "key": key, **news})

    def emit(event: Mapping[str, Any]) -> None:
        tell(event=dict(event))

    try:
        if unfit := _unfit(run, folder, code):
            return {"unfit": unfit}
        for path in sees:
            Path(path).stat()
        ended = attempt(Job.from_json(order), Path(log), emit, _Unwanted(worker, key))
    except Cancelled:
        return {"cancelled": True}
    except OSError as error:
        what = error.filename or "a file of the run"
        return {"unfit": f"it cannot get at {what} ({error.strerror or error}). {SAME_PATHS}"}
    finally:
        tell(over=True)
    told = {name: getattr(ended, name) for name in ("identity", "exit_code", "peak_memory_bytes")}
    return {"ended": {"outcome": asdict(ended.outcome), **told}}


class _Unwanted(threading.Event):
    """Set once nobody waits for the attempt: the run has ended or died, or this worker ends.

    When a run's connection closes, for whatever reason, the scheduler releases what it had
    asked for, and the worker notes the task as cancelled but cannot stop its thread.
    """

    def __init__(self, worker: Any, key: str) -> None:
        super().__init__()
        self.worker, self.key = worker, key

    def is_set(self) -> bool:
        task = self.worker.state.tasks.get(self.key)
        at_work = self.worker.status.name in ("running", "paused")
        return not at_work or task is None or task.state != "executing"


@lru_cache(maxsize=16)
def _unfit(run: str, folder: str, code: str) -> str | None:
    """Why nothing of this run can be done here, looked at once for each run."""
    code_version.cache_clear()  # the process will import what is on the disk now
    if code_version() != code:
        return (
            f"its relicscan (here {__version__}), or a library that relicscan stands on, is not "
            "the one of the run: install the same on all machines"
        )
    end = time.monotonic() + SHOWS_LATE_S
    while True:
        try:
            if (Path(folder) / TICKET).read_text(encoding="utf-8") == run:
                return None
            reason = "another folder is there"
        except OSError as error:
            reason = error.strerror or str(error)
        if time.monotonic() > end:
            return f"it does not see the output folder ({reason}). {SAME_PATHS}"
        time.sleep(0.2)
