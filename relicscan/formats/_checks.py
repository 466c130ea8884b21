"""What every reader asks before it believes a header: is there a file, and does it hold that?"""

from __future__ import annotations

from pathlib import Path

from relicscan.errors import ScanError

#: The remedy for everything that looks cut off or garbled.
COPY_AGAIN = "the file is cut short or damaged: copy it again from its source, or export it again"

#: A scan takes a few bytes of text or XML to announce, and hundreds to hold; no scanner has stood
#: in more places around one object.
MOST_SCANS = 10_000


def file_size(path: Path) -> int:
    """Bytes of the file. Raises ScanError when there are none, OSError when it is not there."""
    size = path.stat().st_size
    if size == 0:
        raise ScanError("the file is empty (0 bytes)", scan=path.name, remedy=COPY_AGAIN)
    return size


def require_room(count: int, bytes_each: float, available: int, what: str) -> None:
    """Refuse a count that the bytes left in the file cannot hold.

    `bytes_each` is the least that one of `what` ("points") takes in the file.
    Called before an array of that length is made. Raises ScanError.
    """
    if count < 0:
        raise ScanError(f"the header announces {count} {what}", remedy=COPY_AGAIN)
    if count * bytes_each > available:
        raise ScanError(
            f"the header announces {count:,} {what}, which take at least "
            f"{int(count * bytes_each):,} bytes, but only {available:,} follow",
            remedy=COPY_AGAIN,
        )


def require_few_scans(count: int) -> None:
    """Refuse a file of more scans than MOST_SCANS. Raises ScanError."""
    if count > MOST_SCANS:
        raise ScanError(
            f"the file holds more than {MOST_SCANS:,} scans",
            remedy="export the scans that belong to one object, or join them first",
        )


def parse_count(text: str, what: str) -> int:
    """A count written in digits. Raises ScanError on anything else, 20 digits and more included."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ScanError(
            f"the number of {what} is given as '{text[:40]}', which is not a count",
            remedy=COPY_AGAIN,
        )
    return int(text)
