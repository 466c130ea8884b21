"""Texture coordinates for a surface without any."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.unwrap import COARSE_FACES, unwrapped
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh"], makes=["mesh.uv", "atlas", "painted?"], drops=["textures"], cost=6.0)
def unwrap_uv(
    relic: Relic,
    *,
    gaps: Annotated[
        int,
        Field(ge=64, le=2048, description="Charts lie this share of the picture's width apart."),
    ] = 1024,
    coarse_face_count: Annotated[
        int, Field(ge=100, description="Triangles of the copy that charts are cut on.")
    ] = COARSE_FACES,
) -> Relic:
    """Cut the surface into charts that lie flat, side by side, in one square picture.

    Parts that face one way, more or less, flattened as rigidly as possible (Liu et al. 2008),
    all at one scale. A scan whose own picture shows all of it keeps its texture coordinates;
    one with several pictures, or repeated ones, is laid out anew, to be painted from them.
    """
    mesh = relic.the_mesh()
    found = unwrapped(mesh, gaps=gaps, coarse_faces=coarse_face_count)
    shows = mesh.textured or any(m.base_color[:3] != (1.0, 1.0, 1.0) for m in mesh.materials)
    painted = mesh if shows else relic.painted
    return replace(relic, mesh=found.mesh, painted=painted).noting(
        charts=found.charts, used_share=float(f"{found.used_share:.4g}")
    )
