"""Texture coordinates for a surface without any."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.unwrap import COARSE_FACES, unwrapped
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh"], makes=["mesh.uv"], cost=6.0)
def unwrap_uv(
    relic: Relic,
    *,
    gaps: Annotated[
        int,
        Field(ge=64, le=2048, description="Charts lie this share of the picture's width apart."),
    ] = 512,
    coarse_face_count: Annotated[
        int, Field(ge=100, description="Triangles of the copy that charts are cut on.")
    ] = COARSE_FACES,
) -> Relic:
    """Cut the surface into charts that lie flat, side by side, in one square picture.

    Parts that face one way, more or less, flattened as rigidly as possible (Liu et al. 2008),
    all at one scale. A surface that has texture coordinates keeps them.
    """
    found = unwrapped(relic.the_mesh(), gaps=gaps, coarse_faces=coarse_face_count)
    return replace(relic, mesh=found.mesh).noting(
        charts=found.charts, used_share=float(f"{found.used_share:.4g}")
    )
