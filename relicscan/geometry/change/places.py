"""Places spread evenly over a mesh, each with the part of the surface around it.

A place has a normal, the share of the area that is nearest to it, its neighbours, and what a
quadric through them says: how the surface bends there, and how rough it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.checks import require_faces, require_plausible
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.topology import face_areas, vertex_normals
from relicscan.geometry.voxels import cell_order
from relicscan.relic import BoolArray, FloatArray, IntArray, Mesh

#: Neighbours, the place itself among them: the cylinder of a measurement holds about so many.
NEIGHBOURS = 32

#: A neighbour is on the same side of a wall where the cosine of the normals is more than this.
_ALIKE = 0.2

#: Candidates for each place; areas come from counting them.
_CANDIDATES = 8

#: A grid of cells of this size times the spacing leaves about one place to its square.
_CELL = 1.3


@dataclass(frozen=True, eq=False)
class Places:
    """Places (n,) on a mesh, in its unit.

    points, normals (n, 3), normals unit, averaged over the neighbours; face (n,) of the mesh;
    area (n,) that sums up to the mesh's; near (n, k) neighbours, nearest first, of which
    `alike` (n, k) face the same way. bend (n, 2): half the trace and the determinant of the
    shape operator, positive on a ball. reach: radius of the circle that the neighbours fill;
    roughness: how far the surface is from the quadric through the neighbours, in the median.
    """

    points: FloatArray
    normals: FloatArray
    face: IntArray
    area: FloatArray
    near: NDArray[np.int32]
    alike: BoolArray
    bend: FloatArray
    reach: float
    roughness: float

    def __len__(self) -> int:
        return len(self.points)


def places_on(mesh: Mesh, spacing: float, seed: int = 0) -> Places:
    """Places about `spacing` apart. The same for the same mesh and seed.

    Raises StageError without triangles or with absurd coordinates.
    """
    require_faces(mesh)
    require_plausible(mesh.vertices)
    area = face_areas(mesh)
    total = float(area.sum())
    count = max(64, int(total / spacing**2))
    face, points, normals = _candidates(mesh, area, _CANDIDATES * count, seed)
    chosen, counts = _thinned(points, normals, _CELL * spacing)
    return _with_neighbours(
        points[chosen], normals[chosen], face[chosen], counts * (total / len(points))
    )


def masked_median(values: FloatArray, mask: BoolArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Median of each row of (n, k) where the mask holds, and of how many; NaN of none."""
    held = np.sort(np.where(mask, values, np.inf), axis=1)
    count = mask.sum(axis=1)
    row = np.arange(len(values))
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    middle = held[row, low] + held[row, np.where(count > 0, high, 0)]
    return np.where(count > 0, middle / 2, np.nan), count


def _candidates(
    mesh: Mesh, area: FloatArray, count: int, seed: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Faces, points and normals of `count` places drawn evenly by area."""
    random = np.random.default_rng(seed)
    up_to = np.cumsum(area)
    at = (np.arange(count) + random.random(count)) / count * up_to[-1]
    face = np.minimum(np.searchsorted(up_to, at, side="right"), len(area) - 1).astype(np.int32)
    u, v = np.sqrt(random.random((count, 1))), random.random((count, 1))
    weights = np.hstack([1 - u, u * (1 - v), u * v])
    corners = mesh.faces[face]
    points = np.einsum("nc,ncd->nd", weights, mesh.vertices[corners])
    of_vertex = vertex_normals(mesh.vertices, mesh.faces)
    normals = np.einsum("nc,ncd->nd", weights, of_vertex[corners])
    return face, points, _unit(normals)


def _thinned(
    points: FloatArray, normals: FloatArray, cell: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One candidate for each cell, the nearest to the cell's mean; and how many are nearest to it.

    Each of six directions is thinned on its own, so that both sides of a thin wall have places.
    """
    axis = np.abs(normals).argmax(axis=1)
    side = 2 * axis + (normals[np.arange(len(normals)), axis] < 0)
    chosen, counts = [], []
    for one in range(6):
        own = np.flatnonzero(side == one)
        if not len(own):
            continue
        order, starts = cell_order(points[own], cell)
        of_cell = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
        sorted_points = points[own[order]]
        sums = np.add.reduceat(sorted_points, starts, axis=0)
        mean = sums / np.bincount(of_cell)[:, None]
        off = ((sorted_points - mean[of_cell]) ** 2).sum(axis=1)
        first = np.lexsort((off, of_cell))[starts]
        kept = own[order[first]]
        whose = nearest(tree(points[kept]), points[own])[1]
        chosen.append(kept)
        counts.append(np.bincount(whose, minlength=len(kept)))
    return np.concatenate(chosen), np.concatenate(counts)


def _with_neighbours(
    points: FloatArray, normals: FloatArray, face: IntArray, area: FloatArray
) -> Places:
    k = min(NEIGHBOURS, len(points))
    far, near = nearest(tree(points), points, k)
    alike = np.empty((len(points), k), dtype=bool)
    smooth = np.empty_like(normals)

    def average(start: int, stop: int) -> None:
        around = normals[near[start:stop]]
        facing = np.einsum("nkd,nd->nk", around, normals[start:stop]) > _ALIKE
        facing[:, 0] = True
        alike[start:stop] = facing
        smooth[start:stop] = _unit(np.einsum("nkd,nk->nd", around, facing.astype(float)))

    threads.in_blocks(average, len(points))
    bend, rough = np.empty((len(points), 2)), np.empty(len(points))

    def fit(start: int, stop: int) -> None:
        span = slice(start, stop)
        bend[span], rough[span] = _quadric(points, smooth, near[span], alike[span], span)

    threads.in_blocks(fit, len(points), 8192)
    return Places(
        points,
        smooth,
        face,
        area,
        near,
        alike,
        bend,
        float(np.median(far[:, -1])),
        float(np.sqrt(np.median(rough))),
    )


def _quadric(
    points: FloatArray, normals: FloatArray, near: NDArray[np.int32], alike: BoolArray, span: slice
) -> tuple[FloatArray, FloatArray]:
    """Bend (n, 2), and the mean square off the quadric z(u, v) through the neighbours (n,)."""
    n = normals[span]
    helper = np.where(np.abs(n[:, :1]) < 0.6, [[1.0, 0, 0]], [[0, 1.0, 0]])
    across = _unit(np.cross(n, helper))
    along = np.cross(n, across)
    apart = points[near] - points[span, None]
    size = np.maximum(np.linalg.norm(apart, axis=2).max(axis=1), 1e-300)
    u, v, z = (np.einsum("nkd,nd->nk", apart, a) / size[:, None] for a in (across, along, n))
    rows = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=2)
    rows *= alike[..., None]
    normal = np.einsum("nki,nkj->nij", rows, rows) + 1e-6 * np.eye(6)
    fitted = np.linalg.solve(normal, np.einsum("nki,nk->ni", rows, z)[..., None])[..., 0]
    off = (z - np.einsum("nki,ni->nk", rows, fitted)) * alike
    freedom = np.maximum(alike.sum(axis=1) - 6, 1)
    square = (off * off).sum(axis=1) / freedom * size**2
    # The height over the plane falls on a ball: the shape operator is minus its second derivative.
    a, b, c = (-fitted[:, i] / size for i in (3, 4, 5))
    return np.stack([a + c, 4 * a * c - b * b], axis=1), square


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))
