"""Ways for a worker process to end badly, by the id of its relic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relicscan.batch.job import Outcome

#: Python imports this before anything else in every process that has its folder on PYTHONPATH.
#: What native code does to a process (abort, run out of memory) cannot be asked of a stage.
SITECUSTOMIZE = """
import os, pathlib, sys, time

here = pathlib.Path(__file__).parent
relic = os.path.basename(sys.orig_argv[-1]).removesuffix(".job.json")

def spoil():
    import relicscan.pipeline as pipeline
    import relicscan.delivery.khronos as khronos

    def note(*_):
        with (here / f"{relic}.txt").open("a") as stream:
            stream.write(f"{os.environ['RELICSCAN_THREADS']} {os.getpid()}\\n")

    def crash(*_):
        note()
        print("about to crash", file=sys.stderr, flush=True)
        os.abort()

    def crash_once(*_):
        note()
        if os.environ["RELICSCAN_THREADS"] != "1":
            os.abort()

    def defect(*_):
        raise KeyError("something of ours")

    def exhaust(*_):
        raise MemoryError

    def hang(*_):
        note()
        time.sleep(120)

    def full(*_):
        import errno, relicscan.durable
        def fsync(fd):
            raise OSError(errno.ENOSPC, "No space left on device")
        relicscan.durable.os.fsync = fsync

    what = {"crashing": crash, "once": crash_once, "hanging": hang}
    if relic in what:
        # After all files are written: nothing of them may stay.
        khronos.validate_many = what[relic]
    in_a_stage = {"defect": defect, "exhausted": exhaust, "full": full}
    if relic in in_a_stage:
        run_stage = pipeline.run_stage
        def first(*arguments):
            if arguments[1].stage.name == "build_levels":
                in_a_stage[relic]()
            return run_stage(*arguments)
        pipeline.run_stage = first

if sys.orig_argv[-1].endswith(".job.json"):
    spoil()
"""


@dataclass(frozen=True)
class Night:
    """A batch in which nearly everything goes wrong that can."""

    root: Path
    out: Path
    outcomes: dict[str, Outcome]
    notes: Path
