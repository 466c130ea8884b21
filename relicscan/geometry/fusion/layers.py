"""A placed scan as fusion weighs it: how much each of its points may be relied on.

A range scanner errs where its spot is spread over a slanting surface, or over an edge and
what is behind it. So a point counts for less the more its surface turns away from the
scanner, and the nearer it is to where the scan ends (Turk & Levoy 1994; Curless & Levoy
1996, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import plausible
from relicscan.geometry.kernels.kdtree import KdTree
from relicscan.geometry.neighbours import nearest, point_spacing, tree
from relicscan.geometry.registration.views import (
    FEWEST,
    NEIGHBOURS,
    RIM,
    Scale,
    View,
    prepared,
)
from relicscan.relic import BoolArray, FloatArray, IntArray

#: A scan is thinned to about so many points before it is weighed.
MOST_POINTS = 250_000

#: A surface goes through so many cells for each square of their side that it has.
_TOUCHED = 1.5

#: Spacings from a rim within which a scan is worse the nearer it is.
RIM_BAND = 4.0

#: A point on a rim has no other within nearly half a turn: of points at random 1 % seem to be on
#: one, and 9 % where that is not asked.
_OPEN = np.radians(150)
#: Two points are of one surface if the cosine between their normals is over this.
_SAME_WAY = 0.7
#: Where a scan was seen from is told from a point to every hundredth of its diagonal.
_COARSE = 1 / 100


@dataclass(frozen=True, eq=False)
class Layer:
    """A scan in the common frame, thinned where it is dense.

    points and outward normals (m, 3); reliability (m,) in 0..1; at_rim (m,) where it is less
    for a rim; spacing of the points; member (n,) int64 is the layer's point that each point of
    the scan belongs to, -1 for none.
    """

    points: FloatArray
    normals: FloatArray
    reliability: FloatArray
    at_rim: BoolArray
    spacing: float
    member: NDArray[np.int64]


def layer_of(view: View, most_points: int = MOST_POINTS) -> Layer | None:
    """The layer of a scan in the common frame; None where its points are too few to tell."""
    from relicscan.geometry.normals import fit_planes
    from relicscan.geometry.voxels import cell_order

    usable = np.flatnonzero(plausible(view.points))
    if len(usable) < FEWEST:
        return None
    points = np.ascontiguousarray(view.points[usable])
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    diagonal, spacing = float(np.linalg.norm(high - low)), point_spacing(points, 4000)
    if not spacing > 0 or not diagonal > 0:
        return None
    member = np.full(len(view.points), -1)
    member[usable] = np.arange(len(usable))
    if len(points) > most_points:
        order, starts = cell_order(
            points, spacing * float(np.sqrt(_TOUCHED * len(points) / most_points))
        )
        counts = np.diff(np.append(starts, len(order)))
        member[usable[order]] = np.repeat(np.arange(len(starts)), counts)
        points = np.add.reduceat(points[order], starts, axis=0) / counts[:, None]
        spacing = point_spacing(points, 4000)
    if len(points) < FEWEST:
        return None
    fine = max(diagonal * _COARSE, 1.5 * spacing)
    coarse = prepared(view, Scale(diagonal, spacing, 0.0, fine, fine))
    if isinstance(coarse, str):
        return None
    points.flags.writeable = False
    normals = fit_planes(points).normals
    facing, cosine = _faced(points, normals, coarse, view)
    inside = np.minimum(_from_rim(points, normals) / (RIM_BAND * spacing), 1)
    return Layer(points, facing, cosine * inside, inside < 1, spacing, member)


def same_scan(one: Layer, other: Layer) -> bool:
    """Whether two layers are of one scan that is listed twice."""
    if len(one.points) != len(other.points):
        return False
    return bool(np.abs(one.points - other.points).max() < 1e-3 * one.spacing)


def _faced(
    points: FloatArray, normals: FloatArray, coarse: Any, view: View
) -> tuple[FloatArray, FloatArray]:
    """Normals with signs, and the cosine (m,) of incidence: 1 where nothing tells the sight."""
    if view.viewpoint is not None:
        towards = view.viewpoint - points
        towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-300)
    elif coarse.sight is not None:
        towards = np.broadcast_to(coarse.sight.axes[2], points.shape)
    else:
        like = coarse.fine.normals[nearest(coarse.fine.tree, points - coarse.center)[1]]
        away = np.einsum("ij,ij->i", normals, like) < 0
        return np.where(away[:, None], -normals, normals), np.ones(len(points))
    cosine = np.einsum("ij,ij->i", normals, towards)
    return np.where(cosine[:, None] < 0, -normals, normals), np.abs(cosine)


def _from_rim(points: FloatArray, normals: FloatArray) -> FloatArray:
    """How far each point (m, 3) is from where its scan ends."""
    apart, near = nearest(tree(points), points, NEIGHBOURS)
    away = np.linalg.norm(points[near].mean(axis=1) - points, axis=1)
    aside = np.flatnonzero(away > RIM * np.maximum(apart[:, -1], 1e-300))
    # Points at random are by chance more on one side, but on a rim nothing is on the other.
    spread = points[near[aside, 1:]] - points[aside, None]
    across = np.cross(normals[aside], spread[:, 0])
    along = np.cross(across, normals[aside])
    angle = np.sort(
        np.arctan2(np.einsum("nki,ni->nk", spread, across), np.einsum("nki,ni->nk", spread, along)),
        axis=1,
    )
    gap = np.diff(np.column_stack([angle, angle[:, :1] + 2 * np.pi]), axis=1).max(axis=1)
    rim = aside[gap > _OPEN]
    if not len(rim):
        return np.full(len(points), np.inf)
    return nearest(tree(points[rim]), points)[0]


def same_places(one: Layer, other: Layer, index: KdTree) -> tuple[IntArray, IntArray]:
    """Points of two layers that are of one place (p,), (p,); `index` is over those of the other.

    Each point of the one with its nearest of the other, within a spacing, if both face the
    same way.
    """
    apart, near = nearest(index, one.points, within=max(one.spacing, other.spacing))
    mine = np.flatnonzero(np.isfinite(apart))
    theirs = near[mine]
    alike = np.einsum("ij,ij->i", one.normals[mine], other.normals[theirs]) > _SAME_WAY
    return mine[alike].astype(np.int32), theirs[alike]
