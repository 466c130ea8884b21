"""Pages that hold their own checksum, in a comment at their end.

Reports change from run to run, so no manifest lists them: the same scan would else not give the
same manifest. The seal tells a page that has rotted or was edited from one that was not; it
proves nothing about who wrote it, which only the signature of index.json does, of what that lists.
"""

from __future__ import annotations

import re

from relicscan.metadata.canonical import bytes_sha256

_SEAL = re.compile(rb"<!-- SHA-256 of all before: ([0-9a-f]{64}) -->\n\Z")


def sealed(page: str) -> bytes:
    """A page as UTF-8, with its seal after it."""
    content = page.encode()
    return content + f"<!-- SHA-256 of all before: {bytes_sha256(content)} -->\n".encode()


def is_sealed(content: bytes) -> bool:
    """Whether a page is as `sealed` made it, to the last byte."""
    seal = _SEAL.search(content)
    return seal is not None and seal[1].decode() == bytes_sha256(content[: seal.start()])
