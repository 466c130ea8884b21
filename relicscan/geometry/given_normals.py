"""Whether the normals that a file brings can be believed.

Exporters write normals of another frame, of arbitrary sign, or facing inwards; a
surface reconstructed from such normals folds or comes out inside out.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import plausible
from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import FloatArray, PointCloud


class Judgement(NamedTuple):
    """What speaks for normals.

    `agreement`: median |cosine| with planes fitted to the points, 1 where they fit.
    `contradictions`: share of neighbours along the surface that face the other way.
    `outwards`: share that face the scanner where its position is known, else the share
    of the outermost points in 26 directions that face outwards; about 0.5 on a sheet.
    """

    agreement: float
    contradictions: float
    outwards: float


def judge_normals(cloud: PointCloud, sample: int = 2000) -> Judgement | None:
    """Judge the normals of a cloud at an even sample of its points; None without, or under 50.

    Where over 1 % of the normals are zero or no numbers, agreement is 0.
    """
    if cloud.normals is None or len(cloud) < 50:
        return None
    usable = plausible(cloud.points) & plausible(cloud.normals)
    length = np.linalg.norm(np.where(usable[:, None], cloud.normals, 0), axis=1)
    usable &= length > 0.5
    if usable.sum() < max(50, 0.99 * len(cloud)):
        return Judgement(0.0, 0.0, 0.5)
    points = cloud.points[usable]
    normals = cloud.normals[usable].astype(np.float64) / length[usable, None]
    index = tree(points)
    seeds = np.arange(0, len(points), max(1, len(points) // sample))
    near = nearest(index, points[seeds], 24)[1]
    local = points[near] - points[near].mean(axis=1, keepdims=True)
    planes = np.linalg.eigh(np.einsum("bki,bkj->bij", local, local))[1][:, :, 0]
    agreement = float(np.median(np.abs(np.einsum("bi,bi->b", planes, normals[seeds]))))

    near = near[:, 1:7]
    step = points[near] - points[seeds, None]
    distance = np.maximum(np.linalg.norm(step, axis=2), 1e-12)
    along = np.abs(np.einsum("bki,bi->bk", step, normals[seeds])) < 0.3 * distance
    cosine = np.einsum("bki,bi->bk", normals[near], normals[seeds])
    parallel = along & (np.abs(cosine) > 0.8)
    contradictions = float((cosine[parallel] < 0).mean()) if parallel.any() else 0.0
    return Judgement(agreement, contradictions, _outwards(cloud, usable, points, normals))


def _outwards(
    cloud: PointCloud, usable: NDArray[np.bool_], points: FloatArray, normals: FloatArray
) -> float:
    if cloud.viewpoints is not None:
        seen_from = cloud.viewpoints[usable].astype(np.float64)
        known = np.isfinite(seen_from).all(axis=1)
        if known.any():
            sight = (seen_from - points)[known]
            return float((np.einsum("ij,ij->i", sight, normals[known]) > 0).mean())
    directions = np.array([d for d in itertools.product((-1, 0, 1), repeat=3) if any(d)], float)
    outermost = np.argmax(points @ directions.T, axis=0)
    return float((np.einsum("ij,ij->i", directions, normals[outermost]) > 0).mean())
