"""A mesh without what breaks the tools that follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.checks import plausible
from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.topology import (
    boundary_edge_count,
    duplicate_faces,
    nonmanifold_edge_count,
    welded,
    without_unreferenced,
)
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
    """Weld vertices at the same place; remove faces that are degenerate, double or not finite."""
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
    mesh = without_degenerate(mesh)
    mesh = without_unreferenced(mesh.take_faces(~duplicate_faces(mesh.faces)))
    if not len(mesh.faces):
        raise ScanError(
            "no triangle of the mesh has an area",
            remedy="export the mesh again, or scan again",
        )
    cleaned = replace(relic, mesh=replace(mesh, normals=None)).noting(
        invalid_vertices=invalid,
        faces_removed=faces_before - len(mesh.faces),
        boundary_edges=boundary_edge_count(mesh.faces),
        nonmanifold_edges=nonmanifold_edge_count(mesh.faces),
    )
    if invalid:
        cleaned = cleaned.warning(
            f"{invalid:,} vertices were not numbers and were left out with their triangles: "
            "look for holes"
        )
    return cleaned
