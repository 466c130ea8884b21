"""Processes as Linux shows them under /proc: who lives, whose children, and where they listen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"  # TCP_LISTEN in the kernel's include/net/tcp_states.h


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it holds; far longer than it should take fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_running(process_id: int) -> bool:
    """Whether a process is there and no zombie."""
    return _parent_and_state(process_id)[1] not in ("", "Z")


def family(process_id: int) -> set[int]:
    """A process and all that it started, and what those started."""
    parents = {int(p.name): _parent_and_state(int(p.name))[0] for p in PROC.glob("[0-9]*")}
    found, before = {process_id}, 0
    while len(found) > before:
        before = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def listens_on(process_ids: set[int]) -> set[str]:
    """The addresses, as the kernel writes them (0100007F is 127.0.0.1), without ports."""
    inodes = set()
    for process_id in process_ids:
        for descriptor in (PROC / str(process_id) / "fd").glob("*"):
            try:
                inodes.add(str(descriptor.readlink()))
            except OSError:
                continue
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in inodes:
                addresses.add(fields[1].partition(":")[0])
    return addresses


def _parent_and_state(process_id: int) -> tuple[int, str]:
    try:
        text = (PROC / str(process_id) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0, ""
    found = re.search(r"\) (\w) (\d+)", text)
    return (int(found[2]), found[1]) if found else (0, "")
