"""What native code does not check: it crashes on coordinates that are not numbers."""

from __future__ import annotations

import numpy as np

from relicscan.errors import StageError
from relicscan.relic import FloatArray, Mesh


def require_finite(coordinates: FloatArray) -> None:
    """Raise StageError unless all coordinates (n, 3) are numbers."""
    if not np.isfinite(coordinates).all():
        bad = int((~np.isfinite(coordinates).all(axis=1)).sum())
        raise StageError(
            f"{bad:,} of {len(coordinates):,} positions are not numbers (NaN or infinite)",
            remedy="put remove_invalid_points, or clean_mesh for a mesh, before this stage",
        )


def require_count(points: FloatArray, at_least: int) -> None:
    """Raise StageError unless there are that many points (n, 3), all of them numbers."""
    if len(points) < at_least:
        raise StageError(
            f"there are {len(points):,} points where at least {at_least:,} are needed",
            remedy="look at what the stages before it removed, and at the scan itself",
        )
    require_finite(points)


def require_faces(mesh: Mesh) -> None:
    """Raise StageError where a mesh has no triangles."""
    if not len(mesh.faces):
        raise StageError(
            "the mesh has no triangles",
            remedy="look at what the stages before it removed, and at the scan itself",
        )
