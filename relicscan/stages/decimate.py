"""Fewer triangles for nearly the same surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.levels import decimated
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["mesh"], makes=["mesh"], drops=["mesh.normals"], cost=4.0)
def decimate(
    relic: Relic,
    *,
    target_face_count: Annotated[
        int, Field(ge=4, description="Stop at this many triangles.")
    ] = 1_000_000,
) -> Relic:
    """Collapse edges in order of quadric error (Garland & Heckbert 1997).

    Colours and texture coordinates are carried over. A mesh that is small enough
    stays as it is.
    """
    mesh = relic.the_mesh()
    fewer = decimated(mesh, target_face_count, attributes=mesh)
    return replace(relic, mesh=replace(fewer, normals=None))
