"""A level is solved, not guessed: triangles, texture size, image quality and maps together.

Given are a target's limits (bytes, triangles, texture side, memory of a graphics card) and a
floor of quality: how different the level may look from the master at the size at which it is
shown, and how far it may be from the scan. To be chosen is a surface of the ladder that
`build_levels` made, with or without a normal map, and one grade for its pictures.

Bytes and likeness both fall with the grade, so for each surface the finest grade that fits the
limits is found by halving. Of these the most like the master is taken; or, where a level prefers
the smallest, the smallest file above the floor. Where no file is within the limits or above the
floor, the nearest is made and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from relicscan.delivery.coding import EXACT, Grade, grades
from relicscan.delivery.encoding import EncodedGeometry
from relicscan.delivery.glb import glb_of
from relicscan.delivery.model_figures import ModelFigures, figures_of
from relicscan.delivery.sources import Choice, Screen, Sources
from relicscan.delivery.target import Target, TargetLevel
from relicscan.quality.difference import Difference
from relicscan.relic import Level, Mesh

#: A normal map has to make a level so much more like the master: it costs a phone as much
#: memory as the base colour.
WORTH_A_MAP = 0.95


@dataclass(frozen=True, eq=False)
class Solved:
    """One model for one level of a target: its surface, pictures and bytes, and why these.

    `unmet` says in words which limits or which floor it misses; empty where it keeps all.
    """

    level: Level
    mesh: Mesh
    choice: Choice
    geometry: EncodedGeometry
    glb: bytes
    figures: ModelFigures
    difference: Difference | None
    decided: str
    unmet: tuple[str, ...]


class _Search:
    """The choices for one level that were tried, each once."""

    def __init__(self, sources: Sources, target: Target, level: TargetLevel, **described: Any):
        self.sources, self.target, self.level = sources, target, level
        self.described = described
        self._glbs: dict[tuple[Choice, bool], bytes] = {}
        self._unlike: dict[Choice, float] = {}
        px = level.screen_px
        self.screen = None if px is None else Screen(sources, px, target.images)
        side = sources.side
        self.steps: Sequence[Grade | None] = [None]
        if side is not None:
            as_it_came = sources.as_they_came(target)
            self.steps = grades(side, level.max_texture_side, as_it_came=as_it_came)

    def glb(self, choice: Choice, *, thorough: bool = False) -> bytes:
        key = choice, thorough
        if key not in self._glbs:
            encoded = self.sources.encoded(choice, self.target)
            materials = self.sources.materials(choice, self.target.images, thorough=thorough)
            self._glbs[key] = glb_of(encoded, materials, **self.described)
        return self._glbs[key]

    def difference(self, choice: Choice, *, thorough: bool) -> Difference | None:
        return None if self.screen is None else self.screen.difference(choice, thorough=thorough)

    def unlike(self, choice: Choice) -> float:
        """How different the choice looks as lit, 0 to 1; 0 where no screen is named."""
        if self.screen is None:
            return 0.0
        if choice not in self._unlike:
            self._unlike[choice] = self.screen.unlike(choice)
        return self._unlike[choice]

    def beyond(self, choice: Choice, *, thorough: bool = False) -> list[str]:
        """Which limits a choice breaks, in words."""
        level, limits = self.level, self.target.limits
        figures = figures_of(self.glb(choice, thorough=thorough))
        surface = self.sources.levels[choice.surface]
        deviation = surface.deviation and surface.deviation.scan_to_level
        off = deviation.rms if deviation and self.sources.relic.frame.scale_known else None
        checks = (
            ("bytes", figures.bytes, level.max_bytes),
            ("triangles", len(surface.mesh.faces), level.max_triangles),
            ("vertices", figures.vertices, limits.max_vertices),
            ("bytes on a graphics card", figures.gpu_bytes, level.max_gpu_bytes),
        )
        told = [
            f"{value:,} {what}, over {most:,}"
            for what, value, most in checks
            if value is not None and most is not None and value > most
        ]
        if off is not None and level.max_deviation_mm is not None and off > level.max_deviation_mm:
            told.append(f"{off:.3g} mm from the scan (RMS), over {level.max_deviation_mm:g} mm")
        return told


def solve(sources: Sources, target: Target, level: TargetLevel, **described: Any) -> Solved:
    """The model of a relic for one level of a target.

    `described` goes to `glb_of`: generator, name, copyright, extras, xmp.
    Raises StageError and ScanError where the surface or a picture cannot be coded.
    """
    search = _Search(sources, target, level, **described)
    variants = _variants(search)
    finest = level.prefer == "finest" or level.max_difference is None
    chosen = (_finest if finest else _smallest)(search, variants)
    nearest = chosen is None
    if chosen is None:
        chosen = min(
            (choice._replace(grade=search.steps[-1]) for choice in variants),
            key=lambda choice: (len(search.beyond(choice)), len(search.glb(choice))),
        )
        decided = "the nearest to the limits of all that was tried"
    elif finest:
        decided = "the most like the master within the limits"
    else:
        decided = (
            f"the smallest that differs no more than {level.max_difference:g} from the master "
            f"at {level.screen_px} px"
        )
    floor = level.max_difference
    if floor is not None and not nearest and search.unlike(chosen) > floor:
        chosen = _exact(search, chosen) or chosen
    # What is delivered is coded more thoroughly than what was tried, unless that costs the floor.
    thorough = len(search.glb(chosen, thorough=True)) <= len(search.glb(chosen))
    difference = search.difference(chosen, thorough=thorough)
    if thorough and floor and difference and search.unlike(chosen) <= floor:
        thorough = difference.shaded.flip <= floor
        difference = difference if thorough else search.difference(chosen, thorough=False)
    unmet = search.beyond(chosen, thorough=thorough)
    if floor is not None and difference and difference.shaded.flip > floor:
        if not finest and not nearest:
            decided = "the most like the master within the limits"
        unmet.append(
            f"differs {difference.shaded.flip:.3f} from the master at {level.screen_px} px, "
            f"over {floor:g}"
        )
    glb = search.glb(chosen, thorough=thorough)
    return Solved(
        level=sources.levels[chosen.surface],
        mesh=sources.mesh(chosen, target.images, thorough=thorough),
        choice=chosen,
        geometry=sources.encoded(chosen, target),
        glb=glb,
        figures=figures_of(glb),
        difference=difference,
        decided=decided,
        unmet=tuple(unmet),
    )


def _exact(search: _Search, chosen: Choice) -> Choice | None:
    """The choice with its pictures as they were baked, if that is within the limits and better."""
    if chosen.grade is None or chosen.grade.quality is None:
        return None
    exact = chosen._replace(grade=Grade(chosen.grade.side, EXACT))
    if search.beyond(exact) or search.unlike(exact) >= search.unlike(chosen):
        return None
    return exact


def _variants(search: _Search) -> list[Choice]:
    """Surfaces, finest first, each with a normal map where it may have one, and without."""
    sources, level = search.sources, search.level
    most = level.max_triangles
    numbers = [
        n
        for n, surface in enumerate(sources.levels)
        if most is None or len(surface.mesh.faces) <= most
    ] or [len(sources.levels) - 1]
    pictured = search.steps[0] is not None
    occlusion = pictured and "occlusion" in level.maps and any(sources.occlusion)
    found = []
    seen = set()
    for n in numbers:
        if id(sources.levels[n].mesh.faces) in seen:
            continue
        seen.add(id(sources.levels[n].mesh.faces))
        if pictured and "normal" in level.maps and sources.has_normal(n):
            found.append(Choice(n, None, True, occlusion))
        found.append(Choice(n, None, False, occlusion))
    return found


def _finest(search: _Search, variants: list[Choice]) -> Choice | None:
    """The choice most like the master within the limits.

    Each surface at the finest grade that fits, and at the best quality of the next smaller
    side, which may look better where bytes are few.
    """
    best: Choice | None = None
    for number in dict.fromkeys(choice.surface for choice in variants):
        here: Choice | None = None
        for variant in reversed([v for v in variants if v.surface == number]):
            worth = WORTH_A_MAP if variant.normal else 1.0
            for choice in _fitting(search, variant):
                if here is None or search.unlike(choice) < worth * search.unlike(here):
                    here = choice
        if here is None:
            continue
        if best is None or search.unlike(here) < search.unlike(best):
            best = here
        if here.grade == search.steps[0]:
            break  # fewer triangles would leave bytes for finer pictures, and there are none
    return best


def _fitting(search: _Search, variant: Choice) -> list[Choice]:
    """The variant at the finest grade that breaks no limit, and with a smaller side at the best
    quality that breaks none.
    """
    finest = _finest_within(search, variant)
    if finest is None or finest.grade is None:
        return [] if finest is None else [finest]
    smaller = [step for step in search.steps if step and step.side < finest.grade.side]
    if not smaller or finest.grade == search.steps[0]:
        return [finest]
    # Fewer texels at a better quality may have more bytes.
    others = (variant._replace(grade=step) for step in smaller)
    return [finest, *islice((choice for choice in others if not search.beyond(choice)), 1)]


def _smallest(search: _Search, variants: list[Choice]) -> Choice | None:
    """The smallest file above the floor, else the most like the master within the limits.

    From the coarsest surface on; a normal map is tried where a surface without one will not do.
    """
    floor = search.level.max_difference
    assert floor is not None
    best: Choice | None = None
    nearest: Choice | None = None
    settled: int | None = None
    for variant in reversed(variants):
        if variant.surface == settled:
            continue
        # Only what would be smaller than the best so far is worth a look.
        finest = _finest_within(search, variant, smaller_than=best)
        if finest is None:
            continue
        if search.unlike(finest) > floor:
            if nearest is None or search.unlike(finest) < search.unlike(nearest):
                nearest = finest
            continue
        steps = search.steps[search.steps.index(finest.grade) :]

        def alike(step: Grade | None, variant: Choice = variant) -> bool:
            return search.unlike(variant._replace(grade=step)) <= floor

        best = variant._replace(grade=steps[_last_from_the_first(steps, alike)])
        settled = variant.surface
    return best or nearest


def _finest_within(
    search: _Search, variant: Choice, smaller_than: Choice | None = None
) -> Choice | None:
    """The variant at the finest grade that breaks no limit, None where each breaks one."""
    most = None if smaller_than is None else len(search.glb(smaller_than))

    def fits(step: Grade | None) -> bool:
        choice = variant._replace(grade=step)
        if most is not None and len(search.glb(choice)) >= most:
            return False
        return not search.beyond(choice)

    coarser = search.steps[::-1]
    if not fits(coarser[0]):
        return None
    return variant._replace(grade=coarser[_last(coarser, fits)])


def _last_from_the_first(
    steps: Sequence[Grade | None], holds: Callable[[Grade | None], bool]
) -> int:
    """`_last`, where the first holds and is likely near: in strides that double."""
    reached, stride = 0, 1
    while reached + stride < len(steps) and holds(steps[reached + stride]):
        reached, stride = reached + stride, 2 * stride
    return reached + _last(steps[reached : reached + stride], holds)


def _last(steps: Sequence[Grade | None], holds: Callable[[Grade | None], bool]) -> int:
    """The last step for which something holds that holds for the first ones only."""
    low, high = 0, len(steps) - 1
    if holds(steps[high]):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if holds(steps[middle]):
            low = middle
        else:
            high = middle
    return low
