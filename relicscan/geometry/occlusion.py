"""Ambient occlusion: how much of an even sky each place on a surface sees.

The share of a cosine-weighted hemisphere that is free (Landis, Production-Ready Global
Illumination, 2002). It varies slowly, so it is found at the vertices of a decimated copy
and carried to the others.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry import o3d as bridge
from relicscan.geometry.closest import closest, triangle_tree
from relicscan.geometry.decimation import decimate
from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.topology import vertex_normals, without_unreferenced
from relicscan.relic import Float32Array, FloatArray, Mesh

#: Triangles of the copy; rays start so far off it, as a share of its diagonal: its facets lie
#: that much beside the surface they stand for.
COARSE_FACES = 20_000
_LIFT = 1e-3


def ambient_occlusion(mesh: Mesh, directions: int = 128) -> Float32Array:
    """Share 0..1 (n,) of the sky that each vertex sees past the surface; 1 is nothing in the way.

    `directions` are spread evenly over the sphere, half of them lie before each vertex.
    """
    bare = Mesh(mesh.vertices, mesh.faces)
    coarse = without_unreferenced(without_degenerate(decimate(bare, COARSE_FACES)))
    if not len(coarse.faces):
        return np.ones(len(mesh.vertices), dtype=np.float32)
    seen = _sky_seen(coarse, directions)
    _, face, weights = closest(triangle_tree(coarse), mesh.vertices)
    return np.asarray(np.einsum("nk,nk->n", weights, seen[coarse.faces[face]]), dtype=np.float32)


def _sky_seen(mesh: Mesh, directions: int) -> FloatArray:
    scene = bridge.raycasting_scene(mesh)
    tensor = bridge.load().core.Tensor
    normals = vertex_normals(mesh.vertices, mesh.faces)
    low, high = mesh.bounds
    rays = np.empty((len(mesh.vertices), 6), dtype=np.float32)
    rays[:, :3] = mesh.vertices + _LIFT * np.linalg.norm(high - low) * normals
    free = np.zeros(len(normals))
    whole = np.full(len(normals), 1e-12)
    for direction in _sphere(directions):
        cosine = normals @ direction
        facing = np.flatnonzero(cosine > 0)
        rays[:, 3:] = direction
        hit = scene.test_occlusions(tensor(rays[facing])).numpy()
        free[facing] += cosine[facing] * ~hit
        whole[facing] += cosine[facing]
    return np.asarray(free / whole)


def _sphere(count: int) -> Float32Array:
    """Evenly spread unit vectors (count, 3): a golden-angle spiral."""
    i = np.arange(count) + 0.5
    height = 1 - 2 * i / count
    radius, turn = np.sqrt(1 - height**2), i * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(turn), height, radius * np.sin(turn)], axis=1).astype(
        np.float32
    )
