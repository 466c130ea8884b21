"""Cutting a surface into charts: parts that face one way, more or less, and are round.

Clusters of faces merge as long as they do not bend too much (`kernels.clustering`), the flat
and round ones first; then their borders are drawn straight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.topology import connected
from relicscan.relic import Mesh

#: How bent a chart may be: 1 less the length of its mean normal. 0.25 is a cap of a sphere that
#: reaches 60 degrees from its middle.
MOST_BENT = 0.25

#: The share of the surface that a chart may have: large ones leave gaps that nothing fills.
LARGEST = 0.03

#: How much a chart's outline counts beside its bend, as perimeter squared over area.
ROUNDNESS = 0.2

#: Borders are drawn straight in so many rounds, with what lies so many faces around.
ROUNDS, STEPS = 3, 40


def charts(mesh: Mesh) -> NDArray[np.int32]:
    """The chart (m,) of each face, numbered from 0; every chart is connected across edges."""
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
    cut = label = parts_of(label, near)
    for _ in range(ROUNDS):
        label = _straightened(label, near)
    # A part of a handful of faces ends as one chart, and what closes around itself cannot lie flat.
    bent = _bends(label, normals * area[:, None], area) > 2 * MOST_BENT
    return parts_of(np.where(bent[label], cut + len(near), label), near)


def _bends(
    label: NDArray[np.int32], normals: NDArray[np.float64], area: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How bent each chart is, 0..1: 1 less the length of its mean normal, of (m, 3) by area."""
    means = np.stack([np.bincount(label, normals[:, axis]) for axis in range(3)], axis=1)
    return 1 - np.linalg.norm(means, axis=1) / np.maximum(np.bincount(label, area), 1e-300)


def _straightened(label: NDArray[np.int32], near: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each face to the chart that most around it is in (Merriman, Bence & Osher 1992)."""
    from scipy.sparse import csr_array

    m = len(label)
    # Sparse, or a surface in thousands of parts would ask for gigabytes. Across a rim lies a face
    # like the one itself.
    face, k = np.arange(m), np.flatnonzero(near >= 0)
    own = 1 + (near < 0).sum(axis=1)
    rows, columns = np.concatenate([face, k // 3]), np.concatenate([face, near.ravel()[k]])
    weights = np.concatenate([own, np.ones(len(k))]) / 4
    spread = csr_array((weights, (rows, columns)), shape=(m, m))
    share = csr_array((np.ones(m), (face, label)), shape=(m, int(label.max()) + 1))
    for _ in range(STEPS):
        share = spread @ share
    return np.asarray(share.argmax(axis=1), dtype=np.int32).ravel()


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
