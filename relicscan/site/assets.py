"""Files of a site that are named by their content and never change: `assets/<hash>.<suffix>`.

What a browser has seen once it need not ask for again (RFC 8246, immutable), and two relics that
share a file share its address. Beside each lie its compressed forms, which a server hands out as
they are. An earlier build of the site is a store of both: what is there is taken from it, once it
has been held against its name and, the compressed forms, unpacked.
"""

from __future__ import annotations

import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from relicscan import threads
from relicscan.metadata.canonical import bytes_sha256

FOLDER = "assets"
#: 64 bits: two of a million files share a name by chance once in forty million sites.
_DIGITS = 16
#: Files that wait to be written; each is held in memory until it is.
_WAITING = 64


class SiteFolder:
    """The folder of a site that is being written, on all cores, while its pages are made.

    `earlier` is a build before, if there is one. Leaving it waits until everything is written.
    Raises OSError of any file.
    """

    def __init__(self, folder: Path, earlier: Path | None = None) -> None:
        self.folder, self.earlier = folder, earlier
        self._pool = ThreadPoolExecutor(threads.available())
        self._waiting: deque[Future[None]] = deque()
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            while self._waiting:
                self._waiting.popleft().result()
        self._pool.shutdown(cancel_futures=True)

    def asset(self, content: bytes, suffix: str) -> str:
        """Write a content under its own name; its address, relative to the site's root."""
        name = f"{FOLDER}/{bytes_sha256(content)[:_DIGITS]}{suffix}"
        if name not in self._names:
            self._names.add(name)
            self.write(name, content)
        return name

    def write(self, name: str, content: bytes) -> None:
        """Write a file by its path in the site, with compressed forms where those are smaller."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        while len(self._waiting) >= _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(_write, self.folder, name, content, self.earlier))


def _write(site: Path, name: str, content: bytes, earlier: Path | None) -> None:
    from relicscan.site.compress import compressed

    (site / name).write_bytes(content)
    kept = _kept(earlier / name, content) if earlier else None
    made = compressed(content, Path(name).suffix) if kept is None else kept
    for form, packed in made.items():
        (site / f"{name}.{form}").write_bytes(packed)


def _kept(path: Path, content: bytes) -> dict[str, bytes] | None:
    """The compressed forms of an earlier build, if they are of this content; None if it has it
    not, or one of them is damaged.
    """
    try:
        if path.is_symlink() or path.read_bytes() != content:
            return None
    except OSError:
        return None
    forms = {}
    for form, unpacked in (("br", _unbrotlied), ("gz", _gunzipped)):
        try:
            packed = path.with_name(f"{path.name}.{form}").read_bytes()
        except OSError:
            continue
        if unpacked(packed, len(content)) != content:
            return None
        forms[form] = packed
    return forms


def _gunzipped(packed: bytes, size: int) -> bytes | None:
    try:
        return zlib.decompressobj(wbits=31).decompress(packed, size + 1)
    except zlib.error:
        return None


def _unbrotlied(packed: bytes, size: int) -> bytes | None:
    import brotli

    unpacker = brotli.Decompressor()
    try:
        return bytes(unpacker.process(packed, output_buffer_limit=size + 1))
    except brotli.error:
        return None
