"""The output folder: is it apart from the scans, can it be written, is there room on its disk?"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from relicscan.batch.place import restore
from relicscan.errors import NoRoom, OutputError, Unreachable
from relicscan.scan_folder import FoundRelic

#: Room that a relic's outputs and temporary files may need beyond the size of its scans.
SPARE_BYTES = 200_000_000
#: What is written to see whether writing works.
PROBE_BYTES = 1_000_000


def check_place(out: Path, found: Sequence[FoundRelic]) -> None:
    """Raise OutputError where OUT cannot be an output folder for these relics; writes nothing."""
    try:
        _check_apart(out, found)
        is_file = out.exists() and not out.is_dir()
    except OSError as error:  # longer than any file system takes
        raise OutputError(
            f"this cannot be an output folder ({error.strerror or error})",
            scan=str(out),
            remedy="choose another name with -o",
        ) from None
    if is_file:
        raise OutputError(
            "this is a file, and the output needs a folder",
            scan=str(out),
            remedy="choose another name with -o, or move the file away",
        )


def prepare(out: Path) -> Path:
    """OUT/.relicscan, made and proved writable. Raises OutputError."""
    private = out / ".relicscan"
    try:
        (private / "logs").mkdir(parents=True, exist_ok=True)
        _probe(private, 1)
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be written ({error.strerror or error})",
            scan=str(out),
            remedy="choose a folder that you may write in with -o",
        ) from None
    return private


def check_still_there(out: Path, inputs: Sequence[Path]) -> None:
    """After a relic failed for want of a disk: raise when it is no use to go on with the next.

    OutputError where OUT can no longer be written, Unreachable where an input has gone.
    """
    try:
        _probe(out / ".relicscan", PROBE_BYTES)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise OutputError(
            "the disk that holds the output folder is full"
            if full
            else f"the output folder can no longer be written ({error.strerror or error})",
            scan=str(out),
            remedy=("free disk space" if full else "bring the disk or share back")
            + ", and run again: what was finished is kept",
        ) from None
    for path in inputs:
        if not path.exists():
            raise Unreachable(
                "the scans are no longer there",
                scan=str(path),
                remedy="bring the disk or share back, and run again: what was finished is kept",
            )


def needed_bytes(relic: FoundRelic) -> int:
    """What a relic may need on the disk of OUT while it is made."""
    return SPARE_BYTES + 2 * sum(_size(file) for file in relic.files)


def free_bytes(out: Path) -> int:
    """What is free on the disk that holds OUT, or would."""
    exists = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(exists).free


def check_room(out: Path, relics: Sequence[FoundRelic]) -> None:
    """Raise NoRoom where the largest relic would not fit."""
    needed = max(map(needed_bytes, relics), default=0)
    free = free_bytes(out)
    if free < needed:
        raise NoRoom(
            f"{free / 1e6:,.0f} MB are free, the largest relic may need {needed / 1e6:,.0f} MB",
            scan=str(out),
            remedy="free disk space, or choose an output folder on another disk with -o",
        )


@contextmanager
def scratch(out: Path) -> Iterator[Path]:
    """A folder of this run's own, after an earlier run's leftovers; its name is never used again.

    A killed run's last worker may still write for a moment. Raises OutputError when the
    disk does what it should not.
    """
    try:
        restore(out)
        with tempfile.TemporaryDirectory(
            prefix="work-", dir=out / ".relicscan", ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)
    except BrokenPipeError:
        raise  # whoever reads what an observer writes has gone: not the disk
    except OSError as error:
        raise OutputError(
            f"the run cannot go on ({error.strerror or error})",
            scan=str(error.filename or out),
            remedy="check the disk that holds the output folder, and run again: what was finished "
            "is kept",
        ) from None


def _probe(folder: Path, size: int) -> None:
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"1" * size)
        probe.flush()
        os.fsync(probe.fileno())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check_apart(out: Path, found: Sequence[FoundRelic]) -> None:
    """Scans are read-only, and no folder that relicscan did not make is replaced."""
    target = out.resolve()
    for relic in found:
        folder = relic.folder.resolve()
        own = relic.whole_folder or relic.toml is not None
        if folder == target or (own and target.is_relative_to(folder)):
            raise OutputError(
                f"the output folder lies in the scan folder {relic.folder}, which is read-only",
                scan=str(out),
                remedy="choose an output folder elsewhere with -o",
            )
        if folder.is_relative_to(target):
            raise OutputError(
                f"the scans in {relic.folder} lie in the output folder",
                scan=str(out),
                remedy="choose an output folder that holds no scans with -o",
            )
        place = out / relic.id
        if os.path.lexists(place) and not (place / "relic.json").is_file():
            raise OutputError(
                "this is where a relic would go, and what is there was not made by relicscan",
                scan=str(place),
                remedy="choose another output folder with -o, or move it away",
            )
