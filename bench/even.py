"""A scan without a scanner: points spread evenly over a surface, with noise and outliers.

`make bench` uses the virtual scanner, which sees what a scanner sees. Sizing a cluster
(`bench.cluster`) needs points in a number and no more, in a tenth of the time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import FloatArray, Mesh, PointCloud

NOISE_MM, OUTLIER_SHARE = 0.05, 0.01


def sampled(mesh: Mesh, count: int, seed: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Points (count, 3) spread evenly over a mesh, and the face (count,) of each; seeded."""
    from relicscan.geometry.topology import face_areas

    rng = np.random.default_rng(seed)
    area = face_areas(mesh)
    faces = rng.choice(len(area), count, p=area / area.sum())
    corners = mesh.vertices[mesh.faces[faces]]
    a, b = np.sqrt(rng.random(count)), rng.random(count)
    weights = np.column_stack([1 - a, a * (1 - b), a * b])
    return np.asarray(np.einsum("nk,nkd->nd", weights, corners)), faces


def noisy_scan(truth: Mesh, count: int, seed: int = 0) -> PointCloud:
    """Points (count, 3) of a coloured mesh with noise along normals and outliers, seeded."""
    rng = np.random.default_rng(1 + seed)
    points, faces = sampled(truth, count, seed=4 + seed)
    corners = truth.vertices[truth.faces[faces]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    noisy = points + normals * rng.normal(0, NOISE_MM, (count, 1))
    stray = rng.random(count) < OUTLIER_SHARE
    noisy[stray] += rng.normal(0, 3.0, (int(stray.sum()), 3))
    assert truth.colors is not None
    return PointCloud(noisy, colors=truth.colors[truth.faces[faces, 0]])
