"""Pictures of meshes by ray casting: no window, no graphics card (Open3D's Embree scene)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry import o3d as bridge
from relicscan.geometry import topology
from relicscan.quality.appearance import STONE, Appearance, has_color
from relicscan.quality.camera import Camera
from relicscan.quality.canvas import SUPERSAMPLING, Canvas, tone_mapped
from relicscan.quality.light import Lights, interreflected, upsampled
from relicscan.relic import Float32Array, Mesh

#: Light is found at half the picture's resolution, a quarter of the samples'.
_LIGHT_GRID = 0.5


def draw_mesh(
    mesh: Mesh, camera: Camera, canvas: Canvas, lights: Lights | None, clay: bool
) -> None:
    """Put a mesh on the canvas; `lights` None shows its colours as they are.

    The mesh and the camera are in a frame in which the mesh has about radius one.
    """
    scene = bridge.raycasting_scene(mesh)
    rays = camera.rays(SUPERSAMPLING).reshape(-1, 6)
    hits = _Hits(mesh, scene, rays)
    if clay or not has_color(mesh):
        colors = np.broadcast_to(np.array(STONE, dtype=np.float32), (len(hits.pixels), 3))
    else:
        appearance = Appearance(mesh, camera.focal_px * SUPERSAMPLING / _distance(mesh, camera))
        colors = appearance.linear_rgb(hits.faces, hits.corners)
    if lights is not None:
        smooth = topology.vertex_normals(mesh.vertices, mesh.faces)
        normals = hits.normals(smooth.astype(np.float32))
        share = _light_share(mesh, scene, camera, canvas, lights, hits, normals, smooth)
        light = lights.irradiance(normals) * interreflected(share, colors)
        colors = tone_mapped(colors * light)
    canvas.paint(hits.pixels, colors)


class _Hits:
    """Where rays met the mesh: flat pixel (n,), face (n,), corner weights (n, 3), distance (n,)."""

    def __init__(self, mesh: Mesh, scene: Any, rays: Float32Array) -> None:
        answer = scene.cast_rays(bridge.load().core.Tensor(rays))
        distance = answer["t_hit"].numpy()
        self.mesh = mesh
        self.pixels: NDArray[np.intp] = np.flatnonzero(np.isfinite(distance))
        self.distance = distance[self.pixels]
        self.faces = answer["primitive_ids"].numpy()[self.pixels].astype(np.intp)
        uv = answer["primitive_uvs"].numpy()[self.pixels]
        self.corners = np.column_stack([1 - uv.sum(axis=1), uv]).astype(np.float32)
        self.directions = rays[self.pixels, 3:]
        self.flat = answer["primitive_normals"].numpy()[self.pixels]

    def normals(self, smooth: Float32Array) -> Float32Array:
        """Unit shading normals (n, 3), turned to the camera: the inside is lit like the outside."""
        normals = np.einsum("nc,ncd->nd", self.corners, smooth[self.mesh.faces[self.faces]])
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = np.where(length > 1e-6, normals / np.maximum(length, 1e-6), self.flat)
        behind = np.einsum("nd,nd->n", self.flat, self.directions) > 0
        normals[behind] *= -1
        return np.asarray(normals, dtype=np.float32)

    def points(self, camera: Camera) -> Float32Array:
        return np.asarray(
            camera.position + self.distance[:, None] * self.directions, dtype=np.float32
        )


def _distance(mesh: Mesh, camera: Camera) -> float:
    """From the camera to the middle of the mesh."""
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    return float(np.linalg.norm(camera.position - middle))


def _light_share(
    mesh: Mesh,
    scene: Any,
    camera: Camera,
    canvas: Canvas,
    lights: Lights,
    hits: _Hits,
    normals: Float32Array,
    smooth: NDArray[np.floating],
) -> Float32Array:
    """Share of the light (n,) that the relic does not take from itself; also shades the ground."""
    h, w = camera.grid(_LIGHT_GRID)
    rays = camera.rays(_LIGHT_GRID).reshape(-1, 6)
    coarse = _Hits(mesh, scene, rays)
    coarse_normals = coarse.normals(smooth.astype(np.float32))
    share = np.ones(h * w, dtype=np.float32)
    depth = np.full(h * w, np.inf, dtype=np.float32)
    facing = np.zeros((h * w, 3), dtype=np.float32)
    depth[coarse.pixels] = coarse.distance
    facing[coarse.pixels] = coarse_normals
    share[coarse.pixels] = lights.visible_share(scene, coarse.points(camera), coarse_normals)
    if canvas.wants_ground_shadow:
        canvas.shade_ground(_ground_share(mesh, scene, lights, rays).reshape(h, w))
    return upsampled(
        share.reshape(h, w),
        depth.reshape(h, w),
        facing.reshape(h, w, 3),
        hits.pixels,
        hits.distance,
        normals,
        canvas.width,
        round(SUPERSAMPLING / _LIGHT_GRID),
    )


def _ground_share(mesh: Mesh, scene: Any, lights: Lights, rays: Float32Array) -> Float32Array:
    """Share of the light (k,) where rays (k, 6) meet the plane under the mesh; 1 elsewhere."""
    floor = np.float32(mesh.vertices[:, 1].min())
    share = np.ones(len(rays), dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (floor - rays[:, 1]) / rays[:, 4]
    points = rays[:, :3] + distance[:, None] * rays[:, 3:]
    near = np.flatnonzero((rays[:, 4] < 0) & (distance > 0) & (np.abs(points).max(axis=1) < 4))
    up = np.tile(np.array([0, 1, 0], dtype=np.float32), (len(near), 1))
    share[near] = lights.visible_share(scene, points[near], up)
    return share
