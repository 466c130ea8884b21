"""The scan's colours as a picture on the surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.formats.images import jpeg_of
from relicscan.geometry.bake import picture, texels_of
from relicscan.geometry.transfer import colors_from_cloud
from relicscan.relic import Material, Relic
from relicscan.stage import stage


@stage(needs=["mesh", "mesh.uv", "cloud", "cloud.colors"], makes=["textures"], cost=8.0)
def bake_textures(
    relic: Relic,
    *,
    side: Annotated[
        int, Field(ge=64, le=8192, description="Texels along each side of the picture.")
    ] = 2048,
    quality: Annotated[int, Field(ge=1, le=100, description="Of the JPEG image.")] = 90,
    neighbours: Annotated[
        int, Field(ge=1, le=50, description="Nearest points whose colours are mixed.")
    ] = 4,
) -> Relic:
    """Paint each texel with the colour of the nearest points, as `transfer_colors` paints vertices.

    Texels beside a chart take the colour of the nearest one on it, so seams do not show.
    """
    mesh = relic.the_mesh()
    texels = texels_of(mesh, side)
    colors = colors_from_cloud(texels.place, relic.the_cloud(), neighbours)
    texture = jpeg_of(picture(texels, colors, side), "baked", quality)
    baked = replace(mesh, materials=(Material("baked", texture=texture),), face_material=None)
    return replace(relic, mesh=baked).noting(texels=len(colors), texture_bytes=len(texture.data))
