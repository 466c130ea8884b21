"""Texture coordinates for a surface that has none.

Four steps: charts are cut on a decimated copy, where noise is no reason to cut
(`geometry.charts`), flattened (`geometry.flatten`) and packed (`geometry.packing`); the fine
surface takes from the copy which chart it is on and the coordinates there
(`transfer.texture_coordinates`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import StageError
from relicscan.geometry.charts import charts, faces_across, parts_of
from relicscan.geometry.checks import require_faces, require_plausible
from relicscan.geometry.decimation import decimate
from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.flatten import flattened, signed_areas
from relicscan.geometry.packing import packed
from relicscan.geometry.topology import duplicate_faces, face_areas, without_unreferenced
from relicscan.geometry.transfer import texture_coordinates
from relicscan.relic import FloatArray, Mesh

#: Triangles that charts are cut on, at the most.
COARSE_FACES = 20_000

#: A triangle that is turned over, or has less than this share of its area, was folded: it and
#: those around it become a chart of their own, in so many rounds.
_FOLDED, _ROUNDS = 0.02, 4

#: Cells of a chart's longer side when it is looked for places where it lies over itself.
_LOOKED_AT = 400


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
    places, wedge, label = _cut(coarse)
    laid_out = packed(places, wedge, label, gaps)
    fine = texture_coordinates(bare, replace(coarse, corner_uv=laid_out.places[wedge]))
    assert fine.corner_uv is not None
    inside = np.clip(fine.corner_uv, 0, 1)  # rounding may lead out by the last digit
    unwrapped = replace(mesh, corner_uv=inside, face_material=None, materials=())
    return Unwrapped(unwrapped, int(label.max()) + 1, laid_out.used_share)


def _cut(mesh: Mesh) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int32]]:
    """Flat places (w, 2), the wedge (m, 3) at each corner, and the chart (m,) of each face."""
    label = charts(mesh)
    near = faces_across(mesh.faces)
    area = face_areas(mesh)
    places, wedge = flattened(mesh.vertices, mesh.faces, label)
    for _ in range(_ROUNDS):
        split = label.copy()
        folded = signed_areas(places[wedge]) < _FOLDED * area
        across = near[folded]
        folded[across[across >= 0]] = True
        split[folded] += int(label.max()) + 1
        for chart in np.unique(label):
            which = np.flatnonzero(label == chart)
            if len(which) > 1 and _lies_over_itself(places[wedge[which]]):
                split[which] += _halves(places[wedge[which]]) * (2 * int(label.max()) + 2)
        split = parts_of(split, near)
        if split.max() == label.max():
            break
        label = split
        places, wedge = flattened(mesh.vertices, mesh.faces, label)
    return places, wedge, label


def _lies_over_itself(triangles: FloatArray) -> bool:
    """Whether two triangles (m, 3, 2) of a flat chart cover one place, on a grid of places."""
    from relicscan.geometry.kernels.packing import covered

    low, high = triangles.reshape(-1, 2).min(axis=0), triangles.reshape(-1, 2).max(axis=0)
    scale = _LOOKED_AT / max(float((high - low).max()), 1e-300)
    width, height = (int(v) + 1 for v in np.ceil((high - low) * scale))
    count = np.zeros((height, width), dtype=np.int32)
    covered((triangles - low) * scale, count)
    return bool((count > 1).sum() > 2)


def _halves(triangles: FloatArray) -> NDArray[np.int32]:
    """0 or 1 (m,) for the triangles (m, 3, 2) to either side of the middle of the longest way."""
    centre = triangles.mean(axis=1)
    off = centre - np.median(centre, axis=0)
    along = off @ np.linalg.eigh(off.T @ off)[1][:, 1]
    return np.asarray(along > np.median(along), dtype=np.int32)
