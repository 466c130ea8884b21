"""Whether one group of placed scans fits another, in how many ways, and which of them is right.

Several ways that hold are a question, not an answer: then colours decide where they can, and
else the two groups stay apart. Ways are looked for where they must be: along the motions that
the meeting surfaces do not hold, such as a vase's turning about its axis, and where a scan's
shape repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from relicscan import threads
from relicscan.geometry.registration.evidence import (
    BESIDE_AT_FIRST,
    CONFLICT_AT_FIRST,
    EMPTY,
    Tally,
    tally,
)
from relicscan.geometry.registration.joint import Group
from relicscan.geometry.registration.pairs import Symmetries
from relicscan.geometry.registration.poses import inverse
from relicscan.geometry.registration.slides import repeated, slides, tuned
from relicscan.geometry.registration.views import Prepared
from relicscan.geometry.registration.ways import (
    LEAST_STIFFNESS,
    Way,
    extent_of,
    settled,
    ways_apart,
    weighed,
)
from relicscan.relic import FloatArray

REPEATS = "its shape repeats, and it could be where the like of it is as well"

#: Another way is a rival with this share of the meeting points, not much farther off.
_AS_MANY = 0.25
_AS_NEAR = 1.5
#: A symmetry is denied by so many points at the least.
_ENOUGH = 300
#: Colours decide if they are this much alike, and other ways leave twice as much unexplained.
TOLD = 0.6
_CLEARER = 2.0
#: A placement whose colours are less alike than this is contradicted by them.
_UNLIKE = 0.3


@dataclass(frozen=True, eq=False)
class Verdict:
    """The way that is right, or why there is none; `ways` are as good as each other, if several."""

    way: Way | None
    reason: str
    ways: tuple[Way, ...] = ()
    by_color: bool = False


def judged(
    views: Sequence[Prepared],
    still: Group,
    moving: Group,
    motions: Sequence[FloatArray],
    symmetries: Mapping[int, Symmetries],
    *,
    given: bool = False,
) -> Verdict:
    """Which of the motions (4, 4) of the moving group, or of those they lead to, is right.

    symmetries: where views fit themselves. given: the motions are not guesses, and one of them
    that holds is right.
    """
    middle, radius = extent_of(views, moving)
    coarse = max(views[v].coarse.voxel_size for v in moving)
    at = middle, radius, moving
    ways: list[Way] = []
    reason = "nothing of it was found on the others"

    def known(poses: Group) -> bool:
        return any(ways_apart(poses, way.poses, *at) < 2 * coarse for way in ways)

    for motion in motions:
        moved: Group = {v: motion @ T for v, T in moving.items()}
        if known(moved):
            continue
        way = settled(views, still, moved)
        if way is None:
            continue
        if way.against is not None:
            reason = way.against if not ways else reason
            continue
        if not known(way.poses):
            ways.append(way)
    if not ways:
        return Verdict(None, reason)
    best = max(ways, key=lambda way: way.evidence.on)
    if given:
        return Verdict(best, "")
    again = repeated(still, best, {k: s.exact + s.rough for k, s in symmetries.items()})
    along = slides(views, best, coarse)
    for slid, reach in [(g, 4.0) for g in again] + [(g, 2.0) for g in along]:
        if not known(slid):
            way = settled(views, still, slid, start_voxels=reach)
            if way is not None and way.against is None and not known(way.poses):
                ways.append(way)
                if len(_rivals(views, still, ways)) > 1:
                    break  # more of them would say nothing new
    verdict = _decided(views, still, ways)
    colored = all(any(views[v].fine.tone is not None for v in group) for group in (still, moving))
    if verdict.way is not None:
        other = repeated_elsewhere(views, still, verdict.way, symmetries)
        if other is not None:
            verdict = Verdict(None, REPEATS, (verdict.way, other))
    if verdict.way is not None or not colored:
        return verdict
    # Shape leaves it open: along each way that shape leaves, colours say where.
    for start in sorted(ways, key=lambda way: -(way.evidence.tone or 0.0))[:2]:
        for peak in tuned(views, still, start, coarse)[1]:
            way = settled(views, still, peak, start_voxels=2.0)
            if way is None or way.against is not None:
                continue
            near = [ways_apart(way.poses, w.poses, *at) < 2 * coarse for w in ways]
            same = [k for k, close in enumerate(near) if close]
            if all((way.evidence.tone or 0) > (ways[k].evidence.tone or 0) for k in same):
                ways = [w for k, w in enumerate(ways) if k not in same] + [way]
    return _by_color(views, still, ways, coarse)


def repeated_elsewhere(
    views: Sequence[Prepared], still: Group, way: Way, symmetries: Mapping[int, Symmetries]
) -> Way | None:
    """Another way that the shape's repeating leads to, and that nothing contradicts.

    There it may hardly touch the others: three masks on a wall, two scans that see one each.
    """
    coarse = max(views[v].coarse.voxel_size for v in way.poses)
    at = *extent_of(views, way.poses), way.poses
    for poses in repeated(still, way, {k: s.exact for k, s in symmetries.items()}):
        if ways_apart(poses, way.poses, *at) < 2 * coarse:
            continue
        other = settled(views, still, poses, start_voxels=2.0) or weighed(views, still, poses)
        if (
            not other.contradicted
            and ways_apart(other.poses, way.poses, *at) > 2 * coarse
            and not (_few(other, way) and no_symmetry(views, still, way, other))
        ):
            return other
    return None


def no_symmetry(views: Sequence[Prepared], still: Group, best: Way, other: Way) -> bool:
    """Whether what is seen denies that the object repeats by the motion from one way to another.

    Where little lies on each other in the other way, it could be right only if all that does in
    the best one were there twice: if the whole, as far as it is seen, fitted itself so.
    """
    placed = {**still, **best.poses}
    view = min(best.poses)
    S = other.poses[view] @ inverse(best.poses[view])
    step = 4 * max(1, len(placed) // 4)

    def seen(pair: tuple[int, int]) -> Tally:
        a, b = pair
        return tally(views[a], views[b], inverse(placed[a]) @ S @ placed[b], step=step)

    total = sum(threads.each(seen, [(a, b) for a in placed for b in placed]), EMPTY)
    evidence = total.evidence()
    return evidence.on + evidence.judged > _ENOUGH and (
        evidence.beside > BESIDE_AT_FIRST or evidence.conflict > CONFLICT_AT_FIRST
    )


def _few(other: Way, best: Way) -> bool:
    return other.evidence.on < _AS_MANY * best.evidence.on


def _decided(views: Sequence[Prepared], still: Group, ways: list[Way]) -> Verdict:
    """What shape says."""
    rivals = _rivals(views, still, ways)
    best = rivals[0]
    if len(rivals) > 1:
        count = len(rivals)
        return Verdict(None, f"it fits in {count} ways that shape cannot tell apart", tuple(rivals))
    if best.stiffness < LEAST_STIFFNESS:
        return Verdict(None, "it could slide along the others without a trace", tuple(rivals))
    if best.evidence.tone is not None and best.evidence.tone < _UNLIKE:
        return Verdict(
            None, f"colours contradict where its shape fits (correlation {best.evidence.tone:.2f})"
        )
    return Verdict(best, "")


def _rivals(views: Sequence[Prepared], still: Group, ways: list[Way]) -> list[Way]:
    """The ways that are about as good as the best, which is the first."""
    best = max(ways, key=lambda way: way.evidence.on)

    def rival(way: Way) -> bool:
        if way.evidence.rms_voxels > _AS_NEAR * best.evidence.rms_voxels + 0.1:
            return False
        if not _few(way, best):
            return True
        return way.stiffness >= LEAST_STIFFNESS and not no_symmetry(views, still, best, way)

    rivals = [way for way in ways if way is best or rival(way)]
    return sorted(rivals, key=lambda way: -way.evidence.on)


def _by_color(views: Sequence[Prepared], still: Group, ways: list[Way], coarse: float) -> Verdict:
    """What colours say where shape leaves several ways, or any on a curve."""
    told = sorted(ways, key=lambda way: -(way.evidence.tone or 0.0))
    best = told[0]
    tone = best.evidence.tone or 0.0
    others = [way.evidence.tone or 0.0 for way in told[1:]]
    if tone >= TOLD and all(1 - other >= _CLEARER * (1 - tone) for other in others):
        elsewhere, _ = tuned(views, still, best, coarse)
        if 1 - elsewhere >= _CLEARER * (1 - tone):
            return Verdict(best, "", by_color=True)
    told.sort(key=lambda way: -way.evidence.on)
    return Verdict(
        None,
        f"it fits in {len(told)} ways that neither shape nor colours can tell apart",
        tuple(told),
    )
