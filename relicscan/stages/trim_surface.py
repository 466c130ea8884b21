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
    cost=2.5,
)
def trim_surface(
    relic: Relic,
    *,
    rim_gap_spacings: Annotated[
        float,
        Field(gt=0, description="Surface farther than this from any point was not scanned."),
    ] = 2.0,
    fill_gap_spacings: Annotated[
        float,
        Field(ge=0, description="Gaps no deeper than this stay closed and count as filled."),
    ] = 6.0,
) -> Relic:
    """Cut the surface back to where it was scanned; keep real rims and close small gaps.

    Distances are in multiples of the local point spacing, so dense parts are cut as
    closely as they were scanned. The filled share is recorded: it was not measured.
    """
    trimmed, shares = cut_to_scan(
        relic.the_mesh(),
        relic.the_cloud(),
        rim_gap=rim_gap_spacings,
        fill_gap=max(rim_gap_spacings, fill_gap_spacings),
    )
    if not len(trimmed.faces):
        raise StageError(
            "no part of the surface lies near the points",
            remedy="raise trim_surface.rim_gap_spacings, or look at the scan: it may be only noise",
        )
    return replace(relic, mesh=trimmed).noting(**shares)
