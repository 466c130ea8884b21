"""How good a model of a scan can become, told from a quick look at the scan.

The finest level is off the scan by the noise of the points, and by what flat triangles leave of a
bent surface. Over an equilateral triangle of area a, a surface of bending b (the Frobenius norm of
its second derivatives) is 0.21 a b off, root mean square, if the corners lie on it, and 0.05 a b if
it passes through the middle; a level does something in between. Both add in squares. How far that
holds is in docs/predictions.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

#: What a flat triangle is off a surface: times its area and the surface's bending. Of 0.05 to 0.21
#: this fits the dense clouds of docs/predictions.md best.
_SAGITTA = 0.16
#: Charts fill so much of a picture (0.75 to 0.78 in the sample relics).
_USED = 0.75


@dataclass(frozen=True)
class Budget:
    """A level, and the triangles that it may have at most."""

    name: str
    triangles: int


@dataclass(frozen=True)
class Expected:
    """What a run is expected to make.

    `triangles` of the master. `rms_mm` of the finest level's distance to the scan, None where
    the scale is unknown, and its share of the diagonal; both None where they cannot be told.
    `texture_side` in pixels, and how many of these a millimetre of the surface has; None without
    colours. `coarse` are the levels that come out no finer than the one below them.
    """

    triangles: int
    rms_mm: float | None = None
    rms_of_diagonal: float | None = None
    texture_side: int | None = None
    texels_per_mm: float | None = None
    coarse: tuple[Budget, ...] = ()


def deviation(noise: float, bending: float, area: float) -> float:
    """Root mean square distance of the points to triangles of that area each."""
    return math.hypot(noise, _SAGITTA * bending * area)


def texture_side(points: float, texels_per_point: float, least: int, most: int) -> int:
    """The picture that holds what so many points show: a power of two in `least`..`most`."""
    side = min(least, most)
    while side * side * _USED < texels_per_point * points and 2 * side <= most:
        side *= 2
    return side


def texels_per_length(side: int, area: float) -> float:
    """Pixels of a picture along a unit of length of a surface of that area, which is above 0."""
    return side * math.sqrt(_USED / area)


def no_finer(triangles: float, levels: Sequence[Budget]) -> tuple[Budget, ...]:
    """The levels that a scan of so many triangles makes no finer than the next coarser one."""
    ordered = sorted(levels, key=lambda one: one.triangles)
    return tuple(
        finer
        for coarser, finer in pairwise(ordered)
        if triangles <= coarser.triangles < finer.triangles
    )


def points_needed(expected: Expected, level: Budget) -> float:
    """How many times as many points would fill a level."""
    return level.triangles / max(expected.triangles, 1)
