"""What is in a scan besides the relic: plates and tables, walls, and loose parts around it.

A scene becomes cells (`cells`), large planes are found in it (`planes`) and judged one by
one against the relic as it stands without them (`standing`). Planes that are surely a
plate or a wall go, with all that lies behind them; the surest goes first, since a table
hides how the wall behind it stands to the relic. What then is connected is a part, the
largest one or the one that stood on the plate is the relic, and small parts far from it
are loose. In doubt everything stays and the doubt is told.

Measured with the virtual scanner: 1 M points of a head vase on a turntable, 0.6 s of
processor time (0.8 to 1.0 s without a plate), a quarter of it for cells and their parts;
of the foot 0.003 % of the relic's points go, up to 1.0 point spacings over the plate at a
noise of 0.05 and 0.3 mm, straight and tilted; nothing of the plate stays. Crumbs on a plate
went with it at first wherever they lay: that took a piece of the foot's rim 6 mm over it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.cells import Cells, cells_of, connected
from relicscan.geometry.neighbours import SPACING_RANKS, local_spacing, nearest, tree
from relicscan.geometry.planes import Plane, fitted, large_planes
from relicscan.geometry.standing import Verdict, in_footprint, judged, ramp
from relicscan.relic import BoolArray, FloatArray, IntArray

Wish = Literal["judge", "remove", "keep"]

#: Side of a cell in point spacings at the least, and how many cells are aimed at.
CELL_SPACINGS, MOST_CELLS = 3.0, 100_000
#: Points that spacing, scatter and colours are taken from.
SAMPLE = 40_000
#: Fewer points in all are a relic; fewer in one place are strays: `outliers` looks at them.
LEAST_POINTS, FEW_POINTS = 100, 20
#: Confidence under which a plane is not worth a word, and that suffices where one is asked for.
FAINT, ASKED_FOR = 0.15, 0.03
#: Strays farther from a plane than so many cells are none of its.
STRAY_CELLS = 20
#: Parts beside the relic that are looked at, the largest first.
MOST_PARTS = 200
#: A part that stays and stands well apart is told of from this share of the relic's area on.
WORTH_A_WORD = 0.01


@dataclass(frozen=True)
class Wishes:
    """What to do with what is found: remove it from `least` confidence on, always, or never."""

    support: Wish = "judge"
    walls: Wish = "judge"
    loose_parts: Wish = "judge"
    least: float = 0.7
    margin_spacings: float = 1.0

    def threshold(self, what: str) -> float:
        """Confidence from which something of that kind goes."""
        wish = {"plate": self.support, "wall": self.walls}.get(what, self.loose_parts)
        return {"judge": self.least, "remove": min(ASKED_FOR, self.least), "keep": np.inf}[wish]


@dataclass(frozen=True)
class Surrounding:
    """Something that is not the relic, or perhaps not: a "plate", a "wall", a "loose part".

    items (n,): the points that are its own; area in squared units of the scene; basis: what
    was seen, in words; doubt: what speaks most against it.
    """

    what: str
    removed: bool
    confidence: float
    area: float
    basis: str
    doubt: str
    items: BoolArray = field(repr=False, compare=False)


@dataclass(frozen=True)
class Surroundings:
    """What was found; gone (n,): the points to leave out; bodies: large parts that remain."""

    found: tuple[Surrounding, ...]
    gone: BoolArray = field(repr=False)
    spacing: float
    bodies: int


def find_surroundings(
    points: FloatArray,
    wishes: Wishes,
    *,
    up: FloatArray | None = None,
    colors: NDArray[np.uint8] | None = None,
    seed: int = 0,
) -> Surroundings:
    """Plates, walls and loose parts among points (n, 3) spread over surfaces.

    `up` (3,) is a unit vector where it is known, colors (n, 3) uint8. Raises StageError on
    coordinates that are not numbers. Fewer than 100 points are a relic.
    """
    rng = np.random.default_rng(seed)
    nothing = np.zeros(len(points), dtype=bool)
    spacing = _spacing(points, rng)
    if len(points) < LEAST_POINTS or not spacing > 0:
        return Surroundings((), nothing, spacing, 1)
    crowded = np.sqrt(1.6 * len(points) / MOST_CELLS)  # a surface crosses some 1.6 cells an area
    cells = cells_of(points, spacing * max(CELL_SPACINGS, crowded))
    scene = _Scene(points, cells, spacing, _some_colors(cells, colors), up, rng)
    planes, gone, relic = _without_planes(scene, wishes)
    parts, gone, bodies = _without_parts(scene, wishes, gone, relic)
    return Surroundings((*planes, *parts), gone, spacing, bodies)


@dataclass(frozen=True, eq=False)
class _Scene:
    points: FloatArray
    cells: Cells
    spacing: float
    colors: FloatArray | None
    up: FloatArray | None
    rng: np.random.Generator

    def left(self, gone: BoolArray) -> IntArray:
        """Points (c,) that each cell has left of those that are not `gone` (n,)."""
        left = np.bincount(self.cells.of_point[~gone], minlength=len(self.cells))
        return left.astype(np.int32)

    def empty(self, gone: BoolArray) -> BoolArray:
        """Cells (c,) that have too few points left to be solid."""
        return np.asarray(self.left(gone) < self.cells.least)


def _without_planes(
    scene: _Scene, wishes: Wishes
) -> tuple[list[Surrounding], BoolArray, BoolArray]:
    """Planes that go and those in doubt; points gone (n,); the relic's cells (c,) if known."""
    cells, up = scene.cells, scene.up
    gone = np.zeros(len(scene.points), dtype=bool)
    left = large_planes(cells, scene.rng)
    relic = np.zeros(len(cells), dtype=bool)
    found: list[Surrounding] = []
    while left:
        empty = scene.empty(gone)
        verdicts = [
            judged(cells, plane, [p for p in left if p is not plane], empty, up, scene.colors)
            for plane in left
        ]
        sure = [v.confidence if v is not None else 0.0 for v in verdicts]
        best = int(np.argmax(sure))
        verdict = verdicts[best]
        if verdict is None or sure[best] < wishes.threshold(verdict.what):
            doubtful = [v for v in verdicts if v is not None and v.confidence >= FAINT]
            return [*found, *(_kept(scene, v, gone) for v in doubtful)], gone, relic
        plane, margin = _exact(scene, verdict, wishes)
        own = ~gone & (plane.height(scene.points) <= margin)
        own |= _left_over(scene, gone | own, verdict, plane, margin)
        found.append(_described(verdict, plane, own, removed=True))
        gone |= own
        relic = verdict.body
        if up is None and verdict.what == "plate":
            up = plane.normal
        del left[best]
    return found, gone, relic


def _exact(scene: _Scene, verdict: Verdict, wishes: Wishes) -> tuple[Plane, float]:
    """The plane through its points, not its cells, and the height up to which points are its."""
    on = np.flatnonzero(verdict.plane.on[scene.cells.of_point])
    on = on[:: max(1, len(on) // SAMPLE)]
    plane = verdict.plane
    for _ in range(3):
        near = np.abs(plane.height(scene.points[on])) < 4 * plane.scatter + 0.1 * scene.spacing
        if near.sum() < 12:
            break
        plane = fitted(scene.points[on[near]], plane.normal, None, plane.on)
    return plane, max(3.5 * plane.scatter, wishes.margin_spacings * scene.spacing)


def _left_over(
    scene: _Scene, gone: BoolArray, verdict: Verdict, plane: Plane, margin: float
) -> BoolArray:
    """Points (n,) of crumbs and strays that lay on a plane and are nearer to it than to the rest.

    They would be left floating, and vouch for each other before any filter of outliers.
    """
    cells = scene.cells
    empty = scene.empty(gone)
    there = cells.solid & ~empty
    parts = connected(cells, there)
    height = plane.height(cells.mean)
    low = margin + 3 * cells.size
    left = scene.left(gone)
    stray = ~there & (left > 0)
    if there.any():
        part = parts[there]
        highest = np.full(part.max() + 1, -np.inf)
        np.maximum.at(highest, part, height[there])
        size = np.bincount(part)
        # A piece of the relic's foot, cut off by what was not seen, is low as well.
        beside = np.bincount(part, in_footprint(cells, verdict)[there]) < 0.5 * size
        crumb = (highest < low) & (size < 0.1 * size.max()) & beside
        stray[there] = (crumb | (np.bincount(part, left[there]) < FEW_POINTS))[part]
    of_plane, kept = cells.solid & empty, there & ~stray
    if stray.any() and kept.any() and of_plane.any():
        at = cells.mean[stray]
        far = STRAY_CELLS * cells.size
        to_plane = nearest(tree(cells.mean[of_plane]), at, within=far)[0]
        to_kept = nearest(tree(cells.mean[kept]), at, within=far)[0]
        stray[stray] = (to_plane < to_kept) & (to_kept > 2 * cells.size)
    return np.asarray(stray[cells.of_point] & ~gone)


def _kept(scene: _Scene, verdict: Verdict, gone: BoolArray) -> Surrounding:
    own = verdict.plane.on[scene.cells.of_point] & ~gone
    return _described(verdict, verdict.plane, own, removed=False)


def _described(verdict: Verdict, plane: Plane, own: BoolArray, *, removed: bool) -> Surrounding:
    place = "under" if verdict.what == "plate" else "behind"
    return Surrounding(
        what=verdict.what,
        removed=removed,
        confidence=verdict.confidence,
        area=verdict.area,
        basis=f"a plane {place} what rises {verdict.height:.3g} from it, {verdict.width:.3g} wide, "
        f"flat to {plane.scatter:.2g}",
        doubt=verdict.doubt,
        items=own,
    )


def _without_parts(
    scene: _Scene, wishes: Wishes, gone: BoolArray, relic: BoolArray
) -> tuple[list[Surrounding], BoolArray, int]:
    """Loose parts; points gone (n,), theirs too; how many large parts remain."""
    cells = scene.cells
    there = cells.solid & ~scene.empty(gone)
    parts = connected(cells, there)
    if not there.any():
        return [], gone, 0
    area = np.bincount(parts[there], cells.area[there])
    held = np.bincount(parts[there], cells.count[there])
    main = int(np.argmax(area))
    if (relic & there).any():
        main = int(np.argmax(np.bincount(parts[there & relic], cells.area[there & relic])))
    candidates = [int(p) for p in np.argsort(-area, kind="stable")[: MOST_PARTS + 1] if p != main]
    candidates = [p for p in candidates if held[p] >= FEW_POINTS]
    kept = _Neighbourhood(scene, parts == main)
    dominant = ramp(area[main] / area[[main, *candidates]].sum(), 0.5, 0.8)
    found: list[Surrounding] = []
    gone, bodies = gone.copy(), 1
    for part in candidates:
        mine = parts == part
        share = float(area[part] / area[main])
        gap = kept.gap(mine)
        apart = gap / _spacing_in(scene, mine, held[part])
        signs = {
            "it is large": ramp(share, 0.05, 0.005),
            "there are many": dominant,
            "it is near": min(ramp(apart, 4, 10), ramp(gap / kept.diagonal, 0.005, 0.03)),
            "it lies in the relic's outline": kept.outside(mine),
        }
        confidence = float(np.prod(list(signs.values())))
        removed = confidence >= wishes.threshold("loose part")
        if removed:  # with the strays beside it
            beside = cells.neighbours[mine].ravel()
            mine[beside[(beside >= 0) & ~cells.solid[beside]]] = True
        own = mine[cells.of_point] & ~gone
        if removed:
            gone |= own
        else:
            kept.take(mine)
        told = share > WORTH_A_WORD and signs["it is near"] > 0.5
        bodies += told and not removed
        if removed or told:
            more = "over " if gap >= kept.far else ""
            basis = f"{share:.2g} of the relic's area, {more}{apart:.2g} point spacings from it"
            doubt = min(signs, key=lambda sign: signs[sign])
            found.append(
                Surrounding("loose part", removed, confidence, float(area[part]), basis, doubt, own)
            )
    return found, gone, bodies


class _Neighbourhood:
    """What was kept so far, to measure the distance of further parts from."""

    def __init__(self, scene: _Scene, main: BoolArray) -> None:
        self._cells = scene.cells
        mean = scene.cells.mean[main]
        self.diagonal = float(np.linalg.norm(np.ptp(mean, axis=0))) or scene.cells.size
        self.far = max(0.05 * self.diagonal, 30 * scene.spacing)
        self._directions = _sphere(64)
        some = mean[:: max(1, len(mean) // 4000)]
        self._reach = np.quantile(some @ self._directions.T, 0.995, axis=0)
        self._waiting, self._trees = [main], []  # type: ignore[var-annotated]

    def take(self, part: BoolArray) -> None:
        self._waiting.append(part)

    def gap(self, part: BoolArray) -> float:
        """Distance of a part from the nearest that was kept; `far` where it is more than that."""
        mean = self._cells.mean
        some = mean[part]
        some = some[:: max(1, len(some) // 2000)]
        self._trees += [tree(mean[kept]) for kept in self._waiting]
        self._waiting = []
        gaps = (nearest(index, some, within=self.far)[0].min() for index in self._trees)
        return float(min(self.far, *gaps))

    def outside(self, part: BoolArray) -> float:
        """1 for a part that lies well outside the relic's convex outline, 0.2 for one within.

        Inside are what the scanner saw of the relic through its own gaps.
        """
        middle = self._cells.mean[part].mean(axis=0)
        beyond = float((self._directions @ middle - self._reach).max()) / self.diagonal
        return 0.2 + 0.8 * ramp(beyond, 0.0, 0.02)


def _sphere(count: int) -> FloatArray:
    """Directions (n, 3) spread evenly: a Fibonacci lattice."""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    ring = np.sqrt(1 - z**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)


def _spacing_in(scene: _Scene, mine: BoolArray, held: int) -> float:
    """The spacing of the points in some cells: what is sparse may have gaps."""
    even = float(np.sqrt(scene.cells.area[mine].sum() / held))
    return max(even, scene.spacing)


def _spacing(points: FloatArray, rng: np.random.Generator) -> float:
    """The spacing by which half of the surface was scanned as finely or finer; 0 if none.

    From an even sample, whose spacing is larger by the root of how much was left out:
    0.04 s for a million points, where a tree over all of them takes 0.6 s.
    """
    if len(points) <= SPACING_RANKS[-1]:
        return 0.0
    sample = points
    if len(points) > SAMPLE:
        sample = points[rng.random(len(points)) < SAMPLE / len(points)]
    spacing = np.sort(local_spacing(sample))
    surface = np.cumsum(np.minimum(spacing, 4 * np.median(spacing)) ** 2)
    typical = spacing[np.searchsorted(surface, 0.5 * surface[-1])]
    return float(typical * np.sqrt(len(sample) / len(points)))


def _some_colors(cells: Cells, colors: NDArray[np.uint8] | None) -> FloatArray | None:
    """Colours (c, 3) of the cells: each that of its last point."""
    if colors is None:
        return None
    found = np.zeros((len(cells), 3))
    found[cells.of_point] = colors
    return found
