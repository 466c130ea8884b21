"""Crumbs around the relic."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.geometry.checks import require_faces, require_plausible
from relicscan.geometry.topology import face_areas, face_components, without_unreferenced
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh"], makes=["mesh"], cost=0.3)
def remove_small_components(
    relic: Relic,
    *,
    min_area_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Remove connected parts smaller than this share of the largest part.",
        ),
    ] = 0.005,
) -> Relic:
    """Remove connected parts of the surface that are small beside the largest one."""
    mesh = relic.the_mesh()
    require_faces(mesh)
    require_plausible(mesh.vertices)
    part = face_components(mesh.faces)
    area = np.bincount(part, face_areas(mesh))
    keep = area >= min_area_share * area.max()
    removed = float(area[~keep].sum() / area.sum()) if area.sum() else 0.0
    if not keep.all():
        mesh = without_unreferenced(mesh.take_faces(keep[part]))
    return replace(relic, mesh=mesh).noting(
        components=len(area),
        components_removed=int((~keep).sum()),
        removed_area_share=removed,
    )
