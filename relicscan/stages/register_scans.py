"""Where partial scans that say nothing of it belong, or that nothing tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from relicscan.errors import Undecided
from relicscan.geometry.checks import plausible
from relicscan.relic import Doubt, FloatArray, PointCloud, Relic, Scan
from relicscan.stage import stage
from relicscan.units import mm_per_unit

#: A matrix that is kept in relic.json, rounded to what double precision holds of a museum's hall.
_DECIMALS = 9


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
    refine: Annotated[
        bool,
        Field(description="Refine the poses that scans have, and say where the scans deny them."),
    ] = False,
) -> Relic:
    """Place scans without poses beside each other by their shapes and colours.

    Every placement is held to what both scans show: how much of their surfaces lies on each
    other, how near, and whether one stands in the way of what the other saw. What cannot be
    placed for sure is left out and named, and the relic ends as `review`; where the scans fit
    in several ways, or fall into several objects, there is no model at all.

    Scans that have poses stay where they are, unless `refine` moves them to where they fit
    best nearby; one that fits somewhere else is moved there, and the relic ends as `review`.
    The frame of the result is that of the poses, else that of the first scan.
    """
    posed = [k for k, scan in enumerate(relic.scans) if scan.pose is not None]
    units = {scan.unit for scan in relic.scans}
    if None in units and len(units) > 1:
        return replace(relic)  # merge_scans says what is missing
    if len(posed) == len(relic.scans) and not refine:
        return replace(relic)
    from relicscan.geometry.registration import register

    scales = [_scale(scan, relic.frame.unit) for scan in relic.scans]
    found = register(
        [_view(scan, scale) for scan, scale in zip(relic.scans, scales, strict=True)],
        initial=[_initial(scan, scale) for scan, scale in zip(relic.scans, scales, strict=True)],
        pinned=() if refine else posed,
        seed=relic.seed,
    )
    names = [scan.name for scan in relic.scans]
    if len(posed) < len(names):
        _refuse_what_is_open(found, names)
    poses: dict[int, FloatArray] = {}
    for k, placement in enumerate(found.placements):
        sure = k in posed or placement.confidence >= min_confidence
        if placement.T_common_view is not None and sure:
            poses[k] = np.asarray(placement.T_common_view)
    if len(poses) < 2 and not posed:
        raise _nothing_joins(found, names)
    if not posed:
        to_first = np.linalg.inv(poses[min(poses)])
        poses = {k: to_first @ T for k, T in poses.items()}
    unconfirmed = [k for k in posed if k not in poses]
    denied = [
        k for k in posed if (seen := found.placements[k].evidence) is not None and not seen.holds
    ]
    scans = [
        replace(scan, pose=_pose(poses[k], scales[k])) if k in poses else scan
        for k, scan in enumerate(relic.scans)
        if k in poses or k in posed
    ]
    relic = replace(relic, scans=tuple(scans)).noting(
        scans_registered=len(poses),
        placements=[_placement(found, k, names, poses) for k in range(len(names))],
        pairs=[_pair(pair, names) for pair in found.pairs],
    )
    if unconfirmed:
        relic = relic.warning(
            f"nothing confirms the poses of {_listed(unconfirmed, names)}: they were kept"
        )
    if denied:
        relic = relic.warning(
            f"the poses of {_listed(denied, names)} are not what the scans show: set "
            "register_scans.refine = true, or correct them"
        )
    moved = [k for k in posed if found.placements[k].origin in ("found", "color")]
    left = [k for k in range(len(names)) if k not in poses and k not in posed]
    return relic.doubting(
        *(_denied(k, names) for k in moved), *(_left_out(found, k, names) for k in left)
    )


def _scale(scan: Scan, common_unit: str | None) -> float:
    """Common units in one of the scan's own."""
    if scan.unit is None or common_unit is None:
        return 1.0
    return mm_per_unit(scan.unit) / mm_per_unit(common_unit)


def _view(scan: Scan, scale: float) -> Any:
    from relicscan.geometry.registration import View

    cloud = scan.geometry
    assert isinstance(cloud, PointCloud), "mesh scans do not come this way"
    usable = plausible(cloud.points)
    seen_from = None
    if cloud.viewpoints is not None:
        places = np.unique(cloud.viewpoints[usable], axis=0)
        if len(places) == 1 and np.isfinite(places).all():
            seen_from = places[0].astype(np.float64) * scale
    return View(
        cloud.points[usable] * scale,
        None if cloud.normals is None else cloud.normals[usable],
        None if cloud.colors is None else cloud.colors[usable].astype(np.float64),
        seen_from,
    )


def _initial(scan: Scan, scale: float) -> FloatArray | None:
    if scan.pose is None:
        return None
    pose = np.array(scan.pose)
    pose[:3, 3] *= scale
    return pose


def _pose(T_common_view: FloatArray, scale: float) -> FloatArray:
    """T_common_scan in the unit of the scan, as `Scan.pose` is."""
    pose = np.array(T_common_view)
    pose[:3, 3] /= scale
    return pose


def _refuse_what_is_open(found: Any, names: Sequence[str]) -> None:
    """Raises Undecided where there is no one answer."""
    if not found.groups:
        raise _nothing_joins(found, names)
    if found.ambiguities:
        first = found.ambiguities[0]
        raise Undecided(
            f"the scans {_listed(first.moving, names)} fit onto {_listed(first.still, names)} in "
            f"{len(first.ways)} ways that are equally good",
            remedy="scan it with something beside it that tells its sides apart, or give the scans "
            "a [[scan.pose]] in relic.toml",
        )
    if len(found.groups) > 1:
        told = "; ".join(_listed(group, names) for group in found.groups)
        raise Undecided(
            f"the scans fall into {len(found.groups)} groups that nothing joins: {told}",
            remedy="if these are several objects, give each a folder of its own; if they are one, "
            "add a scan that overlaps both, or a [[scan.pose]] in relic.toml",
        )


def _nothing_joins(found: Any, names: Sequence[str]) -> Undecided:
    reasons = "; ".join(f"{names[k]}: {reason}" for k, reason in sorted(found.left_out.items())[:6])
    return Undecided(
        f"{len(names)} scans have no pose, and how they belong together cannot be told from what "
        f"they show ({reasons})",
        remedy='give each scan a [[scan.pose]] in relic.toml, or frame = "common" under [scan] if '
        "they already lie in one coordinate frame; scans that overlap by a third or more can be "
        "placed without",
    )


def _left_out(found: Any, view: int, names: Sequence[str]) -> Doubt:
    placement = found.placements[view]
    why = placement.reason or f"its place is not sure (confidence {placement.confidence:.2f})"
    return Doubt(
        f"scan {names[view]} was left out: {why}",
        "look at the scan; where it belongs to the relic, scan what lies between it and the "
        "others, or give it a [[scan.pose]] in relic.toml; where it does not, take it away",
    )


def _denied(view: int, names: Sequence[str]) -> Doubt:
    return Doubt(
        f"the pose that scan {names[view]} was given is not where it fits: it was placed elsewhere",
        "look at the model; if the pose is right, set register_scans.refine = false, else correct "
        "or remove it",
    )


def _listed(views: Sequence[int], names: Sequence[str]) -> str:
    shown = [names[k] for k in views[:6]]
    return ", ".join(shown) + (", …" if len(views) > 6 else "")


def _placement(
    found: Any, view: int, names: Sequence[str], poses: Mapping[int, FloatArray]
) -> dict[str, Any]:
    placement = found.placements[view]
    told: dict[str, Any] = {"scan": names[view], "confidence": round(placement.confidence, 4)}
    if view not in poses:
        return {**told, "left_out": placement.reason or "its place is not sure"}
    return {
        **told,
        "origin": placement.origin,
        "T_common_scan": np.round(poses[view], _DECIMALS).tolist(),
        **_evidence(placement.evidence),
    }


def _pair(pair: Any, names: Sequence[str]) -> dict[str, Any]:
    return {
        "scans": [names[pair.target], names[pair.source]],
        "used": pair.used,
        **_evidence(pair.evidence),
    }


def _evidence(evidence: Any) -> dict[str, Any]:
    if evidence is None:
        return {}
    return {
        "overlap": round(max(evidence.overlap), 4),
        "rms_voxels": round(evidence.rms_voxels, 4),
        "beside": round(evidence.beside, 4),
        "conflict": round(evidence.conflict, 5),
    }
