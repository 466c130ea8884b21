"""What relic.toml tells registration of where scans stand: starts to be refined, and links.

A start says where one scan is: a rough [[scan.pose]], or the turns of a [scan.turntable]. A link
says how one scan lies on another: a [[scan.match]], by least squares without a scale, which is
never a mirror image (Arun, Huang & Blostein 1987; Umeyama 1991). Poses that are not rough are
none of this: they are `Scan.pose` already, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from relicscan.errors import ScanError
from relicscan.metadata.pose_hints import Match, Turntable
from relicscan.metadata.scan_info import ScanInfo
from relicscan.relic import FloatArray, PointCloud, Scan
from relicscan.stage import did_you_mean
from relicscan.units import UNITS

#: Matched points may be off by this share of their extent: who picks on a screen errs by 1 or 2 %.
MOST_OFF = 0.05

_TOML = "relic.toml"
#: Formats whose files say where their scans lie: what they show is the scan where it is posed.
_POSED = (".e57", ".ptx")
#: Ratios that picked points are compared with, where a scan has no unit. No dm, no surveyors' feet:
#: nobody exports a relic in them without saying so.
_UNITS = ("mm", "cm", "m", "in", "ft")


@dataclass(frozen=True, eq=False)
class Link:
    """How scan `source` lies on scan `target` by `points` that both show.

    T_target_source (4, 4) leads from the source's own frame to the target's, with lengths in the
    unit of the target, to which those of the source are brought first. rms is how far the points
    are apart then, in that unit.
    """

    target: int
    source: int
    T_target_source: FloatArray
    rms: float
    points: int


@dataclass(frozen=True, eq=False)
class Hints:
    """By the scans' numbers: starts T_common_scan (4, 4) in the unit of the scan, and links."""

    starts: Mapping[int, FloatArray] = field(default_factory=dict)
    links: tuple[Link, ...] = ()


def hints_of(scans: Sequence[Scan], scan_info: Mapping[str, Any]) -> Hints:
    """What the [scan] table of a relic.toml says of scans that have their poses already.

    A rough pose comes after what the file states, like any other. The turns of a table go from
    that of its scans which has a pose, be it rough. Where none has and other scans do, how the
    table stands to those is not said: then the turns are links between its scans.

    Raises ScanError for files that are not there, and for matched points that do not match.
    """
    info = ScanInfo.model_validate(dict(scan_info))
    require_known(info, [scan.file for scan in scans])
    rough = {pose.file: np.array(pose.matrix) for pose in info.pose if pose.rough}
    starts = {
        k: rough[scan.file] @ _pose(scan) for k, scan in enumerate(scans) if scan.file in rough
    }
    links = [_link(number, match, scans, info) for number, match in enumerate(info.match, 1)]
    if info.turntable is not None:
        turned, between = _turned(info.turntable, scans, starts, info)
        starts |= turned
        links += between
    return Hints(starts, tuple(links))


def require_known(info: ScanInfo, files: Sequence[str]) -> None:
    """Raise ScanError where a pose or a hint names a file that is none of these."""
    known = set(files)
    for file, _, path in info.named():
        if file not in known:
            key = f"scan.{path[0]}"
            where = f"[{key}]" if path[0] == "turntable" else f"[[{key}]]"
            raise ScanError(
                f"a {where} is for '{file[:80]}', which is no scan of this relic",
                scan=_TOML,
                remedy=did_you_mean(file, list(dict.fromkeys(files)), "its scans are"),
            )


def _pose(scan: Scan) -> FloatArray:
    return np.eye(4) if scan.pose is None else np.array(scan.pose)


def _own(scan: Scan, info: ScanInfo) -> FloatArray:
    """The pose that a file or its .conf states, before what relic.toml adds."""
    added = [np.array(p.matrix) for p in info.pose if p.file == scan.file and not p.rough]
    return np.linalg.inv(added[0]) @ _pose(scan) if added else _pose(scan)


def _per_unit(scan: Scan, other: Scan) -> float:
    """How many units of the other scan are in one of this; 1 where either is not known."""
    if scan.mm_per_unit is None or other.mm_per_unit is None:
        return 1.0
    return scan.mm_per_unit / other.mm_per_unit


# --- the turntable ---------------------------------------------------------------------------


def _turned(
    table: Turntable, scans: Sequence[Scan], rough: Mapping[int, FloatArray], info: ScanInfo
) -> tuple[dict[int, FloatArray], list[Link]]:
    from relicscan.geometry.registration import turntable_poses

    files = table.files or sorted({scan.file for scan in scans}, key=_by_numbers)
    order = [k for file in files for k, scan in enumerate(scans) if scan.file == file]
    said = {pose.file for pose in info.pose}
    first = scans[order[0]]
    turns = turntable_poses(
        len(order), np.array(table.axis_point), np.array(table.axis), table.step_degrees
    )
    # What files state is where the scanner stood, before which the table turned.
    poses = {
        k: turn @ _in(_own(scans[k], info), scans[k], first)
        for k, turn in zip(order, turns, strict=True)
    }
    stated = {k: _pose(scan) for k, scan in enumerate(scans) if scan.file in said} | dict(rough)
    anchor = next((k for k in order if k in stated), None)
    if anchor is None and any(
        k in rough or scan.pose is not None for k, scan in enumerate(scans) if k not in poses
    ):
        return {}, _steps(order, poses, scans, first)
    if anchor is not None:
        own = _in(stated[anchor], scans[anchor], first)
        poses = {k: own @ np.linalg.inv(poses[anchor]) @ T for k, T in poses.items()}
    back = {k: _out(T, scans[k], first) for k, T in poses.items()}
    return {k: T for k, T in back.items() if scans[k].file not in said}, []


def _steps(
    order: Sequence[int], poses: Mapping[int, FloatArray], scans: Sequence[Scan], first: Scan
) -> list[Link]:
    """Links from turn to turn."""
    return [
        Link(a, b, _out(np.linalg.inv(poses[a]) @ poses[b], scans[a], first), 0.0, 0)
        for a, b in pairwise(order)
    ]


def _in(pose: FloatArray, scan: Scan, other: Scan) -> FloatArray:
    """A pose in the unit of its scan, with its shift in that of another."""
    pose = np.array(pose)
    pose[:3, 3] *= _per_unit(scan, other)
    return pose


def _out(pose: FloatArray, scan: Scan, other: Scan) -> FloatArray:
    """The way back."""
    pose = np.array(pose)
    pose[:3, 3] *= _per_unit(other, scan)
    return pose


def _by_numbers(name: str) -> list[tuple[int, str]]:
    """scan2 before scan10."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(p), "") if k % 2 else (-1, p) for k, p in enumerate(parts)] + [(-1, name)]


# --- matched points --------------------------------------------------------------------------


def _link(number: int, match: Match, scans: Sequence[Scan], info: ScanInfo) -> Link:
    from relicscan.geometry.registration.hypotheses import fitted

    target, T_onto_target = _scan_with(match.onto, match.onto_points, scans, info)
    source, T_file_source = _scan_with(match.file, match.points, scans, info)
    onto, points = np.array(match.onto_points), np.array(match.points)
    per_unit = _per_unit(scans[source], scans[target])
    times = _spread(onto) / _spread(points)
    if None in (scans[source].mm_per_unit, scans[target].mm_per_unit):
        per_unit = min(_ratios(), key=lambda ratio: abs(np.log(ratio / times)))
    points = points * per_unit
    T = fitted(onto[None], points[None], np.ones((1, len(onto))))[0]
    off = np.linalg.norm(points @ T[:3, :3].T + T[:3, 3] - onto, axis=1)
    rms = float(np.sqrt((off * off).mean()))
    if rms > MOST_OFF * _widest(onto):
        raise _no_match(number, match, off, times / per_unit, scans[target].unit)
    T_file_source[:3, 3] *= per_unit
    return Link(target, source, np.linalg.inv(T_onto_target) @ T @ T_file_source, rms, len(points))


def _scan_with(
    file: str, points: Sequence[Sequence[float]], scans: Sequence[Scan], info: ScanInfo
) -> tuple[int, FloatArray]:
    """The scan of a file that points lie on, and its pose in the coordinates of the file."""
    posed = file.casefold().endswith(_POSED)
    there = [
        (k, _own(scan, info) if posed else np.eye(4))
        for k, scan in enumerate(scans)
        if scan.file == file
    ]
    if len(there) == 1:
        return there[0]
    places = np.array(points)
    return min(there, key=lambda one: _away(places, scans[one[0]], one[1]))


def _away(places: FloatArray, scan: Scan, T_file_scan: FloatArray) -> float:
    """How far places in a file are from the nearest points of one of its scans, in the mean."""
    from relicscan.geometry.neighbours import nearest, tree

    assert isinstance(scan.geometry, PointCloud), "mesh scans have files of their own"
    points = scan.geometry.points[scan.geometry.finite]
    if not len(points):
        return float("inf")
    T = np.linalg.inv(T_file_scan)
    return float(nearest(tree(points), places @ T[:3, :3].T + T[:3, 3])[0].mean())


def _ratios() -> list[float]:
    return sorted({UNITS[a] / UNITS[b] for a in _UNITS for b in _UNITS})


def _spread(points: FloatArray) -> float:
    off = points - points.mean(axis=0)
    return float(np.sqrt((off * off).sum(axis=1).mean()))


def _widest(points: FloatArray) -> float:
    return float(np.linalg.norm(points[:, None] - points, axis=2).max())


def _no_match(
    number: int, match: Match, off: FloatArray, times: float, unit: str | None
) -> ScanError:
    each = ", ".join(f"{far:.3g}" for far in off)
    larger = ""
    if not 1 / 1.2 < times < 1.2:
        larger = (
            f" The points of {match.onto} are {times:.3g} times as far apart as those of "
            f"{match.file}: if the order is right, one of the two is in another unit."
        )
    return ScanError(
        f"[[scan.match]] {number}: the points of {match.file} do not lie on those of {match.onto} "
        f"however it is turned. They stay {each} {unit or 'units'} apart, in their order.{larger}",
        scan=_TOML,
        remedy="check the numbers, and that both lists name the same places in the same order; if "
        "one pair is wrong, leave it out: three are enough",
    )
