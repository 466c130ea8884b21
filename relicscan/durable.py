"""Files that are either whole or not there.

Open3D's writers return True on a full disk and leave half a file behind. Here
the bytes go to a temporary name in the same folder, are pushed to the disk,
read back and compared, and only then take their name in one step.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from relicscan.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_durably(path: Path, chunks: Iterable[bytes]) -> str:
    """Write the concatenated chunks to `path` and return their SHA-256 as hex digits.

    An existing file is replaced in one step; after an error it is as it was,
    and nothing half-written stays behind. Raises OutputError.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        try:
            with part.open("wb") as stream:
                for chunk in chunks:
                    digest.update(chunk)
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            with part.open("rb") as stream:
                came_back = hashlib.file_digest(stream, "sha256").hexdigest()
            if came_back != digest.hexdigest():
                raise OutputError(
                    "what was written did not come back from the disk as it should",
                    scan=str(path),
                    remedy="check the disk or network share that holds the output, and run again",
                )
            part.replace(path)
            if os.name == "posix":  # Windows has no handle for a folder that could be flushed.
                flush_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None
    return digest.hexdigest()


def flush_folder(folder: Path) -> None:
    """Push the names in a folder to the disk, where the system can."""
    # Some network file systems cannot, and a folder may be closed to reading: the file is safe.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    if error.errno in _FULL:
        return OutputError(
            f"there is no room to write this file ({error.strerror})",
            scan=str(path),
            remedy="free disk space, or choose an output folder on another disk, and run again",
        )
    return OutputError(
        f"the file cannot be written ({error.strerror or error})",
        scan=str(path),
        remedy="check that the folder exists and that you may write in it",
    )
