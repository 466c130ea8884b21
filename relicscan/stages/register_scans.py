"""Where partial scans that say nothing of it belong, or that nothing tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from relicscan.geometry.checks import plausible
from relicscan.metadata.hints import Hints, hints_of
from relicscan.relic import Doubt, FloatArray, PointCloud, Relic, Scan
from relicscan.stage import stage

if TYPE_CHECKING:
    from relicscan.geometry.registration import Registered, View


@stage(needs=["scans", "scans.apart"], makes=["scans"], cost=80.0)
def register_scans(
    relic: Relic,
    *,
    min_confidence: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="A scan that is placed with less is left out, and the relic ends as "
            "review.",
        ),
    ] = 0.25,
    min_share: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="There is no model unless more than this share of the scans were placed "
            "beside each other.",
        ),
    ] = 0.5,
    refine: Annotated[
        bool,
        Field(description="Refine the poses that scans have, and say where the scans deny them."),
    ] = False,
) -> Relic:
    """Place scans without poses beside each other by their shapes and colours.

    Every placement is held to what both scans show: how much of their surfaces lies on each
    other, how near, and whether one stands in the way of what the other saw. What relic.toml
    hints at (rough poses, matched points, a turntable) is tried first and held to the same.
    What cannot be placed for sure is left out and named, and the relic ends as `review`, with
    pictures of the ways in which it fits; where no larger part of the scans comes together,
    there is no model at all. A scan that states no unit gets the one in which it fits the others.

    Scans that have poses stay where they are, unless `refine` moves them to where they fit
    best nearby; one that fits somewhere else is moved there, and the relic ends as `review`.
    The frame of the result is that of the poses, else that of the first scan.
    """
    scans = relic.scans
    hints = hints_of(scans, relic.metadata.get("scan", {}))
    posed = [k for k, scan in enumerate(scans) if scan.pose is not None and k not in hints.starts]
    if len(posed) == len(scans) and not refine:
        return replace(relic)
    from relicscan.geometry.registration import telling

    found, factors = _registered(relic, hints, () if refine else posed)
    names = [scan.name for scan in scans]
    main = _main_group(found, posed)
    poses: dict[int, FloatArray] = {}
    for k in main:
        placement = found.placements[k]
        if k in posed or placement.confidence >= min_confidence:
            poses[k] = np.asarray(placement.T_common_view)
    if not (posed or hints.starts) and len(poses) > 1:
        to_first = np.linalg.inv(poses[min(poses)])
        poses = {k: to_first @ T for k, T in poses.items()}
    told = telling.as_figures(found, names, poses)
    points = {
        scan.name: _times(
            _cloud(scan).points, relic.frame.units_in(scan) * np.nan_to_num(factor, nan=1)
        )
        for scan, factor in zip(scans, factors, strict=True)
    }
    if not posed and (len(poses) < 2 or len(poses) <= min_share * len(scans)):
        less = f"or lower register_scans.min_share, which is {min_share:g}"
        raise telling.undecided(found, points, told, less)
    kept = [k for k in range(len(scans)) if k in poses or k in posed]
    placed = [_placed(relic, k, poses.get(k), factors[k]) for k in kept]
    relic = replace(relic, scans=tuple(placed)).noting(**told)
    relic = relic.warning(
        *telling.remarks(found, names), *_warnings(found, names, posed, poses, factors)
    )
    moved = [k for k in posed if found.placements[k].origin in ("found", "color")]
    left = [k for k in range(len(scans)) if k not in kept]
    return relic.doubting(
        *(_denied(names[k]) for k in moved),
        *(telling.left_out(found, points, k, main) for k in left),
    )


def _registered(relic: Relic, hints: Hints, pinned: Sequence[int]) -> tuple[Registered, FloatArray]:
    """What registration finds in the common unit, and the factors that brought scans there."""
    from relicscan.geometry.registration import register_in_units

    scans, frame = relic.scans, relic.frame
    scales = [frame.units_in(scan) for scan in scans]

    def start(k: int) -> FloatArray | None:
        given = hints.starts.get(k, scans[k].pose)
        return None if given is None else _in(given, scales[k])

    return register_in_units(
        [_view(scan, scale) for scan, scale in zip(scans, scales, strict=True)],
        [scan.mm_per_unit is None for scan in scans],
        mm=frame.mm_per_unit,
        initial=[start(k) for k in range(len(scans))],
        pinned=pinned,
        links=[(x.target, x.source, _in(x.T_target_source, scales[x.target])) for x in hints.links],
        seed=relic.seed,
    )


def _view(scan: Scan, scale: float) -> View:
    from relicscan.geometry.registration import View

    cloud = _cloud(scan)
    usable = plausible(cloud.points)
    seen_from = None
    if cloud.viewpoints is not None:
        places = np.unique(cloud.viewpoints[usable], axis=0)
        if len(places) == 1 and np.isfinite(places).all():
            seen_from = places[0].astype(np.float64) * scale
    return View(
        _times(cloud.points[usable], scale),
        None if cloud.normals is None else cloud.normals[usable],
        None if cloud.colors is None else cloud.colors[usable].astype(np.float64),
        seen_from,
    )


def _cloud(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud), "mesh scans do not come this way"
    return scan.geometry


def _times(points: FloatArray, scale: float) -> FloatArray:
    return points if scale == 1 else points * scale


def _in(pose: FloatArray, scale: float) -> FloatArray:
    """A pose in a scan's own unit with its shift in another, of which one has `scale`."""
    scaled = np.array(pose)
    scaled[:3, 3] *= scale
    return scaled


def _main_group(found: Registered, posed: Sequence[int]) -> tuple[int, ...]:
    """The scans of which there may be a model: those in the frame of given poses, or the most."""
    groups = [g for g in found.groups if not posed or set(posed) & set(g)]
    return groups[0] if groups else ()


def _placed(relic: Relic, k: int, T_common_view: FloatArray | None, factor: float) -> Scan:
    """The scan at its pose, which is in its own unit; with the unit that it turned out to be in."""
    from relicscan.geometry.registration.units import unit_of

    scan, mm = relic.scans[k], relic.frame.mm_per_unit
    if T_common_view is None:
        return scan
    if scan.mm_per_unit is None and mm is not None:
        basis = "recognised: in it, the scan fits those whose unit is known"
        unit = unit_of(factor, mm)
        measured = None if unit else factor * mm
        scan = replace(scan, unit=unit, unit_basis=basis, measured_mm_per_unit=measured)
    elif factor != 1:
        cloud = _cloud(scan)
        seen_from = None if cloud.viewpoints is None else cloud.viewpoints * np.float32(factor)
        cloud = replace(cloud, points=cloud.points * factor, viewpoints=seen_from)
        scan = replace(scan, geometry=cloud)
    return replace(scan, pose=_in(T_common_view, 1 / relic.frame.units_in(scan)))


def _warnings(
    found: Registered,
    names: Sequence[str],
    posed: Sequence[int],
    poses: Mapping[int, FloatArray],
    factors: FloatArray,
) -> list[str]:
    from relicscan.geometry.registration.telling import listed

    said = []
    if unconfirmed := [k for k in posed if k not in poses]:
        said.append(f"nothing confirms the poses of {listed(unconfirmed, names)}: they were kept")
    placements = found.placements
    denied = [k for k in posed if (seen := placements[k].evidence) is not None and not seen.holds]
    if denied:
        said.append(
            f"the poses of {listed(denied, names)} are not what the scans show: set "
            "register_scans.refine = true, or correct them"
        )
    for k, factor in enumerate(factors):
        if k in poses and factor != 1:
            said.append(
                f"{names[k]} is in another unit than the other scans: it fits them when its "
                f"lengths are multiplied by {factor:g}, which was done"
            )
    return said


def _denied(name: str) -> Doubt:
    return Doubt(
        f"the pose that scan {name} was given is not where it fits: it was placed elsewhere",
        "look at the model; if the pose is right, set register_scans.refine = false, else correct "
        "or remove it",
    )
