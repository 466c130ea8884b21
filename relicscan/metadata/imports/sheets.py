"""A table from a CSV file or an Excel workbook, as texts, with rows numbered as the user sees them.

CSV (RFC 4180) in UTF-8, or UTF-16 with a byte order mark (what Excel calls "Unicode text"), with
';', ',' or tab between cells, whichever the line of headings has most of. Other encodings cannot
be told apart with certainty and are refused. What a spreadsheet sees as a formula and
`relicscan.metadata.csv_cells` guarded with an apostrophe loses it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from relicscan.errors import ScanError, unreadable
from relicscan.metadata.csv_cells import unguarded

MAX_BYTES = 50_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 1_000
#: From the first column to the last that is filled, in all rows; they take some 150 bytes each.
MAX_CELLS = 5_000_000
#: What the csv module takes as one cell; a spreadsheet has at most 32,767 characters in one.
MAX_CHARACTERS = 131_072

_QUOTED = re.compile(r'(?:^|(?<=[;,\t]))"(?:[^"]|"")*+"')
_HEADINGS = re.compile(r'(?:(?:^|(?<=[;,\t]))"(?:[^"]|"")*+"|[^\r\n])++')

_SAVE_AGAIN = 'save it as UTF-8 (in Excel: "save as", type "CSV UTF-8"), or as .xlsx'


@dataclass(frozen=True)
class Row:
    """A row that is not empty: its number, and the texts of its cells that are not empty.

    `wrong`: what cannot be read of it, as (problem, remedy) by column; "" is the row itself.
    `dates`: columns of the cells that Excel holds as dates.
    """

    number: int
    cells: Mapping[str, str]
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    dates: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """The columns by their headings, and the rows below them."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Cell:
    """A cell as a reader found it: its text, or why it has none."""

    text: str = ""
    wrong: tuple[str, str] | None = None
    is_date: bool = False


def read_sheet(path: Path, sheet: str | None = None) -> Sheet:
    """The table in a file; of a workbook the first sheet, or the one named `sheet`.

    The first row that is not empty holds the headings. Raises ScanError naming the row and
    column, what was found and what would work.
    """
    content = read_bounded(path)
    if content.startswith(b"PK"):
        from relicscan.metadata.imports.workbook import workbook_rows

        return _sheet(workbook_rows(content, path.name, sheet), path.name)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise ScanError(
            "this is an old Excel file (.xls), or one with a password",
            scan=path.name,
            remedy="save it as .xlsx without a password",
        )
    if sheet is not None:
        raise ScanError(
            "only a workbook has sheets", scan=path.name, remedy="leave the name of a sheet out"
        )
    return _sheet(_csv_rows(_decoded(content, path.name), path.name), path.name)


def read_bounded(path: Path) -> bytes:
    """The content of a catalogue, up to MAX_BYTES. Raises ScanError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(error, scan=path.name) from None
    if len(content) > MAX_BYTES:
        raise ScanError(
            f"the file has more than {MAX_BYTES:,} bytes",
            scan=path.name,
            remedy="split it into several catalogues",
        )
    return content


def _decoded(content: bytes, scan: str) -> str:
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff") and content[:4] != b"\xff\xfe\0\0"
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(10, 0, error.start) + 1
        raise ScanError(
            f"line {line}: the file is not {'UTF-16' if wide else 'UTF-8'}",
            scan=scan,
            remedy=_SAVE_AGAIN,
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ScanError(f"line {line}: there is a NUL character", scan=scan, remedy=_SAVE_AGAIN)
    return text


def delimiter_of(text: str, scan: str) -> str:
    """What stands between the cells of the first line that is not empty. Raises ScanError."""
    text = text.lstrip("\r\n")
    headings = _HEADINGS.match(text)
    plain = _QUOTED.sub("", headings.group()) if headings else ""
    counts = sorted(((plain.count(mark), mark) for mark in ",;\t"), reverse=True)
    if counts[0][0] and counts[0][0] == counts[1][0]:
        marks = " and ".join("tab" if mark == "\t" else f"'{mark}'" for _, mark in counts[:2])
        raise ScanError(
            f"row 1: {marks} stand equally often between the headings",
            scan=scan,
            remedy="put headings that hold one of them in double quotes, or rename them",
        )
    return counts[0][1] if counts[0][0] else ","


def _csv_rows(text: str, scan: str) -> Iterator[list[Cell]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter_of(text, scan), strict=True
    )
    number = 1
    try:
        for row in reader:
            yield [Cell(unguarded(text)) for text in row]
            number += 1
    except csv.Error as error:
        raise ScanError(
            f"row {number}: this is not CSV ({error})",
            scan=scan,
            remedy="a text with quotes in it stands in double quotes, each of its own written "
            f"twice, and is shorter than {MAX_CHARACTERS:,} characters: look for quotes that are "
            "not closed",
        ) from None


def _sheet(found: Iterable[list[Cell]], scan: str) -> Sheet:
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    count = 0
    for number, cells in enumerate(found, start=1):
        if number > MAX_ROWS:
            raise ScanError(
                f"the table has more than {MAX_ROWS:,} rows",
                scan=scan,
                remedy="split it into several catalogues",
            )
        while cells and not cells[-1].text.strip() and not cells[-1].wrong:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise ScanError(
                f"row {number} has more than {MAX_COLUMNS:,} columns",
                scan=scan,
                remedy="remove the columns that are not needed",
            )
        if cells and not columns:
            columns = _headings(cells, number, scan)
        elif cells:
            rows.append(_row(number, columns, cells))
            count += len(cells)
        if count > MAX_CELLS:
            raise ScanError(
                f"the table has more than {MAX_CELLS:,} cells",
                scan=scan,
                remedy="split it into several catalogues",
            )
    if not columns:
        raise ScanError("the table is empty", scan=scan, remedy="write headings into its first row")
    return Sheet(columns, tuple(rows))


def _headings(cells: list[Cell], number: int, scan: str) -> tuple[str, ...]:
    names = [cell.text.strip() for cell in cells]
    for position, name in enumerate(names, start=1):
        at = f"row {number}, column {column_letters(position)}"
        if not name:
            raise ScanError(
                f"{at}: a heading is missing",
                scan=scan,
                remedy="give the column a heading, or remove it",
            )
        if names.index(name) < position - 1:
            raise ScanError(
                f"{at}: the heading {name[:60]!r} stands twice",
                scan=scan,
                remedy="give each column a heading of its own",
            )
    return tuple(names)


def _row(number: int, columns: tuple[str, ...], cells: list[Cell]) -> Row:
    wrong = {}
    if len(cells) > len(columns):
        wrong[""] = (
            f"the row has {len(cells)} cells and the table {len(columns)} columns",
            "put a text that holds what separates cells in double quotes",
        )
    named = dict(zip(columns, cells, strict=False))
    for name, cell in named.items():
        if cell.wrong:
            wrong[name] = cell.wrong
        elif len(cell.text) > MAX_CHARACTERS:
            wrong[name] = (
                f"a text of {len(cell.text):,} characters",
                f"shorten it to {MAX_CHARACTERS:,}",
            )
    return Row(
        number,
        {
            name: cell.text
            for name, cell in named.items()
            if cell.text.strip() and name not in wrong
        },
        wrong,
        frozenset(name for name, cell in named.items() if cell.is_date),
    )


def column_letters(position: int) -> str:
    """The letters over a column of a spreadsheet: 1 is A, 27 is AA."""
    letters = ""
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
