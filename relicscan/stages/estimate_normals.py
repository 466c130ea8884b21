"""Which way the surface faces at each point."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.geometry.frames import axis
from relicscan.geometry.normals import fit_planes
from relicscan.geometry.orientation import OPEN_SHEET, orient_consistently, orient_towards
from relicscan.relic import Relic
from relicscan.stage import stage

#: See `relicscan.geometry.normals.Planes`.
MOST_UNCLEAR = 0.5


@stage(needs=["cloud"], makes=["cloud.normals"], cost=1.6)
def estimate_normals(
    relic: Relic,
    *,
    neighbours: Annotated[
        int, Field(ge=3, le=200, description="Nearest points that each local plane is fitted to.")
    ] = 14,
) -> Relic:
    """Fit local planes, then make all normals face outwards (Hoppe et al. 1992).

    Where the scanner's position is known normals face it; elsewhere their signs are
    carried over the surface along a minimum spanning tree. Few neighbours keep the two
    sides of a thin wall apart: on walls twice as thick as the points are apart, 24
    neighbours gave 78 % of the normals right, 14 gave 95 %.
    """
    cloud = relic.the_cloud()
    planes = fit_planes(cloud.points, neighbours)
    seen_from = None if cloud.viewpoints is None else cloud.viewpoints.astype(np.float64)
    known = 0 if seen_from is None else int(np.isfinite(seen_from).all(axis=1).sum())
    if seen_from is not None and known == len(cloud):
        normals = orient_towards(cloud.points, planes.normals, seen_from)
        return replace(relic, cloud=replace(cloud, normals=normals)).noting(
            oriented_by="the scanner's positions"
        )
    declared = relic.metadata.get("scan", {}).get("front")
    front = axis(declared) if declared else None
    oriented = orient_consistently(
        cloud.points,
        planes,
        facing=front,
        seen_from=seen_from if known else None,
    )
    relic = replace(relic, cloud=replace(cloud, normals=oriented.normals)).noting(
        oriented_by="the scanner's positions where known, and a walk over the surface"
        if known
        else "a walk over the surface",
        outside_sureness=oriented.sureness,
    )
    relic = relic.noting(unclear_share=planes.unclear_share)
    if planes.unclear_share > MOST_UNCLEAR:
        relic = relic.warning(
            f"{planes.unclear_share:.0%} of the points do not lie on one surface with their "
            "neighbours, so inside and outside may be mixed up: the scan is noisy (raise "
            "voxel_downsample.voxel_size_spacings), or walls are thinner than two point spacings "
            "(scan more densely, or export the scanner's positions as E57 or PTX have them)"
        )
    if oriented.sureness < OPEN_SHEET and front is None:
        relic = relic.warning(
            "the scan is an open sheet whose outside cannot be told from its shape; if the model "
            'comes out inside out, write front = "…" under [scan] in relic.toml'
        )
    return relic
