"""The scan's colours on the surface made from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.transfer import colors_from_cloud
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh", "cloud", "cloud.colors"], makes=["mesh.colors"], cost=0.7)
def transfer_colors(
    relic: Relic,
    *,
    neighbours: Annotated[
        int, Field(ge=1, le=50, description="Nearest points whose colours are mixed.")
    ] = 4,
) -> Relic:
    """Give each vertex the colour of the nearest points, weighted by inverse squared distance."""
    mesh = relic.the_mesh()
    colors = colors_from_cloud(mesh.vertices, relic.the_cloud(), neighbours)
    return replace(relic, mesh=replace(mesh, colors=colors))
