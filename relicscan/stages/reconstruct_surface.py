"""A surface through the points."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.neighbours import point_spacing
from relicscan.geometry.poisson import octree_depth, poisson_surface
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["cloud", "cloud.normals"], makes=["mesh"], cost=12.0)
def reconstruct_surface(
    relic: Relic,
    *,
    max_depth: Annotated[
        int,
        Field(ge=4, le=12, description="Deepest octree level: each one more takes 4 times longer."),
    ] = 9,
    point_weight: Annotated[
        float, Field(ge=0, le=16, description="How closely the surface follows the points.")
    ] = 4.0,
) -> Relic:
    """Reconstruct a closed surface by screened Poisson (Kazhdan & Hoppe 2013).

    The octree is as deep as the point spacing asks for, up to `max_depth`. What the
    method closes without having seen it is left to `trim_surface` to cut.
    """
    cloud = relic.the_cloud()
    spacing = point_spacing(cloud.points)
    depth = octree_depth(cloud.points, spacing, max_depth)
    mesh = poisson_surface(cloud, depth, point_weight)
    return replace(relic, mesh=mesh).noting(octree_depth=depth, point_spacing_mm=spacing)
