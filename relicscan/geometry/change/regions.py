"""Connected changes as what a conservator asks for: where, how large, how deep, how sure.

A volume is what lies between the old surface and the new one along the normals. Of a patch
with principal curvatures a and b that is (1 + a t)(1 + b t) integrated over the height t
(Steiner 1840): 5 mm off a ball of 100 mm is 5 % less than area times depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.change.detection import Detected
from relicscan.geometry.change.differences import Differences
from relicscan.geometry.change.extent import area_of, deepest_of, ellipse_of
from relicscan.geometry.change.places import Places
from relicscan.geometry.topology import connected
from relicscan.relic import BoolArray, FloatArray

#: So large a share of the places of a change and beside it where nothing is known cuts it off; or
#: of those that have nothing along the normal, as where the floor of a deep pit was not scanned.
_CUT_OFF, _NO_FLOOR = 0.03, 0.1


@dataclass(frozen=True, eq=False)
class Region:
    """A connected change, in the unit of the meshes and the frame of the before mesh.

    area of the before surface concerned; volume between both surfaces, positive; mean and
    deepest change, signed, and `uncertainty`, the mean LOD95 there; centroid and `deepest_at`
    (3,) on the before surface, `normal` (3,) there; length and width of the ellipse that it fills.
    area_uncertainty: of where its edge is; volume_uncertainty: the area times `uncertainty`.
    cut_off: it reaches a place where there is nothing to compare, and may be larger. through: a
    part that is gone altogether, or new, whose volume is an estimate.
    """

    kind: Literal["loss", "gain"]
    area: float
    area_uncertainty: float
    volume: float
    volume_uncertainty: float
    mean: float
    deepest: float
    uncertainty: float
    centroid: FloatArray
    deepest_at: FloatArray
    normal: FloatArray
    length: float
    width: float
    cut_off: bool
    through: bool
    places: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Gap:
    """A connected part of one surface that the other does not show: neither loss nor gain."""

    area: float
    centroid: FloatArray
    length: float
    width: float
    places: NDArray[np.int64]


def regions_of(
    places: Places, found: Differences, detection: Detected, spacing: float
) -> tuple[Region, ...]:
    """The regions of change among places `spacing` apart, by volume, the largest first."""
    height = _heights(found, detection)
    volume = places.area * _steiner(height, places.bend)
    made = [
        _region(
            places, found, detection, volume, np.flatnonzero(detection.region == number), spacing
        )
        for number in np.unique(detection.region[detection.region >= 0])
    ]
    return tuple(sorted(made, key=lambda region: -region.volume))


def gaps_of(places: Places, missing: BoolArray, least: int = 8) -> tuple[Gap, ...]:
    """Connected missing places, `least` of them at the least, by area."""
    close = places.near[:, 1:9]
    row, column = np.nonzero(places.alike[:, 1:9] & missing[close] & missing[:, None])
    part = connected(row, close[row, column], len(places))
    gaps = []
    for number in np.unique(part[missing]):
        own = np.flatnonzero(missing & (part == number))
        if len(own) >= least:
            centroid, length, width, _ = ellipse_of(places, own)
            gaps.append(Gap(float(places.area[own].sum()), centroid, length, width, own))
    return tuple(sorted(gaps, key=lambda gap: -gap.area))


def _heights(found: Differences, detection: Detected) -> FloatArray:
    """What is integrated (n,): as measured; of a part that is gone, to its middle from each side.

    Both sides of a part that broke off have places: each stands for half of what is between.
    """
    height = np.where(found.known & np.isfinite(detection.change), found.distance, 0.0)
    middle = np.where(np.isfinite(found.thickness), found.thickness / 2, np.inf)
    lost = found.through & (height < 0)
    height[lost] = -np.minimum(-height[lost], middle[lost])
    return height


def _steiner(height: FloatArray, bend: FloatArray) -> FloatArray:
    """Volume (n,) for an area of 1: heights (n,), bend (n, 2) as in Places.

    Beyond where the normals meet there is nothing more.
    """
    mean, product = bend.T
    root = np.sqrt(np.maximum(mean**2 - product, 0))
    a, b = mean - root, mean + root
    # The end of the way: 1 + k t = 0 for the curvature that shrinks the patch.
    most = np.where(height < 0, b, -a)
    end = np.where(most > 0, 1 / np.maximum(most, 1e-300), np.inf)
    t = np.clip(height, -end, end)
    return np.asarray(t + (a + b) * t**2 / 2 + a * b * t**3 / 3)


def _region(
    places: Places,
    found: Differences,
    detection: Detected,
    volume: FloatArray,
    own: NDArray[np.int64],
    spacing: float,
) -> Region:
    change = detection.change
    area = places.area[own]
    # The medians at the edge are those of the surroundings: what is beside belongs to the volume.
    beside = np.unique(places.near[own][places.alike[own]])
    of = detection.region[own[0]]
    around = beside[(detection.region[beside] < 0) | (detection.region[beside] == of)]
    total = float(volume[around].sum())
    centroid, length, width, normal = ellipse_of(places, own)
    size, size_error = area_of(places, found, detection, own, around, spacing)
    deepest, deepest_at = deepest_of(places, found, detection, own)
    nothing = float(found.through[own].mean())
    uncertainty = float((detection.lod95[own] * area).sum() / area.sum())
    return Region(
        kind="loss" if deepest < 0 else "gain",
        area=size,
        area_uncertainty=size_error,
        volume=abs(total),
        volume_uncertainty=size * uncertainty,
        mean=float((change[own] * area).sum() / area.sum()),
        deepest=deepest,
        uncertainty=uncertainty,
        centroid=centroid,
        deepest_at=places.points[deepest_at],
        normal=normal,
        length=length,
        width=width,
        cut_off=bool((~found.known[beside]).mean() > _CUT_OFF or _NO_FLOOR < nothing <= 0.5),
        through=bool(nothing > 0.5),
        places=own,
    )
