"""The place on a mesh that is closest to one in space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import require_faces, require_plausible
from relicscan.relic import FloatArray, Mesh

if TYPE_CHECKING:
    from relicscan.geometry.kernels.triangles import TriangleTree


def triangle_tree(mesh: Mesh) -> TriangleTree:
    """What `closest` searches. Raises StageError without triangles or with absurd coordinates."""
    from relicscan.geometry.kernels import triangles

    require_faces(mesh)
    require_plausible(mesh.vertices)
    return triangles.build(mesh.vertices, mesh.faces)


def closest(
    index: TriangleTree, places: FloatArray
) -> tuple[FloatArray, NDArray[np.int32], FloatArray]:
    """Of the places on a mesh closest to places (q, 3): distance, face, corner weights (q, 3).

    Raises StageError on places that are not numbers.
    """
    from relicscan.geometry.kernels import triangles

    require_plausible(places)
    return triangles.closest(index, places)
