"""Is a plane what the relic stood on or before, or a side of the relic? A number from 0 to 1.

The relic is the largest part off the plane that is not flat itself, with other parts of a
like size: what no scanner saw may cut it in two. Each sign below is 1
where it speaks clearly for a plate or a wall and falls to 0 (those that a relic's own
plane cannot show) or to 0.1 (those that only make it likelier); the confidence is their
product, so one plain contradiction outweighs everything else:

  beyond     open area of the plane beside the relic's footprint, as a share of that
             footprint: a flat base has none                                    0.2 .. 0.6
  around     directions of 32 in which the plane reaches farther than the relic, by 4 % of
             its width: a box seen from a corner reaches farther to one side    0.55 .. 0.75
  one side   share of the relic beyond the plane                                0.06 .. 0.02
  elsewhere  area behind the plane and beside its outline, per area of relic    0.5 .. 0.1
  flat       scatter about the plane, as a share of its width                   0.02 .. 0.005
  thin       depth of what hangs under the plane within its outline, as a share of its
             width: a plinth is a block, a turntable shows a thin rim           0.12 .. 0.06
  underside  area of the plane's other side that was seen, as a share of the plane: what can
             be lifted with the relic is the relic's. Also how much more the points around
             the plane scatter than those of the relic, 3 .. 1.5 times: two sides of a
             thin sheet, closer to each other than cells are wide              0.7 .. 0.5
  upright    height of the relic over the width of its footprint: 0.3 .. 0.6 where it is
             widest at the plane, as relief on its ground is; 0.1 .. 0.3 where it
             overhangs its contact by 30 % of its footprint; colours that the relic
             does not have speak for a flat relic on a plate, but not surely
  wide       width of the plane over the height of the relic, since a broad foot (a
             candlestick's, a statue's plinth) has the object's own proportions   0.7 .. 1.1;
             or colours that the relic does not have
  large      area of the relic per area of the plane                            0.005 .. 0.03
  gap        (wall) nothing of the relic touches it: relief hangs on its ground, so a
             plane that is upright and touched counts half
  level      (plate, where up is known) the relic is above it, within 30 degrees

None of them is proof. Where a relic has a broad, thin, even foot that is wider than it is
high, no geometry tells it from a turntable: that is what `support = "keep"` is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from relicscan.geometry.cells import Cells, connected
from relicscan.geometry.frames import upright
from relicscan.geometry.planes import Plane
from relicscan.relic import BoolArray, FloatArray, IntArray

DIRECTIONS = 32
#: Cells whose mean is within this share of a cell's side are the plane's, at the least.
SLAB_CELLS = 0.75
#: A part with so much of its area on one plane is flat itself.
FLAT_PART = 0.85
#: Parts of this share of the largest one are taken for the relic as well.
LIKE_SIZE = 0.15

#: What a low sign means, in words that follow "because".
DOUBTS = {
    "beyond": "it hardly reaches beyond the relic",
    "around": "it reaches beyond the relic on some sides only",
    "one_side": "parts of the relic lie on both sides of it",
    "elsewhere": "there is much behind it",
    "flat": "it is not quite flat",
    "thin": "it is the top of a block, perhaps a plinth of the relic's own",
    "underside": "its underside was scanned as well",
    "upright": "what rises from it is low, perhaps relief on its ground",
    "wide": "it is small beside the relic, perhaps the relic's own foot",
    "large": "what stands on it is small beside it",
    "gap": "the relic is joined to it, as relief is to its ground",
    "level": "it does not lie level under the relic",
    "solid": "what stands on it is flat itself",
}


@dataclass(frozen=True, eq=False)
class Verdict:
    """How surely a plane is no part of the relic; its normal points to the relic.

    what: "plate" or "wall"; signs: each 0..1 by its name above; body (c,): the cells of the
    relic as seen from this plane; slab: cells with a mean lower than this are the plane's;
    width of the plane, height of the relic on it, area of the plane that was seen.
    """

    what: str
    plane: Plane
    slab: float
    signs: dict[str, float]
    body: BoolArray = field(repr=False)
    width: float
    height: float
    area: float

    @property
    def confidence(self) -> float:
        return float(np.prod(list(self.signs.values())))

    @property
    def doubt(self) -> str:
        """The sign that speaks most against it, in words."""
        return DOUBTS[min(self.signs, key=lambda name: self.signs[name])]


def judged(
    cells: Cells,
    plane: Plane,
    others: list[Plane],
    gone: BoolArray,
    up: FloatArray | None,
    colors: FloatArray | None = None,
) -> Verdict | None:
    """What speaks for a plane being a plate or a wall; None where nothing stands off it.

    `others` are the other planes of the scene, `gone` (c,) the cells that are known to be no
    part of the relic, `up` (3,) unit where it is known, colors (c, 3) those of the cells.
    """
    slab = max(SLAB_CELLS * cells.size, 3.5 * plane.scatter)
    height = plane.height(cells.mean)
    there = cells.solid & ~gone
    off = there & (np.abs(height) > slab)
    if not off.any():
        return None
    parts = connected(cells, off)
    body, beside, flat_itself = _body(cells, parts, off, height, others)
    if np.median(height[body]) < 0:
        plane, height = plane.turned(), -height
    on = plane.on & there
    basis = upright(plane.normal)[[0, 2]]
    flat = cells.mean @ basis.T
    own = body & (height > slab)
    if own.sum() < 20 or on.sum() < 12:
        return None
    reach = _reach(flat[own])
    footprint = max(_area(reach), cells.size**2)
    open_plane = _without(on, flat, reach + cells.size)
    outline = _reach(flat[on])
    open_area = min(_covered(flat[open_plane], 1.5 * cells.size), _area(outline))
    width = _diameter(open_area + footprint)
    tall = float(np.quantile(height[own], 0.98))
    contact = own & (height < slab + 2 * cells.size)
    touches = int(contact.sum()) >= 10
    area = {
        "body": float(cells.area[body].sum()),
        "crossing": float(cells.area[body & (height < -slab)].sum()),
    }
    behind = beside & (height < -slab)
    elsewhere = _without(behind, flat, outline + cells.size)
    under = behind & ~elsewhere
    area["elsewhere"] = float(cells.area[elsewhere].sum())
    depth, underside = 0.0, 0.0
    if cells.area[under].sum() > 0.01 * (open_area + footprint):
        depth = float(np.quantile(-height[under], 0.9))
        level_under = under & (np.abs(cells.normal @ plane.normal) > 0.9)
        underside = float(cells.area[level_under].sum()) / (open_area + footprint)
    rough, smooth = (float(np.median(cells.thickness[which])) for which in (on, own))
    rougher = rough / max(smooth, 1e-9)
    overhang = 1.0
    if touches:
        overhang = 1 - min(1.0, _area(_reach(flat[contact])) / footprint)
    sure = min(overhang / 0.3, 1.0)
    wide = ramp(width / tall, 0.7, 1.1)
    stands = ramp(tall / _diameter(footprint), 0.3 - 0.2 * sure, 0.6 - 0.3 * sure)
    if colors is not None:
        distinct = _distinct(colors[open_plane], colors[own])
        wide, stands = max(wide, 0.9 * distinct), max(stands, 0.4 * distinct)
    signs = {
        "beyond": ramp(open_area / footprint, 0.2, 0.6),
        "around": ramp(float((outline - reach > 0.04 * width).mean()), 0.55, 0.75),
        "one_side": ramp(area["crossing"] / area["body"], 0.06, 0.02),
        "elsewhere": ramp(area["elsewhere"] / area["body"], 0.5, 0.1),
        "flat": ramp(plane.scatter / width, 0.02, 0.005),
        "thin": _soft(ramp(depth / width, 0.12, 0.06)),
        "underside": _soft(min(ramp(underside, 0.7, 0.5), ramp(rougher, 3, 1.5))),
        "upright": _soft(stands if touches else 1),
        "wide": _soft(wide if touches else 1),
        "large": _soft(ramp(area["body"] / (open_area + footprint), 0.005, 0.03)),
        "solid": 0.6 if flat_itself and up is None else 1.0,
    }
    level = 0.0 if up is None else float(plane.normal @ up)
    what = "plate" if (touches if up is None else abs(level) > 0.7) else "wall"
    if up is not None and what == "plate":
        signs["level"] = _soft(ramp(level, 0.8, 0.87))
    if up is not None and what == "wall" and touches:
        signs["gap"] = 0.5
    return Verdict(
        what, plane, slab, signs, body, width, tall, _covered(flat[on], 1.5 * cells.size)
    )


def in_footprint(cells: Cells, verdict: Verdict) -> BoolArray:
    """Cells (c,) above or beneath the relic, or within two cells of it, as its plane sees it."""
    flat = cells.mean @ upright(verdict.plane.normal)[[0, 2]].T
    reach = _reach(flat[verdict.body]) + 2 * cells.size
    return ~_without(np.ones(len(flat), dtype=bool), flat, reach)


def _body(
    cells: Cells, parts: IntArray, off: BoolArray, height: FloatArray, others: list[Plane]
) -> tuple[BoolArray, BoolArray, bool]:
    """The relic's cells (c,) off the plane, those of other sizeable parts; is the relic flat?"""
    part = parts[off]
    area = np.bincount(part, cells.area[off])
    flat = np.zeros(len(area), dtype=bool)
    for other in others:
        on_it = np.bincount(part, (cells.area * other.on)[off], len(area))
        flat |= on_it > FLAT_PART * area
    largest = int(np.argmax(area))
    round_one = int(np.argmax(np.where(flat, 0, area)))
    chosen = largest
    if not flat[round_one] and area[round_one] > 0.05 * area[largest]:
        chosen = round_one
    side = np.sign(np.bincount(part, (cells.area * height)[off]))
    like = (area > LIKE_SIZE * area[chosen]) & ~flat & (side == side[chosen])
    like[chosen] = True
    sizeable = area > 0.01 * area[chosen]
    body, others_too = np.zeros(len(parts), dtype=bool), np.zeros(len(parts), dtype=bool)
    body[off], others_too[off] = like[part], (sizeable & ~like)[part]
    return body, others_too, bool(flat[chosen])


def _reach(flat: FloatArray) -> FloatArray:
    """How far points (n, 2) reach in each direction (32,); a few strays do not count."""
    some = flat[:: max(1, len(flat) // 4000)]
    return np.asarray(np.quantile(some @ _directions(), 0.99, axis=0))


def _directions() -> FloatArray:
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    return np.stack([np.cos(angles), np.sin(angles)])


def _without(which: BoolArray, flat: FloatArray, reach: FloatArray) -> BoolArray:
    """Those of some points (n, 2), a mask (n,), that lie outside of a reach (32,)."""
    outside = which.copy()
    outside[which] = (flat[which] @ _directions() >= reach).any(axis=1)
    return outside


def _covered(flat: FloatArray, bin_size: float) -> float:
    """Area of the square bins that hold some of the points (n, 2).

    Summing the areas of cells instead, a noisy plane along a layer of the grid counted twice.
    """
    column, row = np.floor((flat - flat.min(axis=0, initial=0)) / bin_size).astype(np.int64).T
    return len(np.unique(column * (int(row.max(initial=0)) + 1) + row)) * bin_size**2


def _area(reach: FloatArray) -> float:
    """Area of what is convex and has that reach: half the integral of h (h + h'')."""
    turn = 2 * np.pi / DIRECTIONS
    around = np.roll(reach, 1) + np.roll(reach, -1) - 2 * np.cos(turn) * reach
    return float(max(0.0, 0.5 * (reach * around).sum() / np.sin(turn)))


def _diameter(area: float) -> float:
    return float(np.sqrt(4 * area / np.pi))


def _distinct(plane: FloatArray, body: FloatArray) -> float:
    """0 where the colours of the plane (n, 3) are found on the body (m, 3) as often, else to 1."""
    if not len(plane) or not len(body):
        return 0.0
    levels = 8

    def shares(colors: FloatArray) -> FloatArray:
        step = np.minimum(colors * levels // 256, levels - 1).astype(np.int64)
        count = np.bincount(step @ np.array([levels**2, levels, 1]), minlength=levels**3)
        return np.asarray(count / count.sum())

    return ramp(float(np.minimum(shares(plane), shares(body)).sum()), 0.4, 0.1)


def ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero`, 1 at `one`, straight between and constant beyond."""
    return float(np.clip((value - zero) / (one - zero), 0, 1))


def _soft(sign: float) -> float:
    return 0.1 + 0.9 * sign
