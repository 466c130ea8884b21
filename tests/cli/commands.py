"""What running a command gives: exit code, stdout and stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What a command said; no command ends in a traceback."""

    code: int
    out: str
    err: str


Cli = Callable[..., Said]
#: What a terminal, or the test runner of one, may have set.
TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def in_a_process(*arguments: str | Path, code: int = 0, **environment: str) -> Said:
    """The same in a process of its own, without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "relicscan", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={k: v for k, v in os.environ.items() if k not in TERMINAL} | environment,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Evening:
    """A run of the default pipeline over relics good, doubtful and bad."""

    scans: Path
    out: Path
    said: Said
