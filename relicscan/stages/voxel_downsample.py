"""As many points as the surface needs, evenly."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.errors import StageError
from relicscan.geometry import voxels
from relicscan.geometry.neighbours import point_spacing
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["cloud"], makes=["cloud"], cost=0.6)
def voxel_downsample(
    relic: Relic,
    *,
    voxel_size_mm: Annotated[
        float | None,
        Field(gt=0, description="Side of a voxel; by default it follows the scan's own spacing."),
    ] = None,
    voxel_size_spacings: Annotated[
        float, Field(gt=0, description="Side of a voxel in point spacings, where no size is given.")
    ] = 0.6,
    max_points: Annotated[
        int | None,
        Field(ge=1000, description="Coarsen further until no more points than this are left."),
    ] = None,
) -> Relic:
    """Average the points in each cell of a grid a little finer than the scan is dense.

    Where scans overlap, points become one even layer; a single even scan keeps nearly
    all. At 1.0 spacings relief a few points wide is visibly softer (0.0394 against
    0.0382 mm RMS on a bust of a million points).
    """
    cloud = relic.the_cloud()
    size = voxel_size_mm or voxel_size_spacings * point_spacing(cloud.points)
    if size <= 0:
        raise StageError(
            "the points have no extent", remedy="check the export: all points may be the same"
        )
    thinned = voxels.voxel_downsample(cloud, size)
    while max_points is not None and len(thinned) > max_points:
        size *= max(1.05, (len(thinned) / max_points) ** 0.5)
        thinned = voxels.voxel_downsample(cloud, size)
    return replace(relic, cloud=thinned).noting(voxel_size_mm=size)
