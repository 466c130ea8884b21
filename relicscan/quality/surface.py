"""A mesh made ready to be looked at, once for all pictures of it, and what rays find on it.

Ray casting is Open3D's (Embree), 20 million rays a second on two cores.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry import o3d as bridge
from relicscan.geometry import topology
from relicscan.geometry.tangents import corner_tangents
from relicscan.quality.texels import Texels, doublings, halvings
from relicscan.relic import Float32Array, FloatArray, Mesh, Texture

_NO_TANGENTS: Float32Array = np.empty((0, 3, 4), dtype=np.float32)
_NO_RELIEF: Float32Array = np.empty((0, 3), dtype=np.float32)


class Surface:
    """A mesh in a frame in which it has about radius one, with what pictures of it share.

    Its positions are finite. Texture coordinates that are not count as zero, normals as unknown.
    `tangents` are as of `corner_tangents`, where somebody has found them already.
    """

    def __init__(self, mesh: Mesh, tangents: Float32Array | None = None) -> None:
        uv = mesh.corner_uv
        if uv is not None and not np.isfinite(uv).all():
            mesh = replace(mesh, corner_uv=np.where(np.isfinite(uv), uv, 0))
        self.mesh = mesh
        self._tangents = tangents
        self.scene = bridge.raycasting_scene(mesh)

    @cached_property
    def normals(self) -> Float32Array:
        """Unit shading normals (n, 3) of the vertices, zero where there is none.

        The mesh's own, which its normal map was made for, where they do not point to the
        other side of the faces around; those of the faces otherwise.
        """
        mesh = self.mesh
        found = topology.vertex_normals(mesh.vertices, mesh.faces).astype(np.float32)
        if mesh.normals is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                usable = np.einsum("nd,nd->n", mesh.normals, found) > 0.1
            found[usable] = mesh.normals[usable]
        return found

    @cached_property
    def tangents(self) -> Float32Array:
        """Tangents (m, 3, 4) of the corners; the fourth is the bitangent's sign."""
        if self._tangents is not None:
            return self._tangents
        return corner_tangents(replace(self.mesh, normals=self.normals))

    @cached_property
    def doublings(self) -> Float32Array:
        """How large each face (m,) is in its texture: see `texels.doublings`."""
        return doublings(self.mesh)


def turned_normals(mesh: Mesh, turn: FloatArray) -> Float32Array | None:
    """The mesh's own normals (n, 3) under a rotation (3, 3); zero where they are not finite."""
    if mesh.normals is None:
        return None
    finite = np.isfinite(mesh.normals).all(axis=1, keepdims=True)
    return np.asarray(np.where(finite, mesh.normals, 0) @ turn.T.astype(np.float32))


class Hits:
    """Where rays (r, 6) met a surface: ray (n,), face (n,), corner weights (n, 3), distance (n,).

    `samples_per_unit` is how many rays lie along a unit of length there, as textures need to know.
    What is found for a geometry holds for any textures on it, and is kept.
    """

    def __init__(self, surface: Surface, rays: Float32Array, samples_per_unit: float) -> None:
        answer = surface.scene.cast_rays(bridge.load().core.Tensor(rays))
        distance = answer["t_hit"].numpy()
        self.surface = surface
        self.samples_per_unit = samples_per_unit
        self.rays: NDArray[np.intp] = np.flatnonzero(np.isfinite(distance))
        self.distance = distance[self.rays]
        self.faces = answer["primitive_ids"].numpy()[self.rays].astype(np.int32)
        uv = answer["primitive_uvs"].numpy()[self.rays]
        self.corners = np.column_stack([1 - uv[:, 0] - uv[:, 1], uv]).astype(np.float32)
        self.directions = rays[self.rays, 3:]
        self.flat = answer["primitive_normals"].numpy()[self.rays]
        self._of_material: dict[int, NDArray[np.intp] | slice] = {}

    def normals(self, relief: Float32Array | None = None) -> Float32Array:
        """Shading normals (n, 3), turned to the camera: the inside is lit like the outside.

        `relief` (n, 3) is what a normal map says, in tangent space; the normals are as long
        as its vectors, and unit without it. Where a surface has no normal it is the face's.
        """
        from relicscan.geometry.kernels.shading import facing

        surface, out = self.surface, np.empty((len(self.faces), 3), dtype=np.float32)
        tangents = _NO_TANGENTS if relief is None else surface.tangents
        relief = _NO_RELIEF if relief is None else relief
        of_hits = self.faces, self.corners
        of_mesh = surface.mesh.faces, surface.normals
        seen = self.flat, self.directions, tangents, relief, out
        threads.in_blocks(lambda a, b: facing(*of_hits, *of_mesh, *seen, a, b), len(out))
        return out

    def of_material(self, number: int) -> NDArray[np.intp] | slice:
        """The hits (k,) on faces of a material; a slice where all are."""
        which = self.surface.mesh.face_material
        if which is None:
            return slice(None)
        if number not in self._of_material:
            chosen = np.flatnonzero(which[self.faces] == number)
            everywhere = len(chosen) == len(self.faces)
            self._of_material[number] = slice(None) if everywhere else chosen
        return self._of_material[number]

    def texels(self, number: int, texture: Texture, texels: Texels) -> Float32Array:
        """What the hits (k,) on a material see of a texture, its values (k, 3): see `Texels.at`."""
        part = self.of_material(number)
        often = halvings(
            self.surface.doublings[self.faces[part]],
            texture.width,
            texture.height,
            self.samples_per_unit,
        )
        return texels.at(self.uv[part], often)

    @cached_property
    def uv(self) -> Float32Array:
        """Texture coordinates (n, 2)."""
        from relicscan.geometry.kernels.shading import mix

        corner_uv = self.surface.mesh.corner_uv
        out = np.empty((len(self.faces), 2), dtype=np.float32)
        given = self.faces, self.corners, corner_uv, out
        threads.in_blocks(lambda start, stop: mix(*given, start, stop), len(out))
        return out

    def mixed(self, of_vertices: Float32Array, faces: NDArray[np.integer]) -> Float32Array:
        """Values (n, k) at the hits, of vertices (v, k) that faces (m, 3) share."""
        total = np.zeros((len(self.faces), of_vertices.shape[1]), dtype=np.float32)
        for corner in range(3):
            at = np.take(faces[:, corner], self.faces)
            total += self.corners[:, corner, None] * np.take(of_vertices, at, axis=0)
        return total
