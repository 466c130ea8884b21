"""On PYTHONPATH, spoils the workers of relics that are called crash-…, hang-… or hog-….

Python imports this before anything else. What native code does to a process cannot be asked
of a stage, so the process is made to do it when `build_levels` is to begin.
"""

import os
import signal
import sys
import time


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _hang() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def _hog() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(os.urandom(1) * 50_000_000))


def _spoil(how: object) -> None:
    import relicscan.pipeline as pipeline

    run_stage = pipeline.run_stage

    def spoiled(relic, planned):  # type: ignore[no-untyped-def]
        if planned.stage.name == "build_levels":
            how()  # type: ignore[operator]
        return run_stage(relic, planned)

    pipeline.run_stage = spoiled


_HOW = {"crash": _crash, "hang": _hang, "hog": _hog}
if sys.orig_argv[-1].endswith(".job.json"):
    _kind = os.path.basename(sys.orig_argv[-1]).split("-")[0]  # noqa: PTH119 - nothing imported yet
    if _kind in _HOW:
        _spoil(_HOW[_kind])
