"""From which side a cloud was not seen.

Over a closed surface the normals, each times its area, add up to nothing. What they come to over
an open one is, turned round, the vector area of the lids that would close it (Gauss): how large
a flat lid is missing, and which way it faces. A cup that was seen inside and out misses nothing,
though there is nothing above it; a relief that was seen from the front misses its back. Lids on
opposite sides cancel: a tube that is open at both ends is not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relicscan.geometry.neighbours import spacing_at, tree
from relicscan.geometry.normals import fit_planes
from relicscan.geometry.orientation import orient_consistently, orient_towards
from relicscan.relic import FloatArray

#: Points that are looked at.
MOST_POINTS = 20_000
#: Points that are of no one surface with their neighbours: above this share sides are a guess.
MOST_UNCLEAR = 0.5


@dataclass(frozen=True)
class Unseen:
    """`share` of the closed surface that a flat lid would be, which faces `direction`."""

    share: float
    direction: tuple[float, float, float]


def unseen_side(
    points: FloatArray,
    *,
    normals: FloatArray | None = None,
    viewpoints: FloatArray | None = None,
) -> Unseen | None:
    """The lid that points (n, 3) miss; their outward normals or where each was seen from, if known.

    None where there are too few points, or these do not lie on surfaces.
    """
    step = -(-len(points) // MOST_POINTS)
    few = np.ascontiguousarray(points[::step])
    if len(few) < 100:
        return None
    planes = fit_planes(few)
    if planes.unclear_share > MOST_UNCLEAR:
        return None
    if viewpoints is not None:
        outward = orient_consistently(few, planes, seen_from=np.asarray(viewpoints[::step], float))
        facing = outward.normals
    elif normals is not None:
        facing = orient_towards(few, planes.normals, few + normals[::step])
    else:
        facing = orient_consistently(few, planes).normals
    areas = spacing_at(few, few, tree(few)) ** 2
    # A stray has a large square to itself, and is of no surface.
    areas = np.minimum(areas, 9 * np.median(areas))
    lid = -(facing * areas[:, None]).sum(axis=0)
    size = float(np.linalg.norm(lid))
    whole = float(areas.sum()) + size
    if not size > 0:
        return Unseen(0.0, (0.0, 0.0, 0.0))
    x, y, z = (float(part) for part in lid / size)
    return Unseen(size / whole, (x, y, z))
