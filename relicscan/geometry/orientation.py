"""Which side of a cloud is outside: the signs of its normals.

Where the scanner's position is known, normals face it. Else their signs are carried
along a minimum spanning tree over a coarse subset (Hoppe et al. 1992), then to the
rest by the nearest coarse point. Where walls are thin the subset is refined: on the
benchmark relic (a wall of 2 mm) up to all points, and then it takes 10 of the 12 s
that `make bench` shows for the stage.

Along an edge of the tree the parent's normal is mirrored at the plane halfway
between the two points before the signs are compared: on a circle arc that is
exact, at a sharp edge it is right where a plain comparison has nothing to go by,
and across a thin wall it gives the opposite side the opposite sign.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.neighbours import nearest, point_spacing, tree
from relicscan.geometry.voxels import cell_order
from relicscan.relic import FloatArray

#: Below this share of outermost points that face outwards a surface counts as an open sheet.
OPEN_SHEET = 0.75

#: From this share of steps through walls on a coarse subset is not to be trusted.
MOST_STEPS_THROUGH = 0.05


class Orientation(NamedTuple):
    """Normals (n, 3) that face outwards, and how far they are to be believed.

    `sureness` is the share of 26 directions in which the outermost point of the
    largest part faces outwards, 0.5..1: under OPEN_SHEET it is an open sheet that
    has no outside.
    """

    normals: FloatArray
    sureness: float


def orient_towards(points: FloatArray, normals: FloatArray, viewpoints: FloatArray) -> FloatArray:
    """Normals (n, 3) flipped to face the place that each point was seen from (n, 3).

    Where that is unknown (NaN) the normal stays as it is.
    """
    away = np.einsum("ij,ij->i", normals, viewpoints - points) < 0
    return np.where(away[:, None], -normals, normals)


def orient_consistently(
    points: FloatArray,
    normals: FloatArray,
    *,
    coarse_count: int = 150_000,
    facing: FloatArray | None = None,
    seen_from: FloatArray | None = None,
) -> Orientation:
    """Unit normals (n, 3) of points (n, 3) with consistent signs, facing outwards.

    The coarse subset is made finer where it jumps through walls. `facing` (3,), where
    given, says which side of an open sheet is the front; `seen_from` (n, 3), where the
    scanner stood, with NaN where that is unknown: a part that was seen by it is turned
    towards it, whatever its shape.
    """
    index = tree(points)
    noise = _noise(points, normals, index)
    while True:
        subset = _even_subset(points, coarse_count, index)
        p, n = points[subset], normals[subset]
        if len(p) == len(points) or _steps_through_walls(p, n, noise) < MOST_STEPS_THROUGH:
            break
        coarse_count *= 2
    labels, signs = _spanning_tree_signs(p, n)
    n = n * signs[:, None]
    outwards, sureness = _outward_signs(p, n, labels, facing)
    if seen_from is not None:
        _decide_by_sight(outwards, sureness, p, n, labels, seen_from[subset])
    sure = float(sureness[np.argmax(np.bincount(labels))])
    n = n * outwards[labels][:, None]
    if seen_from is not None:
        n = orient_towards(p, n, seen_from[subset])
    # Among the nearest coarse points the one that lies along the surface, not across a wall.
    k = min(6, len(p))
    indices = nearest(tree(p), points, k)[1].reshape(len(points), k)
    offset = points[:, None, :] - p[indices]
    across = np.abs(np.einsum("ikj,ij->ik", offset, normals))
    best = indices[
        np.arange(len(points)), np.argmin(np.linalg.norm(offset, axis=2) + 3 * across, axis=1)
    ]
    flip = np.einsum("ij,ij->i", normals, n[best]) < 0
    normals = np.where(flip[:, None], -normals, normals)
    return Orientation(
        normals if seen_from is None else orient_towards(points, normals, seen_from), sure
    )


def _noise(points: FloatArray, normals: FloatArray, index: Any) -> float:
    """How far points lie off their neighbours' planes, as a median over a sample."""
    sample = np.arange(0, len(points), max(1, len(points) // 5000))
    near = nearest(index, points[sample], min(7, len(points)))[1].reshape(len(sample), -1)
    off = np.einsum("qkj,qj->qk", points[near] - points[sample, None], normals[sample])
    return float(np.median(off.std(axis=1)))


def _steps_through_walls(p: FloatArray, n: FloatArray, noise: float) -> float:
    """Share of steps to near points that lead through a wall to its other side.

    There the normals are parallel and the step is not along the surface. On a wall of
    2 mm: 0.02 with points 0.7 mm apart, 0.09 with 1.1 mm, 0.30 with 1.5 mm; there the
    signs are right up to 1.5 mm, and wrong on 11 % of the points at 1.9 mm.
    """
    sample = np.arange(0, len(p), max(1, len(p) // 5000))
    near = nearest(tree(p), p[sample], min(13, len(p)))[1].reshape(len(sample), -1)[:, 1:]
    step = p[near] - p[sample, None]
    off = np.abs(np.einsum("qkj,qj->qk", step, n[sample]))
    parallel = np.abs(np.einsum("qkj,qj->qk", n[near], n[sample])) > 0.8
    steep = off > np.maximum(0.3 * np.linalg.norm(step, axis=2), 5 * noise)
    return float((parallel & steep).mean()) if steep.size else 0.0


def _even_subset(points: FloatArray, count: int, index: Any) -> NDArray[np.int64]:
    """Indices of at most about `count` points, one for each occupied cell of a grid."""
    if len(points) <= count:
        return np.arange(len(points))
    # From the spacing, not the extent: one stray point far off would leave a handful of cells.
    size = 0.7 * point_spacing(points, index=index) * float(np.sqrt(len(points) / count))
    if size <= 0:  # most points stand in the same place
        return np.arange(0, len(points), -(-len(points) // count))
    while True:
        order, starts = cell_order(points, size)
        if len(starts) <= 1.1 * count:
            return np.sort(order[starts])
        size *= 1.05 * np.sqrt(len(starts) / count)  # occupied cells of a surface go as 1 / size^2


def _spanning_tree_signs(p: FloatArray, n: FloatArray) -> tuple[NDArray[np.int32], FloatArray]:
    """Connected part of each point (n,) and the sign (n,) that its normal takes from its part."""
    from scipy.sparse import coo_matrix, csgraph

    count, k = len(p), min(12, len(p) - 1)
    if k < 1:
        return np.zeros(count, dtype=np.int32), np.ones(count)
    source = np.repeat(np.arange(count), k)
    target = nearest(tree(p), p, k + 1)[1][:, 1:].ravel()
    step = _directions(p[target] - p[source])
    sideways = 1 - np.maximum(np.abs(_dot(step, n[source])), np.abs(_dot(step, n[target])))
    # 1 - |cos| is Hoppe's weight; `sideways` keeps the tree from stepping along the normals,
    # where noise alone decides. Zero would mean "no edge" to SciPy.
    weight = 1.001 - np.abs(_dot(_mirrored(n[source], step), n[target])) * sideways
    graph: Any = coo_matrix((weight, (source, target)), shape=(count, count)).tocsr()
    forest = csgraph.minimum_spanning_tree(graph.maximum(graph.T))
    parts, labels = csgraph.connected_components(forest, directed=False)
    parent = _parents(forest, labels, parts)
    child = parent != np.arange(count)
    relative = np.ones(count)
    down = _directions(p[child] - p[parent[child]])
    agree = _dot(_mirrored(n[parent[child]], down), n[child])
    relative[child] = np.where(agree < 0, -1.0, 1.0)
    # Multiply the signs up to the root by pointer doubling: log2(depth) passes.
    while np.any(parent != parent[parent]):
        relative = relative * relative[parent]
        parent = parent[parent]
    return labels, relative


def _parents(forest: Any, labels: NDArray[np.int32], parts: int) -> NDArray[np.int64]:
    """Parent of each node (n,), roots being their own: one search from a node above all parts."""
    from scipy.sparse import coo_matrix, csgraph

    count = len(labels)
    roots = np.unique(labels, return_index=True)[1]
    edges = forest.tocoo()
    above = np.full(parts, count)
    rooted = coo_matrix(
        (
            np.ones(len(edges.row) + parts),
            (np.r_[edges.row, above], np.r_[edges.col, roots]),
        ),
        shape=(count + 1, count + 1),
    ).tocsr()
    parent = csgraph.breadth_first_order(rooted, count, directed=False)[1][:count].astype(np.int64)
    parent[roots] = roots
    return np.asarray(parent)


def _outward_signs(
    p: FloatArray, n: FloatArray, labels: NDArray[np.int32], facing: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Sign of each part so that its outermost points face outwards, and how sure that is."""
    parts = int(labels.max()) + 1
    votes = np.zeros(parts)
    counts = np.bincount(labels, minlength=parts)
    # Several at each end, for the very outermost point is often a stray one.
    jury = np.clip(counts // 400, 1, 25)
    directions = [np.array(d, dtype=float) for d in itertools.product((-1, 0, 1), repeat=3)]
    directions = [d for d in directions if d.any()]
    for direction in directions:
        order = np.lexsort((p @ direction, labels))
        part = labels[order]
        outermost = np.cumsum(counts)[part] - np.arange(len(part)) <= jury[part]
        facing_out = np.sign(n[order[outermost]] @ direction)
        votes += np.sign(np.bincount(part[outermost], facing_out, parts))
    signs = np.where(votes < 0, -1.0, 1.0)
    sureness = 0.5 + np.abs(votes) / (2 * len(directions))
    if facing is not None:
        mean = np.stack([np.bincount(labels, n[:, axis], parts) for axis in range(3)], axis=1)
        sheet = sureness < OPEN_SHEET
        signs[sheet] = np.where(mean[sheet] @ facing < 0, -1.0, 1.0)
    return signs, sureness


def _decide_by_sight(
    signs: FloatArray,
    sureness: FloatArray,
    p: FloatArray,
    n: FloatArray,
    labels: NDArray[np.int32],
    seen_from: FloatArray,
) -> None:
    """Put right, in place, the signs of parts of which enough points know who saw them."""
    known = np.isfinite(seen_from).all(axis=1)
    facing = np.sign(_dot((seen_from - p)[known], n[known]))
    seen = np.bincount(labels[known], minlength=len(signs))
    share = np.bincount(labels[known], facing, len(signs)) / np.maximum(seen, 1)
    # A few strays have no say, and an even vote is no word.
    decided = (seen >= 10) & (np.abs(share) > 0.2)
    signs[decided] = np.sign(share[decided])
    sureness[decided] = 0.5 + np.abs(share[decided]) / 2


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", a, b))


def _directions(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _mirrored(normals: FloatArray, step: FloatArray) -> FloatArray:
    """Normals mirrored at the plane across the unit step between two points."""
    return np.asarray(normals - 2 * _dot(normals, step)[:, None] * step)
