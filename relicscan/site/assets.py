"""Files of a site that are named by their content and never change: `assets/<hash>.<suffix>`.

What a browser has seen once it need not ask for again (RFC 8246, immutable), and two relics that
share a file share its address. Beside each lie its compressed forms, which a server hands out as
they are. An earlier build of the site is a store of both: what is there is taken from it, once it
has been held against its name and, the compressed forms, unpacked.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from relicscan import threads
from relicscan.metadata.canonical import bytes_sha256

FOLDER = "assets"
#: 48 bits: two of a million files share a name by chance once in 500 sites, and are told.
_DIGITS = 16


class Assets:
    """Collects contents for the folder `site` and hands out their addresses; `earlier` is a build
    before, if there is one.
    """

    def __init__(self, site: Path, earlier: Path | None = None) -> None:
        self.site, self.earlier = site, earlier
        self._waiting: dict[str, bytes] = {}

    def put(self, content: bytes, suffix: str) -> str:
        """The address of a content, relative to the site's root."""
        name = f"{FOLDER}/{bytes_sha256(content)[:_DIGITS]}{suffix}"
        self._waiting.setdefault(name, content)
        return name

    def flush(self) -> None:
        """Write what was put since the last time, compressed forms beside, on all cores."""
        write_all(self.site, self._waiting, self.earlier)
        self._waiting.clear()


def write_all(site: Path, files: Mapping[str, bytes], earlier: Path | None = None) -> None:
    """Write files by their path in the site, with compressed forms where those are smaller."""
    for folder in {(site / name).parent for name in files}:
        folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(threads.available()) as pool:
        list(pool.map(lambda name: _write(site, name, files[name], earlier), files))


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
