"""A catalogue: what a museum has already written of its objects becomes what relic.toml says.

Tables (CSV, Excel) have a column for each field, see `relicscan.metadata.imports.columns`;
headings of their own are explained by a mapping file. Tables for Packrat and LIDO records are
understood as they are. A row that is wrong is rejected alone, and told cell by cell; what the
whole table gets wrong (an unknown heading) is one error.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from relicscan.errors import ScanError
from relicscan.metadata.fields import FieldError, GivenPath
from relicscan.metadata.imports import packrat
from relicscan.metadata.imports.columns import WHICH, FieldPath, not_read, said, target_of
from relicscan.metadata.imports.given import (
    Given,
    NotTaken,
    RowProblem,
    checked,
    problem_of,
    shown,
    unfit,
)
from relicscan.metadata.imports.lido import LidoRecord, read_lido
from relicscan.metadata.imports.mapping import ColumnMapping
from relicscan.metadata.imports.sheets import Row, Sheet, read_sheet

_TOLD = 10
_FOLDER: TypeAdapter[str] = TypeAdapter(GivenPath)
_FOLDER_REMEDY = "write its path below the root with '/', for example vitrine-3/amphora"


@dataclass(frozen=True)
class CatalogueRow:
    """A row that is right: which relic it is for, and what it states of it, as relic.toml does."""

    number: int
    folder: str | None
    id: str | None
    stated: dict[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """Rows that are right, why others are not, and what no relic.toml has a place for.

    `unit`: what is numbered, rows of a table or records of a file. `claims`: the folder and the
    id that each row names, right or wrong.
    """

    rows: tuple[CatalogueRow, ...]
    problems: tuple[RowProblem, ...]
    not_taken: tuple[NotTaken, ...] = ()
    unit: Literal["row", "record"] = "row"
    claims: Mapping[int, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Cells:
    """One row before it is checked: its cells, and what is wrong with it already."""

    number: int
    given: tuple[Given, ...]
    problems: tuple[RowProblem, ...] = ()


def read_catalogue(
    path: Path, mapping: ColumnMapping | None = None, *, sheet: str | None = None
) -> Catalogue:
    """What a catalogue says: a CSV or Excel file (`sheet` of it), or LIDO records in XML.

    Raises ScanError where the file as a whole cannot be read or understood.
    """
    if _is_xml(path):
        if sheet is not None:
            raise ScanError(
                "LIDO has no sheets", scan=path.name, remedy="leave the name of a sheet out"
            )
        records = read_lido(path)
        rows = [_of_record(record, mapping or ColumnMapping()) for record in records]
        listed = tuple(entry for record in records for entry in record.not_taken)
        return _catalogue(rows, listed, "record")
    return _of_table(read_sheet(path, sheet), mapping or ColumnMapping(), path.name)


def _is_xml(path: Path) -> bool:
    if path.suffix.lower() in (".xml", ".lido"):
        return True
    try:
        with path.open("rb") as stream:
            start = stream.read(200)
    except OSError:
        return False  # said by whoever reads it
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<?xml", b"<lido"))


def _of_table(sheet: Sheet, mapping: ColumnMapping, scan: str) -> Catalogue:
    not_taken: list[NotTaken] = []
    if packrat.is_packrat(sheet.columns):
        reason = "relic.toml has no field for it"
        columns = set(packrat.not_taken(sheet.columns)) - mapping.ignore - set(mapping.columns)
        not_taken += [NotTaken(None, c, "", reason) for c in sheet.columns if c in columns]
        sheet = packrat.with_titles(sheet)
        mapping = _together(packrat.packrat_mapping(sheet.columns), mapping)
    targets, of_output = _targets(sheet.columns, mapping, scan)
    not_taken += [NotTaken(None, c, "", why) for c, why in of_output.items()]
    if not any(path == (name,) for path in targets.values() for name in WHICH):
        raise ScanError(
            "no column says which relic a row is for",
            scan=scan,
            remedy="add a column folder with the path of each scan folder, or a column id",
        )
    rows = []
    for row in sheet.rows:
        cells, unclear = _of_row(row, targets, mapping)
        rows.append(cells)
        not_taken += unclear
    return _catalogue(rows, not_taken, "row")


def _together(known: ColumnMapping, own: ColumnMapping) -> ColumnMapping:
    """What a mapping file says goes before what is known by itself."""
    columns = {c: p for c, p in known.columns.items() if c not in own.ignore}
    return ColumnMapping(
        {**columns, **own.columns},
        (known.ignore | own.ignore) - set(own.columns),
        {**known.values, **own.values},
    )


def _targets(
    columns: Iterable[str], mapping: ColumnMapping, scan: str
) -> tuple[dict[str, FieldPath], dict[str, str]]:
    """Where each column goes, and why those of our own output go nowhere. Raises ScanError."""
    targets: dict[str, FieldPath] = {}
    unknown: list[tuple[str, FieldError]] = []
    of_output = {}
    for column in columns:
        if column in mapping.columns:
            targets[column] = mapping.columns[column]
        elif column in mapping.ignore:
            continue
        elif why := not_read(column):
            of_output[column] = why
        else:
            try:
                targets[column] = target_of(column)
            except FieldError as error:
                unknown.append((column, error))
    if unknown:
        told = "; ".join(f"column {shown(c)!r}: {e.problem}" for c, e in unknown[:_TOLD])
        more = f", and {len(unknown) - _TOLD} more" if len(unknown) > _TOLD else ""
        raise ScanError(
            f"{told}{more}",
            scan=scan,
            remedy=f"{unknown[0][1].remedy}; or say in a mapping file what the column is, or "
            f'ignore = ["{shown(unknown[0][0])}"]',
        )
    taken: dict[FieldPath, str] = {}
    for column, path in targets.items():
        if path in taken:
            both = f"{shown(taken[path])!r} and {shown(column)!r}"
            raise ScanError(
                f"the columns {both} are both for {said(path)}",
                scan=scan,
                remedy="remove one, or give each a language of its own",
            )
        taken[path] = column
    return targets, of_output


def _of_row(
    row: Row, targets: dict[str, FieldPath], mapping: ColumnMapping
) -> tuple[_Cells, list[NotTaken]]:
    given = []
    unclear = []
    for column, path in targets.items():
        if column not in row.cells:
            continue
        text = mapping.meant(path, row.cells[column])
        if packrat.unclear_date(path, text):
            reason = "which number is the month is not said: write 2026-05-01"
            unclear.append(NotTaken(row.number, column, shown(text), reason))
        else:
            given.append(Given(path, text, column, column in row.dates))
    problems = [
        RowProblem(row.number, column, "", *wrong)
        for column, wrong in row.wrong.items()
        if not column or column in targets
    ]
    return _Cells(row.number, tuple(given), tuple(problems)), unclear


def _of_record(record: LidoRecord, mapping: ColumnMapping) -> _Cells:
    given = [cell._replace(text=mapping.meant(cell.path, cell.text)) for cell in record.given]
    if (name := record.identifier) is not None:
        folder = mapping.meant(("folder",), name.text)
        if folder != name.text:
            given.append(Given(("folder",), folder, name.column))
        else:
            given.append(name._replace(text=mapping.meant(("id",), name.text)))
    return _Cells(record.number, tuple(given))


def _catalogue(
    cells: Iterable[_Cells], not_taken: Iterable[NotTaken], unit: Literal["row", "record"]
) -> Catalogue:
    good: list[CatalogueRow] = []
    problems: list[RowProblem] = []
    claims: dict[tuple[str, str], list[int]] = defaultdict(list)
    named: dict[int, tuple[str | None, str | None]] = {}
    for row in cells:
        if not row.given and not row.problems:
            continue
        which = {str(cell.path[0]): cell for cell in row.given if cell.path[0] in WHICH}
        texts = {kind: cell.text.strip() for kind, cell in which.items()}
        named[row.number] = texts.get("folder"), texts.get("id")
        for kind, cell in which.items():
            claims[kind, _same(cell.text)].append(row.number)
        stated, wrong = checked(row.number, [c for c in row.given if c.path != ("folder",)])
        wrong = [*row.problems, *wrong, *_which_problems(row.number, which)]
        folder = which["folder"].text.strip().rstrip("/") if "folder" in which else None
        problems += wrong
        if not wrong:
            good.append(CatalogueRow(row.number, folder, stated.get("id"), stated))
    twice: dict[int, RowProblem] = {}
    for (kind, text), numbers in claims.items():
        if len(numbers) > 1:
            told = ", ".join(map(str, numbers[:_TOLD])) + (" …" if len(numbers) > _TOLD else "")
            for number in numbers:
                twice[number] = RowProblem(
                    number, kind, shown(text), f"{unit}s {told} are for one relic", "keep one"
                )
    problems = sorted([*problems, *twice.values()], key=lambda problem: problem.number)
    rows = tuple(row for row in good if row.number not in twice)
    return Catalogue(rows, tuple(problems), tuple(not_taken), unit, named)


def _which_problems(number: int, which: dict[str, Given]) -> list[RowProblem]:
    if not which:
        remedy = "fill one of folder and id"
        return [RowProblem(number, "", "", "it is not said which relic this is for", remedy)]
    if cell := which.get("folder"):
        if problem := unfit(cell):
            return [problem_of(number, cell, *problem)]
        try:
            _FOLDER.validate_python(cell.text.strip().rstrip("/"))
        except ValidationError as error:
            wrong: FieldError = error.errors()[0]["ctx"]["error"]
            said_so = wrong.problem.replace("the path of a file", "the path of a folder")
            return [problem_of(number, cell, said_so, _FOLDER_REMEDY)]
    return []


def _same(text: str) -> str:
    """What names of folders are compared by: many file systems know no other difference."""
    return unicodedata.normalize("NFC", text.strip().rstrip("/")).casefold()
