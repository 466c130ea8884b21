"""Placements of one scan on another that many alike places agree on.

Alike places are matched; two matches agree if lengths and angles between their points and
normals are the same in both scans. How many matches agree with both of two that agree is what
tells right ones from wrong ones where nine of ten matches are wrong (second order
compatibility: Chen, Sun, Yang & Tao 2022). The best supported matches each gather those that
agree with them and give one placement; near ones are one. Nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.registration.descriptors import Described, distances
from relicscan.geometry.registration.poses import apart
from relicscan.geometry.registration.views import Level
from relicscan.relic import FloatArray

_MATCHES = 900
_SEEDS = 80
_GATHERED = 30
#: In coarse voxels, and cosines.
_SELF_GAP = 10.0
_LENGTH = 1.5
_ANGLE = 0.2
_NEAR = 3.0


@dataclass(frozen=True, eq=False)
class Matches:
    """Points and normals (m, 3) of a target and of a source that look alike."""

    target: FloatArray
    target_normals: FloatArray
    source: FloatArray
    source_normals: FloatArray

    def __len__(self) -> int:
        return len(self.target)


def matched(
    target: Level, a: Described, source: Level, b: Described, most: int = _MATCHES
) -> Matches:
    """The most alike places, each the other's likest first; of a scan and itself, far ones."""
    d = distances(a, b)
    if target is source:  # where else a scan looks like itself: not where it is
        gap = _SELF_GAP * target.voxel_size
        p = target.points[a.which].astype(np.float32)
        squares = np.einsum("ij,ij->i", p, p)
        d[squares[:, None] + squares - 2 * (p @ p.T) < gap * gap] = np.inf
    likest_b = d.argmin(axis=1)
    likest_a = d.argmin(axis=0)
    rows, columns = np.arange(len(d)), np.arange(d.shape[1])
    pairs = np.concatenate(
        [np.stack([rows, likest_b], axis=1), np.stack([likest_a, columns], axis=1)]
    )
    value = np.concatenate([d[rows, likest_b], d[likest_a, columns]])
    mutual = np.concatenate([likest_a[likest_b] == rows, likest_b[likest_a] == columns])
    # A mutual pair is there twice: once is enough.
    once = np.concatenate([np.ones(len(rows), bool), ~(likest_b[likest_a] == columns)])
    order = np.lexsort((value, ~mutual))
    order = order[once[order]][:most]
    i, j = a.which[pairs[order, 0]], b.which[pairs[order, 1]]
    return Matches(target.points[i], target.normals[i], source.points[j], source.normals[j])


def hypotheses(matches: Matches, voxel_size: float, most: int = 6) -> tuple[FloatArray, FloatArray]:
    """T_target_source (h, 4, 4) and the number of matches that fit each (h,), the best first."""
    none = np.empty((0, 4, 4)), np.empty(0)
    if len(matches) < 6:
        return none
    agree = _agreement(matches, voxel_size)
    support = agree * (agree @ agree)
    strength = support.sum(axis=1)
    seeds = _spread_seeds(strength, agree)
    gathered = np.argsort(-support[seeds], axis=1, kind="stable")[:, :_GATHERED]
    weight = np.take_along_axis(support[seeds], gathered, axis=1)
    weight[:, 0] = np.maximum(weight[:, 0], 1e-6)
    poses = fitted(matches.target[gathered], matches.source[gathered], weight)
    poses, fits = _scored(poses, matches, voxel_size)
    # Once more from all that fit.
    poses = fitted(
        np.broadcast_to(matches.target, (len(poses), *matches.target.shape)),
        np.broadcast_to(matches.source, (len(poses), *matches.source.shape)),
        fits.astype(np.float64),
    )
    poses, fits = _scored(poses, matches, voxel_size)
    counts = fits.sum(axis=1).astype(np.float64)
    order = np.argsort(-counts, kind="stable")
    kept: list[int] = []
    middle = matches.source.mean(axis=0)
    radius = float(np.sqrt(((matches.source - middle) ** 2).sum(axis=1).mean()))
    for k in order:
        if counts[k] < 5 or len(kept) == most:
            break
        if all(apart(poses[k], poses[o], middle, radius) > 6 * voxel_size for o in kept):
            kept.append(int(k))
    return poses[kept], counts[kept]


def _agreement(m: Matches, voxel_size: float) -> NDArray[np.float32]:
    def lengths_and_angles(
        points: FloatArray, normals: FloatArray
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        p, n = points.astype(np.float32), normals.astype(np.float32)
        p = p - p.mean(axis=0)
        squares = np.einsum("ij,ij->i", p, p)
        d = np.sqrt(np.maximum(squares[:, None] + squares - 2 * (p @ p.T), 0))
        along = n @ p.T  # n_i . p_j
        along -= np.diag(along)[:, None]
        along /= np.maximum(d, 1e-6)
        return d, n @ n.T, along

    d, c, s = lengths_and_angles(m.target, m.target_normals)
    e, o, u = lengths_and_angles(m.source, m.source_normals)
    fits = np.abs(d - e) < _LENGTH * voxel_size
    fits &= np.abs(c - o) < 1.5 * _ANGLE
    across = np.abs(s - u) < _ANGLE
    fits &= across
    fits &= across.T
    fits &= np.minimum(d, e) > _NEAR * voxel_size
    return np.asarray(fits, dtype=np.float32)


def _spread_seeds(strength: NDArray[np.float32], agree: NDArray[np.float32]) -> NDArray[np.int64]:
    """The strongest matches, and from those that few of the chosen agree with, the next."""
    left = strength.astype(np.float64).copy()
    seeds = []
    for _ in range(min(_SEEDS, len(left))):
        k = int(np.argmax(left))
        if left[k] <= 0:
            break
        seeds.append(k)
        left[k] = 0
        left[agree[k] > 0] *= 0.7
    return np.array(seeds or [int(np.argmax(strength))])


def fitted(target: FloatArray, source: FloatArray, weight: FloatArray) -> FloatArray:
    """Rigid motions (h, 4, 4) by weighted least squares (Arun, Huang & Blostein 1987)."""
    w = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    a = np.einsum("hm,hmi->hi", w, target)
    b = np.einsum("hm,hmi->hi", w, source)
    cross = np.einsum("hm,hmi,hmj->hij", w, target - a[:, None], source - b[:, None], optimize=True)
    U, _, Vt = np.linalg.svd(cross)
    U[:, :, 2] *= np.sign(np.linalg.det(U @ Vt))[:, None]
    T = np.tile(np.eye(4), (len(a), 1, 1))
    T[:, :3, :3] = U @ Vt
    T[:, :3, 3] = a - np.einsum("hij,hj->hi", T[:, :3, :3], b)
    return T


def _scored(
    poses: FloatArray, m: Matches, voxel_size: float
) -> tuple[FloatArray, NDArray[np.bool_]]:
    R, t = poses[:, :3, :3], poses[:, :3, 3]
    moved = np.einsum("hij,mj->hmi", R, m.source) + t[:, None]
    close = ((moved - m.target) ** 2).sum(axis=2) < (2 * voxel_size) ** 2
    turned = np.einsum("hij,mj,mi->hm", R, m.source_normals, m.target_normals, optimize=True)
    return poses, close & (turned > 0.8)
