"""Fewer triangles for nearly the same surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.levels import decimated
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh"], makes=["mesh"], drops=["mesh.normals"], cost=2.5)
def decimate(
    relic: Relic,
    *,
    target_face_count: Annotated[
        int, Field(ge=4, description="Stop at this many triangles.")
    ] = 1_000_000,
    max_deviation_mm: Annotated[
        float | None,
        Field(gt=0, description="Stop sooner where the surface would move farther; none: never."),
    ] = None,
) -> Relic:
    """Collapse edges in order of quadric error (Garland & Heckbert 1997).

    Colours and texture coordinates are carried over. A mesh that is small enough
    stays as it is. How far the surface moved is measured both ways, on every vertex and
    face, where `max_deviation_mm` is given.
    """
    mesh = relic.the_mesh()
    fewer = decimated(mesh, target_face_count, attributes=mesh, max_deviation_mm=max_deviation_mm)
    warnings = []
    if len(fewer.faces) > target_face_count:
        reason = "its surface folds or falls apart if more edges collapse"
        if max_deviation_mm is not None:
            reason = f"it would move by more than {max_deviation_mm:g} mm, or fold"
        warnings.append(
            f"the mesh has {len(fewer.faces):,} triangles, over the {target_face_count:,} "
            f"asked for: {reason}"
        )
    return replace(relic, mesh=replace(fewer, normals=None)).warning(*warnings)
