"""Relics in their surroundings, and relics that look like surroundings: the truth is known.

Lengths are millimetres, up is +Z. A scene is points (n, 3) and what each belongs to (n,):
RELIC, or one of the things around it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from shapes import Array, box_points, noisy, revolved, rotation, sphere_points, square_points

RELIC, PLATE, WALL, CLUTTER = range(4)
Scene = tuple[Array, NDArray[np.int64]]

VASE = [(14, 0), (15, 2), (34, 30), (30, 55), (12, 66), (16, 80)]
SPACING = 1.2


def scene(*parts: tuple[int, Array], noise: float = 0.05, seed: int = 3) -> Scene:
    points = np.vstack([p for _, p in parts])
    return noisy(points, noise, seed), np.concatenate([np.full(len(p), kind) for kind, p in parts])


def moved(points: Array, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    return points + np.array([x, y, z])


def vase(x: float = 0.0, y: float = 0.0, size: float = 1.0) -> Array:
    return moved(revolved([(size * r, size * z) for r, z in VASE], SPACING)[0], x, y)


def disc(radius: float, *hidden: tuple[float, float, float]) -> Array:
    """A round plate at z = 0, without discs (x, y, radius) that the scanner did not see."""
    grid = square_points(radius, SPACING)
    grid = grid[np.hypot(grid[:, 0], grid[:, 1]) < radius]
    for x, y, r in hidden:
        grid = grid[np.hypot(grid[:, 0] - x, grid[:, 1] - y) > r]
    return grid


def rim(radius: float, thickness: float, underside: float = 0.0) -> Array:
    """The edge of a plate, and a ring of its underside so wide."""
    profile = [(radius, -thickness), (radius, 0)]
    if underside:
        profile = [(radius - underside, -thickness), *profile]
    return revolved(profile, SPACING)[0]


def rectangle(width: float, depth: float) -> Array:
    grid = square_points(max(width, depth) / 2, SPACING)
    return grid[(np.abs(grid[:, 0]) < width / 2) & (np.abs(grid[:, 1]) < depth / 2)]


def turned(points: Array, degrees: float, axis: tuple[float, float, float] = (1, 0, 0)) -> Array:
    return points @ rotation(np.array(axis), degrees).T


def block(width: float, depth: float, height: float, *, bottom: bool = True) -> Array:
    """The sides of a box that stands on z = 0."""
    sides = [moved(rectangle(width, depth), z=height)]
    sides += [rectangle(width, depth)] if bottom else []
    for y in (-depth / 2, depth / 2):
        sides.append(moved(turned(rectangle(width, height), 90), y=y, z=height / 2))
    for x in (-width / 2, width / 2):
        side = turned(rectangle(height, depth), 90, (0, 1, 0))
        sides.append(moved(side, x=x, z=height / 2))
    return np.vstack(sides)


# What goes.


def on_turntable() -> Scene:
    return scene((RELIC, vase(12)), (PLATE, disc(80, (12, 0, 14))))


def on_tilted_turntable() -> Scene:
    points, kind = on_turntable()
    return turned(points, 65, (2, 1, 0)), kind


def with_rim_and_underside() -> Scene:
    plate = np.vstack([disc(80, (0, 0, 14)), rim(80, 6, 15)])
    return scene((RELIC, vase()), (PLATE, plate))


def noisy_plate() -> Scene:
    return scene((RELIC, vase()), (PLATE, disc(90, (0, 0, 14))), noise=0.4)


def half_a_plate() -> Scene:
    plate = disc(110, (0, 0, 14))
    figure = vase()
    return scene((RELIC, figure[figure[:, 1] < 12]), (PLATE, plate[plate[:, 1] < 5]))


def cut_off_plate() -> Scene:
    plate = disc(110, (0, 0, 14))
    return scene((RELIC, vase()), (PLATE, plate[(plate[:, 1] < 45) & (plate[:, 0] > -60)]))


def table_and_wall() -> Scene:
    wall = moved(turned(rectangle(260, 160), 90), y=90, z=80)
    table = rectangle(260, 180)
    table = table[np.hypot(table[:, 0], table[:, 1]) > 14]
    return scene((RELIC, vase()), (PLATE, table), (WALL, wall))


def lying_figurine() -> Scene:
    profile = [(0, -80), (18, -72), (24, 0), (16, 60), (22, 76), (0, 92)]
    body = moved(turned(revolved(profile, SPACING)[0], 90), z=23)
    plate = disc(140)
    plate = plate[(np.abs(plate[:, 0]) > 10) | (np.abs(plate[:, 1]) > 80)]
    return scene((RELIC, body[body[:, 2] > 2.5]), (PLATE, plate))


def two_relics() -> Scene:
    both = np.vstack([vase(-45), vase(45, 5, 0.9)])
    return scene((RELIC, both), (PLATE, disc(120, (-45, 0, 14), (45, 5, 13))))


def box_on_plate() -> Scene:
    plate = rectangle(200, 200)
    plate = plate[np.abs(plate[:, :2]).max(axis=1) > 25]
    return scene((RELIC, block(50, 50, 60, bottom=False)), (PLATE, plate))


def slab_on_plate() -> Scene:
    """A thin stele, seen all round, that is mostly one plane."""
    plate = rectangle(260, 220)
    plate = plate[(np.abs(plate[:, 0]) > 60) | (np.abs(plate[:, 1]) > 6)]
    return scene((RELIC, block(120, 12, 200, bottom=False)), (PLATE, plate))


def clutter() -> Scene:
    crumb = moved(sphere_points(150, 4.0), 75, 20, 40)
    return scene((RELIC, vase()), (CLUTTER, crumb))


GOES: dict[str, Callable[[], Scene]] = {
    f.__name__.replace("_", " "): f
    for f in (
        on_turntable,
        on_tilted_turntable,
        with_rim_and_underside,
        noisy_plate,
        half_a_plate,
        cut_off_plate,
        table_and_wall,
        lying_figurine,
        two_relics,
        box_on_plate,
        slab_on_plate,
        clutter,
    )
}


# What stays: relics alone.


def relief() -> Array:
    ground = square_points(100, 2.0)
    r = np.hypot(ground[:, 0] / 50, ground[:, 1] / 70)
    ground[:, 2] = np.where(r < 1, 12 * np.sqrt(np.maximum(0, 1 - r**2)), 0)
    return ground


def framed_relief() -> Array:
    framed = relief()
    framed[np.abs(framed[:, :2]).max(axis=1) > 90, 2] = 10
    return framed


def high_relief() -> Array:
    """A head in half round, and its neck, on a slab whose edges were seen."""
    ground = square_points(100, SPACING)
    r = np.hypot(ground[:, 0] / 42, ground[:, 1] / 50)
    ground[:, 2] = np.where(r < 1, 45 * np.sqrt(np.maximum(0, 1 - r**2)), 0)
    edges = block(200, 200, 15, bottom=False)
    return np.vstack([ground, moved(edges[edges[:, 2] < 14.9], z=-15)])


def box_corner() -> Array:
    """Three sides of a box, all that one look shows."""
    box = block(90, 70, 60)
    return box[(box[:, 2] > 59.9) | (box[:, 1] < -34.9) | (box[:, 0] > 44.9)]


def carton() -> Array:
    """Two sides of a box."""
    box = block(90, 70, 60)
    return box[(box[:, 1] < -34.9) | (box[:, 0] > 44.9)]


def candlestick() -> Array:
    """A broad thin foot, level above and below, under a slender stem."""
    profile = [(0, 0), (50, 0), (50, 4), (8, 4), (6, 150), (14, 160), (0, 160)]
    return revolved(profile, SPACING)[0]


def statue_on_plinth() -> Array:
    return np.vstack([block(90, 90, 25), moved(vase(size=1.6), z=25)])


def bust_on_socle() -> Array:
    head = moved(sphere_points(5000, 40.0), z=140)
    neck = revolved([(18, 70), (18, 105)], SPACING)[0]
    return np.vstack([block(80, 80, 70), neck, head])


def fragments() -> Array:
    """A broken pot in four large pieces, laid out beside each other."""
    pot = revolved([(40, 0), (55, 60), (35, 100)], SPACING)[0]
    angle = np.degrees(np.arctan2(pot[:, 1], pot[:, 0])) % 360
    pieces = [
        pot[(angle >= a) & (angle < b)] for a, b in ((0, 90), (90, 200), (200, 290), (290, 360))
    ]
    return np.vstack([moved(p, 40.0 * k, 30.0 * k) for k, p in enumerate(pieces)])


def sparse_figurine() -> Array:
    """An arm, joined by nothing that was scanned."""
    body = revolved([(0, 0), (20, 5), (12, 60), (16, 80), (0, 95)], 3.0)[0]
    arm = moved(turned(revolved([(4, 0), (3, 35)], 3.0)[0], 70), y=-20, z=68)
    return np.vstack([body, moved(arm, x=4)])


def stele_front() -> Array:
    """The front of a stele with letters cut into it, its back not seen."""
    front = rectangle(180, 320)
    cut = (np.abs(np.sin(front[:, 0] / 7)) < 0.3) & (np.abs(front[:, 1]) < 120)
    front[cut, 2] -= 2.0
    return front


def bowl() -> Array:
    return revolved([(0, 0), (45, 0), (70, 40), (68, 40), (43, 3), (0, 3)], SPACING)[0]


def lid() -> Array:
    """A flat brim, and a dome on it."""
    return revolved(
        [(52, 0), (75, 0), (75, 3), (50, 3), (42, 25), (20, 40), (8, 42), (8, 55), (0, 55)], SPACING
    )[0]


def goblet() -> Array:
    return revolved([(0, 0), (32, 0), (32, 2), (5, 5), (5, 60), (35, 80), (38, 120)], SPACING)[0]


STAYS: dict[str, Callable[[], Array]] = {
    "relief": relief,
    "framed relief": framed_relief,
    "high relief": high_relief,
    "box": lambda: box_points(20, 1.5)[0],
    "box corner": box_corner,
    "carton": carton,
    "cone": lambda: revolved([(30, 0), (0, 60)], 1.0)[0],
    "closed cone": lambda: revolved([(0, 0), (30, 0), (0, 60)], 1.0)[0],
    "chess pawn": lambda: revolved(
        [(0, 0), (30, 0), (30, 5), (12, 8), (10, 40), (18, 50), (10, 60), (0, 60)], 1.0
    )[0],
    "plane": lambda: square_points(100, 2.0),
    "tile": lambda: block(150, 150, 12),
    "slab": lambda: block(120, 12, 200),
    "stele front": stele_front,
    "candlestick": candlestick,
    "statue on plinth": statue_on_plinth,
    "bust on socle": bust_on_socle,
    "fragments": fragments,
    "sparse figurine": sparse_figurine,
    "bowl": bowl,
    "lid": lid,
    "goblet": goblet,
    "closed vase": lambda: np.vstack([vase(), disc(14)]),
}


# What is not sure.


def tall_figure_on_small_plate() -> Scene:
    figure = revolved([(22, 0), (30, 60), (18, 200), (0, 210)], SPACING)[0]
    return scene((RELIC, figure), (PLATE, disc(78, (0, 0, 22))))


def tile_lying_on_plate() -> Scene:
    plate = rectangle(260, 260)
    plate = plate[np.abs(plate[:, :2]).max(axis=1) > 75]
    return scene((RELIC, block(150, 150, 12, bottom=False)), (PLATE, plate))
