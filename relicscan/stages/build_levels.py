"""Levels of detail for browsers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.checks import require_faces
from relicscan.geometry.levels import decimated
from relicscan.geometry.topology import vertex_normals
from relicscan.geometry.transfer import Source
from relicscan.relic import Level, Relic
from relicscan.stage import stage

LevelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Ceiling = Annotated[int, Field(ge=4)]

DEFAULT_CEILINGS = {"thumb": 20_000, "low": 40_000, "medium": 80_000, "high": 150_000}


@stage(needs=["mesh"], makes=["levels"], cost=8.5)
def build_levels(
    relic: Relic,
    *,
    ceilings: Annotated[
        dict[LevelName, Ceiling],
        Field(min_length=1, description="Triangles that each level may have at most, by name."),
    ] = DEFAULT_CEILINGS,
) -> Relic:
    """Decimate the surface to each level's ceiling, from the finest to the coarsest.

    Each level is decimated from the one above it and takes its colours, normals and texture
    coordinates from the full surface. A scan with fewer triangles keeps what it has.
    """
    mesh = relic.the_mesh()
    require_faces(mesh)
    if mesh.normals is None:
        mesh = replace(mesh, normals=vertex_normals(mesh.vertices, mesh.faces))
    finer, full = mesh, Source(mesh)
    levels: list[Level] = []
    warnings: list[str] = []
    for name, ceiling in sorted(ceilings.items(), key=lambda item: -item[1]):
        finer = decimated(finer, ceiling, attributes=full)
        levels.append(Level(name, ceiling, finer))
        if len(finer.faces) > ceiling:
            warnings.append(
                f"level {name} has {len(finer.faces):,} triangles, over its ceiling of "
                f"{ceiling:,}: its surface folds or falls apart if more edges collapse"
            )
    return replace(relic, levels=tuple(reversed(levels))).warning(*warnings)
