"""Rows of an Excel workbook (ISO/IEC 29500, .xlsx), read without trust.

A workbook is a zip of XML files. What it would unpack to is known before anything of it is
unpacked, and it is refused where that is too much. Which file is a sheet and which holds its
texts, relations and content types say and no file's name does: each that is opened goes through
`xml_guard` first. Results of formulas are what was computed when the workbook was last saved.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from relicscan.errors import ScanError
from relicscan.metadata.csv_cells import unguarded
from relicscan.metadata.imports.excel_texts import cell_text
from relicscan.metadata.imports.sheets import MAX_ROWS, Cell
from relicscan.metadata.imports.xml_guard import check_prolog
from relicscan.stage import did_you_mean

MAX_PARTS = 10_000
#: All files together, any one of them (sheets and the texts of all sheets are read as streams),
#: and one that openpyxl reads at once (styles, relations).
MAX_BYTES = 400_000_000
MAX_STREAM_BYTES = 200_000_000
MAX_WHOLE_BYTES = 20_000_000

_PIECE = 1 << 20
_SAVE_AGAIN = "open it in a spreadsheet program and save it again as .xlsx"

_NOT_COMPUTED = (
    "the formula has no result",
    "open the workbook in a spreadsheet program and save it, or write the value instead",
)


def workbook_rows(content: bytes, scan: str, name: str | None) -> Iterator[list[Cell]]:
    """The rows of the first sheet, or of the one of that name, from the first row on.

    One row more than a table may have is read, not all of them. Raises ScanError.
    """
    formulas = _checked(content, scan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that it does not read
        try:
            yield from _rows(content, scan, name, formulas=formulas)
        except ScanError:
            raise
        # openpyxl raises whatever its parts raise on a workbook that is broken.
        except Exception as error:
            raise ScanError(
                f"the workbook is broken ({type(error).__name__}: {error})"[:300],
                scan=scan,
                remedy=_SAVE_AGAIN,
            ) from None


def _rows(content: bytes, scan: str, name: str | None, *, formulas: bool) -> Iterator[list[Cell]]:
    values = _worksheet(content, scan, name, data_only=True)
    written = _worksheet(content, scan, name, data_only=False) if formulas else None
    for row in values:
        beside = next(written) if written is not None else ()
        cells = []
        for position, cell in enumerate(row):
            formula = position < len(beside) and beside[position].data_type == "f"
            if formula and cell.value is None:
                cells.append(Cell(wrong=_NOT_COMPUTED))
            else:
                cells.append(_cell(cell))
        yield cells


def _cell(cell: Any) -> Cell:
    if cell.value is None:
        return Cell()
    if cell.data_type == "e":
        return Cell(
            wrong=(f"the formula ends in {cell.value}", "mend it, or write the value instead")
        )
    if isinstance(cell.value, str):
        return Cell(unguarded(cell.value))
    text, is_date, doubt = cell_text(cell.value, cell.number_format)
    return Cell(text, wrong=doubt, is_date=is_date)


def _worksheet(content: bytes, scan: str, name: str | None, *, data_only: bool) -> Iterator[Any]:
    from openpyxl.reader.excel import ExcelReader

    reader: Any = ExcelReader(
        io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False
    )
    reader.archive = _Guarded(content, scan)
    reader.read_chartsheet = lambda *_: None  # it is no table, and would be read at once
    reader.read()
    sheets = {sheet.title: sheet for sheet in reader.wb.worksheets}
    if not sheets:
        raise ScanError(
            "there is no sheet in the workbook", scan=scan, remedy="put the table into one"
        )
    name = next(iter(sheets)) if name is None else name
    if name not in sheets:
        raise ScanError(
            f"there is no sheet {name[:60]!r}",
            scan=scan,
            remedy=did_you_mean(name, list(sheets), "the sheets are"),
        )
    sheet = sheets[name]
    sheet.reset_dimensions()  # what it says of its own size is not always so
    return iter(sheet.iter_rows(max_row=MAX_ROWS + 1))


class _Guarded(zipfile.ZipFile):
    """The files of a workbook as openpyxl asks for them: nothing is opened without a look at it."""

    def __init__(self, content: bytes, scan: str) -> None:
        super().__init__(io.BytesIO(content))
        self.scan = scan

    def open(self, name: str | zipfile.ZipInfo, *_: Any, **__: Any) -> IO[bytes]:
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        try:
            with super().open(part) as stream:
                check_prolog(stream, self.scan)
        except ScanError as error:
            raise ScanError(
                f"{part.filename[:60]!r} in the workbook, {error.message}",
                scan=self.scan,
                remedy=_SAVE_AGAIN,
            ) from None
        return super().open(part)

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        _check_size(part, MAX_WHOLE_BYTES, self.scan)
        return super().read(part, pwd)


def _checked(content: bytes, scan: str) -> bool:
    """Whether a sheet has formulas. Raises ScanError for what would unpack to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_sizes(parts, scan)
            if not any(part.filename.lower() == "[content_types].xml" for part in parts):
                raise ScanError(
                    "this is a zip archive and no Excel workbook",
                    scan=scan,
                    remedy="name the catalogue inside it, or save it as .xlsx",
                )
            found = [_has_formula(archive, part) for part in parts]
            return any(found)
    # What zipfile raises for archives that are torn, encrypted or packed in a way it does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise ScanError(
            f"the workbook cannot be unpacked ({error})"[:300],
            scan=scan,
            remedy=_SAVE_AGAIN,
        ) from None


def _check_sizes(parts: list[zipfile.ZipInfo], scan: str) -> None:
    if len(parts) > MAX_PARTS:
        raise _too_much(f"it has {len(parts):,} files inside", scan)
    for part in parts:
        _check_size(part, MAX_STREAM_BYTES, scan)
    together = sum(part.file_size for part in parts)
    if together > MAX_BYTES:
        raise _too_much(f"it would unpack to {together:,} bytes", scan)


def _check_size(part: zipfile.ZipInfo, limit: int, scan: str) -> None:
    if part.file_size > limit:
        raise _too_much(f"{part.filename[:60]!r} would unpack to {part.file_size:,} bytes", scan)


def _too_much(what: str, scan: str) -> ScanError:
    return ScanError(
        f"the workbook is not read: {what}",
        scan=scan,
        remedy="save the sheet as CSV UTF-8, or split it into several catalogues",
    )


def _has_formula(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether there may be a formula in a file, which is read to its end."""
    found, tail = False, b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            seen = tail + piece
            found = found or bool(re.search(rb"<(\w+:)?f[\s>/]", seen))
            tail = piece[-32:]
    return found
