"""Normals of a cloud: planes fitted to each point's neighbours (Hoppe et al. 1992).

To the nearer ones alone where all of them are not of one surface: see `kernels.planes`.

Their sign is arbitrary: see `relicscan.geometry.orientation`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.checks import require_count
from relicscan.geometry.neighbours import tree
from relicscan.relic import FloatArray

#: Nearest points that the walk for signs may step to. Of a million points of the benchmark
#: relic 356 get another sign with 8 than with 10, and with 5 some points part from the rest.
STEPS = 8

#: Points with more surface variation than this do not lie on one surface with their neighbours.
UNCLEAR = 0.08


class Planes(NamedTuple):
    """What is around each point: unit normals (n, 3) of arbitrary sign, and how flat it is.

    variation (n,) is the surface variation (Pauly et al. 2002): 0 on a plane, 1/3 where
    points lie on all sides. near (n, STEPS) int32 are the nearest other points, the point
    itself where there are fewer.
    """

    normals: FloatArray
    variation: FloatArray
    near: NDArray[np.int32]

    @property
    def unclear_share(self) -> float:
        """Share of points that do not lie on one surface with their neighbours.

        Over a half of the points means that
        signs are not to be trusted: noise of 0.6 point spacings and more (0.6), or walls
        thinner than two spacings (0.6 at 1.8, with half of the signs wrong).
        """
        return float((self.variation > UNCLEAR).mean())


def fit_planes(points: FloatArray, neighbours: int = 14) -> Planes:
    """Planes through the `neighbours` nearest of each point (n, 3), itself among them.

    Raises StageError for fewer than three points, or some that are not numbers.
    """
    from relicscan.geometry.kernels import planes

    require_count(points, 3)
    index = tree(points)
    n = len(points)
    fitted = Planes(np.empty((n, 3)), np.empty(n), np.empty((n, STEPS), dtype=np.int32))
    k = min(neighbours, n)
    threads.in_blocks(lambda start, stop: planes.fit(index, k, *fitted, start, stop), n)
    return fitted
