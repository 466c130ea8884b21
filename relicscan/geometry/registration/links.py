"""Whether what was said of pairs of scans came true: links, held against where the scans are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from relicscan.geometry.registration.evidence import tally
from relicscan.geometry.registration.pairs import extent
from relicscan.geometry.registration.poses import apart, inverse, shift
from relicscan.geometry.registration.registered import Registered, Remark
from relicscan.geometry.registration.views import Prepared
from relicscan.geometry.registration.ways import objection
from relicscan.relic import FloatArray

#: In coarse voxels, as for given poses: a link that was refined by less has come true.
_NEAR = 4.0


def with_links(
    registered: Registered,
    links: Sequence[tuple[int, int, FloatArray]],
    ready: Mapping[int, Prepared],
) -> Registered:
    """The result that says `given` of views whose links came true, with remarks on the others.

    links: (target, source, T_target_source (4, 4)) in the views' own frames.
    """
    placements = list(registered.placements)
    remarks = list(registered.remarks)
    for target, source, T in links:
        both = (target, source)
        a, b = placements[target], placements[source]
        if target not in ready or source not in ready:
            why = a.reason if target not in ready else b.reason
            remarks.append(
                Remark(both, f"given a place beside each other, but one has none: {why}")
            )
        elif a.T_common_view is None or b.T_common_view is None or a.group != b.group:
            why = _objection(ready[target], ready[source], T)
            remarks.append(Remark(both, f"not put beside each other as was given: {why}"))
        else:
            off = _off(ready[source], T, inverse(a.T_common_view) @ b.T_common_view)
            if off < _NEAR * ready[source].coarse.voxel_size:
                for view in (target, source):
                    if placements[view].origin == "found":
                        placements[view] = replace(placements[view], origin="given")
            else:
                remarks.append(
                    Remark(both, f"do not fit as was given: placed {off:.3g} units from there")
                )
    return replace(registered, placements=tuple(placements), remarks=tuple(remarks))


def _off(source: Prepared, T: FloatArray, U: FloatArray) -> float:
    """How far two places of a view are from each other, in the mean square over its points."""
    own = shift(source.center)
    return apart(T @ own, U @ own, *extent(source.coarse))


def _objection(target: Prepared, source: Prepared, T: FloatArray) -> str:
    own = shift(-target.center) @ T @ shift(source.center)
    against = objection(tally(target, source, own).evidence())
    return against or "other scans contradict it"
