"""Pictures of meshes by ray casting: no window, no graphics card."""

from __future__ import annotations

import numpy as np

from relicscan.quality.appearance import STONE, Appearance, has_color
from relicscan.quality.camera import Camera, Part
from relicscan.quality.canvas import SUPERSAMPLING, Canvas, tone_mapped
from relicscan.quality.light import Lights, interreflected, upsampled
from relicscan.quality.surface import Hits, Surface
from relicscan.relic import Float32Array, Mesh

#: Light is found on a grid so many times as fine as the picture: one for five by five samples.
_LIGHT_GRID = 0.4

#: The shadow on the ground is soft all over: found at an eighth, the same to the eye.
_GROUND_GRID = 0.125


def draw_surface(
    surface: Surface,
    appearance: Appearance,
    camera: Camera,
    canvas: Canvas,
    lights: Lights | None,
    clay: bool,
    exposure: float = 1.0,
) -> None:
    """Put a mesh on the canvas; `lights` None shows its colours as they are.

    `exposure` multiplies the light on the mesh, not that on the ground.
    The surface and the camera are in a frame in which the mesh has about radius one.
    """
    part = camera.box(surface.mesh.vertices)
    hits = _hits(surface, camera, SUPERSAMPLING, part)
    if clay or not has_color(appearance.mesh):
        colors = np.broadcast_to(np.array(STONE, dtype=np.float32), (len(hits.rays), 3))
    else:
        colors = appearance.linear_rgb(hits)
    if lights is not None:
        share = _light_share(surface, camera, canvas, lights, hits, part)
        light = lights.irradiance(hits.normals(appearance.relief(hits))) * np.float32(exposure)
        colors = tone_mapped(colors * light * interreflected(share, colors))
    canvas.paint(hits.rays, colors)


def _hits(surface: Surface, camera: Camera, per_pixel: float, part: Part) -> Hits:
    """What a grid of rays through a part of the picture meets, counted through all of the grid."""
    h, w = camera.grid(per_pixel)
    rows, columns = (
        slice(max(0, int(side.start * per_pixel) - 1), int(side.stop * per_pixel) + 2)
        for side in part
    )
    rows, columns = slice(rows.start, min(rows.stop, h)), slice(columns.start, min(columns.stop, w))
    samples_per_unit = camera.focal_px * per_pixel / _distance(surface.mesh, camera)
    rays = camera.rays(per_pixel, (rows, columns)).reshape(-1, 6)
    hits = Hits(surface, rays, samples_per_unit)
    row, column = np.divmod(hits.rays, columns.stop - columns.start)
    hits.rays = (row + rows.start) * w + column + columns.start
    return hits


def _distance(mesh: Mesh, camera: Camera) -> float:
    """From the camera to the middle of the mesh."""
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    return float(np.linalg.norm(camera.position - middle))


def _light_share(
    surface: Surface, camera: Camera, canvas: Canvas, lights: Lights, hits: Hits, part: Part
) -> Float32Array:
    """Share of the light (n,) that the relic does not take from itself; also shades the ground."""
    h, w = camera.grid(_LIGHT_GRID)
    coarse = _hits(surface, camera, _LIGHT_GRID, part)
    normals = coarse.normals()
    share = np.ones(h * w, dtype=np.float32)
    depth = np.full(h * w, np.inf, dtype=np.float32)
    facing = np.zeros((h * w, 3), dtype=np.float32)
    depth[coarse.rays] = coarse.distance
    facing[coarse.rays] = normals
    points = np.float32(camera.position) + coarse.distance[:, None] * coarse.directions
    share[coarse.rays] = lights.visible_share(surface.scene, points, normals)
    if canvas.wants_ground_shadow:
        canvas.shade_ground(_ground_share(surface, lights, camera))
    return upsampled(
        share.reshape(h, w),
        depth.reshape(h, w),
        facing.reshape(h, w, 3),
        hits.rays,
        hits.distance,
        hits.normals(),
        canvas.width,
        round(SUPERSAMPLING / _LIGHT_GRID),
    )


def _ground_share(surface: Surface, lights: Lights, camera: Camera) -> Float32Array:
    """Share of the light (h, w) where the plane under the mesh is seen; 1 elsewhere."""
    rays = camera.rays(_GROUND_GRID).reshape(-1, 6)
    floor = np.float32(surface.mesh.vertices[:, 1].min())
    share = np.ones(len(rays), dtype=np.float32)
    downward = np.flatnonzero(rays[:, 4] < 0)
    ahead = rays[downward]
    distance = (floor - ahead[:, 1]) / ahead[:, 4]
    points = ahead[:, :3] + distance[:, None] * ahead[:, 3:]
    near = (distance > 0) & (np.abs(points).max(axis=1) < 4)
    points = points[near]
    up = np.tile(np.array([0, 1, 0], dtype=np.float32), (len(points), 1))
    share[downward[near]] = lights.visible_share(surface.scene, points, up)
    return share.reshape(camera.grid(_GROUND_GRID))
