"""Processes that end with the one that started them, and with all that they started."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relicscan.processes import ended, ending_with_us, terminate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes as Linux shows them")


def alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def start(code: str) -> tuple[subprocess.Popen[bytes], int]:
    """Python code in a session of its own, and the number that it prints first."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


CHILD = "import subprocess, time; c = subprocess.Popen({command!r}); print(c.pid, flush=True)\n"


def test_a_command_ends_with_the_process_that_started_it() -> None:
    command = ending_with_us(["sleep", "60"])
    assert command[-2:] == ["sleep", "60"]
    process, child = start(CHILD.format(command=command) + "time.sleep(60)")
    time.sleep(0.5)  # until it has asked to
    assert alive(child)
    process.kill()
    process.communicate()
    assert wait_for(lambda: not alive(child))


def test_a_worker_ends_with_the_process_that_started_it() -> None:
    worker = [
        sys.executable,
        "-c",
        "import time; from relicscan.processes import end_with_parent; end_with_parent();"
        "time.sleep(60)",
    ]
    process, child = start(CHILD.format(command=worker) + "time.sleep(60)")
    time.sleep(1.0)  # until it has asked to
    assert alive(child)
    process.kill()
    process.communicate()
    assert wait_for(lambda: not alive(child))


def test_a_worker_whose_parent_is_gone_already_ends_at_once() -> None:
    code = "from relicscan.processes import end_with_parent; end_with_parent(1); print(0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("grace_s", [0.0, 0.3])
@pytest.mark.parametrize("ends", ["", "time.sleep(60)"])
def test_what_a_process_started_ends_with_it(grace_s: float, ends: str) -> None:
    process, child = start(CHILD.format(command=["sleep", "60"]) + ends)
    if not ends:
        assert ended(process, 10)
    assert alive(child)
    terminate(process, grace_s=grace_s)
    assert process.returncode is not None
    assert wait_for(lambda: not alive(child))
    assert process.stdout is not None
    process.stdout.close()


def test_a_process_that_is_asked_may_end_in_its_own_way() -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print(0, flush=True)\n"
        "time.sleep(60)"
    )
    process, _ = start(code)
    terminate(process, grace_s=10)
    assert process.returncode == 7
    process.communicate()


def test_a_process_that_has_ended_is_not_reaped_before_its_group_is() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    assert ended(process, 10)
    assert process.returncode is None
    assert Path(f"/proc/{process.pid}").exists()
    terminate(process)
    terminate(process)  # a second time does nothing
    assert process.returncode == 0
    assert not alive(process.pid)
