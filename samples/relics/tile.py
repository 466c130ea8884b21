"""A glazed tile with tulips and carnations, moulded and painted; one corner is broken off.

240 mm square, 22 mm thick: the relic that comes as a textured mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samples.drawing import (
    Canvas,
    Field,
    Shape,
    area,
    curve,
    cushion,
    ellipse,
    line,
    over,
    placed,
)
from samples.procedural import ProceduralRelic
from samples.relics.ornament import leaf
from samples.sdf import box, displaced, ripple, smooth_cut, smoothstep

Array = NDArray[np.float64]

_HALF = 120.0
_THICK = 11.0
_BAND = 98.0  # from here on outwards runs the border
_RELIEF = 2.6
_ROUND = 3.0  # mm from its rim a petal reaches its height

INK, COBALT, TURQUOISE = (24, 30, 52), (26, 58, 140), (38, 152, 164)
RED, GREEN, WHITE = (184, 58, 36), (40, 118, 78), (238, 240, 234)
BODY, MORTAR = (218, 186, 150), (196, 190, 178)

_TULIP = [(-0.10, 0.0), (-0.30, 0.18), (-0.35, 0.5), (-0.27, 1.04), (-0.12, 0.74), (0.0, 0.98)]
_TULIP += [(0.12, 0.74), (0.27, 1.04), (0.35, 0.5), (0.30, 0.18), (0.10, 0.0)]


@dataclass(frozen=True, eq=False)
class _Panel:
    """The face of the tile: three canvases of colour, and one of height in mm."""

    rgb: tuple[Canvas, Canvas, Canvas]
    height: Canvas

    def fill(self, shape: Shape, color: ArrayLike, swell: float = 0.0, ink: float = 0.0) -> None:
        """Lay on colour; `ink` mm of dark outline round it, `swell` mm of relief within."""
        reach = ink + 2 * self.height.step + (_ROUND if swell else 0.0)
        window, d = self.height.measured(shape, reach, ink + self.height.step)
        for tone, edge in ((INK, d - ink), (color, d)) if ink else ((color, d),):
            for canvas, value in zip(self.rgb, np.asarray(tone, float), strict=True):
                below = canvas.values[window]
                canvas.values[window] = below + (value - below) * canvas.covered(edge)
        if swell:
            below = self.height.values[window]
            self.height.values[window] = cushion(below, d - ink, swell, _ROUND)

    def stroke(
        self, points: ArrayLike, width: ArrayLike, color: ArrayLike, ink: float = 0.0
    ) -> None:
        self.fill(line(points, width), color, 0.7 if ink else 0.0, ink)


def _tulip(panel: _Panel, at: ArrayLike, size: float, turn: float, color: ArrayLike) -> None:
    def put(points: ArrayLike) -> Array:
        return placed(points, at, size, turn)

    panel.fill(area(put(curve(_TULIP))), color, 2.0, 1.0)
    middle = curve([(0, 0.02), (0.13, 0.35), (0.09, 0.7), (0.0, 0.95), (-0.09, 0.7), (-0.13, 0.35)])
    panel.fill(area(put(middle)), WHITE, 2.3, 0.8)
    panel.fill(area(put(middle * [0.55, 0.72] + [0, 0.12])), COBALT)
    for side in (-1, 1):
        for k in range(3):
            panel.fill(area(put(ellipse((side * 0.25, 0.3 + 0.17 * k), (0.035, 0.06)))), WHITE)
    panel.fill(area(put(ellipse((0, 0.0), (0.14, 0.08)))), GREEN, 1.6, 0.8)


def _carnation(panel: _Panel, at: ArrayLike, size: float, turn: float, color: ArrayLike) -> None:
    def put(points: ArrayLike) -> Array:
        return placed(points, at, size, turn)

    angle = np.linspace(-80, 80, 45)
    saw = 0.90 + 0.10 * (np.arange(45) % 2) - 0.10 * (np.abs(angle) / 80) ** 2
    a = np.radians(angle)
    fan = np.column_stack([np.sin(a) * saw, 0.22 + np.cos(a) * saw * 0.86])
    panel.fill(area(put(np.vstack([fan, [(0.1, 0.1), (-0.1, 0.1)]]))), color, 2.0, 1.0)
    for k in range(-4, 5):
        b = np.radians(k * 17.0)
        tip = np.array([np.sin(b), 0.26 + np.cos(b) * 0.84])
        panel.stroke(put([(0.0, 0.16), tip * [0.66, 0.66] + [0, 0.05]]), [0.7, 2.0], WHITE)
        panel.fill(area(put(ellipse(tip * [0.78, 0.8] + [0, 0.03], (0.045, 0.045)))), COBALT)
    cup = curve(
        [
            (-0.16, -0.06),
            (-0.2, 0.14),
            (-0.1, 0.24),
            (0, 0.2),
            (0.1, 0.24),
            (0.2, 0.14),
            (0.16, -0.06),
        ]
    )
    panel.fill(area(put(cup)), GREEN, 2.2, 0.9)


def _rosette(panel: _Panel, at: ArrayLike, size: float, color: ArrayLike, petals: int = 8) -> None:
    for k in range(petals):
        petal = placed(ellipse((0, 0.62), (0.27, 0.40)), at, size, 360 / petals * k)
        panel.fill(area(petal), color, 1.7, 0.8)
    panel.fill(area(ellipse(at, (0.34 * size, 0.34 * size))), WHITE, 2.0, 0.8)
    panel.fill(area(ellipse(at, (0.17 * size, 0.17 * size))), TURQUOISE)


def _saz(panel: _Panel, side: int) -> None:
    """A long toothed leaf that sweeps out and up, with a row of florets along its rib."""
    spine = curve([(8, -84), (46, -70), (78, -40), (88, 2), (74, 40)], 14, closed=False)
    ahead = np.gradient(spine, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    across = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    t = np.linspace(0, 1, len(spine))
    half = 11.5 * np.sin(np.pi * t**0.8) * (1 - 0.3 * t) + 0.6
    tooth = half + 1.8 * (np.arange(len(spine)) % 4 == 0) * (t > 0.1) * (t < 0.93)
    outline = np.vstack(
        [spine + across * tooth[:, None] * 0.72, (spine - across * tooth[:, None])[::-1]]
    )
    mirror = np.array([side, 1])
    panel.fill(area(outline * mirror), GREEN, 1.9, 1.0)
    inner = np.vstack(
        [spine + across * (0.25 * half)[:, None], (spine - across * (0.4 * half)[:, None])[::-1]]
    )
    panel.fill(area(inner * mirror), TURQUOISE)
    for k in range(8, len(spine) - 7, 6):
        panel.fill(area(ellipse((spine[k] - 0.08 * half[k] * across[k]) * mirror, (2.0, 2.0))), RED)


def _spray(panel: _Panel) -> None:
    for side in (-1, 1):
        mirror = np.array([side, 1])
        stems = [
            [(0, -90), (18, -40), (44, 0), (42, 34)],
            [(0, -90), (8, -56), (30, -40), (34, -24)],
            [(30, -22), (62, 4), (60, 56), (72, 66)],
            [(2, -20), (20, 8), (18, 22)],
        ]
        for stem in stems:
            panel.stroke(curve(stem, closed=False) * mirror, 1.7, GREEN, 0.5)
        _saz(panel, side)
        for at, turn, long in (
            ((14, -50), -50, 15),
            ((33, -14), 40, 14),
            ((44, 12), -60, 15),
            ((61, 32), -64, 12),
        ):
            blade = placed(leaf(long, 6.5, 1.5), at, 1.0, turn) * mirror
            panel.fill(area(blade), GREEN, 1.2, 0.6)
        _tulip(panel, (side * 41, 32), 42, side * -8, RED)
        _rosette(panel, (side * 37, -24), 15.5, COBALT)
        _rosette(panel, (side * 20, 25), 8.5, RED, 6)
        for k, (x, z) in enumerate(
            [
                (64, 58),
                (74, 57),
                (68, 66),
                (78, 65),
                (72, 74),
                (81, 74),
                (76, 82),
                (83, 84),
                (80, 90),
            ]
        ):
            _rosette(panel, (side * x, z), 5.6, TURQUOISE if k % 2 else COBALT, 5)
    panel.stroke([(0, -90), (0, 40)], 2.0, GREEN, 0.5)
    for z, turn in ((-8, 58), (-8, -58), (16, 50), (16, -50)):
        panel.fill(area(placed(leaf(16, 7, 0), (0, z), 1.0, turn)), GREEN, 1.2, 0.6)
    _carnation(panel, (0, 44), 35, 0, RED)
    _carnation(panel, (0, -42), 23, 0, TURQUOISE)
    for turn in (-64, -34, 0, 34, 64):  # the tuft all stems grow from
        panel.fill(area(placed(leaf(19, 8, turn * 0.05), (0, -95), 1.0, -turn)), GREEN, 1.6, 0.8)


def _border(panel: _Panel) -> None:
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    for half, color, raised in ((122, COBALT, 0.0), (100.5, TURQUOISE, 1.4), (96.5, WHITE, 0.0)):
        panel.fill(area(square * half), color)
        if raised:
            panel.height.swell(_ring(area(square * half), 4.0), raised, 2.0)
    for quarter in range(4):
        for k in range(-4, 5):
            at = placed((k * 21.5, 110.0), turn=90 * quarter)
            for flip in (-1, 1):
                blade = placed(leaf(10, 6, 2.5), at, 1.0, 90 * quarter + flip * 96)
                panel.fill(area(blade), WHITE, 1.0)
            _rosette(panel, at, 6.0, RED, 6)
        _rosette(panel, placed((109.5, 109.5), turn=90 * quarter), 9.0, TURQUOISE, 8)


def _ring(shape: Shape, width: float) -> Shape:
    """The rim of a shape, inwards."""

    def distance(u: Array, v: Array, reach: float) -> Array:
        d = shape.distance(u, v, reach + width)
        return np.maximum(d, -width - d)

    return replace(shape, distance=distance)


@cache
def _face() -> tuple[tuple[Field, Field, Field], Field]:
    def blank(value: float = 0.0) -> Canvas:
        return Canvas((-122, -122), (122, 122), 0.25, value=value)

    panel = _Panel((blank(), blank(), blank()), blank())
    _border(panel)
    _spray(panel)
    panel.height.soften(0.7)
    fields = tuple(canvas.field() for canvas in panel.rgb)
    return (fields[0], fields[1], fields[2]), panel.height.field()


def _height(points: Array) -> Array:
    x, y, z = points.T
    front, back = smoothstep(y, -6, -9.5), smoothstep(y, 6, 9.5)
    comb = 0.8 * np.sin((z + 0.05 * x) * (2 * np.pi / 11)) * smoothstep(np.abs(x), 114, 104)
    mortar = 2.2 * smoothstep(ripple(points * [1, 0, 1], 80, 100), 0.5, 1.2)
    sides = (1 - front) * (1 - back) * 0.35 * ripple(points, 13, 101)
    glaze = front * (_face()[1](x, z) + 0.10 * ripple(points, 26, 102))
    return glaze + back * (comb + mortar - 0.4) + sides + 0.25 * ripple(points, 150, 103, 6)


def _fracture(points: Array) -> Array:
    """Beyond the broken corner: a rough plane across it, bent as shells break."""
    x, y, z = points.T
    plane = 141.0 - (x * 0.93 + z * 1.07) / np.sqrt(2) - 0.22 * y
    chip = np.linalg.norm(points - (-121, -20, -76), axis=1) - 17.0
    rough = 2.6 * ripple(points, 38, 104, 8) + 0.6 * ripple(points, 9, 105, 8)
    return np.minimum(plane + rough, chip + 0.4 * rough)


def _distance(points: Array) -> Array:
    slab = box(points, (0, 0, 0), (_HALF, _THICK, _HALF), 2.5)
    slab = displaced(slab, points, _height, _RELIEF + 1.0)
    return smooth_cut(slab, _fracture(points), 0.8)


def _color(points: Array) -> NDArray[np.uint8]:
    x, y, z = points.T
    rgb = np.stack([channel(x, z) for channel in _face()[0]], axis=1)
    wash = (
        1 + 0.07 * ripple(points, 30, 110, 20) + 0.04 * ripple(points, 9, 111, 20)
    )  # brushed colour
    rgb = rgb * np.where(rgb.mean(axis=1) < 170, wash, 1 + 0.012 * ripple(points, 60, 112))[:, None]
    # Glaze pools pale green-blue in the hollows, and crazes.
    hollow = smoothstep(_face()[1](x, z), 0.5, 0.05) * smoothstep(ripple(points, 45, 113), 0.2, 1.4)
    rgb = over(rgb, (206, 226, 222), 0.35 * hollow)
    craze = np.abs(ripple(points * [1, 0, 1], 46, 114, 20)) + 0.4 * np.abs(
        ripple(points, 11, 115, 20)
    )
    rgb = over(rgb, (150, 128, 100), 0.5 * smoothstep(craze, 0.045, 0.012))
    bare = np.maximum(smoothstep(y, -9.3, -8.3), smoothstep(_fracture(points), 1.4, 0.5))
    body = (
        np.array(BODY)
        * (1 + 0.06 * ripple(points, 18, 116, 20) + 0.04 * ripple(points, 6, 117, 20))[:, None]
    )
    grey = smoothstep(ripple(points * [1, 0, 1], 80, 100), 0.55, 0.8) * smoothstep(y, 6, 9)
    body = over(body, MORTAR, grey)
    rgb = over(rgb, body, bare)
    return np.asarray(np.clip(rgb, 0, 255).round(), np.uint8)


def tile() -> ProceduralRelic:
    """240 mm square, upright and centred, z up, its glazed face towards -Y."""
    bounds = np.array([[-124.0, -16.0, -124.0], [124.0, 16.0, 124.0]])
    return ProceduralRelic("tile", _distance, _color, bounds, steepness=1.8)
