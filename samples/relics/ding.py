"""A ding: a bronze cauldron on three legs, two loops on its rim, masks on its wall.

250 mm tall. The three masks are cast from one piece-mould, so the wall repeats
every 120 degrees; the loops, dents and corrosion do not.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samples.drawing import (
    Canvas,
    Field,
    area,
    curve,
    ellipse,
    line,
    placed,
    profile,
    turned_profile,
)
from samples.procedural import ProceduralRelic
from samples.relics.ornament import leaf, spiral, square_spiral
from samples.sdf import (
    ball,
    displaced,
    extrusion,
    ripple,
    smooth_cut,
    smooth_union,
    smoothstep,
)

Array = NDArray[np.float64]

_RADIUS = 97.0  # of the wall where the masks are: u is an arc at this radius
_THIRD = 2 * np.pi * _RADIUS / 3
_EYE_Z = 150.0
_RELIEF = 4.6  # mm, the most that anything stands out of the wall

_BOWL = [(0, 83), (38, 87), (66, 99), (86, 119), (95.5, 143), (96.5, 160), (94, 178), (92.5, 190)]
_BOWL += [(93, 195), (98, 198), (103, 200), (104, 204), (103, 207.5), (97, 208.5), (90, 208)]
_BOWL += [
    (88, 204),
    (87.5, 192),
    (89, 178),
    (91, 160),
    (90, 144),
    (81, 122),
    (63, 104.5),
    (37, 92.5),
    (0, 89),
]
_LEG = [(0, 0), (13, 0), (15.5, 2), (16, 7), (13.5, 15), (11.5, 26), (11.2, 44), (12.6, 62)]
_LEG += [(16, 80), (19, 94), (19, 104), (15, 114), (0, 118)]


@cache
def _bowl() -> Field:
    return turned_profile(curve(_BOWL, closed=False), 40.0)


@cache
def _leg() -> Field:
    return turned_profile(curve(_LEG, closed=False), 30.0)


@cache
def _loop() -> tuple[Field, Field]:
    """The outer and inner outline of a loop, seen square to it: (along the rim, z)."""
    outer = [(-26, 201), (-27, 212), (-28.5, 230), (-25, 246), (-14, 250), (14, 250), (25, 246)]
    outer += [(28.5, 230), (27, 212), (26, 201)]
    inner = [(-13, 206), (-15, 226), (-12, 236), (0, 238), (12, 236), (15, 226), (13, 206)]
    return profile(curve(outer, 6), 30.0), profile(curve(inner, 6), 24.0)


def _mask(wall: Canvas, flip: bool) -> None:
    """One half of a taotie, u to the right of its nose, v up from between its eyes."""

    def put(points: ArrayLike) -> Array:
        return placed(points, (0, _EYE_Z), 1.0, 0.0, flip)

    def limb(points: ArrayLike, width: ArrayLike, height: float = 1.9) -> None:
        stroke = curve(points, closed=False)
        widths = np.interp(np.linspace(0, 1, len(stroke)), np.linspace(0, 1, np.size(width)), width)
        wall.swell(line(put(stroke), widths), height, 1.3, 0.5)
        wall.carve(line(put(stroke[4:-2]), 1.5), 0.9, 0.75)

    limb(
        [(9, 14), (15, 26), (30, 32.5), (47, 30), (54, 21), (48, 13), (39.5, 15), (40.5, 21)],
        [9, 12, 12, 9, 5],
    )
    limb(
        [(7, -16), (20, -12.5), (36, -15), (45, -23), (39, -31), (31, -28), (34, -23)],
        [8, 9, 8, 4.5],
    )
    limb(
        [(52, -5), (66, -1), (79, 3), (88, 12), (86, 25), (75, 29), (69, 22), (75, 17)],
        [7, 10, 10, 8, 4.5],
    )
    limb([(58, -10), (62, -20), (70, -28), (82, -29), (89, -23)], [9, 8, 7, 4.5])
    for claw in ([(64, -24), (60, -31)], [(71, -28), (69, -34)]):
        wall.swell(line(put(claw), [4.5, 2]), 1.7, 1.0, 0.5)
    for fang in ([(15, -15), (16, -24), (12, -27)], [(25, -16), (26.5, -23), (23.5, -26)]):
        wall.swell(line(put(curve(fang, closed=False)), 3.6), 1.9, 1.2, 0.5)
    wall.swell(area(put(placed(leaf(20, 13, 5), (53, 3), 1.0, -35))), 1.9, 1.6, 0.5)
    wall.carve(line(put([(56, 6), (64, 14)]), 1.5), 0.9, 0.75)
    lid = curve([(11, -4), (17, 5), (29, 10), (42, 4), (46, -3), (36, -7), (24, -8.5), (16, -8)])
    wall.swell(area(put(lid)), 1.5, 1.0, 0.5)
    wall.swell(area(put(ellipse((28.5, 0.5), (8.6, 7.4)))), _RELIEF, 7.4, 1.0)
    wall.carve(area(put(ellipse((28.5, 0.5), (2.0, 2.0)))), 1.6, 1.2)
    nostril = spiral(1.3, 5.5, 90) * [-1, 1] + [8.5, -24]
    wall.swell(line(put(nostril), 3.2), 2.4, 1.6, 0.5)


@cache
def _wall_relief() -> Field:
    """Height over the wall in mm: f(u, z), one third of the way round, the nose at u = 0."""
    canvas = Canvas((-_THIRD / 2, 70), (_THIRD / 2, 204), 0.4, periodic=True)
    cell = _THIRD / 18
    for i in range(18):  # the ground: squared spirals, cut in
        for j in range(6):
            at = ((i + 0.5) * cell - _THIRD / 2, 118.5 + 11.6 * (j + 0.5) - 3.0)
            groove = square_spiral(cell - 2.0, 2.9, (i + j) % 2 == 1) + at
            canvas.carve(line(groove, 1.5), 0.75, 0.6)
    for low, high in ((110.5, 113.2), (185.6, 188.2)):  # raised fillets above and below
        canvas.swell(
            area([(-_THIRD, low), (_THIRD, low), (_THIRD, high), (-_THIRD, high)]), 1.2, 1.2
        )
    for flip in (False, True):
        _mask(canvas, flip)
        for k in range(6):  # blades hanging below
            at = ((k + 0.5) * _THIRD / 12 * (-1 if flip else 1), 109.5)
            blade = area(placed(leaf(25, 15), at, 1.0, 180))
            canvas.swell(blade, 1.1, 1.0, 0.3)
            canvas.carve(line(placed([(0, 4), (0, 17)], at, 1.0, 180), 1.6), 0.8, 0.7)
    canvas.soften(0.42)
    return canvas.field()


def _thirds(points: Array) -> tuple[Array, Array, Array]:
    """r, and the angle and the sideways offset from the nearest leg's meridian; one is at -Y."""
    x, y, z = points.T
    r = np.hypot(x, y)
    angle = np.arctan2(x, -y)
    angle = angle - np.round(angle / (2 * np.pi / 3)) * (2 * np.pi / 3)
    return r, angle, z


def _beside_flange(r: Array, angle: Array) -> Array:
    """mm from the nearest meridian of a nose or of the gap between two masks."""
    return r * np.sin(np.minimum(np.abs(angle), np.pi / 3 - np.abs(angle)))


def _flanges(r: Array, angle: Array, z: Array) -> Array:
    """Notched ridges along the nose of each mask and between the masks."""
    across = _beside_flange(r, angle)
    proud = 4.2 + 0.9 * smoothstep(np.sin(z * (2 * np.pi / 12.5)), -0.6, 0.6)
    return extrusion(across - 1.1, _bowl()(r, z) - proud, np.abs(z - 151) - 36.0) - 0.9


def _mask_height(points: Array) -> Array:
    r, angle, z = _thirds(points)
    outside = smoothstep(r, 55, 70) * smoothstep(z, 193, 190) * smoothstep(z, 84, 88)
    outside = outside * smoothstep(_void()(r, z), 2.0, 3.5)
    outside = outside * smoothstep(_beside_flange(r, angle), 1.5, 3.5)
    return outside * _wall_relief()(angle * _RADIUS, z)


def _corrosion(points: Array) -> Array:
    pits = smoothstep(ripple(points, 5.0, 32, 8) + 0.8 * ripple(points, 34, 31, 6), 1.6, 3.0)
    return 0.30 * ripple(points, 85, 30, 6) - 0.35 * pits


def _distance(points: Array) -> Array:
    r, angle, z = _thirds(points)
    radial, aside = r * np.cos(angle), r * np.sin(angle)
    # Legs splay by 5 degrees: shear is near enough to a turn for a true distance.
    legs = _leg()(np.hypot(radial - 69 + (z - 60) * 0.06, aside), z)
    rings = smoothstep(np.abs(np.abs(z - 52) - 4.0), 1.8, 0.6)
    legs = legs - 0.9 * rings * smoothstep(np.abs(legs), 12, 2)
    ridge = extrusion(np.abs(aside) - 1.0, np.abs(radial - 78) - 9.5, np.abs(z - 88) - 19) - 0.9
    hollow = 4.0 - _void()(r, z)  # neither legs nor flanges reach through the wall
    legs = np.maximum(smooth_union(legs, ridge, 2.0), hollow)
    bowl = displaced(_bowl()(r, z), points, _mask_height, _RELIEF)
    whole = smooth_union(bowl, legs, 7.0)
    whole = smooth_union(whole, np.maximum(_flanges(r, angle, z), hollow), 1.2)
    outer, inner = _loop()
    x, y = np.abs(points[:, 0]), points[:, 1]
    lean = x - 97 - (z - 206) * 0.07
    loop = smooth_cut(outer(y, z), inner(y, z), 2.0)
    loop = extrusion(loop + 1.5, np.abs(lean) - 5.6 + 1.5) - 1.5
    loop = loop - 0.7 * smoothstep(np.abs(outer(y, z) + 6.5), 2.2, 1.2) * smoothstep(
        np.abs(lean), 3, 4.5
    )
    whole = smooth_union(whole, loop, 4.0)
    whole = displaced(whole, points, _corrosion, 1.2)
    dent = ball(points, (118, 74, 158), 31.0) + 0.4 * ripple(points, 22, 40, 6)
    return smooth_cut(whole, dent, 12.0)


@cache
def _void() -> Field:
    """What the cauldron would hold, with the air above it."""
    rim = _BOWL.index((88, 204))
    return turned_profile([(0, 260), (88, 260), *curve(_BOWL[rim:], closed=False)], 30.0)


def _color(points: Array) -> NDArray[np.uint8]:
    r, angle, z = _thirds(points)
    relief = _wall_relief()(angle * _RADIUS, z) * (r > 60) * (z < 192)
    bronze, patina, green = (
        np.array(c, float) for c in ((96, 82, 58), (92, 112, 90), (120, 158, 132))
    )
    mix = smoothstep(ripple(points, 60, 50, 8) + 0.4 * ripple(points, 11, 51, 8), -0.9, 1.0)
    rgb = bronze + (patina - bronze) * mix[:, None]
    crust = smoothstep(ripple(points, 26, 52) + 0.5 * ripple(points, 6, 53, 8), 0.9, 1.6)
    rgb = rgb + (green - rgb) * crust[:, None]
    rgb = rgb * (0.92 + 0.12 * np.clip(relief, -0.8, 1.6))[:, None]
    return np.asarray(np.clip(rgb, 0, 255).round(), np.uint8)


def ding() -> ProceduralRelic:
    """250 mm tall, z up, standing on z = 0, one leg and a mask facing -Y, the loops at +-X."""
    bounds = np.array([[-112.0, -112.0, -2.0], [112.0, 112.0, 253.0]])
    return ProceduralRelic("ding", _distance, _color, bounds, steepness=2.0)
