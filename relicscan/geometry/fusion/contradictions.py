"""Points of a scan that other scans contradict.

Along edges that hide something a range scanner leaves fringes: its spot falls on the edge and
on what is behind it, and the point flies between. The scan itself says nothing of it. But
where another scan shows the same place face on, its surface passes by and the fringe is not on
it: of redundant measurements the worse one goes (Turk & Levoy 1994, section 4).

A point goes only where better points of other scans reach around its place: what no other scan
shows stays, rims and all. And only where it is worse by itself: of two good scans a little
apart both stay, and the surface is fitted between them.

Of the ten scans of the Stanford bunny, 0.7 mm between points, 6,497 of 362,272 points are over
0.5 mm off the published surface, nearly all on rims. Of these 5,740 go, and of those within
0.25 mm 785.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from relicscan import threads
from relicscan.geometry.fusion.layers import Layer, same_scan
from relicscan.geometry.kernels.kdtree import KdTree
from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import BoolArray, FloatArray

#: Least reliability of each class. Points are judged by what is left of the better classes;
#: the best are not judged.
CLASSES = (0.6, 0.45, 0.3, 0.15, 0.07, 0.0)

#: Nearest better points that tell where the surface is, how many spacings away they are looked
#: for, and the fewest.
NEIGHBOURS, REACH, FEWEST = 8, 4.0, 5
#: They reach around a place whose foot is within so many spacings of their middle, and show one
#: surface if their mean normal is not much shorter than one.
BESIDE, ONE_SURFACE = 1.0, 0.8
#: A place is on a surface that scatters if it is not farther off than so many of its standard
#: deviations, nor than so many times what good points of its scan are off those of others.
SCATTER, MISFIT = 2.0, 3.0
#: Cosine between the normals of a point and of a surface that it may belong to. A fringe bends
#: away by a right angle and more; the other side of a thin wall has -1.
FACING = -0.3

#: Places at a time: 20,000 of ten scans take 100 MB.
_BLOCK = 20_000
#: Good points of a scan that tell how far it is off the others, and the fewest.
_SAMPLE, _FEWEST_SAMPLES = 2000, 20


class _Good(NamedTuple):
    """The better points of a scan so far (m, 3), with their normals, and the box of them (2, 3)."""

    tree: KdTree
    points: FloatArray
    normals: FloatArray
    spacing: float
    box: FloatArray


class _Surface(NamedTuple):
    """What better points of other scans show at places (n, 3).

    around (n,): they reach around the place; off (n,) is how far it is off their surface, and
    scatter (n,) how far these points are; normal (n, 3) is theirs; spacing (n,).
    """

    around: BoolArray
    off: FloatArray
    scatter: FloatArray
    normal: FloatArray
    spacing: FloatArray


def contradicted(
    layers: Sequence[Layer | None], clouds: Sequence[FloatArray], tolerance_spacings: float = 0.5
) -> list[BoolArray]:
    """Masks (n,) of the points of each cloud (n, 3) that better points of others contradict.

    Clouds are in the common frame, a layer is of each, None where there is none: that scan has
    no say and keeps its points. A point is on a surface within `tolerance_spacings`, or more
    where scans scatter or lie apart. The same scan listed twice is one scan.
    """
    known = {k: layer for k, layer in enumerate(layers) if layer is not None}
    gone = [np.zeros(len(points), dtype=bool) for points in clouds]
    kept = {k: layer.reliability >= CLASSES[0] for k, layer in known.items()}
    others = {k: [j for j in known if j != k and not same_scan(known[j], known[k])] for k in known}
    misfit: dict[int, float] = {}
    for above, least in pairwise(CLASSES):
        good = {k: _good(layer, kept[k]) for k, layer in known.items() if kept[k].any()}

        def beside(k: int, good: dict[int, _Good] = good) -> list[_Good]:
            return [good[j] for j in others[k] if j in good]

        def judged(k: int, above: float = above, least: float = least) -> BoolArray:
            layer, points = known[k], clouds[k]
            if k not in misfit:
                misfit[k] = _misfit(layer, kept[k], beside(k))
            of_class = (layer.reliability >= least) & (layer.reliability < above)
            which = np.flatnonzero((layer.member >= 0) & of_class[layer.member])
            off = np.zeros(len(points), dtype=bool)
            for start in range(0, len(which), _BLOCK):
                some = which[start : start + _BLOCK]
                facing = layer.normals[layer.member[some]]
                shown = _surface(points[some], layer.spacing, beside(k))
                allowed = np.maximum(tolerance_spacings * shown.spacing, SCATTER * shown.scatter)
                off[some] = (
                    shown.around
                    & (np.abs(shown.off) > np.maximum(allowed, MISFIT * misfit[k]))
                    & (np.einsum("ni,ni->n", facing, shown.normal) > FACING)
                )
            return off

        for k, off in zip(known, threads.each(judged, list(known)), strict=True):
            gone[k] |= off
            layer = known[k]
            left = layer.member[(layer.member >= 0) & ~gone[k]]
            kept[k][left] |= (layer.reliability >= least)[left]
    return gone


def _good(layer: Layer, which: BoolArray) -> _Good:
    points = layer.points[which]
    box = np.stack([points.min(axis=0), points.max(axis=0)])
    return _Good(tree(points), points, layer.normals[which], layer.spacing, box)


def _misfit(layer: Layer, which: BoolArray, others: Sequence[_Good]) -> float:
    """How far good points of a scan are off those of others: the median."""
    at = np.flatnonzero(which)
    some = at[:: max(1, len(at) // _SAMPLE)]
    shown = _surface(layer.points[some], layer.spacing, others)
    alike = np.einsum("ni,ni->n", layer.normals[some], shown.normal) > FACING
    off = np.abs(shown.off[shown.around & alike])
    return float(np.median(off)) if len(off) >= _FEWEST_SAMPLES else 0.0


def _surface(places: FloatArray, spacing: float, others: Sequence[_Good]) -> _Surface:
    """The surface at places (n, 3): a plane through the nearest better points of all others."""
    apart, at, normal, each = _nearest_of_all(places, spacing, others)
    near = np.isfinite(apart)
    weight = np.where(near, np.exp(-((apart - apart[:, :1].clip(max=REACH)) ** 2)), 0.0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    middle = np.einsum("nk,nki->ni", weight, at)
    mean = np.einsum("nk,nki->ni", weight, normal)
    size = np.linalg.norm(mean, axis=1)
    mean /= np.maximum(size, 1e-300)[:, None]
    away = places - middle
    flat = np.einsum("ni,ni->n", away, mean)
    # Off the plane a curved surface is on the one side, off the planes of its points by as much
    # on the other.
    own = np.einsum("nk,nki,nki->n", weight, places[:, None] - at, normal)
    off = (flat + own) / 2
    beside = np.linalg.norm(away - flat[:, None] * mean, axis=1)
    out = np.einsum("nki,ni->nk", at - middle[:, None], mean)
    wide = np.max(each, axis=1, initial=spacing, where=near)
    around = (near.sum(axis=1) >= FEWEST) & (size > ONE_SURFACE) & (beside < BESIDE * wide)
    scatter = np.sqrt(np.einsum("nk,nk->n", weight, out**2))
    return _Surface(around, off, scatter, mean, wide)


def _nearest_of_all(
    places: FloatArray, spacing: float, others: Sequence[_Good]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The nearest better points (n, NEIGHBOURS) of all others together, nearest first.

    How far they are in spacings (inf where there are fewer), where (n, k, 3), their normals,
    and the spacing that counts for each.
    """
    n = len(places)
    apart = np.full((n, NEIGHBOURS), np.inf)
    at, normal = np.zeros((2, n, NEIGHBOURS, 3))
    each = np.full((n, NEIGHBOURS), spacing)
    for other in others:
        wide = max(spacing, other.spacing)
        low, high = other.box[0] - REACH * wide, other.box[1] + REACH * wide
        inside = np.flatnonzero(((places > low) & (places < high)).all(axis=1))
        far, found = nearest(other.tree, places[inside], NEIGHBOURS, within=REACH * wide)
        far = np.hstack([apart[inside], far / wide])
        order = np.argsort(far, axis=1, kind="stable")[:, :NEIGHBOURS]
        rows = np.arange(len(inside))[:, None]
        found = np.minimum(found, len(other.points) - 1)
        apart[inside] = far[rows, order]
        at[inside] = np.hstack([at[inside], other.points[found]])[rows, order]
        normal[inside] = np.hstack([normal[inside], other.normals[found]])[rows, order]
        each[inside] = np.hstack([each[inside], np.full(found.shape, wide)])[rows, order]
    return apart, at, normal, each
