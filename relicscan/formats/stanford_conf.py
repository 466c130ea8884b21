"""The .conf of the Stanford 3D Scanning Repository: where each range image of a folder stands.

As zippering and VRIP read it (Turk & Levoy 1994; Curless & Levoy 1996):

    camera tx ty tz qx qy qz qw
    bmesh bun045.ply -0.052 -0.0003 -0.0109 0.0055 -0.2946 -0.0038 0.9556

A scan's points are turned by the conjugate of the quaternion and then shifted: so placed, each
of the bunny's ten lies a median 0.05 to 0.07 mm from the published surface. Nothing else of the
file means anything here, and its names are compared with those of scans and never opened.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError, unreadable
from relicscan.relic import FloatArray

EXTENSION = ".conf"

MAX_BYTES = 1_000_000
_KINDS = ("bmesh", "mesh")
_UNIT_WITHIN = 1e-3  # six digits are written; a quaternion farther off is none


def is_conf(path: Path) -> bool:
    """Whether a file places meshes so: other programs' .conf files have no such line."""
    if path.suffix.lower() != EXTENSION:
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(MAX_BYTES)
    except OSError:
        return False
    return any(line.split()[:1] in ([b"bmesh"], [b"mesh"]) for line in head.splitlines())


def poses_in(path: Path, scans: Iterable[str]) -> dict[str, FloatArray]:
    """T_common_scan (4, 4) of those of `scans`, names of files, that the file places.

    In the unit of the scans. Raises ScanError for lines that are none, and for one scan twice.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(error, scan=path.name) from None
    if len(content) > MAX_BYTES:
        raise _wrong(path, f"it has more than {MAX_BYTES:,} bytes")
    wanted = set(scans)
    found: dict[str, FloatArray] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        words = line.split()
        if not words or words[0] not in _KINDS:
            continue
        if len(words) != 9:
            raise _wrong(path, f"line {number}: {len(words) - 1} words, not a name and 7 numbers")
        name = words[1]
        if name in found:
            raise _wrong(path, f"line {number}: {name[:80]!r} is placed twice")
        if name in wanted:
            found[name] = _pose(path, number, words[2:])
    return found


def _pose(path: Path, number: int, words: list[str]) -> FloatArray:
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise _wrong(path, f"line {number}: not all of it are numbers") from None
    shift, (x, y, z, w) = values[:3], values[3:]
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if not all(map(math.isfinite, values)) or abs(length - 1) > _UNIT_WITHIN:
        raise _wrong(path, f"line {number}: {' '.join(words[3:])[:80]} is no rotation")
    x, y, z, w = -x / length, -y / length, -z / length, w / length  # the conjugate
    T_common_scan = np.eye(4)
    T_common_scan[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    T_common_scan[:3, 3] = shift
    return T_common_scan


def _wrong(path: Path, problem: str) -> ScanError:
    return ScanError(
        problem,
        scan=path.name,
        remedy="a line reads bmesh NAME tx ty tz qx qy qz qw; mend it, or take the file away and "
        "the scans count as without poses",
    )
