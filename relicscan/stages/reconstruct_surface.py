"""A surface through the points."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.checks import breadth, require_plausible
from relicscan.geometry.surfacing import surface_through
from relicscan.relic import Relic
from relicscan.stage import stage

MIN_POINTS = 50
_REMEDY = "scan again, or check with `relicscan inspect` what the file holds"


@stage(needs=["cloud", "cloud.normals"], makes=["mesh"], cost=4.0)
def reconstruct_surface(
    relic: Relic,
    *,
    cell_size_mm: Annotated[
        float | None,
        Field(gt=0, description="Side of a grid cell; by default it follows the scan's spacing."),
    ] = None,
    cell_size_spacings: Annotated[
        float,
        Field(
            ge=0.5,
            le=8,
            description="Side of a grid cell in point spacings, where no size is given.",
        ),
    ] = 1.5,
    rim_gap_spacings: Annotated[
        float,
        Field(
            ge=1,
            le=3,
            description="Surface farther than this from any point was not scanned, and is cut.",
        ),
    ] = 2.0,
) -> Relic:
    """Lay a surface through the points, where there are points (moving least squares).

    A grid of cells decides what is connected to what, the nearest points where the
    surface lies (Guennebaud & Gross 2007). It ends where the scan ends, so dense parts end
    as sharply as they were scanned; which gaps are closed is for `fill_holes` to say.
    """
    cloud = relic.the_cloud()
    assert cloud.normals is not None
    oriented = cloud.take(np.linalg.norm(cloud.normals, axis=1) > 0.5)
    if len(oriented) < MIN_POINTS:
        raise ScanError(
            f"{len(oriented):,} points with a normal are too few for a surface", remedy=_REMEDY
        )
    require_plausible(oriented.points)
    if breadth(oriented.points) < 1e-6:
        raise ScanError("all points lie in one place or on one line", remedy=_REMEDY)
    assert oriented.normals is not None
    made = surface_through(
        oriented.points,
        oriented.normals,
        cell_size_spacings=cell_size_spacings,
        rim_gap_spacings=rim_gap_spacings,
        cell_size=cell_size_mm,
    )
    if not len(made.mesh.faces):
        raise ScanError("the points are too far apart for a surface", remedy=_REMEDY)
    return replace(relic, mesh=made.mesh).noting(
        cell_size_mm=made.cell_size,
        point_spacing_mm=made.spacing,
        cut_area_share=made.cut_share,
    )
