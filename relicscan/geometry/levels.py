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
    return with_attributes(
        bare(mesh, target_face_count, max_deviation_mm=max_deviation_mm), attributes
    )


def bare(mesh: Mesh, target_face_count: int, *, max_deviation_mm: float | None = None) -> Mesh:
    """The positions and faces of `decimated` alone."""
    found = without_degenerate(decimate(mesh, target_face_count, max_deviation_mm=max_deviation_mm))
    found = without_unreferenced(found.take_faces(~duplicate_faces(found.faces)))
    if not len(found.faces):
        raise StageError(
            f"nothing is left of the surface at {target_face_count:,} triangles",
            remedy="raise the ceiling, or look at the mesh: it may be loose triangles",
        )
    return found


def with_attributes(mesh: Mesh, attributes: Mesh | Source) -> Mesh:
    """What `bare` made, with texture coordinates, colours and normals of the full surface."""
    attributes = Source.of(attributes)
    if attributes.mesh.corner_uv is not None:
        mesh = texture_coordinates(mesh, attributes)
    return dressed(mesh, attributes)
