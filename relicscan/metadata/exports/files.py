"""Files of a relic beside its export: the ones that its manifest vouches for, or an error.

What lies in an output folder may have been changed since it was written, by a person or by an
attack. So only a regular file below the relic's own folder is taken, through no symlink, and it
gets its new name only when it has the SHA-256 that relic.json states.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from relicscan.durable import write_durably
from relicscan.errors import OutputError
from relicscan.metadata.exports.exported import Exported

_CHUNK = 1 << 20
_AGAIN = "run the relic again, or restore its output folder from a copy, and export again"


def copy_files(relic: Exported, paths: Iterable[str], folder: Path) -> None:
    """Copy files of a relic, by their paths in its manifest, to the same paths under `folder`.

    Raises OutputError, with the file and what would work, where a path is not in the manifest,
    leads out of the relic's folder or through a symlink, is no regular file, is not what the
    manifest says it is, or cannot be read or written. The file concerned is not there then.
    """
    checksums = {file.path: file.sha256 for file in relic.manifest.delivered}
    for path in paths:
        source = _source(relic, path)
        if path not in checksums:
            raise OutputError(
                "relic.json does not list this file",
                scan=str(source),
                remedy="export only what the manifest vouches for",
            )
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the folder cannot be made ({error.strerror or error})",
                scan=str(target.parent),
                remedy="check that you may write in the folder of the export",
            ) from None
        write_durably(target, _verified(source, checksums[path]))


def _source(relic: Exported, path: str) -> Path:
    """Where a file lies, after a look at every step of the way to it."""
    parts = PurePosixPath(path).parts
    # On Windows a backslash and a drive letter lead elsewhere too.
    leads_out = not parts or path.startswith("/") or ".." in parts
    if os.name == "nt":
        windows = PureWindowsPath(path)
        leads_out = leads_out or bool(windows.drive or windows.root) or ".." in windows.parts
    place = relic.folder / path
    if leads_out:
        raise OutputError(
            f"{path!r} leads out of the relic's folder", scan=str(place), remedy=_AGAIN
        )
    step, mode = relic.folder, 0
    for part in parts:
        step = step / part
        try:
            mode = step.lstat().st_mode
        except OSError as error:
            raise _unreadable(place, error) from None
        if stat.S_ISLNK(mode):
            raise OutputError(
                "a symlink, which may lead anywhere",
                scan=str(step),
                remedy="put the file itself in its place, or run the relic again",
            )
    if not stat.S_ISREG(mode):
        raise OutputError("not a regular file", scan=str(place), remedy=_AGAIN)
    return place


def _verified(source: Path, sha256: str) -> Iterator[bytes]:
    """The bytes of a file; an error after the last where they are not those with the checksum.

    `write_durably` gives the copy its name only after the last chunk.
    """
    digest = hashlib.sha256()
    try:
        # Between the look and here the last step may have been exchanged for a symlink.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(source, flags), "rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                yield chunk
    except OSError as error:
        raise _unreadable(source, error) from None
    if digest.hexdigest() != sha256:
        raise OutputError(
            f"the file has the SHA-256 {digest.hexdigest()}, and relic.json says {sha256}",
            scan=str(source),
            remedy=_AGAIN,
        )


def _unreadable(source: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the file cannot be read ({error.strerror or error})", scan=str(source), remedy=_AGAIN
    )
