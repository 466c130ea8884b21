"""What will go wrong with a relic, said before it is run: each doubt with what would work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from relicscan.metadata.figures import DimensionRecord
from relicscan.metadata.relic_toml import RelicToml
from relicscan.quality.expectation import Expected, points_needed
from relicscan.quality.inspection import Measured
from relicscan.quality.together import Together
from relicscan.relic import UNDECIDED, FloatArray, Relic
from relicscan.units import mm_per_unit

#: Points at exactly the same place as another: above this share something doubled them.
MANY_DUPLICATES = 0.05
#: Noise above this share of the point spacing hides the relief that the spacing could show.
NOISY = 0.5
#: Longest sides in mm outside of which a unit is more likely wrong than the relic that small or
#: large: a bead, a house.
PLAUSIBLE_MM = (3.0, 30_000.0)
#: Where points are so many times as far apart as elsewhere, on more than that share of the surface,
#: the object was covered unevenly. Good scans have 0 to 4 % there: grazing sides and rims.
UNEVEN, UNEVEN_SHARE = 2.5, 0.1
#: A lid that is missing, of the closed surface: 2 to 3 % where all sides were seen, 12 and 15 % of
#: two statues that stood on a table.
UNSEEN_SHARE = 0.08
#: As far from the middle, in half diagonals, sparse places are on one side.
ONE_SIDE = 0.2


def what_looks_wrong(
    relic: Relic,
    scans: Sequence[Measured],
    seen: Together | None = None,
    expected: Expected | None = None,
) -> list[str]:
    """Doubts in words, each with what to do about it."""
    doubts = [*relic.warnings, *(f"{doubt.text}: {doubt.remedy}" for doubt in relic.doubts)]
    doubts += _about_places(relic, scans, seen)
    doubts += _about_units(relic, scans, seen)
    if seen is not None:
        doubts += _about_coverage(relic, seen)
    if expected is not None and expected.coarse:
        doubts.append(_about_levels(expected, seen, relic.frame.unit))
    for scan in scans:
        doubts += [f"{scan.name}: {doubt}" for doubt in _about_scan(scan)]
    return list(dict.fromkeys(doubts))


def _about_places(relic: Relic, scans: Sequence[Measured], seen: Together | None) -> Iterator[str]:
    clouds = [scan for scan in scans if scan.kind == "cloud"]
    unposed = [scan for scan in clouds if not scan.posed]
    declared = relic.metadata.get("scan", {}).get("frame") == "common"
    if len(clouds) > 1 and unposed and not declared:
        yield (
            f"{len(unposed)} of {len(clouds)} scans have no pose: a run places them by what they "
            "show (relicscan inspect --graph shows how they belong together), and ends as review "
            "where that is not sure. To say where they are give poses, or "
            'write frame = "common" under [scan] in relic.toml'
        )
    if seen is None or not seen.misplaced:
        return
    named = Counter(name for one in seen.misplaced for name in (one.scan, one.other))
    (suspect, times), *others = named.most_common()
    worst = next(one for one in seen.misplaced if suspect in (one.scan, one.other))
    other = worst.other if worst.scan == suspect else worst.scan
    if others[0][1] < times:
        off = f"{suspect} does not lie on the scans beside it ({times} of them)"
        check = "Its place is wrong: check its pose"
    else:  # as often as another: nothing tells which
        off = f"{suspect} and {other} do not lie on each other"
        check = "The place of one of them is wrong: check their poses"
    yield (
        f"{off}: half of the places that both show are more than {_length(worst.median, relic)} "
        f"apart, and noise and spacing explain {_length(worst.expected, relic)}. {check}, or "
        'leave out the poses (or frame = "common"), and a run places the scans by what they show'
    )


def _about_units(relic: Relic, scans: Sequence[Measured], seen: Together | None) -> Iterator[str]:
    frame = relic.frame
    clouds = [scan for scan in scans if scan.kind == "cloud"]
    sides = _sides(relic, seen)
    fitting = _fitting_units(relic, sides)
    if not frame.scale_known and not frame.distances:
        hint = ""
        if fitting:
            hint = f". The catalogue's dimensions fit if it is {' or '.join(fitting)}"
        yield (
            "the unit is unknown, so nothing can be said in millimetres: "
            f'write unit = "{fitting[0] if fitting else "mm"}" (or another) under [scan] in '
            f"relic.toml{hint}"
        )
    silent = [scan for scan in clouds if scan.mm_per_unit is None]
    if 0 < len(silent) < len(clouds):
        yield (
            f"{len(silent)} of {len(clouds)} scans state no unit, and the others do: a run tells "
            "it by size and shape, and ends as review where it cannot. To say it, write "
            'unit = "mm" '
            "(or another) under [scan] in relic.toml: it holds for those that state none"
        )
    for one in _dimensions(relic, sides, frame.mm_per_unit):
        if one.agrees is False:
            others = [unit for unit in fitting if unit != frame.unit]
            hint = f" (unit {' or '.join(others)} would fit)" if others else ""
            yield (
                f"the catalogue says {one.kind} {one.stated_mm:g} mm, the scan has "
                f"{one.measured_mm:g} mm there: check the unit{hint}, the catalogue, and whether "
                "all of the object was scanned, and nothing else"
            )


def _about_coverage(relic: Relic, seen: Together) -> Iterator[str]:
    if seen.unseen is not None and seen.unseen.share > UNSEEN_SHARE:
        towards = np.array(seen.unseen.direction)
        yield (
            f"nothing was seen {_side(relic, towards)}: a lid there would be "
            f"{seen.unseen.share:.0%} of the surface. A run closes small openings and leaves large "
            "ones open; to have that side, scan it again from there"
        )
    if seen.patches is None:
        return
    share = seen.patches.sparse_share(UNEVEN)
    if share > UNEVEN_SHARE:
        places = seen.patches.sparse(UNEVEN)
        middle = (seen.patches.places.max(axis=0) + seen.patches.places.min(axis=0)) / 2
        off = np.median(places, axis=0) - middle
        where = ""
        if np.linalg.norm(off) > ONE_SIDE * np.linalg.norm(np.ptp(seen.patches.places, axis=0)) / 2:
            where = f", most of them {_side(relic, off)}"
        yield (
            f"the object is covered unevenly: on {share:.0%} of the surface points are more than "
            f"{UNEVEN:g} times as far apart as on the rest{where}. Relief is lost there, or the "
            "surface breaks up: scan it again from there"
        )


def _about_levels(expected: Expected, seen: Together | None, unit: str | None) -> str:
    coarsest, finest = expected.coarse[0], expected.coarse[-1]
    has, remedy = "the mesh has", ""
    if seen is not None:
        has, times = "the scan makes about", points_needed(expected, finest)
        apart = f", {seen.spacing / times**0.5:.2g} {unit} apart" if unit else ""
        remedy = f". To fill {finest.name} scan {times:.1f} times as many points{apart}"
    return (
        f"too sparse for {', '.join(one.name for one in expected.coarse)}: {has} "
        f"{_about(expected.triangles)} triangles, and {coarsest.name} may have "
        f"{coarsest.triangles:,}, so it is no finer than the level below it{remedy}"
    )


def _about_scan(scan: Measured) -> Iterator[str]:
    longest = max(scan.extent)
    if scan.invalid:
        what = "points" if scan.kind == "cloud" else "vertices"
        yield f"{scan.invalid:,} {what} are not numbers and will be left out"
    if scan.duplicates > MANY_DUPLICATES * scan.points:
        yield (
            f"{scan.duplicates:,} points stand at exactly the same place as another: "
            "the scan may have been exported twice"
        )
    if scan.spacing and scan.noise and scan.noise > NOISY * scan.spacing:
        yield (
            f"points scatter by {scan.noise:.3g} about the surface at a spacing of "
            f"{scan.spacing:.3g}: fine relief will be lost"
        )
    if longest > 0 and min(scan.extent) < 1e-6 * longest:
        yield "all points lie in one plane"
    if scan.mm_per_unit is not None and longest > 0:
        longest_mm = longest * scan.mm_per_unit
        if not PLAUSIBLE_MM[0] <= longest_mm <= PLAUSIBLE_MM[1]:
            length = f"{longest_mm:,.0f}" if longest_mm >= 10 else f"{longest_mm:.2g}"
            yield (
                f"its longest side is {length} mm, if the unit {scan.unit} is right: "
                "check unit under [scan] in relic.toml"
                if scan.unit is not None
                else f"its longest side is {length} mm, if the known distances are right: "
                "check each [[scan.distance]] in relic.toml"
            )
    yield from scan.color_doubts


def _sides(relic: Relic, seen: Together | None) -> tuple[FloatArray, bool] | None:
    """The box's sides (3,) in units of the source, and whether the second is the height."""
    if relic.mesh is not None:
        T = np.linalg.inv(relic.frame.T_work_source)
        size = float(np.linalg.norm(T[:3, 0]))
        sides = np.ptp(relic.mesh.vertices, axis=0) * size
    elif seen is not None and seen.sides is not None:
        sides = np.array(seen.sides)
    else:
        return None
    upwards = np.abs(relic.frame.R_model_work[1])
    height = int(upwards.argmax())
    if relic.frame.up_basis == UNDECIDED or upwards[height] < 0.999:
        return sides, False
    others = [side for number, side in enumerate(sides) if number != height]
    return np.array([others[0], sides[height], others[1]]), True


def _dimensions(
    relic: Relic, sides: tuple[FloatArray, bool] | None, mm: float | None
) -> list[DimensionRecord]:
    if sides is None:
        return []
    in_mm = None if mm is None else [float(side) * mm for side in sides[0]]
    stated = RelicToml.model_validate(relic.metadata).object.dimension
    return [DimensionRecord.of(one, in_mm, upright=sides[1]) for one in stated]


def _fitting_units(relic: Relic, sides: tuple[FloatArray, bool] | None) -> list[str]:
    """The units with which all dimensions that the catalogue states of the whole agree."""
    fitting = []
    for unit in ("mm", "cm", "m", "in", "ft"):
        told = [
            one.agrees
            for one in _dimensions(relic, sides, mm_per_unit(unit))
            if one.agrees is not None
        ]
        if told and all(told):
            fitting.append(unit)
    return fitting


def _side(relic: Relic, direction: FloatArray) -> str:
    """A direction in words: above or below where up is known, else along an axis of the scan."""
    unit = direction / np.linalg.norm(direction)
    number = int(np.abs(unit).argmax())
    named = f"{'+' if unit[number] > 0 else '-'}{'XYZ'[number]}"
    if relic.frame.up_basis != UNDECIDED:
        high = float(unit @ relic.frame.R_model_work[1])
        if abs(high) > 0.7:
            return f"from {'above' if high > 0 else 'below'} ({named})"
    return f"from the side of {named}"


def _length(length: float, relic: Relic) -> str:
    mm = relic.frame.mm_per_unit
    return f"{length:.2g} units" if mm is None else f"{length * mm:.2g} mm"


def _about(count: int) -> str:
    """A predicted count, no more exact than it is."""
    return f"{float(f'{count:.2g}'):,.0f}"
