"""Large planes in a scene: plates, table tops, walls, and the flat sides of the relic itself.

RANSAC on cells with normals (Fischler & Bolles 1981; one cell and its normal make a
hypothesis, as in Schnabel et al. 2007), the largest plane first, each fitted by least
squares before its cells are set aside for the next. With three points to a hypothesis a
plane of 8 % of the scene is drawn once in 2,000 times, with one and its normal once in 12.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relicscan.geometry.cells import Cells
from relicscan.relic import BoolArray, FloatArray

HYPOTHESES = 200
_SCORED = 6000  # cells that hypotheses are counted on
_STEEPEST = np.cos(np.radians(20))  # a cell's normal may differ by this much from the plane's


@dataclass(frozen=True, eq=False)
class Plane:
    """normal . p = offset with a unit normal (3,); the cells on it (c,), how far they scatter."""

    normal: FloatArray
    offset: float
    scatter: float
    on: BoolArray

    def height(self, points: FloatArray) -> FloatArray:
        """Signed distance (n,) of points (n, 3) from the plane, along the normal."""
        return np.asarray(points @ self.normal - self.offset)

    def turned(self) -> Plane:
        """The same plane seen from its other side."""
        return Plane(-self.normal, -self.offset, self.scatter, self.on)


def large_planes(
    cells: Cells, rng: np.random.Generator, *, least_share: float = 0.03, most: int = 8
) -> list[Plane]:
    """Planes that hold at least that share of the surface, the largest first."""
    free = cells.solid.copy()
    whole = cells.area[free].sum()
    planes: list[Plane] = []
    while len(planes) < most:
        plane = _largest_plane(cells, free, rng)
        if plane is None or cells.area[plane.on].sum() < least_share * whole:
            break
        planes.append(plane)
        # What lies a little off the plane must not make a second one beside it.
        free &= ~_near(cells, plane, 2.0)
    return planes


def _largest_plane(cells: Cells, free: BoolArray, rng: np.random.Generator) -> Plane | None:
    from relicscan.geometry.kernels.cells import count_near

    candidates = np.flatnonzero(free)
    if len(candidates) < 30:
        return None
    scored = candidates[rng.permutation(len(candidates))[:_SCORED]]
    drawn = candidates[rng.integers(0, len(candidates), HYPOTHESES)]
    counts = np.empty(len(drawn), dtype=np.int64)
    count_near(
        cells.mean[scored],
        cells.normal[scored],
        cells.mean[drawn],
        cells.normal[drawn],
        0.5 * cells.size,
        _STEEPEST,
        counts,
    )
    best = drawn[np.argmax(counts)]
    normal = cells.normal[best]
    plane = Plane(normal, float(cells.mean[best] @ normal), 0.5 * cells.size, free)
    for _ in range(4):
        on = free & _near(cells, plane, 1.0)
        if on.sum() < 12:
            return None
        plane = fitted(cells.mean[on], plane.normal, cells.area[on], on)
    return plane


def fitted(
    points: FloatArray, facing: FloatArray, weight: FloatArray | None, on: BoolArray
) -> Plane:
    """The least-squares plane of points (n, 3), its normal on the side of `facing`."""
    weight = np.ones(len(points)) if weight is None else weight
    middle = weight @ points / weight.sum()
    centred = points - middle
    _, axes = np.linalg.eigh((centred * weight[:, None]).T @ centred)
    normal = axes[:, 0] if axes[:, 0] @ facing > 0 else -axes[:, 0]
    height = centred @ normal
    # Robust: the foot of the relic and strays are among the points.
    scatter = 1.4826 * float(np.median(np.abs(height - np.median(height))))
    return Plane(normal, float(middle @ normal), scatter, on)


def _near(cells: Cells, plane: Plane, times: float) -> BoolArray:
    reach = times * max(0.5 * cells.size, 3 * min(plane.scatter, 0.5 * cells.size))
    parallel = np.abs(cells.normal @ plane.normal) > _STEEPEST
    return np.asarray((np.abs(plane.height(cells.mean)) < reach) & parallel)
