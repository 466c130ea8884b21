"""PTX: Leica's export of scans as the instrument took them, each with its pose.

Per scan ten lines: columns, rows, the scanner's position, its three axes, and
the transformation as four rows of row vectors (a point is multiplied from the
left, so the translation is the last row); then a line per measured direction,
0 0 0 where nothing came back. Lengths are metres. No specification is public;
this follows Leica's description in the Cyclone manual and files in the field.
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
from relicscan.formats._text import Lines, fields, open_text
from relicscan.formats.pts import column_roles
from relicscan.relic import FloatArray, PointCloud, Scan

EXTENSIONS = (".ptx",)

_UNIT, _UNIT_BASIS = "m", "PTX convention"
_SHORTEST_LINE = 6  # "0 0 0" and its end


def peek(path: Path) -> Peek:
    """What the first header says; points and scans are -1, for misses and further scans hide."""
    size = file_size(path)
    with open_text(path) as lines:
        columns, rows = _take_grid(lines, size)
        _take_pose(lines)
        first = lines.peek()
    if first is None:
        raise no_geometry(path)
    roles = column_roles(len(fields(first, None)), "PTX")
    return Peek(
        kind="cloud",
        points=-1,
        scans=-1,
        colors="red" in roles,
        posed=True,
        unit=_UNIT,
        detail=f"first scan {columns:,} × {rows:,} directions",
    )


@np.errstate(over="ignore", invalid="ignore")  # a hostile value may overflow in any cast
def read(path: Path) -> list[Scan]:
    """One Scan per scanner position, in its own frame, the misses dropped.

    `pose` takes it to the common frame; the scanner stands at the origin of its
    own, which is what `viewpoints` say. Raises ScanError, OSError.
    """
    size = file_size(path)
    scans: list[Scan] = []
    with open_text(path) as lines:
        number = 0
        while lines.peek() is not None:
            require_few_scans(number := number + 1)
            columns, rows = _take_grid(lines, size)
            pose, warnings = _take_pose(lines)
            first = lines.peek()
            if columns * rows and first is not None:  # the table is made as long as announced
                column_roles(len(fields(first, None)), "PTX")
            table = lines.table(None, rows=columns * rows)
            if len(table) < columns * rows:
                raise ScanError(
                    f"scan {number} announces {columns:,} × {rows:,} directions, "
                    f"but {len(table):,} lines follow",
                    remedy=COPY_AGAIN,
                )
            name = f"{path.stem} scan {number}"
            if columns * rows:
                scans += _scan(path, name, table, pose, warnings)
    if not scans:
        raise no_geometry(path)
    return scans


def _scan(
    path: Path, name: str, table: FloatArray, pose: FloatArray | None, warnings: list[str]
) -> list[Scan]:
    """The scan of one block, or none where every direction is a miss."""
    hits = table[table[:, :3].any(axis=1)]
    if not len(hits):
        return []
    if len(hits) < len(table):
        warnings.append(
            f"{len(table) - len(hits):,} of {len(table):,} directions without a return were dropped"
        )
    roles = column_roles(hits.shape[1], "PTX")
    found = attributes({role: hits[:, column] for role, column in roles.items()})
    cloud = PointCloud(hits[:, :3], viewpoints=np.zeros((len(hits), 3), np.float32), **found)
    return [
        Scan(
            name,
            cloud,
            file=path.name,
            pose=pose,
            unit=_UNIT,
            unit_basis=_UNIT_BASIS,
            up="+Z",
            up_basis="PTX convention: the instrument stands level",
            warnings=tuple(warnings),
        )
    ]


def _take_grid(lines: Lines, size: int) -> tuple[int, int]:
    """Columns and rows of the next scan, checked against the size of the file."""
    counts = []
    for what in ("columns", "rows"):
        line = lines.peek()
        if line is None:
            raise ScanError("the header of a scan is cut short", remedy=COPY_AGAIN)
        counts.append(parse_count(line.strip(), what))
        next(lines)
    require_room(counts[0] * counts[1], _SHORTEST_LINE, size, "points")
    return counts[0], counts[1]


@np.errstate(over="ignore", invalid="ignore")
def _take_pose(lines: Lines) -> tuple[FloatArray | None, list[str]]:
    """T_common_scan (4, 4) from the eight lines behind the grid, and what is odd about it.

    None, with a warning, where the matrix is no rigid motion: such a scan would
    be placed wrongly without anyone noticing. Raises ScanError for missing lines.
    """
    station = lines.table(None, rows=4)  # position and axes: the matrix says the same again
    matrix = lines.table(None, rows=4)
    if station.shape != (4, 3) or matrix.shape != (4, 4):
        raise ScanError(
            f"the header of a scan ends at line {lines.number:,} without its 4 × 4 matrix",
            remedy=COPY_AGAIN,
        )
    warnings = []
    pose = matrix.T.copy()
    if not pose[:3, 3].any() and pose[3, :3].any():
        pose = matrix.copy()
        warnings.append("the matrix has its translation in the last column: it was read that way")
    rotation = pose[:3, :3]
    # Exporters write six decimals or more; 1e-3 lets those pass and no scale of a unit.
    is_rigid = (
        np.isfinite(pose).all()
        and np.array_equal(pose[3], [0, 0, 0, 1])
        and abs(rotation @ rotation.T - np.eye(3)).max() < 1e-3
        and np.linalg.det(rotation) > 0
    )
    if not is_rigid:
        return None, ["the matrix is not a rotation with a translation: the pose was left out"]
    return pose, warnings
