"""What the scan's surface looks like, as pictures on the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan import threads
from relicscan.formats.images import pixels_of, png_of
from relicscan.geometry.bake import Texels, colors_from_pictures, picture, texels_of
from relicscan.geometry.occlusion import ambient_occlusion
from relicscan.geometry.sampling import texel_density
from relicscan.geometry.topology import vertex_normals
from relicscan.geometry.transfer import colors_from_cloud
from relicscan.relic import ByteArray, Material, Mesh, Relic, Texture
from relicscan.stage import stage

#: Texels for each point of the scan: two along the way from one to the next would be four, and
#: the colours of neighbouring points are far from independent.
TEXELS_PER_POINT = 2

#: Charts of `unwrap_uv` lie a 512th apart, by default: in a smaller picture they would touch, and
#: what is lost where they do costs more than the few kilobytes of a picture with little in it.
LEAST_SIDE = 512

#: Ambient occlusion has no fine detail: its picture is so many times smaller.
OCCLUSION_REDUCED = 4


@stage(needs=["mesh", "atlas"], makes=["textures"], drops=["painted"], cost=8.0)
def bake_textures(
    relic: Relic,
    *,
    max_side: Annotated[
        int,
        Field(
            ge=64,
            le=8192,
            description="Texels along each side of the picture at most: a power of two, "
            "as fine as the scan is.",
        ),
    ] = 4096,
    neighbours: Annotated[
        int, Field(ge=1, le=50, description="Nearest points whose colours are mixed.")
    ] = 4,
    occlusion_directions: Annotated[
        int,
        Field(
            ge=0,
            le=4096,
            description="Directions in which light may be blocked; 0 bakes no ambient occlusion.",
        ),
    ] = 128,
) -> Relic:
    """Paint each texel with what the scan shows there, and how much of the sky it sees.

    From the pictures and colours of a scanned mesh's materials, else from the nearest points,
    else from the colours of the vertices. Texels beside a chart take the colour of the nearest
    one on it, so seams do not show. Nothing is lost to image coding here: that is for each
    target.
    """
    mesh, painted = relic.the_mesh(), relic.painted
    side = _side_of(relic, max_side)
    texels = texels_of(mesh, side)

    def painted_picture() -> tuple[Texture | None, bool]:
        colors = _colors(relic, texels, neighbours)
        plain = colors is None and not occlusion_directions
        if plain:
            colors = np.full((len(texels.row), 3), 255, dtype=np.uint8)
        found = None if colors is None else png_of(picture(texels, colors, side), "base-color")
        return found, plain

    def shadows() -> Texture | None:
        return _occlusion(mesh, side, occlusion_directions) if occlusion_directions else None

    (base_color, plain), occlusion = threads.both(painted_picture, shadows)
    if plain:
        relic = relic.warning(
            "the scan has no colours and occlusion_directions is 0: its picture is plain white"
        )
    material = Material("baked", texture=base_color, occlusion=occlusion)
    baked = replace(mesh, materials=(material,), face_material=None)
    relic = replace(relic, mesh=baked, painted=None).noting(
        texels=len(texels.row), texture_side=side
    )
    if painted is not None and any(m.normal for m in painted.materials):
        relic = relic.warning(
            "the scan's normal maps were not carried into the new picture: its relief is that "
            "of the mesh alone"
        )
    return relic


def _side_of(relic: Relic, max_side: int) -> int:
    """The power of two that holds what the scan's pictures or points have to show."""
    mesh = relic.the_mesh()
    shown = texel_density(np.asarray(mesh.corner_uv), mesh.vertices[mesh.faces])
    if relic.painted is not None:
        wanted = _texels_of_pictures(relic.painted) / max(shown, 1e-300)
    else:
        points = len(mesh.vertices) if relic.cloud is None else len(relic.cloud)
        used = shown * _surface(mesh)
        wanted = TEXELS_PER_POINT * points / max(used, 1e-3)
    side = min(LEAST_SIDE, 1 << (max_side.bit_length() - 1))
    while side * side < wanted and 2 * side <= max_side:
        side *= 2
    return side


def _surface(mesh: Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _texels_of_pictures(painted: Mesh) -> float:
    """Texels that a unit of the painted surface has where its pictures are finest."""
    finest = 0.0
    for number, material in enumerate(painted.materials):
        if material.texture is None or painted.corner_uv is None:
            continue
        here = np.arange(len(painted.faces))
        if painted.face_material is not None:
            here = np.flatnonzero(painted.face_material == number)
        density = texel_density(painted.corner_uv[here], painted.vertices[painted.faces[here]])
        finest = max(finest, density * material.texture.width * material.texture.height)
    return finest


def _colors(relic: Relic, texels: Texels, neighbours: int) -> ByteArray | None:
    """Colours (q, 3) uint8 sRGB of texels, None where the scan has none."""
    mesh, cloud, painted = relic.the_mesh(), relic.cloud, relic.painted
    if painted is not None:
        pictures = [None if m.texture is None else pixels_of(m.texture) for m in painted.materials]
        same = np.array_equal(mesh.faces, painted.faces)
        same = same and np.array_equal(mesh.vertices, painted.vertices)
        known = (texels.face, texels.weights) if same else None
        return colors_from_pictures(texels.place, painted, pictures, known)
    if cloud is not None and cloud.colors is not None:
        normals = texels.mixed(mesh, vertex_normals(mesh.vertices, mesh.faces))
        return colors_from_cloud(texels.place, cloud, neighbours, normals.astype(np.float32))
    if mesh.colors is not None:
        alone = replace(mesh, materials=(Material(),))
        known = (texels.face, texels.weights)
        return colors_from_pictures(texels.place, alone, [None], known)
    return None


def _occlusion(mesh: Mesh, side: int, directions: int) -> Texture:
    side = max(64, side // OCCLUSION_REDUCED)
    texels = texels_of(mesh, side)
    seen = texels.mixed(mesh, ambient_occlusion(mesh, directions)[:, None])
    drawn = picture(texels, np.rint(255 * np.clip(seen, 0, 1)).astype(np.uint8), side)
    return png_of(drawn, "occlusion")
