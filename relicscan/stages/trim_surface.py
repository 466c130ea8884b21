"""What was not scanned is not delivered as if it had been."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.errors import StageError
from relicscan.geometry.rims import cut_to_scan
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(
    needs=["mesh", "cloud"],
    makes=["mesh"],
    drops=["mesh.normals", "mesh.colors", "mesh.uv", "textures"],
    cost=1.0,
)
def trim_surface(
    relic: Relic,
    *,
    rim_gap_spacings: Annotated[
        float,
        Field(gt=0, description="Surface farther than this from any point was not scanned."),
    ] = 2.0,
) -> Relic:
    """Cut the surface back to where it was scanned; keep real rims.

    Distances are in multiples of the local point spacing, so dense parts are cut as
    closely as they were scanned. Which of the gaps are closed is for `fill_holes` to say.
    """
    trimmed, cut = cut_to_scan(relic.the_mesh(), relic.the_cloud(), rim_gap_spacings)
    if not len(trimmed.faces):
        raise StageError(
            "no part of the surface lies near the points",
            remedy="raise trim_surface.rim_gap_spacings, or look at the scan: it may be only noise",
        )
    return replace(relic, mesh=trimmed).noting(cut_area_share=cut)
