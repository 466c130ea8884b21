"""A mesh made ready to be looked at, once for all pictures of it, and what rays find on it.

Ray casting is Open3D's (Embree), 20 million rays a second on two cores.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry import o3d as bridge
from relicscan.geometry import topology
from relicscan.geometry.tangents import corner_tangents
from relicscan.quality.texels import Taps, doublings, halvings, taps
from relicscan.relic import BoolArray, Float32Array, FloatArray, Mesh, Texture

#: Sizes of textures whose texels are remembered: of a colour and a normal map, each tried at two.
_TAPS_KEPT = 4


class Surface:
    """A mesh in a frame in which it has about radius one, with what pictures of it share.

    Its positions are finite. Texture coordinates that are not count as zero, normals as unknown.
    """

    def __init__(self, mesh: Mesh) -> None:
        uv = mesh.corner_uv
        if uv is not None and not np.isfinite(uv).all():
            mesh = replace(mesh, corner_uv=np.where(np.isfinite(uv), uv, 0))
        self.mesh = mesh
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
        self.faces = answer["primitive_ids"].numpy()[self.rays].astype(np.intp)
        uv = answer["primitive_uvs"].numpy()[self.rays]
        self.corners = np.column_stack([1 - uv[:, 0] - uv[:, 1], uv]).astype(np.float32)
        self.directions = rays[self.rays, 3:]
        self.flat = answer["primitive_normals"].numpy()[self.rays]
        self._of_material: dict[int, NDArray[np.intp] | slice] = {}
        self._taps: dict[tuple[int, int, int], Taps] = {}

    def normals(self, relief: Float32Array | None = None) -> Float32Array:
        """Shading normals (n, 3), turned to the camera: the inside is lit like the outside.

        `relief` (n, 3) is what a normal map says, in tangent space; the normals are as long
        as its vectors, and unit without it.
        """
        normals = self.smooth
        if relief is not None:
            tangents, bitangents = self.frames
            normals = relief[:, 2:] * normals
            normals += relief[:, :1] * tangents
            normals += relief[:, 1:2] * bitangents
        return np.where(self._from_behind, -normals, normals)

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

    def taps(self, number: int, texture: Texture) -> Taps:
        """The texels that the hits on a material see of a texture of that size."""
        key = (number, texture.width, texture.height)
        if key not in self._taps:
            part = self.of_material(number)
            uv = self.surface.mesh.corner_uv
            assert uv is not None
            places = self.mixed(uv.reshape(-1, 2), self._all_corners)[part]
            often = halvings(
                self.surface.doublings[self.faces[part]],
                texture.width,
                texture.height,
                self.samples_per_unit,
            )
            if len(self._taps) >= _TAPS_KEPT:
                del self._taps[next(iter(self._taps))]
            self._taps[key] = taps(places, often, texture.width, texture.height)
        return self._taps[key]

    @cached_property
    def smooth(self) -> Float32Array:
        """Unit shading normals (n, 3) on the side that the faces call outside."""
        surface = self.surface
        normals = self.mixed(surface.normals, surface.mesh.faces)
        length = np.sqrt(np.einsum("nd,nd->n", normals, normals))
        good = length > 1e-6
        normals /= np.where(good, length, 1)[:, None]
        return np.where(good[:, None], normals, self.flat) if not good.all() else normals

    def mixed(self, of_vertices: Float32Array, faces: NDArray[np.integer]) -> Float32Array:
        """Values (n, k) at the hits, of vertices (v, k) that faces (m, 3) share."""
        total = np.zeros((len(self.faces), of_vertices.shape[1]), dtype=np.float32)
        for corner in range(3):
            at = np.take(faces[:, corner], self.faces)
            total += self.corners[:, corner, None] * np.take(of_vertices, at, axis=0)
        return total

    @cached_property
    def frames(self) -> tuple[Float32Array, Float32Array]:
        """Unit tangents and bitangents (n, 3) of the hits, as viewers have them."""
        tangents = self.surface.tangents
        tangent = _unit(self.mixed(tangents.reshape(-1, 4)[:, :3], self._all_corners))
        sign = tangents[self.faces, 0, 3]
        bitangent = np.cross(self.smooth, tangent) * sign[:, None]
        return tangent, _unit(bitangent.astype(np.float32))

    @cached_property
    def _from_behind(self) -> BoolArray:
        return np.asarray(np.einsum("nd,nd->n", self.flat, self.directions)[:, None] > 0)

    @property
    def _all_corners(self) -> NDArray[np.intp]:
        """Numbers (m, 3) of the corners of all faces: for what corners do not share."""
        return np.arange(3 * len(self.surface.mesh.faces)).reshape(-1, 3)


def _unit(vectors: Float32Array) -> Float32Array:
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, 1e-12)[:, None])
