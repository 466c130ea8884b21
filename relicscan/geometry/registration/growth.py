"""From pairs to groups: the best supported first, and every join held against all that is placed.

Greedy growth (Huber & Hebert 2003): groups start as single scans; the candidate with the most
meeting points between two groups asks whether they fit (`merging.judged`); what was in doubt is
asked again when one of the two has grown. After joins, all scans of a group move jointly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from relicscan.geometry.registration.evidence import tally
from relicscan.geometry.registration.joint import Group, move_jointly
from relicscan.geometry.registration.merging import (
    TOLD,
    Verdict,
    judged,
    repeated_elsewhere,
)
from relicscan.geometry.registration.pairs import Candidate, Symmetries, turned_round
from relicscan.geometry.registration.poses import inverse
from relicscan.geometry.registration.views import Prepared
from relicscan.geometry.registration.ways import MEETS, Meets, Way

#: A group is small beside one of which it is so large a part at the most.
_SMALL = 1 / 3
#: Exact symmetries that are kept for each view.
MOST_EXACT = 12
#: Pairs that pull on a view in a joint fit: a hundred scans meet each other in thousands.
MOST_NEIGHBOURS = 12


@dataclass(eq=False)
class Growth:
    """Groups of views, each with poses in a frame of its own, and the verdicts that stand."""

    views: Sequence[Prepared]
    pinned: frozenset[int]
    groups: dict[int, Group]
    meets: dict[tuple[int, int], int] = field(default_factory=dict)
    symmetries: dict[int, Symmetries] = field(default_factory=dict)
    given: set[int] = field(default_factory=set)
    by_color: set[int] = field(default_factory=set)
    verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        self._next = max(self.groups, default=0) + 1

    def group_of(self, view: int) -> int:
        """The number of the group that a view is in."""
        return next(name for name, group in self.groups.items() if view in group)

    def know(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take note of which views of a group meet."""
        for a, b in pairs:
            group = self.groups[self.group_of(a)]
            T = inverse(group[a]) @ group[b]
            on = tally(self.views[a], self.views[b], T, step=4).on * 4
            if on >= MEETS:
                self.meets[min(a, b), max(a, b)] = on

    def grow(self, candidates: Sequence[Candidate], *, given: bool = False) -> None:
        """Join all groups that candidates join without doubt.

        `given` candidates came with the scans: where they hold, it is not asked what else would.
        """
        waiting = sorted(
            candidates, key=lambda c: (-c.evidence.on * (1 - c.evidence.beside), c.target, c.source)
        )
        while True:
            for one in waiting:
                a, b = sorted((self.group_of(one.target), self.group_of(one.source)))
                if a != b and (a, b) not in self.verdicts:
                    break
            else:
                return
            self._ask(a, b, waiting, given=given)

    def reconsider(self, candidates: Sequence[Candidate]) -> None:
        """Ask the scans of small groups alone whether they fit the largest.

        Where a shape repeats, two scans may fit each other wrongly and then, together, nothing
        else; alone, each may have a place in what has been put together since.
        """
        main = max(self.groups.values(), key=lambda group: (len(group), -min(group)))
        small = [g for g in self.groups.values() if 1 < len(g) <= _SMALL * len(main)]
        small = [group for group in small if not group.keys() & (self.pinned | self.given)]
        apart = {view for group in small for view in group}
        outward = [c for c in candidates if (c.target in main) != (c.source in main)]
        if not any(apart & {c.target, c.source} for c in outward):
            return
        before = dict(self.groups), dict(self.meets), set(self.by_color)
        self.groups = {name: g for name, g in self.groups.items() if not apart & g.keys()}
        for view in sorted(apart):
            self.groups[self._next] = {view: np.eye(4)}
            self._next += 1
        self.meets = {pair: on for pair, on in self.meets.items() if not apart & set(pair)}
        self.by_color -= apart
        self.verdicts.clear()
        self.grow(outward)
        if len(self.groups[self.group_of(min(main))]) == len(main):
            self.groups, self.meets, self.by_color = before
        self.verdicts.clear()
        self.grow(candidates)

    def _ask(self, a: int, b: int, candidates: Sequence[Candidate], *, given: bool) -> None:
        still, moving = self.groups[a], self.groups[b]
        held = bool(self.pinned & still.keys())
        if self.pinned & moving.keys() or (not held and len(moving) > len(still)):
            still, moving = moving, still
        motions = []
        for one in candidates:
            if one.target in moving and one.source in still:
                one = turned_round(one)
            if one.target in still and one.source in moving:
                motions.append(
                    still[one.target] @ one.T_target_source @ inverse(moving[one.source])
                )
        verdict = judged(self.views, still, moving, motions[:12], self.symmetries, given=given)
        self.verdicts[a, b] = verdict
        self._learn(still, verdict)
        if verdict.way is not None:
            if given:
                self.given.update(still, moving)
            self._join(a, b, still, verdict.way, by_color=verdict.by_color)

    def _learn(self, still: Group, verdict: Verdict) -> None:
        """Two ways that fit are a symmetry of what meets there, which other joins must know of."""
        for other in verdict.ways[1:3]:
            first = verdict.ways[0]
            view = min(first.poses)
            D = other.poses[view] @ inverse(first.poses[view])
            for end in {end for pair in first.meets for end in pair}:
                T = still[end] if end in still else first.poses[end]
                known = self.symmetries.get(end, Symmetries((), ()))
                if len(known.exact) < MOST_EXACT:
                    S = inverse(T) @ D @ T
                    self.symmetries[end] = replace(known, exact=(*known.exact, S, inverse(S)))

    def repeats(self, group: Group, view: int, way: Way) -> bool:
        """Whether a placed view could be elsewhere in its group as well, by its shape."""
        if view in self.given or (way.evidence.tone or 0.0) >= TOLD:
            return False
        rest = {other: T for other, T in group.items() if other != view}
        return repeated_elsewhere(self.views, rest, way, self.symmetries) is not None

    def _join(self, a: int, b: int, still: Group, way: Way, *, by_color: bool) -> None:
        before = len(still)
        joined = {**still, **way.poses}
        self.meets.update({(min(pair), max(pair)): on for pair, on in way.meets.items()})
        if by_color:
            self.by_color.update(way.poses)
        del self.groups[a], self.groups[b]
        self.verdicts = {
            pair: verdict
            for pair, verdict in self.verdicts.items()
            if a not in pair and b not in pair
        }
        # Errors along chains are spread before they add up; not after each of a hundred joins.
        if len(joined) <= 4 or int(np.log(len(joined)) * 4) > int(np.log(before) * 4):
            joined = self.relaxed(joined, thorough=False)
        self.groups[self._next] = joined
        self._next += 1

    def relaxed(self, group: Group, *, thorough: bool) -> Group:
        """The group with its views moved jointly to where they fit best."""
        meets = {pair: on for pair, on in self.meets.items() if group.keys() >= set(pair)}
        pairs = pairs_that_pull(meets, MOST_NEIGHBOURS if thorough else MOST_NEIGHBOURS // 2)
        fixed = frozenset(self.pinned & group.keys()) or frozenset([min(group)])
        fine = max(self.views[v].fine.voxel_size for v in group)
        points = float(np.mean([len(self.views[v].fine) for v in group]))
        if thorough:
            reaches, step = np.array([3, 3, 2.5, 2.5, 2, 2, 2, 2, 2, 2]) * fine, points // 8000
        else:
            reaches, step = np.array([3, 2.5, 2]) * fine, points // 2500
        return move_jointly(self.views, group, pairs, fixed, reaches, max(1, int(step)))


def pairs_that_pull(meets: Meets, most: int) -> list[tuple[int, int]]:
    """The pairs that a joint fit needs: for each view `most` of those it is in.

    Half of them where most points meet; half spread over the rest down to the weakest, so that
    errors do not add up from neighbour to neighbour around the object.
    """
    chosen: set[tuple[int, int]] = set()
    for view in sorted({end for pair in meets for end in pair}):
        own = sorted((p for p in meets if view in p), key=lambda p: (-meets[p], p))
        firm, rest = own[: most // 2], own[most // 2 :]
        spread = np.linspace(0, len(rest) - 1, min(len(rest), most - most // 2)).round()
        chosen.update(firm, (rest[int(k)] for k in spread))
    return sorted(chosen)
