"""Points spread evenly over a mesh, so that what is found for a cloud is found for a mesh."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.topology import face_areas
from relicscan.relic import FloatArray, IntArray, Mesh


def samples_on_faces(mesh: Mesh, count: int) -> tuple[FloatArray, IntArray]:
    """Points (n, 3) on a mesh and the face (n,) of each: its middle, then by area; n >= `count`.

    The same points every time: equal steps along the summed areas, and within each face a
    low-discrepancy sequence (Roberts 2018). Faces without vertices that are numbers have none.
    """
    corners = mesh.vertices[mesh.faces]
    whole = np.flatnonzero(np.isfinite(corners).all(axis=(1, 2)))
    area = face_areas(mesh)[whole] if len(whole) else np.zeros(0)
    more = max(0, count - len(whole)) if area.sum() > 0 else 0
    at = (np.arange(more) + 0.5) / max(more, 1) * area.sum()
    drawn = np.minimum(np.searchsorted(np.cumsum(area), at), max(len(whole) - 1, 0))
    u, v = np.modf(0.5 + np.arange(more)[:, None] * np.array([0.7548776662, 0.5698402910]))[0].T
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    weights = np.stack([1 - u - v, u, v], axis=1)
    face = np.concatenate([whole, whole[drawn]]).astype(np.int32)
    inner = np.einsum("ij,ijk->ik", weights, corners[whole[drawn]])
    return np.concatenate([corners[whole].mean(axis=1), inner]), face
