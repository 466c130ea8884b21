"""A process and what it took: wall and processor seconds, memory at its highest.

By wait4(2), whose figures are the kernel's own for just that process. A process counts
what its parent held when it was started, so the parent does none of the work itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relicscan.processes import ending_with_us

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    """How a process ended. `ending` is empty when it ended well, else how it did not.

    `last_line` is the last that it said at the margin: of an error, what it is.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    ending: str
    last_line: str


def measured(command: Sequence[str], log: Path, timeout_s: float = 3600.0) -> Measured:
    """Run a command to its end, what it says going to `log`; it is killed after `timeout_s`."""
    began = time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ending_with_us(command), stdout=stream, stderr=subprocess.STDOUT, cwd=ROOT
        )
        late = threading.Timer(timeout_s, process.kill)
        late.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            late.cancel()
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Measured(
        wall_s,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),  # getrusage(2)
        _ending(process.returncode, wall_s >= timeout_s),
        next((line for line in reversed(lines) if line[:1].strip()), ""),
    )


def judged(folder: Path, count: int, meshes: Sequence[Path]) -> list[dict[str, float]]:
    """What `bench.judge` says of meshes of a scan that `bench.scan` made. Raises SystemExit."""
    log = folder / "judge.log"
    took = measured(python("bench.judge", folder.name, folder, count, *meshes), log)
    if took.ending:
        raise SystemExit(f"the judge {took.ending}: {took.last_line}")
    lines = log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def say(line: str) -> None:
    """Tell how far it has come, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of this checkout."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def _ending(code: int, late: bool) -> str:
    if late:
        return "ran out of time"
    if code < 0:
        by = signal.Signals(-code)
        # Nobody dies of these by a fault of its own; the kernel out of memory sends the second.
        verb = "was killed" if by in (signal.SIGTERM, signal.SIGKILL) else "crashed"
        return f"{verb} ({by.name})"
    return f"failed (exit code {code})" if code else ""
