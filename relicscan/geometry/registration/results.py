"""From grown groups to what `register` returns: a last joint fit, a last check, reasons."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.registration.evidence import tally
from relicscan.geometry.registration.growth import Growth
from relicscan.geometry.registration.joint import Group
from relicscan.geometry.registration.merging import REPEATS
from relicscan.geometry.registration.pairs import Candidate
from relicscan.geometry.registration.poses import inverse, shift
from relicscan.geometry.registration.registered import (
    Alternative,
    Ambiguity,
    Origin,
    Pair,
    Placement,
    Registered,
    Remark,
    confidence_of,
)
from relicscan.geometry.registration.ways import Way, weighed
from relicscan.relic import FloatArray

Found = dict[tuple[int, int], list[Candidate]]


def result_of(
    growth: Growth, found: Found, numbers: list[int], starts: Group, why: dict[int, str]
) -> Registered:
    """The result in the views' own frames; `numbers` are their numbers among all given views.

    starts: the given poses, and why: what is wrong with views that could not take part.
    """
    growth.groups, refused = _checked(growth)
    kept = {name: group for name, group in growth.groups.items() if _counts(group, growth)}
    names = sorted(kept, key=lambda name: (-len(kept[name]), min(kept[name])))
    framed = {name: _in_frame(growth, kept[name], starts) for name in names}
    placements: dict[int, Placement] = {
        view: Placement(None, reason) for view, reason in why.items()
    }
    remarks = []
    for number, name in enumerate(names):
        for view, T in framed[name].items():
            way = _witnessed(growth, kept[name], view)
            origin = _origin(growth, view, T, starts)
            if view in starts and origin == "found":
                remarks.append(
                    Remark((numbers[view],), "its given pose is off: it was found elsewhere")
                )
            if view in growth.pinned and way is not None and way.against is not None:
                remarks.append(
                    Remark((numbers[view],), f"stays where it was pinned, but {way.against}")
                )
            placements[numbers[view]] = Placement(
                T @ shift(-growth.views[view].center),
                "",
                number,
                0.0 if way is None else confidence_of(way.evidence, way.stiffness),
                None if way is None else way.evidence,
                0.0 if way is None else way.stiffness,
                origin,
            )
    for name, group in growth.groups.items():
        if name not in kept:
            for view in group:
                placements[numbers[view]] = Placement(
                    None, refused.get(view) or _reason(growth, found, name, view, names)
                )
    return Registered(
        tuple(placements[k] for k in sorted(placements)),
        tuple(tuple(numbers[view] for view in sorted(kept[name])) for name in names),
        _pairs(growth, found, numbers),
        _ambiguities(growth, numbers),
        tuple(remarks),
        len(found),
    )


def _counts(group: Group, growth: Growth) -> bool:
    return len(group) > 1 or bool(growth.pinned & group.keys())


def _checked(growth: Growth) -> tuple[dict[int, Group], dict[int, str]]:
    """Groups after the last joint fit, without views that it showed to be wrong; and why."""
    done: dict[int, Group] = {}
    refused: dict[int, str] = {}
    spare = max(growth.groups, default=0) + 1
    waiting = list(growth.groups.items())
    while waiting:
        name, group = waiting.pop(0)
        wrong: dict[int, str] = {}
        if len(group) > 1:
            group = growth.relaxed(group, thorough=True)
            wrong = _wrong(growth, group)
        if not wrong:
            done[name] = group
            continue
        refused |= wrong
        # Without what was wrong, the rest may hang together no more.
        for part in _hanging_together(growth, set(group) - wrong.keys()):
            waiting.append((spare, {view: group[view] for view in part}))
            spare += 1
    return done | {spare + k: {view: np.eye(4)} for k, view in enumerate(sorted(refused))}, refused


def _wrong(growth: Growth, group: Group) -> dict[int, str]:
    """Views that should not be where they are: the worst one, or all that could be elsewhere."""
    ways = {view: _witnessed(growth, group, view) for view in group if view not in growth.pinned}
    known = {view: way for view, way in ways.items() if way is not None}
    bad = {view: way for view, way in known.items() if way.against is not None}
    if bad:
        worst = max(bad, key=lambda v: (bad[v].evidence.beside + bad[v].evidence.conflict, v))
        return {worst: bad[worst].against or ""}
    again = [view for view, way in known.items() if growth.repeats(group, view, way)]
    return dict.fromkeys(again, REPEATS)


def _hanging_together(growth: Growth, views: set[int]) -> list[list[int]]:
    """The parts of a set of views that meet; pinned views are one part in any case."""
    label = {view: view for view in views}
    pinned = sorted(growth.pinned & views)
    for a, b in sorted(growth.meets) + [(pinned[0], view) for view in pinned[1:]]:
        if a in views and b in views and label[a] != label[b]:
            old, new = label[b], label[a]
            label = {view: new if name == old else name for view, name in label.items()}
    return [[v for v in sorted(views) if label[v] == name] for name in sorted(set(label.values()))]


def _witnessed(growth: Growth, group: Group, view: int) -> Way | None:
    """A view against the rest of its group."""
    rest = {other: T for other, T in group.items() if other != view}
    return weighed(growth.views, rest, {view: group[view]}) if rest else None


def _in_frame(growth: Growth, group: Group, starts: Group) -> Group:
    """The group in the frame of the poses that were given, or of its first view's file."""
    if growth.pinned & group.keys():
        return group
    if given := sorted(starts.keys() & group.keys()):
        T = _carried(growth, group, {view: starts[view] for view in given})
    else:
        first = min(group)
        T = shift(growth.views[first].center) @ inverse(group[first])
    return {view: T @ pose for view, pose in group.items()}


def _carried(growth: Growth, group: Group, starts: Group) -> FloatArray:
    """The motion that brings most of a group's views to where they were given."""
    motions = {view: starts[view] @ inverse(group[view]) for view in starts}
    reach = 4 * max(growth.views[view].coarse.voxel_size for view in starts)

    def close(T: FloatArray) -> int:
        return sum(
            _moved(growth, other, T @ group[other], starts[other]) < reach for other in starts
        )

    return max(motions.values(), key=close)


def _moved(growth: Growth, view: int, T: FloatArray, U: FloatArray) -> float:
    points = growth.views[view].coarse.points[::5]
    off = points @ (T[:3, :3] - U[:3, :3]).T + T[:3, 3] - U[:3, 3]
    return float(np.sqrt((off * off).sum(axis=1).mean()))


def _origin(growth: Growth, view: int, T: FloatArray, starts: Group) -> Origin:
    if view in growth.pinned:
        return "pinned"
    if view in starts:
        near = 4 * growth.views[view].coarse.voxel_size
        if _moved(growth, view, T, starts[view]) < near:
            return "given"
    return "color" if view in growth.by_color else "found"


def _reason(growth: Growth, found: Found, name: int, view: int, names: list[int]) -> str:
    """Why a view has no place, in words."""
    verdicts = [
        (pair[0] if pair[1] == name else pair[1], verdict)
        for pair, verdict in growth.verdicts.items()
        if name in pair and verdict.way is None
    ]
    verdicts.sort(key=lambda item: (not item[1].ways, item[0] not in names, item[0]))
    if verdicts:
        return verdicts[0][1].reason
    return "its shape was not found on any other scan"


def _pairs(growth: Growth, found: Found, numbers: list[int]) -> tuple[Pair, ...]:
    group_of = {view: name for name, group in growth.groups.items() for view in group}
    pairs = []
    for i, j in sorted(found.keys() | growth.meets.keys()):
        if group_of[i] == group_of[j]:
            if (i, j) not in growth.meets:
                continue
            group = growth.groups[group_of[i]]
            T: FloatArray = inverse(group[i]) @ group[j]
            evidence = tally(growth.views[i], growth.views[j], T).evidence()
        elif found.get((i, j)):
            best = max(found[i, j], key=lambda one: one.evidence.on)
            T, evidence = best.T_target_source, best.evidence
        else:
            continue
        own = shift(growth.views[i].center) @ T @ shift(-growth.views[j].center)
        used = group_of[i] == group_of[j]
        pairs.append(Pair(numbers[i], numbers[j], own, evidence, used))
    return tuple(pairs)


def _ambiguities(growth: Growth, numbers: list[int]) -> tuple[Ambiguity, ...]:
    open_ends = []
    for (a, b), verdict in sorted(growth.verdicts.items()):
        if not verdict.ways:
            continue
        moving = set(verdict.ways[0].poses)
        still = growth.groups.get(
            a if b in growth.groups and moving == set(growth.groups[b]) else b
        )
        if still is None:
            continue
        first = min(still)
        to_file = shift(growth.views[first].center) @ inverse(still[first])
        ways = tuple(
            Alternative(
                {
                    numbers[v]: to_file @ T @ shift(-growth.views[v].center)
                    for v, T in way.poses.items()
                },
                way.evidence,
            )
            for way in verdict.ways
        )
        open_ends.append(
            Ambiguity(
                tuple(numbers[v] for v in sorted(still)),
                tuple(numbers[v] for v in sorted(moving)),
                ways,
            )
        )
    return tuple(open_ends)
