"""What a row or a record of a catalogue gives becomes the nested data of a relic.toml, checked.

Every mistake is told of the cell that it is in. Nothing is guessed: a measure without a unit, a
decimal comma, a date in prose are refused with what would work.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from relicscan.metadata.fields import FieldError
from relicscan.metadata.imports.columns import MEASURES, FieldPath, said
from relicscan.metadata.relic_toml import RelicToml
from relicscan.units import UNITS, find_unit

_SHOWN = 80

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_SPACE = "[ \u00a0\u202f]*"
_MEASURE = re.compile(rf"({_NUMBER})(?:{_SPACE}±{_SPACE}({_NUMBER}))?{_SPACE}([A-Za-z][\w -]*)")
_MEASURE_REMEDY = "write number and unit, with a point: 31.2 cm, or 31.2 ± 0.1 cm"

#: For what remedies of relic.toml speak of quotes and keys.
_REMEDIES = {
    "value": "write the number alone, with a point: 31.2",
    "uncertainty": "write the number alone, with a point: 0.1",
    "edtf": "write years with four digits, BC as astronomical years: 530-520 BC is -0529/-0519; "
    "prose belongs into a column dating@en",
    "date": "write it as 2026-05-01, 2026-05 or 2026",
    "scale": "say by what in a column capture.scale_basis@en, or write declared",
    "relation": "fill one of related[0].id and related[0].uri",
}


class Given(NamedTuple):
    """The text of one cell, where it goes, and how its column is called in the catalogue."""

    path: FieldPath
    text: str
    column: str
    is_date: bool = False


@dataclass(frozen=True)
class RowProblem:
    """A row that is not taken: its number, the column, what was given and what would work.

    `column` is "" where the row itself is wrong.
    """

    number: int
    column: str
    given: str
    problem: str
    remedy: str


@dataclass(frozen=True)
class NotTaken:
    """What a catalogue says and no relic.toml can hold, and why; `number` is None for a column."""

    number: int | None
    column: str
    given: str
    reason: str


def problem_of(number: int, cell: Given, problem: str, remedy: str) -> RowProblem:
    """What is wrong with a cell."""
    return RowProblem(number, cell.column, shown(cell.text), problem, remedy)


def shown(text: str) -> str:
    """A text as a message can hold it: in short, on one line, nothing invisible in it."""
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)


def checked(number: int, given: Sequence[Given]) -> tuple[dict[str, Any], list[RowProblem]]:
    """What a row states, and what is wrong with it, cell by cell."""
    problems: list[RowProblem] = []
    good: list[Given] = []
    for cell in given:
        if doubt := unfit(cell):
            problems.append(problem_of(number, cell, *doubt))
        else:
            good.append(cell)
    data, where = _nested(number, good, problems)
    try:
        stated = RelicToml.model_validate(data).stated()
    except ValidationError as error:
        stated = {}
        for details in error.errors():
            path, problem, remedy = _explained(details)
            wrong = _nearest(where, path) or Given(path, "", "")
            problems.append(problem_of(number, wrong, problem, remedy))
    return stated, list(dict.fromkeys(problems))


def unfit(cell: Given) -> tuple[str, str] | None:
    """What is wrong with a cell whatever it is for, and what would work."""
    if any("\ud800" <= c <= "\udfff" for c in cell.text):
        return "a text that is not Unicode", "write it again"
    if cell.is_date and cell.path[-1] not in ("edtf", "date"):
        return (
            "Excel holds this cell as a date, and what was typed is lost",
            "format the column as text, and write the cell again",
        )
    return None


def _nested(
    number: int, given: Sequence[Given], problems: list[RowProblem]
) -> tuple[dict[str, Any], dict[FieldPath, Given]]:
    """Tables in tables, and from which cell each value came; entries of lists close ranks."""
    data: dict[str, Any] = {}
    where: dict[FieldPath, Given] = {}
    places: dict[FieldPath, list[int]] = {}
    for cell in given:
        for at, part in enumerate(cell.path):
            if isinstance(part, int):
                places[cell.path[:at]] = sorted({part, *places.get(cell.path[:at], [])})
    measured = []
    for cell in given:
        if cell.path[0] in MEASURES:
            measured.append(cell)
            continue
        path: FieldPath = ()
        for at, part in enumerate(cell.path):
            closed = places[cell.path[:at]].index(part) if isinstance(part, int) else part
            path = (*path, closed)
        where[path] = cell
        _put(data, path, cell.text if _by_language(cell.path) else cell.text.strip())
    for cell in measured:
        try:
            dimension = _dimension(str(cell.path[0]), cell.text.strip())
        except FieldError as error:
            problems.append(problem_of(number, cell, error.problem, error.remedy))
            continue
        dimensions = data.setdefault("object", {}).setdefault("dimension", [])
        where["object", "dimension", len(dimensions)] = cell
        dimensions.append(dimension)
    return data, where


def _by_language(path: FieldPath) -> bool:
    return "@" in said(path)


def _put(data: dict[str, Any], path: FieldPath, text: str) -> None:
    at: Any = data
    for part, following in itertools.pairwise(path):
        if isinstance(part, int):
            at += [{} for _ in range(len(at), part + 1)]
            at = at[part]
        else:
            at = at.setdefault(part, [] if isinstance(following, int) else {})
    at[path[-1]] = text


def _dimension(kind: str, text: str) -> dict[str, str]:
    measure = _MEASURE.fullmatch(text)
    if not measure:
        raise FieldError("this is no measure", _MEASURE_REMEDY)
    value, uncertainty, unit = measure.groups()
    if unit not in UNITS:
        meant = find_unit(unit)
        raise FieldError(
            f"{unit[:40]!r} is not one of the units",
            f"write {meant}" if meant else "use one of " + ", ".join(UNITS),
        )
    dimension = {"kind": kind, "value": value, "unit": unit}
    return dimension | ({"uncertainty": uncertainty} if uncertainty else {})


def _explained(details: Mapping[str, Any]) -> tuple[FieldPath, str, str]:
    wrong = details.get("ctx", {}).get("error")
    if isinstance(wrong, FieldError):
        path = (*details["loc"], *wrong.path)
        return path, wrong.problem, _REMEDIES.get(str(path[-1]), wrong.remedy)
    path = details["loc"]
    if details["type"] == "missing":
        return path, f"{said(path)} is missing", f"fill a column {said(path)} as well"
    if details["type"] == "literal_error":
        return path, "this is not possible here", f"write {details['ctx']['expected']}"
    return path, str(details["msg"]), "look the field up in a file by `relicscan new`"


def _nearest(where: Mapping[FieldPath, Given], path: FieldPath) -> Given | None:
    """The cell that a value came from, or the one beside it where it came from none."""

    def shared(known: FieldPath) -> int:
        same = 0
        for a, b in zip(known, path, strict=False):
            if a != b:
                break
            same += 1
        return same

    return where[max(where, key=shared)] if where else None
