"""Figures of a process are those of just that process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.measured import measured

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="wait4 is of Unix")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_memory_is_the_childs_own(tmp_path: Path) -> None:
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])  # what this process holds is not the child's
    small = measured(python("pass"), tmp_path / "log")
    large = measured(python("len(bytearray(b'x') * 200_000_000)"), tmp_path / "log")
    assert large.peak_bytes - small.peak_bytes > 150_000_000 or small.peak_bytes > len(held)
    assert large.peak_bytes > 200_000_000


def test_processor_seconds_are_counted_and_sleep_is_not(tmp_path: Path) -> None:
    asleep = measured(python("import time; time.sleep(0.5)"), tmp_path / "log")
    at_work = measured(python("sum(range(8_000_000))"), tmp_path / "log")
    assert asleep.wall_s > 0.5
    assert at_work.cpu_s > asleep.cpu_s


def test_a_crash_is_told_with_its_signal_and_last_words(tmp_path: Path) -> None:
    code = "import os, signal; print('at step 3', flush=True); os.kill(os.getpid(), signal.SIGSEGV)"
    ended = measured(python(code), tmp_path / "log")
    assert ended.ending == "crashed (SIGSEGV)"
    assert ended.last_line == "at step 3"


def test_an_error_is_told_with_its_exit_code(tmp_path: Path) -> None:
    ended = measured(python("import not_there"), tmp_path / "log")
    assert ended.ending == "failed (exit code 1)"
    assert ended.last_line == "ModuleNotFoundError: No module named 'not_there'"


def test_the_last_line_is_the_error_and_not_its_remedy(tmp_path: Path) -> None:
    code = "import sys; sys.exit('there is no stage\\n  What would work: its stages are …')"
    assert measured(python(code), tmp_path / "log").last_line == "there is no stage"


def test_what_does_not_end_is_killed(tmp_path: Path) -> None:
    ended = measured(python("import time; time.sleep(60)"), tmp_path / "log", timeout_s=0.5)
    assert ended.ending == "ran out of time"
    assert ended.wall_s < 30
