"""Stray points around the surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.outliers import local_outliers
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["cloud"], makes=["cloud"], cost=2.3)
def remove_outliers(
    relic: Relic,
    *,
    neighbours: Annotated[
        int, Field(ge=4, le=100, description="Nearest points that each point is judged by.")
    ] = 16,
    ratio: Annotated[
        float,
        Field(gt=1, description="Remove a point that is this many times lonelier than they are."),
    ] = 2.0,
) -> Relic:
    """Remove points that are on no surface: lonely ones, scattered ones, hovering ones.

    Lonely: much farther from their neighbours than these from theirs (the local outlier
    factor, Breunig et al. 2000, in its simplest form), so what was scanned sparsely is
    spared. Scattered: sparse, with neighbours on all sides. Hovering: above a plane of
    neighbours, with none at their height.
    """
    cloud = relic.the_cloud()
    outliers = local_outliers(cloud.points, neighbours, ratio)
    return replace(relic, cloud=cloud.take(~outliers)).noting(outliers=int(outliers.sum()))
