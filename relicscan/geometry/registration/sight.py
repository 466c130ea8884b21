"""What a scan saw through: depth along its lines of sight.

A range scan states more than where its surface is: between the scanner and each of its points
there is nothing. Where another scan, placed, lies in that space, one of the two is placed
wrongly (Huber & Hebert 2003, visibility consistency).

The scanner's place is used where it is known. Else a direction is estimated, from far away:
what was seen faces it, and along it no two sheets of the scan lie behind each other. The
middle of all directions that explain a scan is taken; where none does (merged from several
sides) the scan has no sight and its free space is not used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from relicscan.relic import FloatArray

#: Cells of a depth map in voxel sizes: so large that a cell of a seen surface holds a point.
_CELL = 1.8
_DIRECTIONS = 300
#: A direction explains a scan if at most this share of it is hidden, and this share of the
#: normals has to be turned to face it.
MOST_HIDDEN = 0.08
MOST_TURNED = 0.25


class Sight(NamedTuple):
    """A depth map along lines of sight.

    axes (3, 3): rows right, up, and towards the scanner; viewpoint (3,), which counts unless
    `parallel`; origin (2,) of the picture and the side of its cells; near and far (h, w):
    least and greatest depth in a cell and those around it, NaN where one of them saw nothing.
    """

    axes: FloatArray
    viewpoint: FloatArray
    parallel: bool
    origin: FloatArray
    cell: float
    near: FloatArray
    far: FloatArray


#: For a scan that has none.
BLIND = Sight(
    np.eye(3), np.zeros(3), True, np.zeros(2), 1.0, np.full((1, 1), np.nan), np.zeros((1, 1))
)


def known_sight(points: FloatArray, viewpoint: FloatArray, voxel_size: float) -> Sight:
    """The depth map of points (n, 3) from where the scanner stood."""
    towards = viewpoint - points.mean(axis=0)
    distance = float(np.linalg.norm(towards))
    if distance == 0:
        towards, distance = np.array([0.0, 0.0, 1.0]), voxel_size
    axes = _axes(towards / distance)
    middle = float(np.median(np.linalg.norm(points - viewpoint, axis=1)))
    return _mapped(points, axes, viewpoint, False, voxel_size / max(middle, voxel_size))


def estimated_direction(
    points: FloatArray, normals: FloatArray, voxel_size: float
) -> FloatArray | None:
    """Towards the scanner (3,), from points and normals (n, 3); None where no direction fits.

    Some normals may have the wrong sign, as those of the far inner wall of a cauldron.
    """
    step = max(1, len(points) // 3000)
    some, facing = points[::step], normals[::step]
    wide = 1.2 * voxel_size * np.sqrt(step)
    directions = _directions()
    behind = (directions @ facing.T < 0.0).mean(axis=1)
    candidates = np.flatnonzero(behind < behind.min() + 0.06)
    hidden = np.array([_hidden(some, directions[k], wide) for k in candidates])
    unseen = hidden + behind[candidates]
    best = unseen <= unseen.min() + 0.01
    if hidden[best].mean() > MOST_HIDDEN or behind[candidates][best].mean() > MOST_TURNED:
        return None
    middle = directions[candidates[best]].mean(axis=0)
    return np.asarray(middle / np.linalg.norm(middle))


def sight_along(points: FloatArray, towards: FloatArray, voxel_size: float) -> Sight:
    """The depth map of points (n, 3) from far away, in a direction (3,)."""
    return _mapped(points, _axes(towards), np.zeros(3), True, voxel_size)


def _directions() -> FloatArray:
    k = np.arange(_DIRECTIONS)
    z = 1 - (2 * k + 1) / _DIRECTIONS
    angle = np.pi * (3 - np.sqrt(5)) * k
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)


def _axes(towards: FloatArray) -> FloatArray:
    other = np.eye(3)[np.argmin(np.abs(towards))]
    right = np.cross(other, towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


def _hidden(points: FloatArray, towards: FloatArray, cell: float) -> float:
    """Share of points that lie behind others, seen along a direction."""
    local = points @ _axes(towards).T
    at = np.floor((local[:, :2] - local[:, :2].min(axis=0)) / cell).astype(np.int64)
    flat = at[:, 0] * (at[:, 1].max() + 1) + at[:, 1]
    front = np.full(flat.max() + 1, -np.inf)
    np.maximum.at(front, flat, local[:, 2])
    return float((local[:, 2] < front[flat] - 4 * cell).mean())


def _mapped(
    points: FloatArray, axes: FloatArray, viewpoint: FloatArray, parallel: bool, size: float
) -> Sight:
    if parallel:
        local = points @ axes.T
        across, depth = local[:, :2], -local[:, 2]
    else:
        local = (points - viewpoint) @ axes.T
        depth = np.linalg.norm(local, axis=1)
        ahead = np.maximum(-local[:, 2], 1e-3 * depth)
        across = local[:, :2] / ahead[:, None]
    cell = _CELL * size
    low, high = np.quantile(across, [0.002, 0.998], axis=0)
    cell = max(cell, float((high - low).max()) / 2000)
    low, high = low - 3 * cell, high + 3 * cell
    shape = np.ceil((high - low) / cell).astype(np.int64)
    at = np.floor((across - low) / cell).astype(np.int64)
    inside = ((at >= 0) & (at < shape)).all(axis=1)
    at, depth = at[inside], depth[inside]
    near = np.full(tuple(shape), np.inf)
    far = np.full(tuple(shape), -np.inf)
    np.minimum.at(near, (at[:, 0], at[:, 1]), depth)
    np.maximum.at(far, (at[:, 0], at[:, 1]), depth)
    seen = np.isfinite(near)
    near, far = _around(near, np.minimum, np.inf), _around(far, np.maximum, -np.inf)
    whole = np.logical_not(_around(np.logical_not(seen), np.logical_or, False))
    return Sight(
        axes,
        np.ascontiguousarray(viewpoint),
        parallel,
        low,
        cell,
        np.where(whole, near, np.nan),
        np.where(whole, far, np.nan),
    )


def _around(values: FloatArray, combine: np.ufunc, outside: float) -> FloatArray:
    """Each cell combined with the eight around it."""
    padded = np.pad(values, 1, constant_values=outside)
    rows = combine(combine(padded[:-2], padded[1:-1]), padded[2:])
    return np.asarray(combine(combine(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:]))
