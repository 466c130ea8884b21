"""What a run may take of the machine: cores, and memory, as the system and the user allow.

Memory is what is available now, not what is built in, less a margin; a container's or a
job's own limit (cgroups) counts where it is tighter.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from relicscan import threads
from relicscan.errors import NoRoom, PipelineError

#: Of the memory that is available, what the jobs may have together; the rest is for the system.
SHARE = 0.8
#: A sample takes 0.45 GB; the first relic on a machine, whose process also compiles the loops of
#: `relicscan.geometry.kernels`, 0.8 GB: with half as much again, no relic gets less.
LEAST_BYTES = 1_200_000_000
#: Where nobody tells how much memory there is.
UNKNOWN_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Budget:
    """Jobs at a time, threads for all of them together, and memory for all of them together."""

    jobs: int
    threads: int
    memory_bytes: int


def together(budgets: Iterable[Budget]) -> Budget:
    """What several machines may give together."""
    budgets = list(budgets)
    return Budget(
        sum(b.jobs for b in budgets),
        sum(b.threads for b in budgets),
        sum(b.memory_bytes for b in budgets),
    )


def budget_of(
    *, jobs: int | None = None, threads_per_job: int | None = None, memory_bytes: int | None = None
) -> Budget:
    """The budget; what is None is found out. Raises PipelineError, NoRoom."""
    for name, value in (("--jobs", jobs), ("--threads", threads_per_job)):
        if value is not None and value < 1:
            raise PipelineError(f"{name} is {value}", remedy=f"give {name} 1 or more")
    cores = threads.count()
    each = threads_per_job or 1
    jobs = jobs or max(1, cores // each)
    memory = memory_bytes or int(SHARE * available_bytes())
    if memory < LEAST_BYTES:
        raise NoRoom(
            f"{memory / 1e6:,.0f} MB of memory are too little for any relic",
            remedy=f"free memory, or give at least {LEAST_BYTES / 1e6:,.0f} MB with --memory",
        )
    return Budget(jobs, jobs * each if threads_per_job else max(jobs, cores), memory)


def available_bytes() -> int:
    """Memory that can be had now, in bytes."""
    limits = [*_from_meminfo(), *_from_cgroups()]
    if not limits:
        with suppress(AttributeError, ValueError, OSError):
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(limits, default=UNKNOWN_BYTES)


def _from_meminfo() -> Iterable[int]:
    with suppress(OSError, ValueError):
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        yield from (int(kb) * 1024 for kb in re.findall(r"^MemAvailable:\s*(\d+) kB", text, re.M))


def _from_cgroups() -> Iterable[int]:
    """What is left under the limit of this process's own cgroup, version 2 and then 1."""
    folders = [Path("/sys/fs/cgroup")]
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            folders.append(Path("/sys/fs/cgroup") / line.split(":", 2)[2].lstrip("/"))
    pairs = [(f / "memory.max", f / "memory.current") for f in folders]
    v1 = Path("/sys/fs/cgroup/memory")
    pairs.append((v1 / "memory.limit_in_bytes", v1 / "memory.usage_in_bytes"))
    for limit, used in pairs:
        with suppress(OSError, ValueError):  # "max" is no number: no limit
            left = int(limit.read_text()) - int(used.read_text())
            if left < 1 << 50:  # version 1 says "none" with a number near 2^63
                yield max(0, left)


def parse_bytes(text: str) -> int:
    """`8GB`, `500 MB`, `1.5GiB` or a number of bytes. Raises PipelineError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)[bB]?\s*", text.strip(), re.IGNORECASE)
    if match is None:
        raise PipelineError(
            f"'{text}' is not an amount of bytes", remedy="write for example 8GB or 500MB"
        )
    number, prefix, binary = match.groups()
    power = " kmgt".index(prefix.lower() or " ")
    return int(float(number) * (1024 if binary else 1000) ** power)
