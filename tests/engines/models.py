"""Models with known answers for a picture of them, and how they lie in it.

The camera of every page stands one metre in front of the origin (+Z) and sees ten degrees of
height: 175 mm at the origin.
"""

from __future__ import annotations

import io
from math import asin, pi, radians, sqrt, tan
from typing import Literal

import numpy as np

from relicscan.relic import Level, Material, Mesh, Relic, Texture
from tests.delivery.glb_shapes import sphere

FRAME_MM = 2 * 1000 * tan(radians(5))
RADIUS_MM = 50.0

#: Share of the picture that the sphere covers: seen in perspective, its outline is wider.
SPHERE_SHARE = pi * (1000 * tan(asin(RADIUS_MM / 1000)) / FRAME_MM) ** 2

#: sRGB, one for each quarter of the sphere as the camera sees it: top left, top right,
#: bottom left, bottom right. Far apart and none grey, so any swap shows.
PAINTS = np.array([(200, 30, 30), (40, 60, 190), (30, 140, 60), (220, 180, 40)], np.uint8)

Kind = Literal["jpeg", "png", "webp", "colours"]

#: Where the middles of the four reliefs stand, x and y in millimetres, and how wide each is.
CELLS_MM = {"dome": (-32, 32), "upright": (32, 32), "turned": (-32, -32), "mirrored": (32, -32)}
CELL_MM = 44.0
RELIEFS_SHARE = 4 * (CELL_MM / FRAME_MM) ** 2
#: How steep the domes are at their rim: 45 degrees.
DOME_SINE = sqrt(0.5)


def paints(turn: int) -> np.ndarray:
    """The four paints (4, 3), each moved on by `turn` quarters: no picture is like the last."""
    return np.roll(PAINTS, turn, axis=0)


def quartered_sphere(kind: Kind, turn: int = 0) -> Mesh:
    """A sphere of four paints, by a picture projected from the front or by vertex colours."""
    shape = sphere(RADIUS_MM, 32)
    if kind == "colours":
        right, low = shape.vertices[:, 0] > 0, shape.vertices[:, 1] < 0
        return Mesh(shape.vertices, shape.faces, colors=paints(turn)[right + 2 * low])
    uv = (shape.vertices[:, :2] * (1, -1) / RADIUS_MM + 1) / 2
    picture = np.repeat(np.repeat(paints(turn).reshape(2, 2, 3), 64, axis=0), 64, axis=1)
    return Mesh(
        shape.vertices,
        shape.faces,
        corner_uv=uv[shape.faces],
        materials=(Material("paint", texture=_texture(kind, picture)),),
    )


def sphere_relic(kind: Kind, turn: int) -> Relic:
    """The sphere as a relic of one level."""
    mesh = quartered_sphere(kind, turn)
    return Relic("sphere", mesh=mesh, levels=(Level("only", len(mesh.faces), mesh),))


def relief_relic() -> Relic:
    """Four domes on square plates; its level keeps one of them, and three are flat.

    So the level is only like the relic if it gets a normal map. Texture coordinates of the
    flat ones are upright, turned by a quarter, and mirrored: all four plates are lit alike
    only where tangents, their signs and both channels of the map are right.
    """
    solid, flat = _plates(set(CELLS_MM)), _plates({"dome"})
    return Relic("reliefs", mesh=solid, levels=(Level("flat", len(flat.faces), flat),))


def _plates(domed: set[str]) -> Mesh:
    """The plates, each with a quarter of one grey picture."""
    vertices, faces, uv, count = [], [], [], 0
    for number, (name, (left, top)) in enumerate(CELLS_MM.items()):
        size = 65 if name in domed else 17
        axis = np.linspace(-1, 1, size)
        x, y = (a.ravel() for a in np.meshgrid(axis, -axis))
        z = _dome(x, y) if name in domed else np.zeros_like(x)
        u, v = {"turned": (y, -x), "mirrored": (-x, y)}.get(name, (x, y))
        tile = np.array([number % 2, number // 2])
        vertices.append(np.column_stack([x, y, z]) * CELL_MM / 2 + (left, top, 0))
        faces.append(_grid(size) + count)
        uv.append((tile + (np.column_stack([u, -v]) * 0.96 + 1) / 2) / 2)
        count += size**2
    triangles = np.vstack(faces)
    grey = _texture("png", np.full((512, 512, 3), 200, np.uint8))
    return Mesh(
        np.vstack(vertices),
        triangles,
        corner_uv=np.vstack(uv)[triangles],
        materials=(Material("plates", texture=grey),),
    )


def _dome(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of a spherical cap over the unit circle."""
    radius = 1 / DOME_SINE
    return np.sqrt(np.maximum(radius**2 - x**2 - y**2, radius**2 - 1)) - sqrt(radius**2 - 1)


def _grid(size: int) -> np.ndarray:
    """Triangles over `size` rows of `size` points from the top left, counter-clockwise."""
    corner = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    a, b, c, d = corner, corner + size, corner + size + 1, corner + 1
    return np.vstack([np.column_stack([a, b, c]), np.column_stack([a, c, d])])


def _texture(kind: str, pixels: np.ndarray) -> Texture:
    """An image (h, w, 3) uint8 as a texture."""
    from PIL import Image

    out = io.BytesIO()
    how = {} if kind == "png" else {"quality": 95}
    Image.fromarray(pixels).save(out, kind, **how)
    height, width = pixels.shape[:2]
    return Texture("paint", out.getvalue(), f"image/{kind}", width, height)  # type: ignore[arg-type]
