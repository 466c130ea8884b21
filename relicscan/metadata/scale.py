"""The scale that known distances give to a scan without a unit, or how they check its unit.

A rigid placement changes no distance inside a scan, so all is decided when the scans have been
read. The millimetres in a unit of the source are those that make the sum of squared residuals
least, each weighted by 1 / uncertainty^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from relicscan.errors import ScanError
from relicscan.geometry.frames import transformed
from relicscan.geometry.picked import off_scan
from relicscan.metadata.distances import Distance
from relicscan.relic import Doubt, FloatArray, Frame, KnownDistance, Relic, Scan
from relicscan.units import UNITS, mm_per_unit

#: Distances deny a scale where one is off by more than this share of its length, and by more
#: than its uncertainty: on a bar of 500 mm that is 5 mm, and picking errs by less than 1.
OFF_BY = 0.01
#: A stated unit is denied only beyond so many uncertainties.
UNCERTAINTIES = 3.0


@dataclass(frozen=True)
class _Found:
    """A distance in mm, what the scan measures there, and that in mm by the stated unit."""

    name: str
    length_mm: float
    uncertainty_mm: float | None
    measured: float
    stated_mm: float | None

    def mm(self, factor: float | None) -> float | None:
        """What is measured by the stated unit, else with so many mm to a unit."""
        if self.stated_mm is not None:
            return self.stated_mm
        return None if factor is None else factor * self.measured

    def denies(self, mm: float, uncertainties: float) -> bool:
        allowed = max(OFF_BY * self.length_mm, uncertainties * (self.uncertainty_mm or 0.0))
        return abs(mm - self.length_mm) > allowed


@dataclass(frozen=True)
class _Picked:
    """A distance, the scans that its points may lie on, and the frame that they are in."""

    name: str
    distance: Distance
    scans: Sequence[Scan]
    frame: Frame


def with_known_distances(
    relic: Relic, distances: Sequence[Distance], read: Sequence[Scan], placed: Sequence[Scan]
) -> tuple[Relic, list[Scan]]:
    """The relic with the scale of its known distances in its frame, and its scans.

    `read` are its scans as their files place them, `placed` the same with all their poses; of
    these, those without a unit are given the measured scale. Where a distance denies the scale
    of another, or a stated unit, there is a doubt. Distances in files that are not among them
    are left out, with a warning. Raises ScanError where a point does not lie on its scan, or it
    is not said on which.
    """
    files = {scan.file for scan in read}
    elsewhere = [one for one in distances if one.file is not None and one.file not in files]
    relic = relic.warning(
        *(f"the distance in {one.file} was left out: that file is not read" for one in elsewhere)
    )
    common = relic.metadata.get("scan", {}).get("frame") == "common"
    found, picked = [], []
    for number, one in enumerate(distances, start=1):
        if one in elsewhere:
            continue
        name, frame = one.name or f"distance {number}", Frame()
        if one.file is not None or len(files) == 1:
            scans = [scan for scan in read if one.file in (None, scan.file)]
            unit = scans[0].unit
        elif common or all(scan.pose is not None for scan in placed):
            scans, frame, unit = list(placed), relic.frame, relic.frame.unit
        else:
            raise ScanError(
                f"{name}: it is not said in which of {len(files)} files its points were picked",
                scan="relic.toml",
                remedy='add file = "…" to the [[scan.distance]]',
            )
        picked.append(_Picked(name, one, scans, frame))
        found.append(_found(name, one, unit))
    _require_on_scans(picked)
    return _scaled(relic, placed, found) if found else (relic, list(placed))


def _found(name: str, one: Distance, unit: str | None) -> _Found:
    in_mm = mm_per_unit(one.unit)
    measured = math.dist(*one.points)
    return _Found(
        name,
        one.length * in_mm,
        None if one.uncertainty is None else one.uncertainty * in_mm,
        measured,
        None if unit is None else measured * mm_per_unit(unit),
    )


def _require_on_scans(picked: Sequence[_Picked]) -> None:
    """Raise ScanError where a point of a distance lies on none of its scans."""
    best, limit = np.full((len(picked), 2), np.inf), np.zeros((len(picked), 2))
    # Every scan is searched once, for all distances: that takes 5 s of 10 million points.
    asked: dict[int, list[tuple[int, Scan]]] = {}
    for k, one in enumerate(picked):
        for scan in one.scans:
            asked.setdefault(id(scan.geometry), []).append((k, scan))
    for together in asked.values():
        ways = [picked[k].frame.T_source_scan(scan) for k, scan in together]
        places = [
            transformed(np.linalg.inv(T), np.array(picked[k].distance.points))
            for T, (k, _) in zip(ways, together, strict=True)
        ]
        off, allowed = off_scan(np.vstack(places), together[0][1].geometry)
        for row, (T, (k, _)) in enumerate(zip(ways, together, strict=True)):
            size, both = float(np.cbrt(np.linalg.det(T[:3, :3]))), slice(2 * row, 2 * row + 2)
            nearer = (off[both] - allowed[both]) * size < best[k] - limit[k]
            best[k, nearer], limit[k, nearer] = (
                off[both][nearer] * size,
                allowed[both][nearer] * size,
            )
    for one, far, most in zip(picked, best, limit, strict=True):
        _refuse_what_is_off(one.name, one.distance, far, most)


def _refuse_what_is_off(name: str, one: Distance, off: FloatArray, allowed: FloatArray) -> None:
    for which, point, far, most in zip(("first", "second"), one.points, off, allowed, strict=True):
        if far > most:
            where = f" of {one.file}" if one.file else ""
            raise ScanError(
                f"{name}: its {which} point {list(point)} is {far:.4g} units from the nearest "
                f"place{where} that was scanned, and may be {most:.2g}",
                scan="relic.toml",
                remedy="check its numbers: the points are x, y, z in the coordinates and the unit "
                "of the file, and the file must still hold what was measured",
            )


def _scaled(
    relic: Relic, placed: Sequence[Scan], found: Sequence[_Found]
) -> tuple[Relic, list[Scan]]:
    """In files that state no unit the distances say how large it is, the others they check."""
    free = [one for one in found if one.stated_mm is None]
    factor = _fitted(free, [one.measured for one in free]) if free else 0.0
    fits = not any(one.denies(factor * one.measured, 1) for one in free)
    mm = [one.mm(factor if fits else None) for one in found]
    relic = replace(relic, frame=replace(relic.frame, distances=_held(found, mm)))
    relic = _checked(relic, [one for one in found if one.stated_mm is not None])
    if not free:
        return relic, list(placed)
    if not fits:
        return _undecided(relic, free, factor), list(placed)
    scans = [
        replace(scan, measured_mm_per_unit=factor) if scan.unit is None else scan for scan in placed
    ]
    if len(free) == 1:
        relic = relic.warning(
            f"the scale is that of one known distance ({free[0].name}), and nothing checks it: a "
            "second [[scan.distance]] would"
        )
    if relic.frame.unit is not None:
        return relic, scans
    frame = replace(relic.frame, measured_mm_per_unit=factor, unit_basis=_basis(relic.frame))
    return replace(relic, frame=frame), scans


def _basis(frame: Frame) -> str:
    if len(frame.distances) == 1:
        return "measured: 1 known distance, which nothing checks"
    rms = frame.distance_rms_mm or 0.0
    residual = f"{rms:.2g}" if rms >= 0.001 else "under 0.001"
    return f"measured: {len(frame.distances)} known distances, RMS residual {residual} mm"


def _undecided(relic: Relic, free: Sequence[_Found], factor: float) -> Relic:
    """Without a unit, and with distances that say several things: nothing is taken from them."""
    count = len(free)
    if relic.frame.unit is None:
        basis = f"unknown: the {count} known distances do not agree with one another"
        relic = replace(relic, frame=replace(relic.frame, unit_basis=basis))
    return relic.doubting(
        Doubt(
            f"{count} known distances do not agree on the scale, so it stays unknown. At the "
            f"{factor:.6g} mm to a unit that fit them best, {_listed(free, factor)}",
            "correct the length or the points of the one that is wrong, or take it out",
        )
    )


def _checked(relic: Relic, found: Sequence[_Found]) -> Relic:
    """With a unit, the distances only check it."""
    unit, basis = relic.frame.unit, relic.frame.unit_basis
    mm = [one.mm(None) or 0.0 for one in found]
    if not any(one.denies(far, UNCERTAINTIES) for one, far in zip(found, mm, strict=True)):
        return relic
    assert unit is not None, "only what has a unit is checked"
    ratio = _fitted(found, mm)
    factor = ratio * mm_per_unit(unit)
    agree = not any(one.denies(ratio * far, 1) for one, far in zip(found, mm, strict=True))
    meant = next((u for u, size in UNITS.items() if abs(factor / size - 1) < OFF_BY), None)
    if not agree:
        remedy = "correct the length or the points of the one that is wrong, or take it out"
    elif meant is not None:
        remedy = f'if the distances are right, write unit = "{meant}" under [scan] in relic.toml'
    else:
        remedy = (
            "check the lengths and the points; if they are right, no unit fits: leave unit out "
            "where relic.toml states it, else export the scan as PLY or OBJ, which state none, "
            "and the distances set the scale"
        )
    counted = "1 known distance denies" if len(found) == 1 else f"{len(found)} known distances deny"
    together = "" if agree else ", and do not agree with one another"
    return relic.doubting(
        Doubt(
            f"{counted} that the unit is {unit} ({basis}): a unit has {factor:.6g} mm by them, "
            f"not {mm_per_unit(unit):g}{together}. By the unit, {_listed(found, None)}",
            remedy,
        )
    )


def _fitted(found: Sequence[_Found], measured: Sequence[float]) -> float:
    """The factor by which what was measured comes nearest to the lengths, by least squares.

    A distance without an uncertainty counts as the least certain of the others.
    """
    largest = max((one.uncertainty_mm or 0.0 for one in found), default=0.0) or 1.0
    weights = [1 / (one.uncertainty_mm or largest) ** 2 for one in found]
    rows = list(zip(weights, measured, found, strict=True))
    lengths = math.fsum(w * m * one.length_mm for w, m, one in rows)
    return lengths / math.fsum(w * m * m for w, m, one in rows)


def _held(found: Sequence[_Found], mm: Sequence[float | None]) -> tuple[KnownDistance, ...]:
    return tuple(
        KnownDistance(one.name, one.length_mm, one.measured, far)
        for one, far in zip(found, mm, strict=True)
    )


def _listed(found: Sequence[_Found], factor: float | None) -> str:
    told = []
    for one in found[:6]:
        far = one.mm(factor) or 0.0
        off = f"{far - one.length_mm:+.3g}"
        told.append(f"{one.name} of {one.length_mm:.6g} mm measures {far:.6g} mm ({off})")
    return "; ".join(told) + ("; …" if len(found) > 6 else "")
