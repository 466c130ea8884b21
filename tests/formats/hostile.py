"""Reading files that were made to take for ever, or all memory: soon, and with what it took."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from limits import within

from relicscan import formats
from relicscan.errors import ScanError
from relicscan.relic import Scan

SECONDS = 30


def read(path: Path, content: str | bytes | None = None) -> Scan:
    """The one scan of a file with this content, or the one that it has, read soon."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with within(SECONDS):
        (scan,) = formats.read(path)
    return scan


def why_not(path: Path, content: str | bytes | None = None) -> str:
    """What is said of such a file by those who refuse it, soon."""
    with pytest.raises(ScanError) as caught:
        read(path, content)
    assert caught.value.remedy
    return caught.value.message


def bytes_to_read(path: Path) -> int:
    """The most bytes that Python and NumPy hold at once while a file is read, or refused."""
    tracemalloc.start()
    try:
        with within(SECONDS):
            formats.read(path)
    except ScanError:
        pass
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most
