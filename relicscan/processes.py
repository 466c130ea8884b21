"""Processes that end with the one that started them, on Linux by the kernel's own hand.

A run that is killed with -9 must leave nothing behind that still works. PR_SET_PDEATHSIG
(prctl(2)) holds for the *thread* that started the process: it has to live as long.
Elsewhere a worker notices at its next event that nobody listens.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress


def end_with_parent(parent: int | None = None) -> None:
    """Let the kernel kill this process when the one that started it ends.

    `parent` is that process's id: if it ended before this was called, this process ends now.
    """
    if sys.platform != "linux":
        return
    import ctypes

    PR_SET_PDEATHSIG = 1  # linux/prctl.h
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def ending_with_us(command: Sequence[str]) -> list[str]:
    """The command in a form that ends with this process, where util-linux is there to do it."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [*([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []), *command]


def ended(process: subprocess.Popen[bytes], timeout_s: float = 0.0) -> bool:
    """Whether the process ends within that time.

    It is not reaped: until `terminate`, its number cannot become another group's.
    """
    if sys.platform == "win32":
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout_s)
        return process.returncode is not None
    end = time.monotonic() + timeout_s
    while process.returncode is None:
        with suppress(ChildProcessError):
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
                return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
    return True


def terminate(process: subprocess.Popen[bytes], *, grace_s: float = 0.0) -> None:
    """End a process that leads a session, and whatever it started: politely first, then not."""
    if process.returncode is not None:
        return  # it was terminated before
    if grace_s > 0 and not ended(process):
        _signal_group(process, polite=True)
        ended(process, grace_s)
    # Also after it has ended by itself: what it started may still run.
    _signal_group(process, polite=False)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], *, polite: bool) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGTERM if polite else signal.SIGKILL)
