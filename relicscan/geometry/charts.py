"""Cutting a surface into charts: parts that face one way, more or less, and are round.

Clusters of faces merge as long as they do not bend too much (`kernels.clustering`), the flat
and round ones first; then their borders are drawn straight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.cutting import cut
from relicscan.geometry.topology import connected, face_areas
from relicscan.relic import Mesh

#: How bent a chart may be: 1 less the length of its mean normal. 0.2 is a cap of a sphere that
#: reaches 53 degrees from its middle.
MOST_BENT = 0.2

#: The share of the surface that a chart may have: large ones leave gaps that nothing fills.
LARGEST = 0.025

#: How much a chart's outline counts beside its bend, as perimeter squared over area.
ROUNDNESS = 0.2

#: Borders are drawn straight in so many rounds, with what lies so many edges around.
ROUNDS, STEPS = 3, 12


def charts(mesh: Mesh, *, along_edges: bool = False) -> tuple[Mesh, NDArray[np.int32]]:
    """The surface, its faces cut where a border crosses them, and the chart (m,) of each face.

    Charts are numbered from 0, and every one is connected across edges. With `along_edges`
    borders follow them, and all faces stay whole.
    """
    label = _clusters(mesh)
    share = _shares(mesh, label)
    for _ in range(ROUNDS - 1):
        share = _spread(mesh, _only_largest(share))
    return _cut(mesh, share, along_edges)


def _clusters(mesh: Mesh) -> NDArray[np.int32]:
    """The cluster (m,) of each face."""
    from relicscan.geometry.kernels import clustering

    near = faces_across(mesh.faces)
    sides = mesh.vertices[mesh.faces]
    lengths = np.linalg.norm(np.roll(sides, -1, axis=1) - sides, axis=2)
    f, k = np.nonzero(near > np.arange(len(near))[:, None])
    pairs = np.stack([f, near[f, k]], axis=1)
    cross = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
    length = np.linalg.norm(cross, axis=1)
    normals = cross / np.maximum(length, 1e-300)[:, None]
    area = length / 2
    most_area = LARGEST * float(area.sum())
    label = clustering.merged(pairs, lengths[f, k], normals, area, MOST_BENT, most_area, ROUNDNESS)
    return parts_of(label, near)


def _shares(mesh: Mesh, label: NDArray[np.int32]) -> Any:
    """How much of each chart lies around each vertex: sparse (n, charts)."""
    from scipy.sparse import csr_array

    n = len(mesh.vertices)
    weight = np.repeat(face_areas(mesh), 3)
    at = (weight, (mesh.faces.ravel(), np.repeat(label, 3)))
    return _spread(mesh, _only_largest(csr_array(at, shape=(n, int(label.max()) + 1))))


def _only_largest(share: Any) -> Any:
    from scipy.sparse import csr_array

    n = share.shape[0]
    largest = np.asarray(share.argmax(axis=1)).ravel()
    return csr_array((np.ones(n), (np.arange(n), largest)), shape=share.shape)


def _spread(mesh: Mesh, share: Any) -> Any:
    """What is at each vertex mixed with what is around (Merriman, Bence & Osher 1992)."""
    from scipy.sparse import csr_array, eye_array

    # Sparse, or a surface in thousands of parts would ask for gigabytes.
    n = len(mesh.vertices)
    a, b = mesh.faces.ravel(), np.roll(mesh.faces, -1, axis=1).ravel()
    ends = np.concatenate([a, b]), np.concatenate([b, a])
    mix = csr_array((np.ones(2 * len(a)), ends), shape=(n, n)) + 2 * eye_array(n)
    mix = csr_array(mix.multiply(1 / mix.sum(axis=1)[:, None]))
    for _ in range(STEPS):
        share = mix @ share
    return share


def _cut(mesh: Mesh, share: Any, along_edges: bool) -> tuple[Mesh, NDArray[np.int32]]:
    """Faces cut along the lines where two charts have the same share, and their charts."""
    label = np.asarray(share.argmax(axis=1), dtype=np.int32).ravel()
    u, v = mesh.faces, np.roll(mesh.faces, -1, axis=1)
    crossed = label[u] != label[v]
    if not crossed.any():
        return mesh, parts_of(label[mesh.faces[:, 0]], faces_across(mesh.faces))
    u, v = u[crossed], v[crossed]
    over_u, over_v = (np.asarray(share[w, label[u]] - share[w, label[v]]).ravel() for w in (u, v))
    at = np.zeros(mesh.faces.shape)
    at[crossed] = over_u / np.maximum(over_u - over_v, 1e-300)
    surface, label, _ = cut(mesh, label[mesh.faces], at, along_edges=along_edges)
    return surface, parts_of(label, faces_across(surface.faces))


def faces_across(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The face (m, 3) across the edge from corner k to the next; -1 where there is none or many."""
    m = len(faces)
    edges = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)
    edges = np.sort(edges, axis=1)
    key = edges[:, 0].astype(np.int64) << 32 | edges[:, 1]
    order = np.argsort(key, kind="stable")
    _, start, count = np.unique(key[order], return_index=True, return_counts=True)
    first = start[count == 2]
    one, two = order[first], order[first + 1]
    across = np.full(3 * m, -1, dtype=np.int32)
    across[one], across[two] = two // 3, one // 3
    return across.reshape(m, 3)


def parts_of(label: NDArray[np.integer[Any]], near: NDArray[np.int32]) -> NDArray[np.int32]:
    """Labels (m,) without gaps; what is not connected across near (m, 3) gets its own."""
    f, k = np.nonzero(near >= 0)
    other = near[f, k]
    same = label[f] == label[other]
    part = connected(f[same], other[same].astype(np.int64), len(label))
    return np.unique(part, return_inverse=True)[1].astype(np.int32)
