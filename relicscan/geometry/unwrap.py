"""Texture coordinates for a surface that has none.

Four steps: charts are cut on a decimated copy, where noise is no reason to cut
(`geometry.charts`), flattened (`geometry.flatten`), cut again where that fails or leaves holes
(`geometry.flat_charts`) and packed (`geometry.packing`); the fine surface takes from the copy
which chart it is on and the coordinates there (`transfer.texture_coordinates`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from relicscan.errors import StageError
from relicscan.geometry.checks import require_faces, require_plausible
from relicscan.geometry.decimation import decimate
from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.flat_charts import flat_charts
from relicscan.geometry.flatten import signed_areas
from relicscan.geometry.packing import packed
from relicscan.geometry.topology import duplicate_faces, face_areas, without_unreferenced
from relicscan.geometry.transfer import texture_coordinates
from relicscan.relic import Mesh

#: Triangles that charts are cut on, at the most.
COARSE_FACES = 20_000

#: Where the copy has less than this share of the triangles, its charts' borders cut across them;
#: else they follow edges: a fine face over a border is cut short in the picture.
_MUCH_COARSER = 0.5


class Unwrapped(NamedTuple):
    """The mesh with `corner_uv`, how many charts it has, and their share of the picture."""

    mesh: Mesh
    charts: int
    used_share: float


def unwrapped(mesh: Mesh, *, gaps: int = 512, coarse_faces: int = COARSE_FACES) -> Unwrapped:
    """Give a mesh texture coordinates in 0..1, no two places of the surface in one.

    Charts lie at least a `gaps`-th of the picture's width apart. Colours stay; what texture
    the mesh had goes. Raises StageError where there is no surface to unwrap.
    """
    require_faces(mesh)
    require_plausible(mesh.vertices)
    bare = Mesh(mesh.vertices, mesh.faces)
    coarse = without_degenerate(decimate(bare, coarse_faces))
    coarse = without_unreferenced(coarse.take_faces(~duplicate_faces(coarse.faces)))
    solid = face_areas(coarse) > 0
    if not solid.any():
        raise StageError(
            "nothing is left of the surface to unwrap",
            remedy="look at the mesh: it may be loose triangles without area",
        )
    coarse = without_unreferenced(coarse.take_faces(solid))
    along_edges = len(coarse.faces) > _MUCH_COARSER * len(mesh.faces)
    coarse, flat, label = flat_charts(coarse, along_edges=along_edges)
    fine = texture_coordinates(bare, replace(coarse, corner_uv=packed(flat, label, gaps)))
    assert fine.corner_uv is not None
    inside = np.clip(fine.corner_uv, 0, 1)  # rounding may lead out by the last digit
    unwrapped = replace(mesh, corner_uv=inside, face_material=None, materials=())
    used = float(np.abs(signed_areas(inside.astype(np.float64))).sum())
    return Unwrapped(unwrapped, int(label.max()) + 1, used)
