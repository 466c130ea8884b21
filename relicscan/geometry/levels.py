"""Decimation that keeps what lies on the surface: the one road to a level of detail."""

from __future__ import annotations

from relicscan.errors import StageError
from relicscan.geometry.decimation import decimate
from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.topology import duplicate_faces, without_unreferenced
from relicscan.geometry.transfer import Source, dressed, texture_coordinates
from relicscan.relic import Mesh


def decimated(
    mesh: Mesh,
    target_face_count: int,
    *,
    attributes: Mesh | Source,
    max_deviation_mm: float | None = None,
) -> Mesh:
    """`mesh` at no more than `target_face_count` triangles, dressed from `attributes`.

    `attributes` is the full surface (a `Source`, where several levels are made from it), so
    what is on a coarse level is not that of the next finer one, copied over and over. What
    `max_deviation_mm` promises, and when the ceiling cannot be kept: see
    `relicscan.geometry.decimation`. Raises StageError where no triangle would be left.
    """
    if len(mesh.faces) <= target_face_count:
        return mesh
    bare = decimate(mesh, target_face_count, max_deviation_mm=max_deviation_mm)
    bare = without_degenerate(bare)
    bare = without_unreferenced(bare.take_faces(~duplicate_faces(bare.faces)))
    if not len(bare.faces):
        raise StageError(
            f"nothing is left of the surface at {target_face_count:,} triangles",
            remedy="raise the ceiling, or look at the mesh: it may be loose triangles",
        )
    attributes = Source.of(attributes)
    if attributes.mesh.corner_uv is not None:
        bare = texture_coordinates(bare, attributes)
    return dressed(bare, attributes)
