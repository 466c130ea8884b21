"""One way to put a group of placed scans on another: settled, and weighed by all that is seen.

A way is held to more than the pair of scans it came from: every scan of one group bears witness
on every scan of the other. How firmly the meeting surfaces hold each other is the near-null
space of the point-to-plane normal matrix (Gelfand et al. 2003): a vase's walls do not hold it
from turning about its axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from relicscan import threads
from relicscan.geometry.registration.evidence import (
    EMPTY,
    LEAST_OVERLAP,
    MOST_BESIDE,
    MOST_CONFLICT,
    Evidence,
    Meeting,
    Tally,
    one_way,
)
from relicscan.geometry.registration.joint import Group, move_group
from relicscan.geometry.registration.poses import apart, inverse
from relicscan.geometry.registration.views import Prepared
from relicscan.relic import FloatArray

#: A pair of scans that sees more of this against a way than for it rules it out alone.
_ONE_AGAINST = 0.03
#: How many points of a pair must meet for it to pull on the scans.
MEETS = 100

#: Root mean square distance off the surface, for a motion of 1: above this, it is held.
_STIFF = 0.20
#: Below this nothing but colours can tell where a scan is: right pairs of the bunny's scans have
#: 0.085 to 0.28, vases on vases and planes on planes 0.01 to 0.04.
LEAST_STIFFNESS = 0.06


#: Pairs of views that lie on each other, and about how many of their points do.
Meets = Mapping[tuple[int, int], int]


@dataclass(frozen=True, eq=False)
class Hold:
    """How firmly meeting surfaces hold each other, and the motions that they hold least.

    stiffness: how far, in the mean square, the points leave the surface in the loosest motion
    of size 1. Motions (6,) are a turn and a shift at `about` (3,), of such size that the points
    move by 1 in the mean square; `axes` are the loose ones.
    """

    stiffness: float
    axes: tuple[FloatArray, ...]
    about: FloatArray


@dataclass(frozen=True, eq=False)
class Way:
    """One way to put a moving group on a standing one: poses of the moving views, T_still_view."""

    poses: Group
    evidence: Evidence
    meets: Meets
    against: str | None
    contradicted: bool
    """Whether something speaks against it, and not just too little for it."""
    hold: Hold

    @property
    def stiffness(self) -> float:
        """How firmly the meeting surfaces hold each other against their loosest motion."""
        return self.hold.stiffness


def settled(
    views: Sequence[Prepared], still: Group, moved: Group, *, start_voxels: float = 4.0
) -> Way | None:
    """The way that a rough one leads to; None where the groups hardly meet or are far off."""
    cross = [(a, b) for a in still for b in moved]
    rough = _witnesses(views, still, moved, cross, 8 if len(cross) < 20 else 16)
    meets = [pair for pair, (t, _) in rough.items() if t.on >= 6]
    total = sum((t for t, _ in rough.values()), EMPTY).evidence()
    if not meets or total.beside > 0.6 or total.conflict > 0.2:
        return None
    fine = max(views[v].fine.voxel_size for v in moved)
    points = sum(len(views[b].fine) for _, b in meets)
    poses, _ = move_group(
        views,
        still,
        moved,
        meets,
        np.linspace(start_voxels, 2, 8) * fine,
        max(1, points // 6000),
    )
    return weighed(views, still, poses)


def weighed(views: Sequence[Prepared], still: Group, moved: Group) -> Way:
    """A way as it is, with all that bears witness on it."""
    cross = [(a, b) for a in still for b in moved]
    found = _witnesses(views, still, moved, cross, max(1, len(cross) // 8))
    share = max(1, len(cross) // 8)
    meets = {pair: t.on * share for pair, (t, _) in found.items() if t.on * share >= MEETS}
    total = sum((t for t, _ in found.values()), EMPTY)
    overlap = (0.0, 0.0)
    against = None
    for t, _ in found.values():
        e = t.evidence()
        if max(e.overlap) > max(overlap):
            overlap = e.overlap
        if e.judged * share >= 300 and e.conflict > _ONE_AGAINST:
            against = "one scan would stand in the way of what another saw"
    evidence = total.evidence(overlap)
    return Way(
        moved,
        evidence,
        meets,
        against or objection(evidence, share),
        against is not None
        or evidence.conflict > MOST_CONFLICT
        or (evidence.beside > MOST_BESIDE and evidence.on * share >= 120),
        _hold([m for _, m in found.values()]),
    )


def objection(e: Evidence, share: int = 1) -> str | None:
    """What speaks against a placement, in words; None where nothing does."""
    if max(e.overlap) < LEAST_OVERLAP or e.on * share < 120:
        return f"too little of it lies on the others ({max(e.overlap):.0%} of its points)"
    if e.conflict > MOST_CONFLICT:
        return f"{e.conflict:.1%} of what was seen contradicts it: one scan looks through another"
    if e.beside > MOST_BESIDE:
        return f"{e.beside:.0%} of its points near the others' surfaces lie beside them"
    return None


def _witnesses(
    views: Sequence[Prepared],
    still: Group,
    moved: Group,
    cross: Sequence[tuple[int, int]],
    step: int,
) -> dict[tuple[int, int], tuple[Tally, list[Meeting]]]:
    """The tally of each pair (standing, moving), and where they meet, in the common frame."""

    def look(pair: tuple[int, int]) -> tuple[Tally, list[Meeting]]:
        a, b = pair
        T = inverse(still[a]) @ moved[b]
        there, on_a = one_way(views[a], views[b], T, step, meeting=True)
        back, on_b = one_way(views[b], views[a], inverse(T), step, meeting=True)
        assert on_a is not None
        assert on_b is not None
        return Tally(np.stack([there, back])), [on_a.under(still[a]), on_b.under(moved[b])]

    return dict(zip(cross, threads.each(look, cross), strict=True))


def _hold(meetings: Sequence[list[Meeting]]) -> Hold:
    points = np.concatenate([m.points for pair in meetings for m in pair])
    normals = np.concatenate([m.normals for pair in meetings for m in pair])
    if len(points) < 30:
        return Hold(0.0, (), np.zeros(3))
    about = points.mean(axis=0)
    arms = points - about
    radius = max(float(np.sqrt((arms * arms).sum(axis=1).mean())), 1e-12)
    rows = np.hstack([np.cross(arms / radius, normals), normals])
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    stiffness = np.sqrt(np.maximum(values, 0))
    motions = [np.r_[vectors[:3, k] / radius, vectors[3:, k]] for k in range(3)]
    axes = tuple(motion for motion, s in zip(motions, stiffness[:3], strict=True) if s < _STIFF)
    return Hold(float(stiffness[0]), axes, about)


def extent_of(views: Sequence[Prepared], group: Group) -> tuple[FloatArray, float]:
    """The middle of a group's points, and their root mean square distance from it."""
    some = [views[v].coarse.points[::5] @ T[:3, :3].T + T[:3, 3] for v, T in group.items()]
    points = np.concatenate(some)
    middle = points.mean(axis=0)
    return middle, float(np.sqrt(((points - middle) ** 2).sum(axis=1).mean()))


def ways_apart(one: Group, other: Group, middle: FloatArray, radius: float, before: Group) -> float:
    """How far two ways put the moving group's points from each other."""
    view = next(iter(before))
    back = inverse(before[view])
    return apart(one[view] @ back, other[view] @ back, middle, radius)
