"""Texture coordinates for a surface that has none.

Four steps: charts are cut on a decimated copy, where noise is no reason to cut
(`geometry.charts`), flattened (`geometry.flatten`), cut again where that fails or leaves holes
(`geometry.flat_charts`) and packed (`geometry.packing`); the fine surface takes from the copy
which chart it is on and the coordinates there (`transfer.texture_coordinates`). A surface that
is not much finer than such a copy would be is its own: its faces are cut where borders cross
them, which costs a quarter more of them. A low one keeps its faces: borders follow its edges.
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
from relicscan.geometry.seams import cut_along_seams
from relicscan.geometry.topology import duplicate_faces, face_areas, without_unreferenced
from relicscan.geometry.transfer import Source, dressed, texture_charts, texture_coordinates
from relicscan.relic import Mesh

#: Triangles that charts are cut on, at the most.
COARSE_FACES = 20_000

#: A surface of up to so many times `COARSE_FACES` is its own copy: faces over a border would be
#: cut short in the picture, and are the larger part of it the coarser they are.
_NOT_MUCH_FINER = 2.0

#: With fewer faces borders follow edges, for of a low surface each was meant, and so many rounds
#: of trials will do: its picture is small.
_FEW_FACES, _FEW_ROUNDS = 10_000, 1


class Unwrapped(NamedTuple):
    """The mesh with `corner_uv`, how many charts it lies in, and their share of the picture."""

    mesh: Mesh
    charts: int
    used_share: float


def unwrapped(mesh: Mesh, *, gaps: int = 1024, coarse_faces: int = COARSE_FACES) -> Unwrapped:
    """Give a mesh texture coordinates in 0..1, no two places of the surface in one.

    Charts lie at least a `gaps`-th of the picture's width apart. Colours stay; what texture
    the mesh had goes. Raises StageError where there is no surface to unwrap.
    """
    require_faces(mesh)
    require_plausible(mesh.vertices)
    surface = replace(mesh, corner_uv=None, face_material=None, materials=())
    bare = Mesh(mesh.vertices, mesh.faces)
    own = len(mesh.faces) <= _NOT_MUCH_FINER * coarse_faces
    coarse = without_degenerate(bare if own else decimate(bare, coarse_faces))
    coarse = without_unreferenced(coarse.take_faces(~duplicate_faces(coarse.faces)))
    solid = face_areas(coarse) > 0
    if not solid.any():
        raise StageError(
            "nothing is left of the surface to unwrap",
            remedy="look at the mesh: it may be loose triangles without area",
        )
    coarse = without_unreferenced(coarse.take_faces(solid))
    low = own and len(coarse.faces) < _FEW_FACES
    coarse, flat, label = flat_charts(coarse, along_edges=low)
    uv = packed(flat, label, gaps, _FEW_ROUNDS if low else None)
    laid = Source(replace(coarse, corner_uv=uv))
    if own and not low:
        surface = dressed(cut_along_seams(bare, laid), surface)
    fine = texture_coordinates(surface, laid)
    assert fine.corner_uv is not None
    inside = np.clip(fine.corner_uv, 0, 1)  # rounding may lead out by the last digit
    used = float(np.abs(signed_areas(inside.astype(np.float64))).sum())
    return Unwrapped(replace(fine, corner_uv=inside), int(texture_charts(fine).max()) + 1, used)
