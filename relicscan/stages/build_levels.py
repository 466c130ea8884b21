"""Levels of detail for browsers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan import threads
from relicscan.geometry.checks import require_faces
from relicscan.geometry.levels import bare, with_attributes
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
    full, surfaces = Source(mesh), [mesh]
    ordered = sorted(ceilings.items(), key=lambda item: -item[1])
    for _, ceiling in ordered:
        finer = surfaces[-1]
        surfaces.append(finer if len(finer.faces) <= ceiling else bare(finer, ceiling))
    different = {id(surface): surface for surface in surfaces if surface is not mesh}
    dressed = threads.each(lambda surface: with_attributes(surface, full), list(different.values()))
    made = {id(mesh): mesh, **dict(zip(different, dressed, strict=True))}
    levels: list[Level] = []
    warnings: list[str] = []
    for (name, ceiling), surface in zip(ordered, surfaces[1:], strict=True):
        levels.append(Level(name, ceiling, made[id(surface)]))
        if len(surface.faces) > ceiling:
            warnings.append(
                f"level {name} has {len(surface.faces):,} triangles, over its ceiling of "
                f"{ceiling:,}: its surface folds or falls apart if more edges collapse"
            )
    return replace(relic, levels=tuple(reversed(levels))).warning(*warnings)
