"""A mesh without what breaks the tools that follow."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.checks import plausible
from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.manifold import made_manifold
from relicscan.geometry.topology import boundary_edge_count, welded, without_unreferenced
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh"], makes=["mesh"], drops=["mesh.normals"], cost=1.0)
def clean_mesh(
    relic: Relic,
    *,
    max_invalid_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Reject a mesh of whose vertices a larger share is not a number.",
        ),
    ] = 0.01,
) -> Relic:
    """Weld vertices at the same place, remove broken faces, and make the mesh a manifold.

    Faces that are degenerate, double or not finite go. Where over two faces share an edge,
    or fans touch in a vertex, the surface is cut apart without moving; all faces of a part are
    turned to one side; slivers that have no direction are mended (see
    `relicscan.geometry.manifold`). Texture coordinates and materials are kept.
    """
    mesh = relic.the_mesh()
    finite = plausible(mesh.vertices)
    invalid = int((~finite).sum())
    if invalid > max_invalid_share * len(finite):
        raise ScanError(
            f"{invalid:,} of {len(finite):,} vertices are not numbers (NaN or infinite)",
            remedy="export the mesh again; if this many may be lost, raise "
            "clean_mesh.max_invalid_share",
        )
    faces_before = len(mesh.faces)
    mesh = mesh.take_faces(np.asarray(finite[mesh.faces].all(axis=1))) if invalid else mesh
    mesh = welded(without_unreferenced(mesh))
    mesh, mended = made_manifold(without_unreferenced(without_degenerate(mesh)))
    if not len(mesh.faces):
        raise ScanError(
            "no triangle of the mesh has an area",
            remedy="export the mesh again, or scan again",
        )
    relief = any(material.normal for material in mesh.materials)  # it belongs to these normals
    mesh = mesh if relief else replace(mesh, normals=None)
    cleaned = replace(relic, mesh=mesh).noting(
        invalid_vertices=invalid,
        faces_removed=faces_before - len(mesh.faces),
        boundary_edges=boundary_edge_count(mesh.faces),
        **asdict(mended),
    )
    if invalid:
        cleaned = cleaned.warning(
            f"{invalid:,} vertices were not numbers and were left out with their triangles: "
            "look for holes"
        )
    if mended.nonorientable_parts:
        cleaned = cleaned.warning(
            f"{mended.nonorientable_parts:,} parts of the surface had one side only, like a Möbius "
            "strip, and were cut across: look at how the mesh was made"
        )
    return cleaned
