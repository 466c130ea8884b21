"""One run at a time, by a lock that dies with its process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from relicscan.batch.lock import hold
from relicscan.errors import Busy

HOLDER = """
import pathlib, sys, time
from relicscan.batch.lock import hold
with hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / "out" / ".relicscan").mkdir(parents=True)
    return tmp_path / "out" / ".relicscan" / "lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_is_free_again_afterwards(lock: Path) -> None:
    with hold(lock):
        pass
    with hold(lock):
        assert lock.exists()


def test_another_process_is_told_who_holds_it(lock: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Busy) as caught, hold(lock):
        pytest.fail("the lock was held twice")
    assert f"(process {holder.pid})" in caught.value.message
    assert caught.value.scan == str(lock.parent.parent)
    assert "-o" in (caught.value.remedy or "")


def test_being_refused_leaves_the_lock_with_its_holder(
    lock: Path, holder: subprocess.Popen[str]
) -> None:
    for _ in range(2):
        with pytest.raises(Busy), hold(lock):
            pytest.fail("the lock was held twice")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_process_leaves_no_stale_lock(lock: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold(lock):
        assert lock.read_text(encoding="utf-8").startswith("process ")


def test_an_error_inside_frees_it(lock: Path) -> None:
    with pytest.raises(ValueError, match="inside"), hold(lock):
        raise ValueError("inside")
    with hold(lock):
        pass
