"""What registration found, in words for a technician and as data for relic.json.

Scans have names here. Figures are rounded to what they are worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from relicscan.errors import Undecided
from relicscan.geometry.registration.arrangement import arrangement
from relicscan.geometry.registration.evidence import Evidence
from relicscan.geometry.registration.registered import Ambiguity, Pair, Registered
from relicscan.relic import Arrangement, Doubt, FloatArray

#: A matrix that is kept in relic.json, rounded to what double precision holds of a museum's hall.
_DECIMALS = 9
#: So many ways in which scans fit are shown.
_MOST_WAYS = 6

#: Points (n, 3) of each scan by its name, in the order of the views and in one unit.
Scans = Mapping[str, FloatArray]


def listed(views: Sequence[int], names: Sequence[str]) -> str:
    """The names of views, of which the first six are enough."""
    shown = [names[k] for k in views[:6]]
    return ", ".join(shown) + (", …" if len(views) > 6 else "")


def as_figures(
    found: Registered, names: Sequence[str], poses: Mapping[int, FloatArray]
) -> dict[str, Any]:
    """The graph of the scans: where each is and how sure that is, and what lies on what.

    poses: T_common_view (4, 4) of those that take part, in the frame that is kept.
    """
    return {
        "scans_registered": len(poses),
        "pairs_tried": found.tried,
        "placements": [_placement(found, k, names, poses) for k in range(len(names))],
        "pairs": [_pair(pair, names) for pair in found.pairs],
    }


def remarks(found: Registered, names: Sequence[str]) -> list[str]:
    """What is to be said of poses and links that were given."""
    return [f"{listed(remark.views, names)}: {remark.text}" for remark in found.remarks]


def undecided(found: Registered, scans: Scans, told: Mapping[str, Any], remedy: str) -> Undecided:
    """Why too few scans come together for a model; with the ways in which they fit, if several."""
    names = list(scans)
    shown: tuple[Arrangement, ...] = ()
    if found.ambiguities:
        first = found.ambiguities[0]
        shown = _ways(found, first, scans)
        text = (
            f"the scans {listed(first.moving, names)} fit onto {listed(first.still, names)} in "
            f"{len(first.ways)} ways that are equally good"
        )
        works = (
            "scan it with something beside it that tells its sides apart, or match three places "
            "of the scans in relic.toml ([[scan.match]])"
        )
    elif len(found.groups) > 1:
        pieces = "; ".join(listed(group, names) for group in found.groups)
        text = f"the scans fall into {len(found.groups)} groups that nothing joins: {pieces}"
        works = (
            "if these are several objects, give each a folder of its own; if they are one, add a "
            "scan that overlaps both, or match three places of them in relic.toml ([[scan.match]])"
        )
    else:
        reasons = [f"{names[k]}: {why}" for k, why in sorted(found.left_out.items())[:6]]
        if found.groups:
            reasons.insert(0, f"only {listed(found.groups[0], names)} come together")
        text = (
            f"{len(names)} scans have no pose, and how they belong together cannot be told from "
            f"what they show ({'; '.join(reasons)})"
        )
        works = (
            'give each scan a [[scan.pose]] in relic.toml, or frame = "common" under [scan] if '
            "they already lie in one coordinate frame; scans that overlap by a third or more can "
            "be placed without"
        )
    if found.groups:
        works += f"; {remedy}"
    return Undecided(text, remedy=works, figures=told, arrangements=shown)


def left_out(found: Registered, scans: Scans, view: int, main: Sequence[int]) -> Doubt:
    """Why a scan is not among those of the `main` group, and what would work."""
    names = list(scans)
    placement = found.placements[view]
    question = next(
        (a for a in found.ambiguities if view in a.moving and set(a.still) <= set(main)), None
    )
    beside = [k for group in found.groups if view in group for k in group if k != view]
    if question is not None:
        why = f"it fits onto the others in {len(question.ways)} ways that are equally good"
    elif beside and view not in main:
        why = f"it belongs to {listed(beside, names)}, and nothing joins these to the others"
    else:
        why = placement.reason or f"its place is not sure (confidence {placement.confidence:.2f})"
    return Doubt(
        f"scan {names[view]} was left out: {why}",
        "look at the scan; where it belongs to the relic, scan what lies between it and the "
        "others, match three places of it with another in relic.toml ([[scan.match]]), or give it "
        "a [[scan.pose]]; where it does not, take it away",
        () if question is None or view != question.moving[0] else _ways(found, question, scans),
    )


def _ways(found: Registered, question: Ambiguity, scans: Scans) -> tuple[Arrangement, ...]:
    """The ways in which scans fit, to be looked at: the others still, in the frame of the first."""
    names = list(scans)
    known = [placement.T_common_view for placement in found.placements]
    first = known[question.still[0]]
    to_first = np.eye(4) if first is None else np.linalg.inv(first)
    still = {k: np.eye(4) if (T := known[k]) is None else to_first @ T for k in question.still}
    return tuple(
        arrangement(
            f"way {number} of {len(question.ways)}",
            {names[k]: scans[names[k]] for k in (*question.still, *question.moving)},
            [*still.values(), *(way.T_still_view[k] for k in question.moving)],
            {names[k] for k in question.moving},
        )
        for number, way in enumerate(question.ways[:_MOST_WAYS], 1)
    )


def _placement(
    found: Registered, view: int, names: Sequence[str], poses: Mapping[int, FloatArray]
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


def _pair(pair: Pair, names: Sequence[str]) -> dict[str, Any]:
    return {
        "scans": [names[pair.target], names[pair.source]],
        "used": pair.used,
        **_evidence(pair.evidence),
    }


def _evidence(evidence: Evidence | None) -> dict[str, Any]:
    if evidence is None:
        return {}
    return {
        "overlap": round(max(evidence.overlap), 4),
        "rms_voxels": round(evidence.rms_voxels, 4),
        "beside": round(evidence.beside, 4),
        "conflict": round(evidence.conflict, 5),
    }
