"""What belongs together on a mesh: edges, parts, areas, normals, and tidying up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import FloatArray, IntArray, Mesh


def face_areas(mesh: Mesh) -> FloatArray:
    """Area of each face (m,), in squared units of the mesh."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", normal, normal)) / 2)


def vector_area_share(mesh: Mesh) -> tuple[FloatArray, float]:
    """Direction (3,) and length of the sum of all face areas as vectors, as a share of the area.

    Nothing on a closed surface; on an open one it is what would close it, turned inwards.
    """
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    vectors = np.cross(b - a, c - a)
    total = vectors.sum(axis=0)
    area = float(np.linalg.norm(vectors, axis=1).sum())
    length = float(np.linalg.norm(total))
    return total / (length or 1.0), length / (area or 1.0)


def vertex_normals(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """Unit normals (n, 3), faces weighted by angle (Thuermer & Wuethrich 1998).

    Zero where a vertex has no face with an area.
    """
    corners = [np.take(vertices, faces[:, i], axis=0) for i in range(3)]
    sides = [_unit(corners[(i + 1) % 3] - corners[i]) for i in range(3)]
    normal = _unit(np.cross(corners[1] - corners[0], corners[2] - corners[0]))
    total = np.zeros_like(vertices)
    for i in range(3):
        cosine = -np.einsum("ij,ij->i", sides[i], sides[(i + 2) % 3])
        angle = np.arccos(np.clip(cosine, -1, 1))
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, i], angle * normal[:, axis], len(vertices))
    return _unit(total)


def used_vertices(faces: IntArray, vertices: int) -> NDArray[np.int64]:
    """Numbers, ascending, of those of so many vertices that have a face."""
    used = np.zeros(vertices, dtype=bool)
    used[faces.ravel()] = True
    return np.flatnonzero(used)


def edges(faces: IntArray) -> NDArray[np.int64]:
    """Every undirected edge once, as sorted vertex pairs (e, 2)."""
    return _edge_uses(faces)[0]


def boundary_edge_count(faces: IntArray) -> int:
    """Edges that only one face has: none on a closed surface."""
    return int((_edge_uses(faces)[1] == 1).sum())


def boundary_vertices(faces: IntArray) -> NDArray[np.int64]:
    """Vertices (b,) of edges that only one face has."""
    pairs, uses = _edge_uses(faces)
    return np.unique(pairs[uses == 1])


def nonmanifold_edge_count(faces: IntArray) -> int:
    """Edges that three or more faces share."""
    return int((_edge_uses(faces)[1] > 2).sum())


def is_watertight(faces: IntArray) -> bool:
    """Whether every edge has exactly two faces."""
    return bool(len(faces)) and bool((_edge_uses(faces)[1] == 2).all())


def face_components(faces: IntArray) -> NDArray[np.int64]:
    """Number of the connected part of each face (m,), over shared vertices."""
    if not len(faces):
        return np.empty(0, dtype=np.int64)
    a, b, c = faces.T
    of_vertex = connected(np.r_[a, b], np.r_[b, c], int(faces.max()) + 1)
    used = np.zeros(int(of_vertex.max()) + 1, dtype=bool)
    used[of_vertex[a]] = True
    return np.asarray((np.cumsum(used) - 1)[of_vertex[a]])


def connected(
    first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]], n: int
) -> NDArray[np.int64]:
    """The connected part (n,) of each of n things, where pairs (e,), (e,) of them are connected.

    Parts are numbered in the order of their first things.
    """
    from relicscan.geometry.kernels.connected import parts

    return np.asarray(parts(first, second, n))


def smoothed_over_edges(values: FloatArray, faces: IntArray, rounds: int) -> FloatArray:
    """A field on vertices (n,), averaged with its neighbours' mean some times over."""
    pairs = edges(faces)
    n = len(values)
    degree = np.bincount(pairs.ravel(), minlength=n).astype(np.float64)
    out = np.asarray(values, dtype=np.float64)
    for _ in range(rounds):
        total = np.bincount(pairs[:, 0], out[pairs[:, 1]], n)
        total += np.bincount(pairs[:, 1], out[pairs[:, 0]], n)
        out = np.where(degree > 0, (out + total / np.maximum(degree, 1)) / 2, out)
    return out


def without_unreferenced(mesh: Mesh) -> Mesh:
    """The mesh without vertices that no face uses; vertex order is kept."""
    used = np.zeros(len(mesh.vertices), dtype=bool)
    used[mesh.faces.ravel()] = True
    if used.all():
        return mesh
    number = np.cumsum(used) - 1

    def pick(array: NDArray[Any] | None) -> Any:
        return None if array is None else array[used]

    return replace(
        mesh,
        vertices=mesh.vertices[used],
        faces=number[mesh.faces].astype(np.int32),
        normals=pick(mesh.normals),
        colors=pick(mesh.colors),
        filled=pick(mesh.filled),
    )


def welded(mesh: Mesh) -> Mesh:
    """The mesh with vertices at exactly the same place (and of the same colour) made one.

    One that was scanned in any of them counts as scanned.
    """
    # Adding zero turns -0.0 into 0.0: the same place, other bits.
    parts = [(mesh.vertices + 0.0).view(np.uint64).reshape(len(mesh.vertices), 3)]
    if mesh.colors is not None:
        parts.append(mesh.colors.astype(np.uint64) @ np.array([[1], [256], [65536]], np.uint64))
    keys = np.ascontiguousarray(np.hstack(parts))
    void = keys.view(np.dtype((np.void, keys.dtype.itemsize * keys.shape[1]))).ravel()
    _, first, inverse = np.unique(void, return_index=True, return_inverse=True)
    if len(first) == len(mesh.vertices):
        return mesh
    # Keep the order of first appearance, so that nothing depends on byte order.
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    keep = np.sort(first)
    filled = None
    if mesh.filled is not None:
        filled = np.ones(len(keep), dtype=bool)
        filled[rank[inverse[~mesh.filled]]] = False
    return replace(
        mesh,
        vertices=mesh.vertices[keep],
        faces=rank[inverse].astype(np.int32)[mesh.faces],
        normals=None if mesh.normals is None else mesh.normals[keep],
        colors=None if mesh.colors is None else mesh.colors[keep],
        filled=filled,
    )


def degenerate_faces(mesh: Mesh) -> NDArray[np.bool_]:
    """Mask (m,) of faces that use a vertex twice or have no area."""
    f = mesh.faces
    twice = (f[:, 0] == f[:, 1]) | (f[:, 1] == f[:, 2]) | (f[:, 2] == f[:, 0])
    return np.asarray(twice | ~(face_areas(mesh) > 0))


def duplicate_faces(faces: IntArray) -> NDArray[np.bool_]:
    """Mask (m,) of faces over the same three vertices as an earlier one."""
    n = int(faces.max(initial=0)) + 1
    s = np.sort(faces.astype(np.int64), axis=1)
    if n < 2_000_000:  # three indices fit one 64-bit key
        keys = (s[:, 0] * n + s[:, 1]) * n + s[:, 2]
        first = np.unique(keys, return_index=True)[1]
    else:
        first = np.unique(s, axis=0, return_index=True)[1]
    mask = np.ones(len(faces), dtype=bool)
    mask[first] = False
    return mask


def _edge_uses(faces: IntArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Unique undirected edges (e, 2) and how many faces use each (e,)."""
    f = faces.astype(np.int64)
    n = int(f.max(initial=0)) + 1
    pairs = np.sort(np.vstack([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    keys, uses = np.unique(pairs[:, 0] * n + pairs[:, 1], return_counts=True)
    return np.stack([keys // n, keys % n], axis=1), uses


def _unit(vectors: FloatArray) -> FloatArray:
    # Lengths through einsum take a third of the time of np.linalg.norm.
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))
