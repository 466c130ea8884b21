"""Gaps in the scan, closed where they are narrow and named where they are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.geometry import holes
from relicscan.geometry.checks import require_faces
from relicscan.geometry.neighbours import point_spacing
from relicscan.relic import Mesh, Relic
from relicscan.stage import stage

#: Edges that the median length is taken from, evenly over the mesh.
_SAMPLE = 100_000


@stage(needs=["mesh"], makes=["mesh"], cost=1.0)
def fill_holes(
    relic: Relic,
    *,
    fill_holes_up_to_mm: Annotated[
        float | None,
        Field(ge=0, description="Widest hole to close; by default it follows the spacing."),
    ] = None,
    fill_holes_up_to_spacings: Annotated[
        float,
        Field(ge=0, description="Widest hole to close in spacings, where no width is given."),
    ] = 12.0,
) -> Relic:
    """Close holes up to a width, and flag every vertex that is made up by it.

    A hole is as wide as the largest ball-like gap in it: a slit of 30 x 1 mm is 1 mm wide. The
    patch goes on smoothly from the surface around it (Liepa 2003). Wider openings stay, as do
    holes with an island in them. The spacing is the cloud's, or else the median edge of the mesh.
    """
    mesh = relic.the_mesh()
    require_faces(mesh)
    up_to = fill_holes_up_to_mm
    if up_to is None:
        spacing = point_spacing(relic.cloud.points) if relic.cloud else _median_edge(mesh)
        up_to = fill_holes_up_to_spacings * spacing
    after, filled = holes.fill_holes(mesh, up_to)
    return replace(relic, mesh=after).noting(
        fill_holes_up_to_mm=up_to,
        holes_filled=filled.count,
        filled_area_mm2=filled.area,
        filled_area_share=filled.area_share,
        holes_left_open=filled.left_open,
        widest_opening_mm=filled.widest,
    )


def _median_edge(mesh: Mesh) -> float:
    """The median length of the mesh's edges."""
    faces = mesh.faces[:: max(1, 3 * len(mesh.faces) // _SAMPLE)]
    ends = mesh.vertices[faces]
    return float(np.median(np.linalg.norm(ends - np.roll(ends, 1, axis=1), axis=2)))
