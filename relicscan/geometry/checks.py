"""What native code does not check: it crashes on coordinates that are not numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import StageError
from relicscan.relic import FloatArray, Mesh

#: Larger coordinates are garbage: a billion kilometres, were they millimetres. What is
#: smaller can be squared and cubed in double precision, and squared in single, without overflow.
LARGEST = 1e15


def plausible(coordinates: FloatArray) -> NDArray[np.bool_]:
    """Mask (n,) of the places (n, 3) that are numbers, and not absurdly large ones."""
    return np.asarray((np.abs(coordinates) < LARGEST).all(axis=1))


def require_plausible(coordinates: FloatArray) -> None:
    """Raise StageError unless all coordinates (n, 3) are plausible numbers."""
    if not coordinates.size or (coordinates.min() > -LARGEST and coordinates.max() < LARGEST):
        return  # all of them: a single NaN would have come out as both
    bad = int((~plausible(coordinates)).sum())
    if bad:
        raise StageError(
            f"{bad:,} of {len(coordinates):,} positions are not numbers (NaN, infinite or over "
            f"{LARGEST:g})",
            remedy="put remove_invalid_points, or clean_mesh for a mesh, before this stage",
        )


def require_count(points: FloatArray, at_least: int) -> None:
    """Raise StageError unless there are that many points (n, 3), all of them numbers."""
    if len(points) < at_least:
        raise StageError(
            f"there are {len(points):,} points where at least {at_least:,} are needed",
            remedy="look at what the stages before it removed, and at the scan itself",
        )
    require_plausible(points)


def require_faces(mesh: Mesh) -> None:
    """Raise StageError where a mesh has no triangles."""
    if not len(mesh.faces):
        raise StageError(
            "the mesh has no triangles",
            remedy="look at what the stages before it removed, and at the scan itself",
        )


def breadth(points: FloatArray) -> float:
    """Second extent of points (n, 3) over their first: zero on a line or in one place."""
    sizes = np.linalg.svd(np.cov(points.T), compute_uv=False)
    return float(np.sqrt(sizes[1] / sizes[0])) if sizes[0] > 0 else 0.0


def repeated(points: FloatArray) -> NDArray[np.bool_]:
    """Mask (n,) of the points (n, 3) float64 that stand at exactly the place of an earlier one."""
    bits = np.ascontiguousarray(points).view(np.uint64)
    # Sorting one number for each point is four times as fast as sorting triples. Equal places
    # have equal numbers; of the few that share one, the bits decide.
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ bits[:, 1]) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(29)) ^ bits[:, 2]) * np.uint64(0x165667B19E3779F9)
    ordered = np.sort(mixed)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    again = np.zeros(len(points), dtype=bool)
    if len(shared):
        among = np.flatnonzero(np.isin(mixed, shared))
        first = np.unique(bits[among], axis=0, return_index=True)[1]
        again[among] = True
        again[among[first]] = False
    return again
