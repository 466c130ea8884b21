"""A round-topped limestone stele: ibexes at a tree, a star above, wedge signs below.

900 mm tall, relief on the front alone. The signs are wedges strewn by chance;
they are in no language.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samples.drawing import Canvas, Field, area, curve, ellipse, line, over, placed, profile
from samples.procedural import ProceduralRelic
from samples.relics.ornament import leaf, palmette, spiral, star
from samples.sdf import ball, displaced, extrusion, ripple, smooth_cut, smoothstep

Array = NDArray[np.float64]

_HALF_THICKNESS = 60.0
_GROUND = -9.0  # mm, how deep the panels are sunk; figures rise back to the face
_RELIEF = 12.0
_INSET = 190.0  # half the width of the panels

_OUTLINE = [(-226, 0), (-219, 350), (-212, 690), (-205, 745), (-175, 812), (-120, 864), (-52, 893)]
_OUTLINE += [
    (0, 898),
    (52, 893),
    (120, 864),
    (175, 812),
    (205, 745),
    (212, 690),
    (219, 350),
    (226, 0),
]

_BODY = [
    (-28, 0),
    (-21, 0),
    (-23, 9),
    (-20, 19),
    (-13, 30),
    (-3, 37),
    (6, 45),
    (12, 55),
    (14.5, 64),
]
_BODY += [(17, 72), (24, 71.5), (30, 72), (31.5, 75.5), (26, 81), (20, 87.5), (14, 89.5), (9, 86)]
_BODY += [
    (4, 76),
    (-4, 67),
    (-15, 56),
    (-27, 46),
    (-34, 38),
    (-34.5, 28),
    (-31, 19),
    (-35.5, 12),
    (-32.5, 4),
]
_HORN = [(15, 88), (13, 100), (4, 111), (-9, 116), (-22, 113), (-31, 103), (-33, 91)]


@cache
def _outline() -> Field:
    sides = np.array(_OUTLINE, float)
    smooth = curve(sides, 6, closed=False)
    return profile(np.vstack([smooth, [(226, -4), (-226, -4)]]), 40.0, 1.0)


class _Carver:
    """The face as heights in mm over the sunk ground, x to the right, z up."""

    def __init__(self) -> None:
        self.face = Canvas((-232, -6), (232, 904), 0.7)

    def raised(self, outline: ArrayLike, height: float, rounded: float, base: float = 2.0) -> None:
        self.face.swell(area(outline), _GROUND + height, rounded, _GROUND + base)

    def rod(self, points: ArrayLike, width: ArrayLike, height: float, base: float = 1.5) -> None:
        rounded = float(np.max(width)) / 2
        self.face.swell(line(points, width), _GROUND + height, rounded, _GROUND + base)

    def cut(self, points: ArrayLike, width: float, depth: float) -> None:
        self.face.carve(line(points, width), depth, width / 2)


def _ibex(carver: _Carver, at: ArrayLike, flip: bool) -> None:
    size = 2.0

    def put(points: ArrayLike) -> Array:
        return placed(points, at, size, 0.0, flip)

    hind = curve([(-18, 30), (-8, 18), (-13, 9), (-12, 1)], closed=False)
    carver.rod(put(hind), np.linspace(26, 11, len(hind)), 6.5)
    carver.rod(put([(-13, 1), (-7, 1)]), [12, 9], 6.5)
    for joints in (
        [(6, 52), (24, 50), (33, 62), (38, 66)],
        [(4, 46), (22, 40), (35, 46), (40, 50)],
    ):
        carver.rod(
            put(curve(joints, 6, closed=False)),
            np.interp(np.linspace(0, 1, 19), [0, 0.5, 1], [24, 13, 9]),
            8.0,
        )
    carver.raised(put(curve(_BODY)), 11.0, 22.0)
    carver.rod(put([(-32, 40), (-40, 46), (-44, 44)]), [11, 9, 3], 7.0)
    horn = curve(_HORN, 8, closed=False)
    carver.rod(put(horn), np.linspace(19, 7, len(horn)), 10.5, 4.0)
    ahead = np.gradient(horn, axis=0)
    side = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    for k in range(4, len(horn) - 3, 3):  # the rings of the horn
        reach = np.interp(k, [0, len(horn)], [4.4, 1.8])
        carver.cut(put([horn[k] - side[k] * reach, horn[k] + side[k] * reach]), 3.0, 2.4)
    carver.raised(put(placed(leaf(11, 5, 1), (9, 85), 1.0, 62)), 11.5, 5.0, 6.0)
    carver.rod(put([(22, 72), (20.5, 66), (21.5, 62)]), [9, 7, 2], 6.5)  # the beard
    carver.raised(put(ellipse((20.5, 81.2), (2.6, 1.9), -35)), 12.0, 4.0, 9.0)
    carver.cut(put(ellipse((20.5, 81.2), (2.6, 1.9), -35)[:-4]), 2.2, 2.0)
    carver.cut(put([(26.5, 74.5), (30, 74.2)]), 2.6, 2.2)
    for fold in (
        [(3, 72), (8, 64), (7, 52)],
        [(-2, 62), (3, 55), (2, 46)],
        [(-26, 44), (-16, 38), (-15, 29), (-21, 21)],
        [(-12, 52), (-8, 44), (-10, 38)],
    ):
        carver.cut(put(curve(fold, 6, closed=False)), 3.4, 2.2)
    for x, z in ((-20, 48), (-14, 47), (-9, 57), (-3, 58), (-24, 40)):
        carver.cut(put([(x, z), (x - 2.4, z - 2.6)]), 2.6, 1.6)


def _tree(carver: _Carver, base: float) -> None:
    trunk = [
        (-15, base),
        (-8, base + 30),
        (-7, base + 176),
        (7, base + 176),
        (8, base + 30),
        (15, base),
    ]
    carver.raised(trunk, 10.0, 8.0)
    for k in range(13):  # scars of fallen fronds
        z = base + 14 + 12 * k
        carver.cut([(-12, z + 5), (0, z), (12, z + 5)], 3.4, 2.6)
    for side in (-1, 1):
        for z, reach in ((base + 34, 33.0), (base + 92, 25.0)):
            coil = spiral(1.15, 11.5, -90) * [side, 1] + [side * reach, z + 20]
            stem = curve([(0, z), (side * reach * 0.6, z + 2), coil[0]], 6, closed=False)
            carver.rod(np.vstack([stem[:-1], coil]), 7.0, 8.0)
    for petal in palmette(11):
        carver.raised(petal * [92, 66] + [0, base + 176], 11.0, 5.0)
    carver.raised(ellipse((0, base + 178), (11, 9)), 11.5, 9.0)
    for k in range(5):  # the hill it grows on
        x = (k - 2) * 21.0
        carver.raised(ellipse((x, base + 1), (15, 15 - 2.0 * abs(k - 2))), 8.0, 10.0)


def _guilloche(carver: _Carver, low: float, high: float, half_width: float, count: int) -> None:
    """Two strands twisted along x, over and under in turn, with a bead in each eye."""
    middle, swing = (low + high) / 2, abs(high - low) / 2 - 8.5
    x = np.linspace(-half_width, half_width, count * 24 + 1)
    phase = np.pi * count * (x + half_width) / (2 * half_width)
    for strand in (0.0, np.pi):
        z = middle + swing * np.cos(phase + strand)
        carver.rod(np.column_stack([x, z]), 11.0, 7.5)
    for k in range(count):
        x_eye = -half_width + (k + 0.0) * 2 * half_width / count
        carver.raised(ellipse((x_eye, middle), (5.5, 5.5)), 7.0, 5.5)
    for k in range(count):  # the upper strand of each crossing, whole; the lower one cut beside it
        at = np.pi * (k + 0.5)
        here = np.abs(phase - at) < 0.75
        strand = 0.0 if k % 2 else np.pi
        z = middle + swing * np.cos(phase[here] + strand)
        path = np.column_stack([x[here], z])
        carver.cut(path, 17.0, 3.0)
        carver.rod(path, 11.0, 9.5, 3.0)


def _wedges(carver: _Carver) -> None:
    """Six lines of wedge signs, pressed in: upright, level or slanting, three to five a sign."""
    rng = np.random.default_rng(1898)
    for row in range(6):
        z = 308 - 39.0 * row
        carver.cut([(-_INSET + 3, z - 19), (_INSET - 3, z - 19)], 2.6, 1.8)
        x = -_INSET + 8.0
        while x < _INSET - 28:
            width = rng.uniform(22, 34)
            for _ in range(rng.integers(3, 6)):
                kind = rng.choice(4, p=[0.42, 0.38, 0.1, 0.1])
                turn = (0, 90, 45, 135)[kind] + rng.uniform(-4, 4)
                long = rng.uniform(13, 20 if kind else 26)
                room = width - 5.0 - (0.6 * long if kind == 1 else 0.0)
                u = x + rng.uniform(3.5, max(room, 5.0))
                v = z + (rng.uniform(4, 12) if kind != 1 else rng.uniform(-11, 12))
                wedge = [(-4.4, 2.4), (4.4, 2.4), (1.2, -4.6), (0.0, -long), (-1.2, -4.6)]
                carver.face.carve(area(placed(wedge, (u, v), 1.0, turn)), 4.2, 2.6)
            x += width + 5.0


@cache
def _face() -> Field:
    carver = _Carver()
    arch = curve(
        [(-_INSET, 715), (-182, 752), (-152, 806), (-104, 848), (-46, 871), (0, 876)],
        6,
        closed=False,
    )
    arch = np.vstack([arch, arch[::-1][1:] * [-1, 1]])
    panels = [np.vstack([arch, [(_INSET, 709), (-_INSET, 709)]])]
    panels += [_rectangle(652, 700), _rectangle(392, 644), _rectangle(338, 384)]
    for panel in panels:
        carver.face.lower(area(panel), _GROUND, 3.5)
    for high, low, count in ((699, 653, 15), (383, 339, 15)):
        _guilloche(carver, low, high, _INSET - 8, count)
    for flip in (False, True):
        _ibex(carver, (119 if flip else -119, 396), flip)
    _tree(carver, 394)
    _heaven(carver)
    _wedges(carver)
    rng = np.random.default_rng(4)
    crack = [(-240.0, 505.0)]
    while crack[-1][0] < 60:
        crack.append((crack[-1][0] + rng.uniform(6, 16), crack[-1][1] + rng.uniform(-5, 13)))
    carver.cut(np.array(crack), 4.2, 6.0)
    carver.face.soften(0.9)
    return carver.face.field()


def _rectangle(low: float, high: float) -> list[tuple[float, float]]:
    return [(-_INSET, low), (_INSET, low), (_INSET, high), (-_INSET, high)]


def _heaven(carver: _Carver) -> None:
    """A star in a winged disc, and two rosettes."""
    centre = np.array([0.0, 790.0])
    for side in (-1, 1):
        for k in range(9):
            root = centre + np.array([side * (34 + 2 * k), 14 - 5.5 * k])
            tip = centre + np.array([side * (168 - 5.5 * k * k / 3), 24 - 9.6 * k])
            bend = (root + tip) / 2 + np.array([0, 13 - 1.5 * k])
            feather = curve([root, bend, tip], 8, closed=False)
            carver.rod(feather, np.linspace(8, 15, len(feather)), 8.0 - 0.2 * k, 2.0)
            carver.cut(feather[3:-1], 2.6, 1.8)
    carver.raised(ellipse(centre, (47, 47), 0, 72), 9.0, 6.0)
    carver.face.carve(area(ellipse(centre, (39, 39), 0, 72)), 4.5, 3.0)
    carver.raised(star(8, 36, 13) + centre, 10.0, 5.0, 5.0)
    for k in range(8):
        dot = placed(ellipse((0, 30), (3.4, 3.4)), centre, 1.0, 45 * k + 22.5)
        carver.raised(dot, 8.0, 3.4, 5.0)
    carver.raised(ellipse(centre, (8.5, 8.5)), 12.0, 7.0, 8.0)
    for side in (-1, 1):
        at = np.array([side * 96.0, 829.0 - 6])
        for k in range(8):
            carver.raised(placed(ellipse((0, 10.5), (4.4, 7.0)), at, 1.0, 45 * k), 8.5, 4.4)
        carver.raised(ellipse(at, (5, 5)), 10.0, 5.0)


def _height(points: Array) -> Array:
    x, y, z = points.T
    front = smoothstep(y, -30, -42)
    rough = 0.5 * ripple(points, 70, 80, 8) + 0.22 * ripple(points, 18, 81, 8)
    pits = smoothstep(ripple(points, 13, 83, 10) + 0.7 * ripple(points, 60, 84, 6), 1.6, 3.0)
    worn = 0.88 + 0.16 * np.clip(ripple(points, 150, 85, 6), -1.5, 0.7)
    tooled = 0.9 * (1 - front) * ripple(points, 24, 86, 8)
    # Standing water and feet have worn the lowest part.
    return front * worn * _face()(x, z) + rough + tooled - 0.9 * pits


def _distance(points: Array) -> Array:
    x, y, z = points.T
    slab = extrusion(_outline()(x, z) + 5.0, np.abs(y) - _HALF_THICKNESS + 5.0) - 5.0
    slab = displaced(slab, points, _height, _RELIEF)
    broken = ball(points, (238, -72, 806), 58.0)
    broken = np.minimum(broken, ball(points, (-236, -78, 262), 42.0))
    broken = np.minimum(broken, ball(points, (150, -96, -12), 58.0))
    broken = broken + 5.0 * ripple(points, 46, 87, 8) + 1.1 * ripple(points, 12, 88, 8)
    return smooth_cut(slab, broken, 3.0)


def _color(points: Array) -> NDArray[np.uint8]:
    x, y, z = points.T
    rgb = np.broadcast_to(np.array([200.0, 184, 150]), (len(points), 3))
    rgb = over(rgb, (178, 158, 124), smoothstep(ripple(points, 160, 90, 8), -0.6, 1.2))
    front = smoothstep(y, -30, -45)
    sunk = front * smoothstep(_face()(x, z), -3.0, -8.5)
    rgb = over(rgb, (150, 126, 96), 0.75 * sunk)
    red = (
        front
        * smoothstep(_face()(x, z), -6.0, -8.0)
        * smoothstep(ripple(points, 55, 91) + 0.5 * ripple(points, 9, 92), 0.4, 1.2)
    )
    rgb = over(rgb, (150, 78, 58), 0.7 * red * (z > 390))
    dark = smoothstep(
        ripple(points, 110, 93) + 0.6 * ripple(points, 24, 99) - 0.004 * (z - 200), 0.8, 2.2
    )
    rgb = over(rgb, (122, 112, 96), 0.35 * dark)
    lichen = smoothstep(ripple(points, 32, 94) + 0.55 * ripple(points, 7, 95, 10), 1.7, 2.1)
    rgb = over(rgb, (206, 160, 74), 0.8 * lichen * (ripple(points, 200, 96, 6) > 0))
    rgb = over(rgb, (176, 180, 160), 0.6 * lichen)
    shade = 1 + 0.03 * ripple(points, 40, 97, 20) + 0.03 * ripple(points, 11, 98, 20)
    return np.asarray(np.clip(rgb * shade[:, None], 0, 255).round(), np.uint8)


def stele() -> ProceduralRelic:
    """900 mm tall, z up, standing on z = 0, its face towards -Y."""
    bounds = np.array([[-236.0, -76.0, -14.0], [236.0, 70.0, 908.0]])
    return ProceduralRelic("stele", _distance, _color, bounds, steepness=2.0)
