"""A cloud at some thousand of its places: how dense it is there, how noisy, and how bent.

To the nearest points around each place a quadric is fitted, in the frame of their own principal
axes, so that curvature does not count as noise: what is left is noise. What a million points take
is the building of their tree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relicscan.geometry.neighbours import nearest, spacing_at, tree
from relicscan.relic import BoolArray, FloatArray

#: Places that are looked at, and points that a quadric is fitted to.
PLACES, NEIGHBOURS = 4000, 24
_FREEDOM = NEIGHBOURS - 6
#: Of the places, the most bent are edges, and strays that a run removes: they do not count.
KEPT = 0.99
#: A stray has a large square to itself, and is of no surface: no spacing counts for more than so
#: many times that of its neighbour of that rank.
_SPARSER, _BESIDE = 2.0, 8


@dataclass(frozen=True, eq=False)
class Patches:
    """Around places (m, 3) of a cloud of `points`: lengths are in its unit.

    spacing (m,) is the side of the square that a point has to itself there; variance (m,) that
    of the points about the quadric; bending (m,) the Frobenius norm of its second derivatives.
    """

    points: int
    places: FloatArray
    spacing: FloatArray
    variance: FloatArray
    bending: FloatArray

    def under(self, T: FloatArray) -> Patches:
        """The same in another frame, by a rigid motion with a scale (4, 4)."""
        size = float(np.linalg.norm(T[:3, 0]))
        return Patches(
            points=self.points,
            places=self.places @ T[:3, :3].T + T[:3, 3],
            spacing=self.spacing * size,
            variance=self.variance * size**2,
            bending=self.bending / size,
        )

    def kept(self, which: BoolArray) -> Patches:
        """Those of the places, not none, in a mask (m,), with their share of the points."""
        return Patches(
            points=round(self.points * float(which.mean())),
            places=self.places[which],
            spacing=self.spacing[which],
            variance=self.variance[which],
            bending=self.bending[which],
        )

    @property
    def typical_spacing(self) -> float:
        return float(np.median(self.spacing))

    @property
    def noise(self) -> float:
        """Standard deviation of points about the surface."""
        # The median is not moved by edges and outliers; for a chi-squared variable it lies below
        # the mean by this factor (Wilson & Hilferty 1931).
        below = (1 - 2 / (9 * _FREEDOM)) ** 3
        return float(np.sqrt(np.median(self.variance) / below))

    @property
    def typical_bending(self) -> float:
        """Root mean square of the bending, without that of edges and strays."""
        kept = np.sort(self.bending)[: max(1, int(KEPT * len(self.bending)))]
        return float(np.sqrt((kept**2).mean()))

    @property
    def area(self) -> float:
        """Of the surface that the points lie on, in square units."""
        return float((self.spacing**2).mean() * self.points)

    def sparse(self, times: float) -> FloatArray:
        """The places (s, 3) where points are so many times as far apart as they typically are."""
        return self.places[self.spacing > times * self._area_median()]

    def sparse_share(self, times: float) -> float:
        """The share of the surface where they are."""
        areas = self.spacing**2
        return float(areas[self.spacing > times * self._area_median()].sum() / areas.sum())

    def _area_median(self) -> float:
        """The spacing that half of the surface has: points alone would vote where they are many."""
        order = np.argsort(self.spacing)
        grown = np.cumsum(self.spacing[order] ** 2)
        return float(self.spacing[order][np.searchsorted(grown, grown[-1] / 2)])


def patches_of(points: FloatArray) -> Patches | None:
    """The patches of a cloud (n, 3); None where there are too few points, or all in one place."""
    if len(points) < 2 * NEIGHBOURS:
        return None
    index = tree(points)
    places = points[:: max(1, len(points) // PLACES)]
    spacing = spacing_at(places, points, index)
    if not np.median(spacing) > 0:
        return None
    _, indices = nearest(index, places, NEIGHBOURS)
    beside = spacing_at(points[indices[:, _BESIDE]], points, index)
    spacing = np.minimum(spacing, _SPARSER * beside)
    local = points[indices] - points[indices].mean(axis=1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("bki,bkj->bij", local, local))
    height, u, v = np.moveaxis(local @ axes, 2, 0)  # the smallest extent first
    size = np.maximum(np.abs(np.stack([u, v])).max(axis=(0, 2)), np.finfo(float).tiny)[:, None]
    u, v = u / size, v / size
    quadric = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    fitted = np.linalg.pinv(quadric) @ height[..., None]
    left = height - (quadric @ fitted)[..., 0]
    uu, uv, vv = np.moveaxis(fitted[:, 3:, 0] / size**2, 1, 0)
    return Patches(
        points=len(points),
        places=places,
        spacing=spacing,
        variance=(left**2).sum(axis=1) / _FREEDOM,
        bending=np.sqrt(4 * uu**2 + 2 * uv**2 + 4 * vv**2),
    )
