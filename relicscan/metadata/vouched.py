"""A relic as index.json vouches for it: what leaves the output folder is read through here."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from relicscan.errors import OutputError
from relicscan.metadata.canonical import MAX_BYTES, bytes_sha256, parse_json
from relicscan.metadata.exports.exported import Exported
from relicscan.metadata.index import IndexEntry
from relicscan.metadata.manifest import FileRecord, RelicManifest


def vouched_for(out: Path, entry: IndexEntry) -> Exported:
    """A relic whose relic.json is the one that the index lists. Raises OutputError."""
    path = out / entry.id / "relic.json"
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise OutputError(
            f"relic.json cannot be read ({error.strerror or error})",
            scan=str(path),
            remedy="see what `relicscan verify` says",
        ) from None
    if bytes_sha256(content) != entry.sha256:
        raise OutputError(
            "relic.json is not the file that index.json lists",
            scan=str(path),
            remedy="see what `relicscan verify` says; running its scans again writes it anew",
        )
    return Exported(parse_json(content, RelicManifest, scan=str(path)), out / entry.id)


def vouched_bytes(relic: Exported, file: FileRecord) -> bytes:
    """The content of a file that a relic's manifest lists. Raises OutputError where it differs."""
    path = relic.folder / file.path
    try:
        with open_regular(path) as stream:
            content = stream.read(file.bytes + 1)
    except OSError as error:
        raise OutputError(
            f"{file.path} cannot be read ({error.strerror or error})",
            scan=relic.id,
            remedy="see what `relicscan verify` says",
        ) from None
    if bytes_sha256(content) != file.sha256:
        raise OutputError(
            f"{file.path} is not the file that relic.json lists",
            scan=relic.id,
            remedy="see what `relicscan verify` says; running its scans again makes it anew",
        )
    return content


def open_regular(path: Path) -> IO[bytes]:
    """Open a file that is no link, device or pipe; its folder is the caller's. Raises OSError."""
    flags = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # a pipe would else be waited for
    descriptor = os.open(path, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
