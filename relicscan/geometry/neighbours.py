"""Nearest neighbours, and the point spacing that every other length is derived from."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.checks import require_plausible
from relicscan.relic import FloatArray

if TYPE_CHECKING:
    from relicscan.geometry.kernels.kdtree import KdTree

#: Neighbours that the spacing is averaged over. The k-th neighbour alone jumps with the
#: shells of a grid (k = 8 reads 11 % low on a square grid); over these ranks the error is
#: under 3 % on square and hexagonal grids and on random points alike.
SPACING_RANKS = np.arange(4, 13)


class _Built(NamedTuple):
    """A tree, and the memory that its points lie in."""

    owner: weakref.ref[FloatArray]
    where: tuple[object, ...]
    tree: KdTree


_latest: _Built | None = None


def tree(points: FloatArray) -> KdTree:
    """A k-d tree over points (n, 3), at least one.

    The same again for the same array if nobody may write to it: one stage after another
    asks for that of a relic's points. Raises StageError on coordinates that are not numbers.
    """
    global _latest
    from relicscan.geometry.kernels import kdtree

    owner = points if points.base is None else points.base
    where = (points.__array_interface__["data"], points.shape, points.strides)
    latest = _latest  # of one moment: another thread may put its own there meanwhile
    if latest is not None and latest.owner() is owner and latest.where == where:
        return latest.tree
    require_plausible(points)
    index = kdtree.build(points)
    if isinstance(owner, np.ndarray) and not points.flags.writeable:
        _latest = _Built(weakref.ref(owner, _forget), where, index)
    return index


def _forget(owner: weakref.ref[FloatArray]) -> None:
    """Let go of a tree with its points."""
    global _latest
    latest = _latest
    if latest is not None and latest.owner is owner:
        _latest = None


def nearest(
    index: KdTree, queries: FloatArray, k: int = 1, within: float = np.inf
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Distances and indices of the k nearest points to queries (q, 3): (q,) or (q, k) each.

    Where there are fewer than k points, the last ones are repeated. Points farther than
    `within` are not looked for: distance inf, index n. Raises StageError on queries that
    are not numbers.
    """
    from relicscan.geometry.kernels import kdtree

    require_plausible(queries)
    available = min(k, len(index.points))
    distances, indices = kdtree.query(index, queries, available, within)
    if k == 1:
        return distances[:, 0], indices[:, 0]
    if available < k:
        pad = ((0, 0), (0, k - available))
        distances, indices = np.pad(distances, pad, "edge"), np.pad(indices, pad, "edge")
    return distances, indices


def local_spacing(points: FloatArray, index: KdTree | None = None) -> FloatArray:
    """The side of the square that points have to themselves around each point (n, 3): (n,).

    The lower quartile over its neighbours: a point on a rim has them on one side only,
    and alone would read 1.4 times too much. Neighbours are the points of a branch of the
    tree, 16 to 32, of which a quarter is measured; where dense and sparse points share a
    branch, each has its own.
    """
    from relicscan.geometry.kernels import kdtree

    index = tree(points) if index is None else index
    starts = kdtree.branches(index)
    size = int(np.diff(starts).max())
    at = np.minimum(starts[:-1, None] + np.arange(0, size, 4), starts[1:, None] - 1)
    measured = spacing_at(index.points[at.ravel()], points, index).reshape(at.shape)
    quarter = measured.shape[1] // 4
    quartile = np.partition(measured, quarter, axis=1)[:, quarter]
    spacing = np.repeat(quartile, np.diff(starts))
    mixed = np.repeat(measured.max(axis=1) > 2 * quartile, np.diff(starts))
    if mixed.any():
        spacing[mixed] = spacing_at(index.points[mixed], points, index)
    in_order = np.empty(len(points))
    in_order[index.order] = spacing
    return in_order


def point_spacing(points: FloatArray, sample: int = 20_000, index: KdTree | None = None) -> float:
    """The median spacing of a cloud (n, 3), from an even sample of its points; 0 for < 4 points."""
    if len(points) < 4:
        return 0.0
    step = max(1, len(points) // sample)
    return float(np.median(spacing_at(points[::step], points, index)))


def spacing_at(queries: FloatArray, points: FloatArray, index: KdTree | None = None) -> FloatArray:
    """The side of the square that some points (q, 3) of a cloud (n, 3) have to themselves: (q,).

    k neighbours within radius r on a surface: spacing = r sqrt(pi / k). Steadier than
    the distance to the nearest point, which duplicates and noise pull to zero.
    """
    from relicscan.geometry.kernels import loneliness

    require_plausible(queries)
    index = tree(points) if index is None else index
    spacing = np.empty(len(queries))
    threads.in_blocks(
        lambda a, b: loneliness.spacings(index, queries, SPACING_RANKS, spacing, a, b),
        len(queries),
    )
    return spacing
