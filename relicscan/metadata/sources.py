"""The files that a relic was made from, and what else lies in its folder: paths, sizes, SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from relicscan import formats
from relicscan.errors import ScanError, as_unicode, unreadable
from relicscan.formats.stanford_conf import is_conf
from relicscan.relic import SourceFile

Role = Literal["scan", "texture", "material", "buffer", "poses", "metadata", "other"]


def source_files(
    folder: Path, scans: Iterable[Path], *, toml: Path | None = None, others: Iterable[Path] = ()
) -> list[SourceFile]:
    """Scans, what they refer to, relic.toml and other files of `folder`, sorted by path.

    A file that a scan refers to is listed as what it is used for, also where it is
    among `others`. Raises ScanError for files that cannot be read.
    """
    roles: dict[Path, Role] = {path: "poses" if is_conf(path) else "other" for path in others}
    scans = list(scans)
    for scan in scans:
        roles |= {reference: _role(reference) for reference in _references(scan)}
    roles |= dict.fromkeys(scans, "scan")
    if toml is not None:
        roles[toml] = "metadata"
    found = [_source(folder, path, role) for path, role in roles.items()]
    return sorted(found, key=lambda source: source.path)


def _source(folder: Path, path: Path, role: Role) -> SourceFile:
    name = as_unicode(path.relative_to(folder).as_posix())
    try:
        with path.open("rb") as stream:
            # Before the first byte is read: a change while it is read then shows as a change.
            modified_ns = os.fstat(stream.fileno()).st_mtime_ns
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise unreadable(error, scan=name) from None
    return SourceFile(name, role, size, digest, modified_ns)


def _references(scan: Path) -> Iterator[Path]:
    references = getattr(formats.format_of(scan), "references", None)
    if references is not None:
        with suppress(ScanError):  # reading the scan will tell what is wrong with it
            yield from references(scan)


def _role(path: Path) -> Role:
    match path.suffix.lower():
        case ".mtl":
            return "material"
        case ".bin":
            return "buffer"
    return "texture"
