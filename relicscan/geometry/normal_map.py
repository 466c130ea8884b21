"""Normal maps: the relief of the full surface on a level that has fewer triangles.

The full surface's normals are drawn into the picture once, in space; each level turns them
into its own tangent space (Mikkelsen, Simulation of Wrinkled Surfaces Revisited, 2008), which
is what glTF 2.0 (3.9.3) has viewers undo. Levels share the picture's layout, so a texel is the
same place on all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.bake import Texels, spread, texels_of
from relicscan.geometry.tangents import corner_tangents
from relicscan.geometry.topology import vertex_normals
from relicscan.relic import ByteArray, Float32Array, Mesh

#: Texels in more than one triangle, above this share of those in any: places share texels, and
#: what is drawn for one would show on another.
MOST_SHARED = 0.01


def shares_texels(mesh: Mesh, side: int = 1024) -> bool:
    """Whether different places of the surface lie in the same place of the picture."""
    from relicscan.geometry.kernels.packing import covered

    count = np.zeros((side, side), dtype=np.int32)
    covered(np.asarray(mesh.corner_uv, dtype=np.float64) * side, count)
    return bool((count > 1).sum() > MOST_SHARED * max(1, (count > 0).sum()))


def surface_normals(mesh: Mesh, side: int, own: ByteArray | None = None) -> Float32Array:
    """Unit normals (side, side, 3) of a surface, in space, at each texel; beside it the nearest.

    `own` is the surface's normal map (h, w, 3), if it has one. Zero where nothing is drawn.
    """
    texels = texels_of(mesh, side)
    normals = texels.mixed(mesh, _normals(mesh)).astype(np.float32)
    if own is not None:
        height, width = own.shape[:2]
        row = np.minimum((texels.row + 0.5) * height / side, height - 1).astype(np.intp)
        column = np.minimum((texels.column + 0.5) * width / side, width - 1).astype(np.intp)
        local = own[row, column].astype(np.float32) / 127.5 - 1
        normals = _out_of_tangent_space(mesh, texels, normals, local)
    drawn = np.zeros((side, side, 3), dtype=np.float32)
    there = np.zeros((side, side), dtype=bool)
    drawn[texels.row, texels.column] = _unit(normals)
    there[texels.row, texels.column] = True
    return spread(drawn, there)


def normal_map(level: Mesh, drawn: Float32Array, tangents: Float32Array | None = None) -> ByteArray:
    """The picture (side, side, 3), uint8, that gives a level the normals `drawn`: see
    `surface_normals`. `tangents` are the level's where they are known: see `corner_tangents`.

    Raises StageError where the level has no texture coordinates.
    """
    side = len(drawn)
    texels = texels_of(level, side)
    along, across, normal = _frames(level, texels, texels.mixed(level, _normals(level)), tangents)
    wanted = drawn[texels.row, texels.column]
    local = np.stack([np.einsum("qk,qk->q", wanted, axis) for axis in (along, across, normal)], 1)
    # A place seen from behind would be lit from within: at the most it is seen edge on.
    local[:, 2] = np.maximum(local[:, 2], 0)
    picture = np.full((side, side, 3), (128, 128, 255), dtype=np.uint8)
    there = np.zeros((side, side), dtype=bool)
    picture[texels.row, texels.column] = np.rint(127.5 * (_unit(local) + 1)).astype(np.uint8)
    there[texels.row, texels.column] = True
    return np.asarray(spread(picture, there))


def _normals(mesh: Mesh) -> Float32Array:
    return vertex_normals(mesh.vertices, mesh.faces) if mesh.normals is None else mesh.normals


def _frames(
    mesh: Mesh,
    texels: Texels,
    normals: NDArray[np.floating],
    tangents: Float32Array | None = None,
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Tangent, bitangent and normal (q, 3) at texels, interpolated as a viewer's shader does."""
    corners = (corner_tangents(mesh) if tangents is None else tangents)[texels.face]
    weights = texels.weights.astype(np.float32)
    tangent = _unit(np.einsum("qk,qkj->qj", weights, corners[..., :3]))
    normal = _unit(normals.astype(np.float32))
    bitangent = np.cross(normal, tangent) * corners[:, 0, 3:]
    return tangent, _unit(bitangent), normal


def _out_of_tangent_space(
    mesh: Mesh, texels: Texels, normals: Float32Array, local: Float32Array
) -> Float32Array:
    frames = _frames(mesh, texels, normals)
    return np.asarray(sum(local[:, i, None] * axis for i, axis in enumerate(frames)))


def _unit(vectors: NDArray[np.floating]) -> Float32Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)
