"""Which way is up, when neither relic.toml nor the format says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.frames import axis, find_support, upright
from relicscan.geometry.neighbours import point_spacing
from relicscan.relic import UNDECIDED, Relic
from relicscan.stage import stage


@stage(needs=["geometry"], makes=["geometry"], cost=0.3)
def set_upright(
    relic: Relic,
    *,
    tolerance_spacings: Annotated[
        float,
        Field(gt=0, description="How far from a plane a point lies on it, in spacings."),
    ] = 2.0,
) -> Relic:
    """Decide what is up: what was declared, else the plane the relic stood on, else assume.

    The plane is searched with RANSAC (Fischler & Bolles 1981). Without one, +Y is
    assumed for meshes and +Z for clouds, with a warning.
    """
    frame = relic.frame
    declared = relic.metadata.get("scan", {}).get("front")
    front = axis(declared) if declared else None
    if frame.up_basis != UNDECIDED:
        return relic
    points = relic.cloud.points if relic.cloud is not None else relic.the_mesh().vertices
    plane = None
    if relic.cloud is not None:
        plane = find_support(points, tolerance_spacings * point_spacing(points), relic.seed)
    if plane is not None:
        up = " ".join(f"{x:.4f}" for x in plane.normal)
        rotation = upright(plane.normal, front)
        basis = f"the plane it stood on ({plane.share:.0%} of the points lie on it)"
        return replace(
            relic, frame=replace(frame, up=up, up_basis=basis, R_model_work=rotation)
        ).noting(support_plane_point_share=plane.share)
    assumed = "+Z" if relic.cloud is not None else "+Y"
    return replace(
        relic,
        frame=replace(
            frame, up=assumed, up_basis="assumed", R_model_work=upright(axis(assumed), front)
        ),
    ).warning(
        f"nothing says which way is up: {assumed} was assumed. "
        'Write up = "+Y" (or another axis) under [scan] in relic.toml'
    )
