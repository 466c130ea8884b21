"""Motifs shared by the relics: outlines and strokes in the plane, in units of the motif.

Each function returns point lists for `samples.drawing` (`area`, `line`); place
them with `placed`. Ornament is of no maker and no museum: drawn for this project.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samples.drawing import curve, placed

Array = NDArray[np.float64]


def meander(count: int, unit: float, height: float, start: float, base: float) -> list[Array]:
    """A running key: one stroke of `count` hooks, each `unit` wide, from (start, base) up."""
    hook = np.array(
        [(0, 0), (0, 1), (0.8, 1), (0.8, 0.27), (0.32, 0.27), (0.32, 0.64), (0.54, 0.64)]
    )
    strokes = []
    for k in range(count):
        at = np.array([start + k * unit, base])
        strokes.append(at + hook * [unit, height])
        strokes.append(at + np.array([(0, 0), (-0.2, 0), (-0.2, 0)]) * [unit, height])
    return strokes


def palmette(petals: int = 9) -> list[Array]:
    """A fan of petals above the origin, the middle one about 1 high, over two small volutes."""
    outlines = []
    for angle in np.linspace(-78, 78, petals):
        reach = 1.0 - 0.34 * (abs(angle) / 78) ** 1.5
        petal = np.array(
            [(0.0, 0.14), (0.035, 0.4), (0.085, 0.78), (0.0, 1.0), (-0.085, 0.78), (-0.035, 0.4)]
        )
        outlines.append(placed(curve(petal * [1.0, reach]), (0, 0), 1.0, -angle))
    return outlines


def spiral(turns: float, radius: float, start_deg: float = 0.0, samples: int = 14) -> Array:
    """A stroke that winds from `radius` into the origin, counter-clockwise for positive turns."""
    t = np.linspace(0, 1, int(abs(turns) * samples) + 2)
    angle = np.radians(start_deg) + turns * 2 * np.pi * t
    r = radius * (1 - t) + 0.06 * radius * t
    return np.column_stack([r * np.cos(angle), r * np.sin(angle)])


def square_spiral(size: float, gap: float, flip: bool = False) -> Array:
    """A stroke winding inwards at right angles, the cloud-and-thunder ground of bronzes."""
    half = size / 2
    points = [(-half, -half)]
    x0, x1, y0, y1 = -half, half, -half, half
    while x1 - x0 > gap and y1 - y0 > gap:
        points += [(x0, y1), (x1, y1), (x1, y0)]
        x0, y0 = x0 + gap, y0 + gap
        points.append((x0, y0))
        x1, y1 = x1 - gap, y1 - gap
    return np.array(points) * ([-1, 1] if flip else [1, 1])


def leaf(length: float, width: float, bend: float = 0.0) -> Array:
    """A pointed leaf from the origin up, its tip `bend` aside."""
    mid = bend * 0.35
    return curve(
        [
            (0, 0),
            (mid + width * 0.42, length * 0.3),
            (mid + width * 0.36 + bend * 0.2, length * 0.66),
            (bend, length),
            (mid - width * 0.36 + bend * 0.2, length * 0.62),
            (mid - width * 0.42, length * 0.28),
        ]
    )


def star(points: int, outer: float, inner: float) -> Array:
    angle = np.pi / 2 + np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
