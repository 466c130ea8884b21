"""Whether scans that have a place lie on each other where they show the same.

Some places of each scan are held against the plane through the nearest points of each other scan.
A place counts where that scan goes on all around it: beyond its rim it shows something else. Half
of the places lie farther off than noise alone would let them: then one of the two is not where it
is said to be. Sliding along a plane is not found, and neither is what is off by more than the
REACH, where nothing overlaps any more.

Of the bunny's ten scans in their published places 68 ways that one lies on another come to 0.21
to 0.95 of what noise and spacing explain, of the sample amphora's six 26 ways to 0.03 to 0.13. With
one of them moved along x, y or z by 1 % of its diagonal the worst comes to 3.5 to 12, by 0.3 %
to 1.1 to 3.5. All of the amphora's together take 0.3 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import FloatArray

if TYPE_CHECKING:
    from relicscan.geometry.kernels.kdtree import KdTree

#: Places of each scan, and points of the other that a plane is fitted to.
PLACES, NEIGHBOURS = 600, 12
#: How far from a place the other scan is looked for: in its spacings, or of its diagonal.
REACH_SPACINGS, REACH_OF_DIAGONAL = 4.0, 0.02
#: As far sideways of the middle of its neighbours, in their reach, a place is beside a rim.
_RIM = 0.35
#: Overlapping places that it takes to tell.
FEWEST = 40
#: Off by more than so many standard deviations of both scans' noise, and so much of the
#: spacing: a plane through points of a bent surface is off by some of it.
SIGMAS, OF_SPACING = 3.0, 0.2


@dataclass(frozen=True)
class Placed:
    """A scan as its file holds it, points (n, 3), and its place (4, 4) in the common frame.

    `spacing` and `noise` are in its own unit, of which the common one has `common_per_unit`.
    """

    name: str
    points: FloatArray
    T_common_scan: FloatArray
    spacing: float
    noise: float

    @property
    def common_per_unit(self) -> float:
        return float(np.linalg.norm(self.T_common_scan[:3, 0]))


@dataclass(frozen=True)
class Apart:
    """Two scans that overlap at `places`: half of these are more than `median` off.

    `expected` is what noise and spacing explain. Lengths are in the common unit.
    """

    scan: str
    other: str
    median: float
    expected: float
    places: int

    @property
    def agree(self) -> bool:
        return self.median <= self.expected


def apart(scans: Sequence[Placed]) -> list[Apart]:
    """How far each two scans that overlap are off each other, both ways."""
    found = []
    for number, target in enumerate(scans):
        index = tree(target.points)
        box = (target.points.min(axis=0), target.points.max(axis=0))
        for source in (*scans[:number], *scans[number + 1 :]):
            measured = _one_way(target, index, box, source)
            if measured is not None:
                found.append(measured)
    return found


def misplaced(scans: Sequence[Placed]) -> list[Apart]:
    """One of each two scans that do not agree, the worst first: that on more places."""
    worst: dict[frozenset[str], Apart] = {}
    for one in apart(scans):
        pair = frozenset((one.scan, one.other))
        if not one.agree and (pair not in worst or one.places > worst[pair].places):
            worst[pair] = one
    return sorted(worst.values(), key=lambda one: -one.median / one.expected)


def _one_way(
    target: Placed, index: KdTree, box: tuple[FloatArray, FloatArray], source: Placed
) -> Apart | None:
    """Places of the source on the surface of the target, in the target's own frame.

    `index` and `box` (lowest and highest corner) are those of the target's points.
    """
    T = np.linalg.inv(target.T_common_scan) @ source.T_common_scan
    places = source.points[:: max(1, len(source.points) // PLACES)] @ T[:3, :3].T + T[:3, 3]
    low, high = box
    reach = max(
        REACH_SPACINGS * target.spacing, REACH_OF_DIAGONAL * float(np.linalg.norm(high - low))
    )
    places = places[((places > low - reach) & (places < high + reach)).all(axis=1)]
    if len(places) < FEWEST:
        return None
    distances, indices = nearest(index, places, NEIGHBOURS)
    near = distances[:, 0] <= reach
    places, around = places[near], target.points[indices[near]]
    if len(places) < FEWEST:
        return None
    middle = around.mean(axis=1)
    centred = around - middle[:, None]
    spread, axes = np.linalg.eigh(np.einsum("bki,bkj->bij", centred, centred))
    normal = axes[:, :, 0]
    from_middle = places - middle
    off = np.einsum("ij,ij->i", from_middle, normal)
    beside = np.linalg.norm(from_middle - off[:, None] * normal, axis=1)
    width = np.linalg.norm(centred, axis=2).max(axis=1)
    # On an edge or among strays no plane says where the surface is.
    flat = spread[:, 0] <= 0.05 * np.maximum(spread[:, 1], 1e-300)
    inside = flat & (beside <= _RIM * width)
    if np.count_nonzero(inside) < FEWEST:
        return None
    size = target.common_per_unit
    noise = float(np.hypot(target.noise * size, source.noise * source.common_per_unit))
    return Apart(
        scan=source.name,
        other=target.name,
        median=float(np.median(np.abs(off[inside]))) * size,
        expected=SIGMAS * noise + OF_SPACING * target.spacing * size,
        places=int(np.count_nonzero(inside)),
    )
