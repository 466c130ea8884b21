"""PTS: Leica's plain export of points that already share one coordinate system.

A line with the number of points, then as many lines of x y z, intensity, and
colour; some exporters leave the number out, and Cyclone writes one such block
per scan. No specification is public; this follows files of Leica Cyclone,
Trimble RealWorks and Autodesk ReCap.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._checks import (
    COPY_AGAIN,
    file_size,
    parse_count,
    require_few_scans,
    require_room,
)
from relicscan.formats._columns import attributes
from relicscan.formats._text import Lines, fields, is_number, open_text, shown
from relicscan.relic import FloatArray, PointCloud, Scan

EXTENSIONS = (".pts",)

#: Roles of the columns by their number; what a block has beside x y z is all or nothing.
_ROLES = {
    3: {},
    4: {"intensity": 3},
    6: {"red": 3, "green": 4, "blue": 5},
    7: {"intensity": 3, "red": 4, "green": 5, "blue": 6},
}
_SHORTEST_LINE = 6  # "0 0 0" and its end


def peek(path: Path) -> Peek:
    """What the first lines say; the count is that of the first block, -1 where none is given."""
    size = file_size(path)
    with open_text(path) as lines:
        count = _take_count(lines, size)
        first = lines.peek()
    if first is None or count == 0:
        raise no_geometry(path)
    roles = column_roles(len(fields(first, None)), "PTS")
    return Peek(
        kind="cloud", points=count, colors="red" in roles, detail=" ".join(["x y z", *roles])
    )


@np.errstate(over="ignore", invalid="ignore")  # a hostile value may overflow in any cast
def read(path: Path) -> list[Scan]:
    """One cloud of all blocks, for they share one coordinate system. Raises ScanError, OSError."""
    size = file_size(path)
    blocks: list[FloatArray] = []
    warnings: list[str] = []
    uncounted = number = 0
    with open_text(path) as lines:
        while lines.peek() is not None:
            require_few_scans(number := number + 1)
            count = _take_count(lines, size)
            first = lines.peek()
            if count and first is not None:  # the table is made as long as announced, and as wide
                column_roles(len(fields(first, None)), "PTS")
            rows = lines.table(None, rows=None if count < 0 else count)
            if len(rows) < count:
                raise ScanError(
                    f"the file announces {count:,} points but {len(rows):,} follow",
                    remedy=COPY_AGAIN,
                )
            if len(rows):
                blocks.append(rows)
                uncounted += len(rows) if count < 0 and len(blocks) > 1 else 0
    if not blocks:
        raise no_geometry(path)
    if uncounted:
        warnings.append(f"{uncounted:,} points more than the file announces were read")
    elif len(blocks) > 1:
        warnings.append(f"{len(blocks)} blocks of points were joined: a PTS has one common frame")
    return [Scan(path.stem, _joined(blocks), file=path.name, warnings=tuple(warnings))]


def column_roles(width: int, what: str) -> dict[str, int]:
    """Column index by role beside x y z. Raises ScanError for widths that `what` does not have."""
    if width not in _ROLES:
        raise ScanError(
            f"the points have {width} columns; a {what} has x y z, perhaps intensity, "
            "perhaps red green blue",
            remedy="export the scan again, or rename the file to .xyz",
        )
    return _ROLES[width]


def _take_count(lines: Lines, size: int) -> int:
    """The count on a line of its own, checked against the size of the file; -1 without one."""
    line = lines.peek() or ""
    words = fields(line, None)
    if len(words) == 1:
        count = parse_count(words[0], "points")
        require_room(count, _SHORTEST_LINE, size, "points")
        next(lines)
        return count
    if not all(map(is_number, words)):
        raise ScanError(
            f"line {lines.number + 1} ('{shown(line)}') is neither a point nor a count of points",
            remedy=COPY_AGAIN,
        )
    return -1


def _joined(blocks: list[FloatArray]) -> PointCloud:
    """All blocks as one cloud, with the attributes that every block has."""
    roles = [column_roles(rows.shape[1], "PTS") for rows in blocks]
    columns = {
        role: np.concatenate([rows[:, r[role]] for rows, r in zip(blocks, roles, strict=True)])
        for role in roles[0]
        if all(role in r for r in roles)
    }
    points = np.concatenate([rows[:, :3] for rows in blocks])
    return PointCloud(points, **attributes(columns))
