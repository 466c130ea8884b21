"""What the amphora's painter drew on the unrolled wall.

u runs round the wall in mm at the belly (0 at the front), v along the wall's
profile from the foot up. Four layers lie on the clay in this order: `ink` (the
black gloss), `red`, `white`, and `line`, scratched through to the clay again.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samples.drawing import Canvas, Field, area, curve, ellipse, line, placed
from samples.relics.ornament import meander, palmette, spiral, star

Array = NDArray[np.float64]

CIRCUMFERENCE = 826.0
_HALF = CIRCUMFERENCE / 2
_LAYERS = ("ink", "red", "white", "line")

_REAR_LEG = [(3, 46), (-3, 33), (-11, 23), (-19, 11), (-24, 4), (-17, 1.2), (-17, 0), (-33, 0)]
_REAR_LEG += [(-33.5, 4), (-29, 12), (-27.5, 19), (-21, 27), (-16, 39), (-8, 49)]
_FRONT_LEG = [(8, 48), (18, 38), (25.5, 29), (26, 23), (23.5, 13), (23.6, 5), (33, 1.5), (33, 0)]
_FRONT_LEG += [(17, 0), (17, 4), (15, 15), (15.5, 21), (9, 27), (-2, 35), (-7, 44)]
_HELMET = [(-1, 75), (1, 83), (3, 91), (9, 96.5), (15, 95), (18, 89.5), (19.5, 83), (18, 80)]
_HELMET += [(17, 84), (16, 79), (14.5, 72.5), (10, 75), (5, 74)]
_CREST = [(21, 97), (16, 104), (6, 107.5), (-5, 103), (-11, 92), (-13.5, 79), (-19, 68), (-11, 73)]
_CREST += [(-7, 82), (-4.5, 91), (0, 97.5), (7, 100.5), (15, 98.5)]
_PLUME = [(18, 98.6), (6, 102.6), (-4, 99), (-9, 90), (-12.5, 76), (-15.5, 72), (-13, 86)]
_PLUME += [(-7, 100), (5, 106), (15, 102.6)]
_HULL = [(-52, 3), (-46, 7.5), (-44.5, 13), (-44, 20), (-48, 25), (-42, 24), (-39, 15), (-30, 12.5)]
_HULL += [(0, 10.5), (26, 13), (39, 20), (44, 29), (41, 38), (34, 40), (43, 43), (50, 37)]
_HULL += [(51, 27), (47, 15), (39, 6), (25, 1), (0, -1.5), (-25, -1), (-40, 0.5)]
_SAIL = [(-27, 53), (0, 54.5), (27, 55), (32, 40), (26, 23), (0, 21), (-24, 21), (-30, 38)]
_DOLPHIN = [(16, -1), (11, 2.2), (5, 4.6), (1, 5.2), (-3.5, 9), (-4, 4.9), (-11, 1.5), (-15, 3)]
_DOLPHIN += [(-19, 6), (-17, 0.5), (-19, -4), (-13.5, -1.2), (-6, -2), (0, -2.8), (-2, -7)]
_DOLPHIN += [(4.5, -2.8), (10, -1.8)]


class _Wall:
    """The four layers as canvases, and the painter's gestures."""

    def __init__(self) -> None:
        self.layers = {k: Canvas((-_HALF, 0), (_HALF, 512), 0.4, periodic=True) for k in _LAYERS}

    def fill(self, layer: str, outline: ArrayLike, value: float = 1.0) -> None:
        self.layers[layer].paint(area(outline), value)

    def draw(self, layer: str, points: ArrayLike, width: ArrayLike, value: float = 1.0) -> None:
        self.layers[layer].paint(line(points, width), value)

    def band(self, layer: str, low: float, high: float) -> None:
        canvas = self.layers[layer]
        v = canvas.grid()[1]
        inside = np.clip((v - low) / canvas.step + 0.5, 0, 1)
        inside = np.minimum(inside, np.clip((high - v) / canvas.step + 0.5, 0, 1))
        canvas.values = np.maximum(canvas.values, inside)


def _bands(wall: _Wall) -> None:
    for low, high in ((0, 40), (113, 125), (130, 131.2), (150, 151.2), (156, 158), (323, 324.2)):
        wall.band("ink", low, high)
    for low, high in ((394, 395.4), (400, 409), (470, 512)):
        wall.band("ink", low, high)
    for low, high in ((41.5, 45), (117, 118.3), (120, 121.3), (403, 404.4), (478, 479.4)):
        wall.band("red", low, high)
    unit = CIRCUMFERENCE / 46
    for stroke in meander(46, unit, 13.5, -_HALF, 133.8):
        wall.draw("ink", stroke, 2.3)
    wall.draw("ink", [(-_HALF, 133.8), (_HALF, 133.8)], 2.3)
    unit = CIRCUMFERENCE / 22
    for k in range(22):  # rays rising from the foot
        u = -_HALF + (k + 0.5) * unit
        wall.fill("ink", [(u - 0.4 * unit, 50), (u, 109), (u + 0.4 * unit, 50)])
    unit = CIRCUMFERENCE / 60
    for k in range(60):  # tongues hanging from the neck's foot
        u = -_HALF + (k + 0.5) * unit
        tongue = [(u - 0.4 * unit, 392), (u + 0.4 * unit, 392), (u + 0.36 * unit, 340)]
        tongue += [(u, 330), (u - 0.36 * unit, 340)]
        wall.fill("red" if k % 2 else "ink", curve(tongue, 4))
    _neck(wall)


def _neck(wall: _Wall) -> None:
    """A double chain of palmettes, drawn wide: the neck is 2.6 times narrower than the belly."""
    wide = np.array([2.6, 1.0])
    count = 9
    unit = CIRCUMFERENCE / count
    for k in range(count):
        u = -_HALF + (k + 0.5) * unit
        for flip, v, size, shift in ((1, 441, 25.0, 0.0), (-1, 439, 25.0, unit / 2)):
            for petal in palmette(9):
                wall.fill("ink", petal * [1, flip] * size * wide + [u + shift, v])
            wall.fill("red", ellipse((u + shift, v + flip * 3.0), (2.6 * 3.2, 3.2)))
        for side in (-1, 1):
            tendril = curve(
                [
                    (u, 441),
                    (u + side * 12, 449),
                    (u + side * unit / 4, 440),
                    (u + side * (unit / 2 - 12), 431),
                    (u + side * unit / 2, 439),
                ],
                closed=False,
            )
            wall.draw("ink", tendril, 1.6)


def _hoplite(wall: _Wall, at: ArrayLike, flip: bool, device: str) -> None:
    size = 1.48

    def put(points: ArrayLike) -> Array:
        return placed(points, at, size, 0.0, flip)

    for limb in (_REAR_LEG, _FRONT_LEG):
        wall.fill("ink", put(curve(limb)))
    wall.draw("ink", put([(-4, 70), (-24, 76), (-21, 91)]), [11, 8, 6.5])
    wall.fill("ink", put(ellipse((-20.5, 93), (3.6, 3.0))))
    wall.draw("ink", put([(-54, 97.5), (60, 79.5)]), 1.7)
    wall.fill("ink", put([(58, 81.6), (63, 82.4), (72, 77.6), (62, 77.0), (58, 78.2)]))
    tunic = put(curve([(-10, 54), (-13, 42), (-10, 36), (2, 38), (14, 37), (12, 52)]))
    wall.fill("ink", tunic)
    wall.fill("red", tunic)
    wall.draw("ink", put([(-9, 52), (-27, 41)]), 3.0)  # the scabbard
    wall.fill("ink", put(curve(_CREST)))
    wall.fill("red", put(curve(_PLUME)))
    wall.fill("ink", put(curve(_HELMET)))
    wall.fill("line", put(ellipse((14.2, 86.5), (2.6, 1.1), 8)))
    wall.fill("ink", put(ellipse((14.6, 86.5), (0.9, 0.9))))
    wall.draw("line", put(curve([(2, 86), (8, 90.5), (17.5, 90.5)], closed=False)), 0.9)
    wall.draw("line", put(curve([(9.5, 75.5), (10, 81), (12.5, 85)], closed=False)), 0.9)
    centre, radius = np.array([5.0, 57.5]), 21.5
    disc = put(ellipse(centre, (radius, radius), 0, 72))
    for layer in ("red", "line"):
        wall.fill(layer, disc, 0.0)
    wall.fill("ink", disc)
    wall.draw("line", put(ellipse(centre, (19.3, 19.3), 0, 72)), 0.9)
    wall.draw("line", put(ellipse(centre, (18.0, 18.0), 0, 72)), 0.7)
    if device == "star":
        wall.fill("white", put(star(8, 14.5, 4.6) + centre))
        wall.fill("red", put(ellipse(centre, (3.2, 3.2))))
    else:
        wall.fill("white", put(curve(_DOLPHIN) * 0.95 + centre + [0, -1]))
    for cut in (
        [(-12, 24), (-17, 25.5), (-21, 23.5)],
        [(24.5, 29), (19, 28), (16.5, 25)],
        [(-6, 35), (-12, 32), (-14, 27)],
        [(12, 37), (16, 33), (17, 30)],
        [(-22, 6), (-27, 8), (-31, 6.5)],
        [(23, 6.5), (19.5, 7.5), (16.8, 6)],
        [(-28, 17), (-24, 14), (-21, 12.5)],
        [(16.6, 20), (20, 16), (22.4, 12)],
    ):
        wall.draw("line", put(curve(cut, closed=False)), 0.9)


def _ship(wall: _Wall, at: ArrayLike) -> None:
    size = 2.05

    def put(points: ArrayLike) -> Array:
        return placed(points, at, size)

    for end in ((-44, 20), (44, 26)):
        wall.draw("ink", put([(0, 60), end]), 1.1)
    wall.draw("ink", put([(0, 8), (0, 61)]), 3.4)
    sail = curve(_SAIL)
    wall.fill("ink", put(sail))
    wall.fill("white", put(sail * [0.93, 0.9] + [0, 3.8]))
    for x in np.linspace(-22, 22, 8):
        wall.draw("white", put([(x, 54), (x * 1.16, 38), (x, 20)]), 1.3, 0.0)
    for y in (30, 38.5, 47):
        wall.draw(
            "white", put(curve([(-32, y), (0, y - 1.6), (34, y + 1)], closed=False)), 1.3, 0.0
        )
    wall.draw("ink", put(curve([(-31, 52.6), (0, 55.2), (31, 54.6)], closed=False)), 3.6)
    wall.fill("ink", put(curve(_HULL)))
    wall.draw("red", put(curve([(-42, 5.6), (0, 4), (30, 6.5), (44, 16)], closed=False)), 3.6)
    wall.draw("line", put(curve([(-41, 9.6), (0, 8), (28, 10.3), (42, 19)], closed=False)), 0.9)
    wall.fill("white", put(ellipse((-44.2, 6), (3.2, 2.0))))
    wall.fill("white", put(ellipse((-44.2, 6), (1.2, 1.2))), 0.0)
    for k, x in enumerate(np.linspace(-30, 26, 10)):
        wall.draw("ink", put([(x, 4), (x + 7, -10)]), [1.5, 1.9])
        wall.fill("ink", put(ellipse((x + 6.9, -9.7), (1.0, 2.1), 27)))
        wall.fill("ink", put(ellipse((x + 1, 15.2 + 0.003 * x * x), (1.7, 2.2))))
        wall.fill("red" if k % 2 else "white", put(ellipse((x + 1, 9.6), (2.0, 2.0))))
    wall.draw("ink", put([(41, 15), (53, -9)]), [2.2, 4.5])
    for u, v, turn, flip in (
        (-132, -14, 40, True), (134, -20, 150, False), (-98, 78, 35, True), (100, 96, -40, True),
        (-52, -26, 8, True), (38, -27, -6, True),
    ):  # fmt: skip
        where = np.add(at, (u, v))
        wall.fill("ink", placed(curve(_DOLPHIN), where, 1.45, turn, flip))
        wall.draw(
            "line",
            placed([(12, 0.2), (5, 0.4), (-6, 0.2), (-13, 0.6)], where, 1.45, turn, flip),
            0.9,
        )
        wall.fill("line", placed(ellipse((11, 1.1), (0.6, 0.6)), where, 1.45, turn, flip))


def _under_handle(wall: _Wall, u: float) -> None:
    for flip, v in ((1, 246), (-1, 238)):
        for k, petal in enumerate(palmette(11)):
            wall.fill("red" if k % 2 else "ink", petal * [1, flip] * 52 + [u, v])
        wall.fill("ink", ellipse((u, v + flip * 4), (7, 7)))
        for side in (-1, 1):
            coil = spiral(1.6, 15, 180) * [-side, flip] + [u + side * 33, v + flip * 30]
            stem = curve([(u, v), (u + side * 14, v + flip * 4), coil[0] + [0, 0]], closed=False)
            wall.draw("ink", np.vstack([stem, coil]), 2.2)
            wall.fill("ink", ellipse((u + side * 33, v + flip * 30), (2.6, 2.6)))


@cache
def painting() -> dict[str, Field]:
    """The layers by name, each f(u, v) -> 0..1."""
    wall = _Wall()
    _bands(wall)
    _hoplite(wall, (-66, 158), False, "star")
    _hoplite(wall, (66, 158), True, "dolphin")
    for u, v in ((0, 300), (0, 176), (-126, 306), (126, 306)):
        for k in range(8):
            wall.fill(
                "red" if k % 2 else "ink", placed(ellipse((0, 4.6), (1.7, 2.6)), (u, v), 1, 45 * k)
            )
        wall.fill("ink", ellipse((u, v), (2, 2)))
    _ship(wall, (_HALF, 194))
    for side in (-1, 1):
        _under_handle(wall, side * _HALF / 2)
    return {name: canvas.field() for name, canvas in wall.layers.items()}
