"""XYZ, ASC, TXT: delimited text, one point per line, with or without column names.

There is no standard. What CloudCompare, Agisoft Metashape, PDAL and laboratory
scripts write is told apart by the first lines: white space, commas, semicolons
or tabs; names after `//` or `#`, in quotes or plain; a line with the number of
points. Columns without names are recognised by their values, and a warning says
as what.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._checks import COPY_AGAIN, parse_count
from relicscan.formats._columns import attributes, guess_roles, role_of, roles_of
from relicscan.formats._text import (
    Lines,
    delimiter_of,
    fields,
    is_number,
    open_text,
    shown,
)
from relicscan.relic import PointCloud, Scan

EXTENSIONS = (".xyz", ".asc", ".txt")

_COMMENTS = ("//", "#", "%", "!")
_MOST_HEADER_LINES = 100
_SAMPLE_LINES = 1000


@dataclass(frozen=True)
class _Layout:
    """What the lines before the first point say, and how that point is written."""

    delimiter: str | None
    width: int
    names: tuple[str, ...]
    count: int


def peek(path: Path) -> Peek:
    """What the first lines show; the count is -1 unless a line of its own states it."""
    with open_text(path) as lines:
        layout = _read_preamble(lines, path)
        sample = lines.table(layout.delimiter, rows=_SAMPLE_LINES)
    roles = roles_of(layout.names) if layout.names else guess_roles(sample)
    return Peek(
        kind="cloud",
        points=layout.count,
        colors="red" in roles,
        normals="nx" in roles,
        detail=f"{layout.width} columns: {_described(roles, layout.width)}",
    )


@np.errstate(over="ignore", invalid="ignore")  # a hostile value may overflow in any cast
def read(path: Path) -> list[Scan]:
    """The cloud in double precision, survey coordinates included.

    Raises ScanError with the line number where lines are ragged or hold text,
    and where a header does not name x, y and z once each; OSError.
    """
    with open_text(path) as lines:
        layout = _read_preamble(lines, path)
        rows = lines.table(layout.delimiter)
    warnings: list[str] = []
    if layout.count not in (-1, len(rows)):
        raise ScanError(
            f"the file announces {layout.count:,} points but holds {len(rows):,}",
            remedy=COPY_AGAIN,
        )
    if layout.names:
        roles = roles_of(layout.names)
    else:
        roles = guess_roles(rows)
        assumed = _described(roles, layout.width)
        warnings.append(f"the columns have no names; by their values they were read as {assumed}")
    found = attributes({role: rows[:, column] for role, column in roles.items()})
    cloud = PointCloud(np.ascontiguousarray(rows[:, [roles[axis] for axis in "xyz"]]), **found)
    return [Scan(path.stem, cloud, file=path.name, warnings=tuple(warnings))]


def _read_preamble(lines: Lines, path: Path) -> _Layout:
    """Take the lines before the first point. Raises ScanError for one that makes no sense."""
    names: tuple[str, ...] = ()
    count = -1
    while (line := lines.peek()) is not None:
        is_comment = line.lstrip().startswith(_COMMENTS)
        bare = line.lstrip().lstrip("/#%! \t") if is_comment else line
        delimiter = delimiter_of(bare)
        words = fields(bare, delimiter)
        if not is_comment and all(map(is_number, words)):
            if len(words) >= 3:
                _check_names(names, len(words))
                return _Layout(delimiter, len(words), names, count)
            if len(words) == 1 and count < 0:
                count = parse_count(words[0], "points")
            else:
                raise _not_a_point(lines.number + 1, line)
        else:
            named = fields(bare, "\t") if "\t" in bare.strip() else words
            is_header = {"x", "y", "z"} & {role_of(name) for name in named}
            if is_header:
                names = tuple(named)
                roles_of(names)
            elif not is_comment:
                raise _not_a_point(lines.number + 1, line)
        next(lines)
        if lines.number > _MOST_HEADER_LINES:
            raise _not_a_point(lines.number, line)
    raise no_geometry(path)


def _check_names(names: tuple[str, ...], width: int) -> None:
    if names and len(names) != width:
        raise ScanError(
            f"the header names {len(names)} columns, but the first point has {width}",
            remedy="give every column one name, without spaces in it, or remove the header line",
        )


def _not_a_point(number: int, line: str) -> ScanError:
    return ScanError(
        f"line {number} ('{shown(line)}') is neither a point nor a line of column names",
        remedy="write one point per line, x y z first, and if there are names, x, y and z",
    )


def _described(roles: dict[str, int], width: int) -> str:
    """ "x y z red green blue -": the columns in order, a dash for those that are not used."""
    names = {column: role for role, column in roles.items()}
    return " ".join(names.get(column, "-") for column in range(width))
