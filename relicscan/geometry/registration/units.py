"""Scans whose unit nobody states among others: the size says in which it may be, shape decides.

Partial scans of one object differ in extent by a factor of four at the most, units mostly by
more. A scan of that size is taken as it is. One that is not is scaled by the ratio of two units
that brings it nearest, and if it finds no place then, by the next; what counts is that it is
placed, with all that `register` asks for anyway. Inches among centimetres (2.54) and feet among
metres (3.28) are not told apart by size, so such scans are taken as they are, and find no place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.neighbours import point_spacing
from relicscan.geometry.registration.register import register
from relicscan.geometry.registration.registered import Placement, Registered
from relicscan.geometry.registration.views import FEWEST, View, usable
from relicscan.relic import BoolArray, FloatArray
from relicscan.units import UNITS

#: Units that scans are exported in without saying so.
LIKELY = ("mm", "cm", "m", "in", "ft")
#: How much partial scans of one object differ in extent.
_DIFFER = 4.0
#: And how much a close-up differs from them: beyond, a scan is in another unit in any case.
_CLOSE_UP = 30.0
#: Factors that are tried for a scan, each of which is a registration of it with those in place.
_MOST_TRIED = 5
_SAMPLE = 50_000


def unit_factors(
    extents: FloatArray,
    spacings: FloatArray,
    free: BoolArray,
    *,
    mm: float | None = None,
) -> list[tuple[float, ...]]:
    """By what each scan may have to be multiplied to be in the unit of the others, likeliest first.

    extents (v,): diagonals, without outliers, and spacings (v,) of points, 0 where there is nothing
    to measure; free (v,): whether the unit of a scan is open. mm: how many millimetres a unit of
    the others has, if that is known; then factors lead from one of LIKELY to it, else from any of
    LIKELY to another. A scan that is not free, or is of plausible size, has (1.0,). Where all are
    free, the others are those of which most are of one size.
    """
    known = np.flatnonzero(extents > 0)
    among = known[~free[known]] if (~free[known]).any() else _alike(extents, known)
    if not len(among):
        return [(1.0,)] * len(extents)
    size = float(np.median(extents[among]))
    grain = float(np.median(spacings[among]))
    factors: list[tuple[float, ...]] = []
    for extent, spacing, is_free in zip(extents, spacings, free, strict=True):
        if not is_free or extent <= 0 or 1 / _DIFFER <= extent / size <= _DIFFER:
            factors.append((1.0,))
            continue
        fitting = {f for f in _ratios(mm) if 1 / _DIFFER <= f * extent / size <= _DIFFER}
        if not fitting or 1 / _CLOSE_UP <= extent / size <= _CLOSE_UP:
            fitting.add(1.0)
        offs = [extent / size] + ([spacing / grain] if spacing * grain > 0 else [])
        unlikely = {f: sum(float(np.log(f * off)) ** 2 for off in offs) for f in fitting}
        factors.append(tuple(sorted(fitting, key=lambda f: (unlikely[f], f))[:_MOST_TRIED]))
    return factors


def unit_of(factor: float, mm: float) -> str | None:
    """The unit of a scan that was multiplied by a factor to be in one of so many millimetres.

    None where that is none of LIKELY.
    """
    size = factor * mm
    return next((name for name in LIKELY if np.isclose(UNITS[name], size)), None)


def register_in_units(
    views: Sequence[View],
    free: Sequence[bool],
    *,
    mm: float | None = None,
    initial: Sequence[FloatArray | None] | None = None,
    pinned: Iterable[int] = (),
    links: Iterable[tuple[int, int, FloatArray]] = (),
    seed: int = 0,
) -> tuple[Registered, FloatArray]:
    """`register` for views of which some, `free`, may be in another unit than the rest.

    All lengths of a free view are in its own unit: its points, the shift of its initial pose, and
    that of links of which it is the target. mm: how many millimetres a unit of the others has, if
    that is known. Returns the result for views in one unit, and the factors (v,) that brought
    them there: nan where a free view has no place that evidence holds, for nothing tells its unit
    then. Where all are of plausible size this is one call of `register`. Else there is one more
    for each factor that is tried, with the placed views pinned, and one of all where it was right.
    """
    given = {} if initial is None else {k: T for k, T in enumerate(initial) if T is not None}
    fixed, said = frozenset(pinned), list(links)
    is_free = np.asarray(free, dtype=bool)

    def tried(
        factors: FloatArray, which: Sequence[int], placed: Mapping[int, FloatArray]
    ) -> Registered:
        """Of some views, with some that are placed in the common unit and stay there."""
        at = {view: k for k, view in enumerate(which)}
        poses = {v: _shifted(T, factors[v]) for v, T in given.items()} | dict(placed)
        return register(
            [_scaled(views[v], factors[v]) for v in which],
            initial=[poses.get(v) for v in which],
            pinned=[at[v] for v in which if v in placed or v in fixed],
            links=[
                (at[a], at[b], _shifted(T, factors[a])) for a, b, T in said if a in at and b in at
            ],
            seed=seed,
        )

    candidates = _candidates(views, is_free, mm)
    factors = np.array([one[0] for one in candidates])
    everything = range(len(views))
    registered = tried(factors, everything, {})
    for view in np.flatnonzero(is_free):
        if _sure(registered.placements[view]):
            continue
        for factor in candidates[view][1:]:
            trial = factors.copy()
            trial[view] = factor
            # With those that are placed held where they are, most of which fail soon.
            group = registered.groups[0] if registered.groups and view not in fixed else ()
            poses = {v: registered.placements[v].T_common_view for v in group}
            placed = {v: T for v, T in poses.items() if T is not None}
            if placed and not _sure(tried(trial, [*placed, int(view)], placed).placements[-1]):
                continue
            # All once more, for a joint fit: nothing may be lost by it.
            again = tried(trial, everything, {})
            if _sure(again.placements[view]) and _placed(again) >= _placed(registered):
                registered, factors = again, trial
                break
    told = factors.copy()
    told[[k for k in np.flatnonzero(is_free) if not _sure(registered.placements[k])]] = np.nan
    return registered, told


def _sure(placement: Placement) -> bool:
    """Whether a view has a place that what it shows holds: a pinned one has a place anyway."""
    if placement.origin == "pinned":
        return placement.evidence is not None and placement.evidence.holds
    return placement.T_common_view is not None


def _placed(registered: Registered) -> set[int]:
    return {k for k, one in enumerate(registered.placements) if one.T_common_view is not None}


def _candidates(
    views: Sequence[View], free: BoolArray, mm: float | None
) -> list[tuple[float, ...]]:
    if not free.any():
        return [(1.0,)] * len(views)
    extents = np.array([_extent(view) for view in views])
    no_spacing = np.zeros(len(views))
    factors = unit_factors(extents, no_spacing, free, mm=mm)
    if all(len(one) == 1 for one in factors):
        return factors
    spacings = np.array([point_spacing(usable(view), 1000) for view in views])
    return unit_factors(extents, spacings, free, mm=mm)


def _extent(view: View) -> float:
    points = usable(view)
    if len(points) < FEWEST:
        return 0.0
    some = points[:: max(1, len(points) // _SAMPLE)]
    low, high = np.quantile(some, [0.005, 0.995], axis=0)
    return float(np.linalg.norm(high - low))


def _alike(extents: FloatArray, known: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of the known that are of the size which most of them have, or the first has."""
    best = known[:0]
    for one in known:
        ratio = extents[known] / extents[one]
        alike = known[(ratio >= 1 / _DIFFER) & (ratio <= _DIFFER)]
        best = alike if len(alike) > len(best) else best
    return best


def _ratios(mm: float | None) -> set[float]:
    """Factors from one of the likely units to that of the others."""
    if mm is not None:
        return {UNITS[name] / mm for name in LIKELY}
    return {UNITS[a] / UNITS[b] for a, b in permutations(LIKELY, 2)}


def _scaled(view: View, factor: float) -> View:
    if factor == 1:
        return view
    place = None if view.viewpoint is None else view.viewpoint * factor
    return replace(view, points=view.points * factor, viewpoint=place)


def _shifted(pose: FloatArray, factor: float) -> FloatArray:
    if factor == 1:
        return pose
    scaled = np.array(pose, dtype=np.float64)
    scaled[:3, 3] *= factor
    return scaled
