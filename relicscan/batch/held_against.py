"""Files held against their checksums, by a few threads that read while others read manifests.

hashlib lets other threads run while it works, so two cores hash twice as fast as one, and a
network share is kept busy. No file is held in memory, and no link is followed.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self

from relicscan import threads
from relicscan.metadata.vouched import open_regular

#: More readers than this only make a spinning disk seek.
MOST_READERS = 4
#: Files that wait to be read; of more, the manifests are not yet read.
WAITING = 64
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was written, and what would work.

    `path` is relative to the output folder, with '/'; that of a scan is absolute. `relic` is
    None for what belongs to the output as a whole.
    """

    relic: str | None
    path: str
    problem: str
    remedy: str


@dataclass(frozen=True)
class Progress:
    """What has been read so far, and how much there is to read as far as is known.

    Files are opened after they have been read, `opened` bytes of `to_open`.
    """

    relics: int = 0
    files: int = 0
    bytes: int = 0
    total_bytes: int = 0
    opened: int = 0
    to_open: int = 0


class HeldAgainst:
    """Reads files and says what is wrong with each; `observe` is called from its threads."""

    def __init__(self, observe: Callable[[Progress], None]) -> None:
        self._observe, self._lock, self._progress = observe, threading.Lock(), Progress()
        self._pool = ThreadPoolExecutor(min(MOST_READERS, threads.available()))
        self._waiting: deque[Future[None]] = deque()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._stopped.set()
            self._pool.shutdown(cancel_futures=True)

    def file(self, path: Path, size: int, sha256: str, say: Callable[[str], None]) -> None:
        """Have the file read; `say` hears what is wrong with it, if something is."""
        while len(self._waiting) >= WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._hold, path, size, sha256, say))

    def count(
        self,
        *,
        relics: int = 0,
        files: int = 0,
        read: int = 0,
        total: int = 0,
        opened: int = 0,
        to_open: int = 0,
    ) -> None:
        """So much more has been read or opened, or is to be."""
        with self._lock:
            now = self._progress
            self._progress = replace(
                now,
                relics=now.relics + relics,
                files=now.files + files,
                bytes=now.bytes + read,
                total_bytes=now.total_bytes + total,
                opened=now.opened + opened,
                to_open=now.to_open + to_open,
            )
            self._observe(self._progress)

    def _hold(self, path: Path, size: int, sha256: str, say: Callable[[str], None]) -> None:
        try:
            with open_regular(path) as stream:
                there = os.fstat(stream.fileno()).st_size
                if there != size:
                    # Reading it would tell nothing more: it is another file, or not whole.
                    say(f"it has {there:,} bytes and should have {size:,}")
                    self.count(read=size)
                elif self._sha256(stream) != sha256 and not self._stopped.is_set():
                    say("its content has changed: its SHA-256 is another one")
        except FileNotFoundError:
            say("it is missing")
        except OSError as error:
            say(unreadable(error))
        self.count(files=1)

    def _sha256(self, stream: IO[bytes]) -> str:
        digest = hashlib.sha256()
        while (chunk := stream.read(CHUNK_BYTES)) and not self._stopped.is_set():
            digest.update(chunk)
            self.count(read=len(chunk))
        return digest.hexdigest()


def unreadable(error: OSError) -> str:
    """Why something cannot be read, in words."""
    return f"it cannot be read ({error.strerror or error})"


def what_lies_below(folder: Path) -> dict[str, str | None]:
    """What lies below a folder, by its path with '/': None for a file, else what is wrong with it.

    Links are named and not followed, so nothing that is found here lies elsewhere.
    """
    there: dict[str, str | None] = {}
    waiting = [(folder, "")]
    while waiting:
        here, prefix = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except OSError as error:
            there[prefix.rstrip("/") or "."] = unreadable(error)
            continue
        if not entries and prefix:
            there[prefix.rstrip("/")] = "it is an empty folder, and relicscan leaves none"
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_symlink():
                there[name] = "it is a link, and relicscan writes none"
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((Path(entry.path), f"{name}/"))
            else:
                is_file = entry.is_file(follow_symlinks=False)
                there[name] = None if is_file else "it is neither a file nor a folder"
    return there
