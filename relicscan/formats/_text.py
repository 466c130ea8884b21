"""Numbers from delimited text, fast and with the line number of whatever is wrong.

`numpy.loadtxt` parses a million lines of six numbers in 0.4 s (`fromstring`
0.5 s, splitting and converting 1.4 s) and neither skips nor invents a field.
Lines are counted as it takes them, so that the one it stumbles over can be named.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN, file_size
from relicscan.relic import FloatArray

_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 16
_PRINTED = bytes(code for code in range(256) if 9 <= code <= 13 or code >= 32)
_ONE_LINE = bytes.maketrans(b"\r\n\t\v\f", b"     ")


@contextmanager
def open_text(path: Path) -> Iterator[Lines]:
    """The lines of a text file. Raises ScanError for an empty or binary file, OSError."""
    file_size(path)
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_LINE)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ScanError(
                "the text is stored as UTF-16", remedy="save it as plain text (UTF-8 or ASCII)"
            )
        if start.translate(None, _PRINTED):
            raise ScanError(
                "this is a binary file, not lines of numbers",
                remedy="export the cloud as text, or give the file the extension of its format",
            )
        stream.seek(3 if start[:3] == b"\xef\xbb\xbf" else 0)
        # Latin-1 takes every byte; names in headers are compared by their ASCII letters only.
        with io.TextIOWrapper(stream, encoding="latin-1") as text:
            yield Lines(_bounded(text))


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a text, none of which may be endless: one is held in memory at a time."""
    for number, line in enumerate(iter(lambda: text.readline(_LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE:
            raise ScanError(
                f"line {number:,} does not end within {_LONGEST_LINE:,} characters",
                remedy="write one point per line",
            )
        yield line


class Lines:
    """The lines of a text one by one, or as a block of numbers, counted for error messages."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self._held: list[str] = []
        self.number = 0  # of the line that was taken last
        self.last = ""  # that line, without its end

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._held.pop() if self._held else next(self._text)
        self.number += 1
        self.last = line.rstrip("\r\n")
        return self.last

    def peek(self) -> str | None:
        """The next line that is not blank, still to be taken; None at the end."""
        for line in self:
            if line.strip():
                self.number -= 1
                self._held.append(line)
                return line
        return None

    def table(self, delimiter: str | None, *, rows: int | None = None) -> FloatArray:
        """The numbers of the next `rows` lines, or of all that are left, as (n, c) float64.

        `delimiter` None is any run of white space; a delimiter at the end of the
        lines is not counted, and with ";" a comma is a decimal comma. Blank lines
        are passed over. Where there are fewer lines than `rows`, the result is
        shorter. Raises ScanError with the line where a field is no number, or
        where a line has more or fewer of them than the first.
        """
        first = self.peek()
        if first is None or rows == 0:
            return np.empty((0, 0))
        width = len(fields(first, delimiter))
        given: Iterable[str] = filter(str.strip, self)
        if delimiter:
            given = (_cleaned(line, delimiter) for line in given)
        try:
            return np.loadtxt(given, delimiter=delimiter, comments=None, ndmin=2, max_rows=rows)
        except ValueError:
            raise self.bad_line(width, delimiter) from None

    def bad_line(self, width: int, delimiter: str | None) -> ScanError:
        """The error for the line that was taken last, where lines of `width` numbers should be."""
        given = fields(self.last, delimiter)
        odd = next((field for field in given if not is_number(field)), None)
        if odd is not None:
            what = f"'{shown(odd)}' is not a number" if odd else "a value is missing"
        elif len(given) != width:
            what = f"it has {len(given)} values where the first line has {width}"
        else:
            what = "the lines do not all have the same number of values"
        return ScanError(
            f"line {self.number:,} ('{shown(self.last)}'): {what}",
            remedy="every line must hold the same columns of numbers: " + COPY_AGAIN,
        )


def fields(line: str, delimiter: str | None) -> list[str]:
    """The fields of a line, without quotes and spaces around them."""
    line = _cleaned(line, delimiter) if delimiter else line
    return [field.strip().strip("\"'").strip() for field in line.split(delimiter)]


def delimiter_of(line: str) -> str | None:
    """What separates the fields of a line: ";", "," or None for spaces and tabs.

    Raises ScanError where commas are decimal commas and nothing else could tell.
    """
    if ";" in line:
        return ";"
    if "," not in line:
        return None
    words = line.split()
    if len(words) >= 3 and all(re.fullmatch(r"[-+]?\d+,\d+", word) for word in words[:3]):
        raise ScanError(
            f"'{shown(line)}' has commas inside its numbers",
            remedy="export the cloud with decimal points, or with semicolons between the values",
        )
    return ","


def is_number(field: str) -> bool:
    """Whether a field is a decimal number, nan and inf included."""
    try:
        float(field)
    except ValueError:
        return False
    return field.isascii() and "_" not in field


def shown(text: str) -> str:
    """`text` as a message can print it: short, and without control characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:60].strip())


def _cleaned(line: str, delimiter: str) -> str:
    line = line.rstrip().rstrip(delimiter)
    return line.replace(",", ".") if delimiter == ";" else line


@dataclass(frozen=True)
class Tokens:
    """Numbers between white space, whatever the lines; `broken_off` says what ended them early."""

    values: FloatArray
    broken_off: str = ""


def read_tokens(path: Path, offset: int) -> Tokens:
    """Every number from the byte `offset` on, up to the first thing that is none."""
    blocks: list[FloatArray] = []
    with path.open("rb") as stream:
        line = stream.read(offset).count(b"\n") + 1
        rest = b""
        while True:
            read = stream.read(_CHUNK)
            block = rest + read
            cut = len(block)
            if read:  # keep what may be the first half of a number
                cut = max(block.rfind(b" "), block.rfind(b"\n"), block.rfind(b"\r")) + 1
            block, rest = block[:cut], block[cut:]
            if len(rest) > _LONGEST_LINE:
                return Tokens(_joined(blocks), f" (line {line:,} holds no numbers)")
            if block.strip():
                try:
                    one_line = block.translate(_ONE_LINE).decode("latin-1")
                    blocks.append(np.loadtxt([one_line], comments=None, ndmin=1))
                except ValueError:
                    good, bad = _up_to_bad_token(block)
                    line += block.count(b"\n", 0, block.find(bad))
                    why = f" (line {line:,}: '{shown(bad.decode('latin-1'))}' is not a number)"
                    return Tokens(_joined([*blocks, good]), why)
            line += block.count(b"\n")
            if not read:
                return Tokens(_joined(blocks))


def _up_to_bad_token(block: bytes) -> tuple[FloatArray, bytes]:
    """The numbers of a block before the first that is none, and that one."""
    words = block.split()
    for count, word in enumerate(words):
        if not is_number(word.decode("latin-1")):
            return np.array(words[:count], dtype=np.float64), word
    return np.empty(0), words[0]


def _joined(blocks: list[FloatArray]) -> FloatArray:
    return np.concatenate(blocks) if blocks else np.empty(0)
