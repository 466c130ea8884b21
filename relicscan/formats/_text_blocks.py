"""ASCII meshes as arrays: lines found by their keyword, their numbers parsed in one go.

A file is read in chunks of whole lines, and a `TextBlock` knows where every line
of its chunk begins: all vertices are found by comparing one byte a line, and
NumPy parses what is on them in one call: 85 ns a number, where `float` on split
words takes 140 before any line is sorted, and several times the memory.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN, file_size
from relicscan.formats._text import shown
from relicscan.relic import ByteArray

#: Speed no longer grows beyond a few MB, memory does; a single line may be that long too.
CHUNK_BYTES = 1 << 24

Indices = NDArray[np.int64]
Which = NDArray[np.bool_]

_NEWLINE, _SPACE, _HASH = b"\n #"
_WORD = re.compile(rb"\S")
#: Indents of this many blanks are stepped over in all lines at once, longer ones line by line.
_INDENT = 16
#: NaN and infinity in the words of old Windows runtimes: 1.#QNAN, -1.#IND00, 1.#INF
_WINDOWS_NONFINITE = re.compile(rb"\d\.#(\w*)")


@dataclass(frozen=True)
class Numbers:
    """The numbers on n lines: all of them one after another, and how many each line has.

    values (k,) float64; counts (n,) int64; lines (n,) int64, their line numbers in the file.
    """

    values: NDArray[np.float64]
    counts: Indices
    lines: Indices

    @property
    def begin(self) -> Indices:
        """(n,) int64: where in `values` each line begins."""
        begin: Indices = np.cumsum(self.counts) - self.counts
        return begin

    def columns(self, first: int, stop: int) -> NDArray[np.float64]:
        """(n, stop - first) float64: these columns of every line. `require` must have held."""
        n = len(self.counts)
        if n and self.counts.min() == self.counts.max():
            return self.values.reshape(n, -1)[:, first:stop]
        table: NDArray[np.float64] = self.values[self.begin[:, None] + np.arange(first, stop)]
        return table

    def rows(self, first: int, stop: int) -> Numbers:
        """The numbers on the lines from `first` up to `stop`."""
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        part = slice(first, stop)
        return Numbers(self.values[ends[first] : ends[stop]], self.counts[part], self.lines[part])

    def require(self, least: int, what: str) -> None:
        """Raise ScanError naming the first line with fewer than `least` numbers."""
        short = np.flatnonzero(self.counts < least)
        if len(short):
            given = self.counts[short[0]]
            raise line_error(self.lines[short[0]], f"{what} needs {least} numbers and has {given}")


@dataclass(frozen=True)
class TextBlock:
    """A chunk of whole lines, blank ones left out.

    text (k,) uint8; start, stop, line (n,) int64: where each line begins (after
    blanks) and ends in `text`, and its number in the file.
    """

    text: ByteArray
    start: Indices
    stop: Indices
    line: Indices

    def starting(self, keyword: bytes) -> Which:
        """(n,) bool: lines whose first word is `keyword` (lower-case letters), in either case."""
        last = len(self.text) - 1
        found = _blank(self.text[np.minimum(self.start + len(keyword), last)])
        for i, letter in enumerate(keyword):
            found &= self.text[np.minimum(self.start + i, last)] | 0x20 == letter
        return found

    def words(self, index: int) -> bytes:
        """The text of one line, blanks around it stripped."""
        return self.text[self.start[index] : self.stop[index]].tobytes().strip()

    def select(self, which: Which, skip: int) -> tuple[ByteArray, Indices]:
        """The text of the lines `which` without comments, and where each begins in it.

        The first `skip` bytes of each are blanked, and Windows words for NaN are
        made the usual ones. Each line keeps one newline, at its end.
        """
        start, stop = self.start[which], self.stop[which] + 1  # with its newline
        edges = np.zeros(len(self.text) + 1, np.int8)
        edges[start] = 1
        edges[stop] -= 1
        text = self.text[np.cumsum(edges[:-1], dtype=np.int8).view(np.bool_)]
        begin = np.cumsum(stop - start) - (stop - start)
        for i in range(skip):
            text[begin + i] = _SPACE
        raw = text.tobytes()
        if b"#" in raw:
            text = np.frombuffer(_WINDOWS_NONFINITE.sub(_nonfinite, raw), np.uint8)
            text = _uncommented(text, begin)
        return text, begin

    def numbers(self, which: Which, skip: int = 0) -> Numbers:
        """The numbers on the lines `which` after `skip` bytes, up to a `#`.

        Raises ScanError naming the line and the word that is not a number.
        """
        text, begin = self.select(which, skip)
        return parse_numbers(text, begin, self.line[which])


def text_blocks(
    path: Path, *, continued: bool = False, containing: bytes = b""
) -> Iterator[TextBlock]:
    """The lines of a text file, chunk by chunk; any line ends, a byte order mark passed over.

    With `continued` a backslash at the end of a line joins it to the next (OBJ).
    Chunks without the bytes `containing` are passed over. Raises ScanError for an
    empty file, UTF-16 and endless lines, OSError.
    """
    line = 1
    for chunk in _chunks_of_lines(path, continued):
        if containing in chunk:
            yield _block(chunk, line, continued)
        line += chunk.count(b"\n")


def _chunks_of_lines(path: Path, continued: bool) -> Iterator[bytes]:
    file_size(path)
    rest = b""
    first = True
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            chunk = rest + (_without_mark(chunk) if first else chunk)
            first = False
            if b"\r" in chunk and b"\n" not in chunk:
                chunk = chunk.replace(b"\r", b"\n")
            cut = _end_of_lines(chunk, continued)
            if not cut and len(chunk) > 2 * CHUNK_BYTES:
                raise ScanError(
                    f"a line is longer than {CHUNK_BYTES >> 20} MB: this is not a text file",
                    remedy=COPY_AGAIN,
                )
            rest = chunk[cut:]
            if cut:
                yield chunk[:cut]
    if rest:
        yield rest + b"\n\n"  # two: a backslash may join the first


def parse_numbers(text: ByteArray, begin: Indices, lines: Indices) -> Numbers:
    """The numbers in `text`, of which line i begins at begin[i] and has the number lines[i].

    Raises ScanError naming the line and the word that is not a number.
    """
    raw = text.tobytes()
    words = word_starts(text)
    counts = np.diff(np.searchsorted(words, begin), append=len(words))
    values = np.empty(0)
    if len(words):  # of nothing but blanks NumPy would make a -1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy < 2.3 only warns about what it cannot read
                values = np.fromstring(raw, dtype=np.float64, sep=" ")
        except (ValueError, DeprecationWarning):
            raise _bad_number(raw, counts, lines) from None
    if len(values) != len(words):  # "1-2" has been read as two numbers
        raise _bad_number(raw, counts, lines)
    return Numbers(values, counts, lines)


def word_starts(text: ByteArray) -> Indices:
    """(k,) int64: where the words of a text begin."""
    word = ~_blank(text)
    word[1:] &= ~word[:-1]
    return np.flatnonzero(word)


def line_error(line: np.int64 | int, what: str, remedy: str = COPY_AGAIN) -> ScanError:
    """The error for one line of a text file."""
    return ScanError(f"line {line:,}: {what}", remedy=remedy)


def refuse(wrong: Which, lines: Indices, what: str) -> None:
    """Raise ScanError with the line of the first that is `wrong`: both (n,)."""
    if wrong.any():
        remedy = "copy the file again from its source; if it stays the same, export it again"
        raise line_error(lines[np.argmax(wrong)], what, remedy)


def _blank(text: ByteArray) -> Which:
    return np.asarray((text == _SPACE) | (text - np.uint8(9) < 5))


def _without_mark(chunk: bytes) -> bytes:
    if chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ScanError(
            "the text is stored as UTF-16", remedy="save it as plain text (UTF-8 or ASCII)"
        )
    return chunk[3:] if chunk[:3] == b"\xef\xbb\xbf" else chunk


def _end_of_lines(chunk: bytes, continued: bool) -> int:
    """Where the last whole line of a chunk ends, 0 if there is none."""
    end = chunk.rfind(b"\n")
    # endswith looks at the place, where a slice would copy all before it, for every such line.
    while continued and end > 0 and chunk.endswith((b"\\", b"\\\r"), 0, end):
        end = chunk.rfind(b"\n", 0, end)
    return end + 1


def _block(chunk: bytes, first_line: int, continued: bool) -> TextBlock:
    ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE)
    lines = np.arange(first_line, first_line + len(ends))
    if continued and b"\\" in chunk:
        chunk = re.sub(rb"\\\r?\n", lambda found: b" " * len(found[0]), chunk)
    text = np.frombuffer(chunk, np.uint8)
    whole = text[ends] == _NEWLINE  # False where a line is joined to the next
    lines, ends = lines[np.concatenate([[True], whole[:-1]])], ends[whole]
    start = np.concatenate([[0], ends[:-1] + 1])
    indented = np.flatnonzero(_blank(text[start]))
    for _ in range(_INDENT):
        start[indented] += 1
        indented = indented[start[indented] < ends[indented]]
        indented = indented[_blank(text[start[indented]])]
    for index in indented:
        found = _WORD.search(chunk, int(start[index]), int(ends[index]))
        start[index] = found.start() if found else ends[index]
    full = start < ends
    return TextBlock(text, start[full], ends[full], lines[full])


def _uncommented(text: ByteArray, begin: Indices) -> ByteArray:
    """`text` with everything from a `#` to the end of its line blanked."""
    hashes = np.cumsum(text == _HASH)
    before = hashes[begin] - (text[begin] == _HASH)
    lengths = np.diff(begin, append=len(text))
    comment = (hashes > np.repeat(before, lengths)) & (text != _NEWLINE)
    return np.where(comment, np.uint8(_SPACE), text)


def _nonfinite(found: re.Match[bytes]) -> bytes:
    word = b"inf" if found[1].upper().startswith(b"INF") else b"nan"
    return word.ljust(len(found[0]))


def _bad_number(raw: bytes, counts: Indices, lines: Indices) -> ScanError:
    for index, word in enumerate(raw.split()):
        if not re.fullmatch(
            rb"[-+]?((\d++\.?\d*+|\.\d++)(e[-+]?\d++)?|inf(inity)?|nan(\(\w*\))?)", word, re.I
        ):
            line = lines[np.searchsorted(np.cumsum(counts), index, side="right")]
            what = f"'{shown(word.decode('latin-1'))}' is not a number"
            return line_error(line, what, _remedy_for(word))
    return line_error(lines[0], "the numbers after this line cannot be read")


def _remedy_for(word: bytes) -> str:
    if re.fullmatch(rb"[-+]?\d+,\d+", word):
        return "export the mesh with decimal points instead of commas"
    return COPY_AGAIN
