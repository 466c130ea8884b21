"""Pages that say at their end what they are of, and hold their own checksum.

Reports change from run to run, so no manifest lists them: the same scan would else not give the
same manifest. The seal tells a page that has rotted, was edited or lies in another relic's folder;
it proves nothing about who wrote it, which only the signature of index.json does, of what that
lists.
"""

from __future__ import annotations

import re

from relicscan.metadata.canonical import bytes_sha256

_SEAL = re.compile(rb"<!-- SHA-256 of all before: ([0-9a-f]{64}) -->\n\Z")


def sealed(page: str, relic_id: str | None) -> bytes:
    """A page of a relic, or of all where that is None, as UTF-8 with its seal after it."""
    content = page.encode() + _label(relic_id)
    return content + f"<!-- SHA-256 of all before: {bytes_sha256(content)} -->\n".encode()


def seal_problem(content: bytes, relic_id: str | None) -> str | None:
    """What is wrong with a page that `sealed` made for that relic; None if it is as it was."""
    seal = _SEAL.search(content)
    if seal is None or seal[1].decode() != bytes_sha256(content[: seal.start()]):
        return "its content has changed: its seal is another one"
    if not content[: seal.start()].endswith(_label(relic_id)):
        return "it is the report of something else"
    return None


def _label(relic_id: str | None) -> bytes:
    # An id has no space in it, so none reads like the words for all.
    return f"<!-- report of {'all relics' if relic_id is None else relic_id} -->\n".encode()
