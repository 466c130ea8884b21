"""`register`: from scans in frames of their own to groups of scans that belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from relicscan import threads
from relicscan.geometry.registration.descriptors import Described, described
from relicscan.geometry.registration.growth import Growth
from relicscan.geometry.registration.joint import Group
from relicscan.geometry.registration.links import with_links
from relicscan.geometry.registration.pairs import (
    Candidate,
    candidate,
    candidates,
    likeness,
    refined_pair,
    symmetries,
)
from relicscan.geometry.registration.poses import inverse, is_rigid, shift
from relicscan.geometry.registration.registered import Registered
from relicscan.geometry.registration.results import result_of
from relicscan.geometry.registration.views import Prepared, View, prepared, scale_of
from relicscan.relic import FloatArray

#: Up to this many scans all pairs are tried; beyond, a scan's likest first, so many a round.
_ALL_PAIRS = 12
_A_ROUND = 5
_ROUNDS = 4


def register(
    views: Sequence[View],
    *,
    initial: Sequence[FloatArray | None] | None = None,
    pinned: Iterable[int] = (),
    links: Iterable[tuple[int, int, FloatArray]] = (),
    seed: int = 0,
) -> Registered:
    """Place partial scans of one relic, or of several, beside each other; or say why not.

    initial: T_common_view (4, 4) of each view, or None where it is to be found. Given poses
    are tried first, refined and held to the same evidence as found ones; views of which one
    is contradicted are searched. pinned: views whose given pose is kept to the last bit.
    links: (target, source, T_target_source (4, 4)) from the source's frame to the target's, which
    are tried, refined and held to the evidence like given poses; of those that do not come true
    there is a warning. The seed decides which words sort descriptors where there are many scans,
    and nothing else.

    The same for the same input, whatever the number of threads, but for the last bits.
    Raises ValueError for poses that are not rigid, for a pinned view without one, and for a
    link of a view with itself.
    """
    given, fixed = _checked(views, initial, pinned)
    said = _linked(views, links)
    ready, why = _prepared(views)
    numbers = sorted(ready)
    local = {view: k for k, view in enumerate(numbers)}
    order = [ready[view] for view in numbers]
    starts: Group = {local[v]: T @ shift(ready[v].center) for v, T in given.items() if v in local}
    held = frozenset(local[v] for v in fixed if v in local)
    between = [
        (local[a], local[b], shift(-ready[a].center) @ T @ shift(ready[b].center))
        for a, b, T in said
        if a in local and b in local
    ]
    growth, found = _grown(order, starts, between, held, seed)
    registered = with_links(result_of(growth, found, numbers, starts, why), said, ready)
    exact = [
        replace(placed, T_common_view=given[k]) if placed.origin == "pinned" else placed
        for k, placed in enumerate(registered.placements)
    ]
    return replace(registered, placements=tuple(exact))


def turntable_poses(
    count: int, axis_point: FloatArray, axis_direction: FloatArray, step_degrees: float
) -> list[FloatArray]:
    """T_common_view (4, 4) of scans from one place while a table turns by a step between them.

    In the first scan's frame. The table turns by the right hand about the direction (3,)
    through the point (3,), in the scanner's frame; a view is turned back by what it turned.
    """
    from relicscan.geometry.registration.poses import rotation

    axis = np.asarray(axis_direction, dtype=np.float64)
    length = float(np.linalg.norm(axis))
    if not length > 0:
        raise ValueError("a turntable's axis needs a direction")
    center = np.asarray(axis_point, dtype=np.float64)
    poses: list[FloatArray] = []
    for k in range(count):
        T = np.eye(4)
        T[:3, :3] = rotation(-np.radians(k * step_degrees) * axis / length)
        T[:3, 3] = center - T[:3, :3] @ center
        poses.append(T)
    return poses


def _checked(
    views: Sequence[View], initial: Sequence[FloatArray | None] | None, pinned: Iterable[int]
) -> tuple[dict[int, FloatArray], frozenset[int]]:
    given: dict[int, FloatArray] = {}
    if initial is not None:
        if len(initial) != len(views):
            raise ValueError(f"{len(views)} views, but {len(initial)} initial poses")
        for k, pose in enumerate(initial):
            if pose is None:
                continue
            given[k] = np.asarray(pose, dtype=np.float64)
            if not is_rigid(given[k]):
                raise ValueError(f"the initial pose of view {k} is not a rigid motion (4, 4)")
    fixed = frozenset(pinned)
    if astray := sorted(fixed - given.keys()):
        raise ValueError(f"view {astray[0]} is pinned, but has no initial pose")
    return given, fixed


def _linked(
    views: Sequence[View], links: Iterable[tuple[int, int, FloatArray]]
) -> list[tuple[int, int, FloatArray]]:
    said: list[tuple[int, int, FloatArray]] = [
        (a, b, np.asarray(T, dtype=np.float64)) for a, b, T in links
    ]
    for a, b, T in said:
        if a == b or not {a, b} <= set(range(len(views))):
            raise ValueError(f"a link of view {a} with view {b} of {len(views)}")
        if not is_rigid(T):
            raise ValueError(f"the link of views {a} and {b} is not a rigid motion (4, 4)")
    return said


def _prepared(views: Sequence[View]) -> tuple[dict[int, Prepared], dict[int, str]]:
    scale = scale_of(list(views))
    if scale is None:
        return {}, dict.fromkeys(range(len(views)), "it has no surface to go by")
    made = threads.each(lambda view: prepared(view, scale), views)
    ready = {k: one for k, one in enumerate(made) if isinstance(one, Prepared)}
    return ready, {k: one for k, one in enumerate(made) if isinstance(one, str)}


def _grown(
    views: Sequence[Prepared],
    starts: Group,
    links: Sequence[tuple[int, int, FloatArray]],
    held: frozenset[int],
    seed: int,
) -> tuple[Growth, dict[tuple[int, int], list[Candidate]]]:
    """Groups, and the candidates of all pairs that were tried."""
    groups: dict[int, Group] = {k: {k: np.eye(4)} for k in range(len(views)) if k not in held}
    if held:
        groups[min(held)] = {k: starts[k] for k in sorted(held)}
    growth = Growth(views, held, groups)
    growth.know(combinations(sorted(held), 2))
    found: dict[tuple[int, int], list[Candidate]] = {}
    said = [*links]
    said += [(i, j, inverse(starts[i]) @ starts[j]) for i, j in combinations(sorted(starts), 2)]
    said = [one for one in said if not held.issuperset(one[:2])]
    for one in threads.each(lambda one: _as_said(views, *one), said):
        if one is not None:
            found.setdefault((one.target, one.source), []).append(one)
    growth.grow([one for ones in found.values() for one in ones], given=True)
    if len(growth.groups) < 2:
        return growth, found
    growth.verdicts.clear()
    kinds = [described(view.coarse) for view in views]
    own = threads.each(lambda k: symmetries(views[k], kinds[k]), range(len(views)))
    growth.symmetries = dict(enumerate(own))
    tried_pairs: set[tuple[int, int]] = set()
    for pairs in _rounds(growth, kinds, tried_pairs, seed):
        tried_pairs.update(pairs)
        new = threads.each(lambda pair: candidates(views, kinds, pair), pairs)
        for pair, ones in zip(pairs, new, strict=True):
            found[pair] = found.get(pair, []) + ones
        growth.verdicts.clear()
        growth.grow([one for ones in found.values() for one in ones])
        if len(growth.groups) < 2:
            break
    growth.reconsider([one for ones in found.values() for one in ones])
    return growth, found


def _rounds(
    growth: Growth, kinds: Sequence[Described], tried: set[tuple[int, int]], seed: int
) -> Iterator[list[tuple[int, int]]]:
    """Pairs to try next, never two views of one group."""
    n = len(kinds)

    def open_pairs() -> list[tuple[int, int]]:
        group = {view: name for name, members in growth.groups.items() for view in members}
        return [
            (i, j)
            for i, j in combinations(range(n), 2)
            if group[i] != group[j] and (i, j) not in tried
        ]

    if n <= _ALL_PAIRS:
        yield open_pairs()
        return
    alike = likeness(kinds, seed)
    for _ in range(_ROUNDS):
        waiting = open_pairs()
        chosen: set[tuple[int, int]] = set()
        for view in range(n):
            own = sorted((p for p in waiting if view in p), key=lambda p: (-alike[p], p))
            chosen.update(own[:_A_ROUND])
        if not chosen:
            return
        yield sorted(chosen)


def _as_said(
    views: Sequence[Prepared], target: int, source: int, T_target_source: FloatArray
) -> Candidate | None:
    """What given poses, or a link, say of two views; refined, as they may be rough."""
    i, j, T = target, source, T_target_source
    if i > j:
        i, j, T = j, i, inverse(T)
    refined = refined_pair(views[i], views[j], T)
    return None if refined is None else candidate(views, (i, j), refined, 0)
