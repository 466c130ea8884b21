"""One run at a time for an output folder, by a lock that the operating system holds.

The lock dies with its process, so none is ever stale: what is left in the file
only tells who held it last.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from relicscan.errors import Busy


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file at `path` while the block runs. Raises Busy if another process does."""
    with path.open("a+", encoding="utf-8") as stream:
        if not _try_lock(stream):
            stream.seek(0)
            holder = stream.read(200).strip()
            raise Busy(
                f"another run holds this output folder{f' ({holder})' if holder else ''}",
                scan=str(path.parent.parent),
                remedy="wait until it has finished, or choose another output folder with -o",
            )
        stream.seek(0)
        stream.truncate()
        stream.write(f"process {os.getpid()}\n")
        stream.flush()
        yield


def _try_lock(stream: IO[str]) -> bool:
    if sys.platform == "win32":
        import msvcrt

        stream.seek(1 << 20)  # a byte that nobody writes, so that others can read who holds it
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
