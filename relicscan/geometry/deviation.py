"""How far each level of detail is from the scan it was made from, both ways.

From the scan to the level: points of the scan to the nearest place on the level's triangles,
exactly (one-sided distances, Aspert et al. 2002). From the level to the scan: places spread
over the level by area to the surface that the scan's points span there, the algebraic
sphere through the nearest ones (Guennebaud & Gross 2007). The plain distance to the nearest
point would measure how far the points are apart, not how far the level is from them.
Sideways a point stands for what lies within SPAN spacings of it: a level that goes on
farther, beyond a rim or over a gap, is as far off as it goes on. Where the scan was a mesh,
that mesh is the reference and both ways are exact.

What was not scanned is no error of either kind: places on triangles with a made-up
(`filled`) vertex are left out, and their share of the area is told instead.

Some of the scan's points are in no level because the model as a whole does not have
them: outliers that survived, crumbs that were removed, parts where no surface came about.
On the benchmark vase one point in 1,700 is such, up to 33 mm away: RMS 0.415 mm with them,
0.077 without. So points farther than LEFT_OUT spacings from the finest level and from
all vertices of the full mesh (a surface through points reaches no farther from them) are
counted by their share, and in the maximum, but in neither RMS nor percentile. What one level
has lost and the full mesh has counts in full.

Most of an RMS comes from few places (on the bust's finest level 0.1 % of the area), which an
even sample meets by chance. So the scan's points are held against the finest level first, and
each level's vertices against the scan; half of the places are then drawn where these are
far off, with less weight each. Standard deviation over 8 seeds of RMS and of p95, the worst
of four levels of the benchmark's vase and bust at a million points, and seconds of one core
for all four:

| places | scan to level | level to scan | seconds |
|---|---|---|---|
| 100,000, spread evenly | 0.7 %, 0.3 % | 11.4 %, 0.5 % | 2.8 |
| half by the vertices of a face; 400,000 points first | 0.7 %, 0.6 % | 0.8 %, 0.6 % | 3.2 |
| 80,000, by those of the faces around too; all points first | 0.2 %, 0.6 % | 0.7 %, 0.6 % | 3.4 |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.errors import StageError
from relicscan.geometry.checks import require_count, require_faces, require_plausible
from relicscan.geometry.closest import closest, triangle_tree
from relicscan.geometry.neighbours import nearest, point_spacing, spacing_at, tree
from relicscan.geometry.topology import face_areas, vertex_normals
from relicscan.relic import BoolArray, Deviation, Distances, FloatArray, Mesh, PointCloud

if TYPE_CHECKING:
    from relicscan.geometry.kernels.kdtree import KdTree

#: Distances (q,) of places (q, 3) on a surface that faces (q, 3) that way.
Measuring = Callable[[FloatArray, FloatArray], FloatArray]

#: Places that each way is measured at: see the table.
SAMPLES = 120_000

#: So many of the scan's points, if there are more, are held against the finest level: with
#: 400,000 of a million the maximum differs by 5 % from seed to seed, and 0.7 s are saved.
FIRST = 1_000_000

#: So many faces of a level, the worst ones, are looked at all over, a grid of so many places to
#: a side: without, the maximum differs by 7 % from seed to seed.
WORST, GRID = 400, 8

#: Points that the scan's surface is taken from at a place. With 8, 12, 16, 24 and 32 the
#: vase's finest level is 0.040, 0.035, 0.033, 0.032 and 0.034 mm (RMS) off.
NEIGHBOURS = 16

#: How far sideways of a point its surface goes, in local point spacings: of places on
#: randomly scattered points 3 in a million lie farther from all of them.
SPAN = 2.0

#: Sparse parts count as up to this much sparser than the typical place.
SPARSEST = 3.0

#: Points farther from the model than this many spacings are not in it.
LEFT_OUT = 3.0


def deviations(
    levels: Sequence[Mesh],
    master: Mesh,
    cloud: PointCloud | None,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> list[Deviation]:
    """How far each level is from the scan, in the unit of the meshes.

    `master` is the full mesh that the levels come from, `cloud` the cleaned points with
    normals that it was laid through, None where the scan itself was a mesh. Places are
    drawn with `seed`; the result is the same for any number of threads.

    Raises StageError where a mesh has no triangles, there are no points, points have no
    normals, or coordinates are not plausible numbers.
    """
    for mesh in (master, *levels):
        require_faces(mesh)
        require_plausible(mesh.vertices)
    different = list({id(level): level for level in levels}.values())  # small scans have one
    if cloud is None:
        measured = _from_mesh(different, master, samples, seed)
    else:
        require_count(cloud.points, 1)
        if cloud.normals is None:
            raise StageError(
                "the points have no normals, so the surface that they span is not known",
                remedy="put estimate_normals before this stage",
            )
        measured = _from_points(different, master, cloud.points, cloud.normals, samples, seed)
    of_level = dict(zip(map(id, different), measured, strict=True))
    return [of_level[id(level)] for level in levels]


def _from_points(
    levels: Sequence[Mesh],
    master: Mesh,
    points: FloatArray,
    normals: FloatArray,
    samples: int,
    seed: int,
) -> list[Deviation]:
    index = tree(points)
    spacing = point_spacing(points, index=index)
    to_points = _to_points(index, normals, spacing)
    random = np.random.default_rng(seed)
    scanned = _drawn(index.points, max(FIRST, samples), random)
    finest = max(range(len(levels)), key=lambda number: len(levels[number].faces))
    apart = _to_mesh(levels[finest])(scanned)
    left_out = _left_out(scanned, apart, master, LEFT_OUT * spacing)
    left_out_share = _rounded(left_out.mean())
    if left_out.all():  # a model that has nothing of the scan is measured against all of it
        left_out[:] = False

    inside = scanned[~left_out]
    density = _density(np.ones(len(inside)), apart[~left_out] ** 2)
    which = _steps(density, min(samples, len(inside)), random)
    places = np.concatenate([inside[which], _drawn(scanned[left_out], samples, random)])
    weight = np.concatenate([1 / density[which], np.zeros(len(places) - len(which))])

    def scan_to(number: int) -> Distances:
        if number == finest:
            return _summed_up(apart, np.where(left_out, 0.0, 1.0))
        return _summed_up(_to_mesh(levels[number])(places), weight)

    diagonal = _diagonal(master)
    return [
        Deviation(
            reference="points",
            scan_to_level=scan_to(number),
            level_to_scan=_over_faces(level, to_points, samples, seed),
            left_out_share=left_out_share,
            left_out_beyond=_rounded(LEFT_OUT * spacing),
            filled_area_share=_filled_share(level),
            diagonal=diagonal,
        )
        for number, level in enumerate(levels)
    ]


def _from_mesh(levels: Sequence[Mesh], scan: Mesh, samples: int, seed: int) -> list[Deviation]:
    to_scan = _to_mesh(scan)
    diagonal = _diagonal(scan)
    return [
        Deviation(
            reference="mesh",
            scan_to_level=_over_faces(scan, _to_mesh(level), samples, seed),
            level_to_scan=_over_faces(level, to_scan, samples, seed),
            left_out_share=0.0,
            left_out_beyond=None,
            filled_area_share=_filled_share(level),
            diagonal=diagonal,
        )
        for level in levels
    ]


def _over_faces(mesh: Mesh, measured: Measuring, samples: int, seed: int) -> Distances | None:
    """From places on a mesh and from all its vertices; None where all of it was filled.

    The vertices tell where it is worth looking, and count in the maximum, as do more places on
    the worst faces. Faces beside one
    with a corner that is far off are looked at as well: a bridge over a groove touches both sides.
    """
    face = np.flatnonzero(~_filled_faces(mesh))
    if not len(face):
        return None
    corners = mesh.faces[face]
    vertex = np.unique(corners)
    facing = mesh.normals
    if facing is None:
        facing = vertex_normals(mesh.vertices, mesh.faces)
    at_vertex = np.zeros(len(mesh.vertices))
    at_vertex[vertex] = measured(mesh.vertices[vertex], facing[vertex].astype(np.float64))

    area = face_areas(mesh)[face]
    if not area.sum() > 0:
        area = np.ones(len(face))
    random = np.random.default_rng(seed)
    worst_around = np.zeros(len(mesh.vertices))
    np.maximum.at(worst_around, corners.ravel(), np.repeat(at_vertex[corners].max(axis=1), 3))
    density = _density(area, (worst_around**2)[corners].mean(axis=1))
    which = _steps(area * density, samples, random)
    a, b, c = (mesh.vertices[corners[which, i]] for i in range(3))
    u, v = np.sqrt(random.random((samples, 1))), random.random((samples, 1))
    places = (1 - u) * a + u * (1 - v) * b + u * v * c
    at_place = measured(places, _unit(np.cross(b - a, c - a)))
    worst = at_vertex[corners].max(axis=1)
    np.maximum.at(worst, which, at_place)
    looked_at = _all_over(mesh.vertices[corners[np.argsort(worst)[-WORST:]]], measured)
    distance = np.concatenate([at_place, at_vertex[vertex], looked_at])
    return _summed_up(distance, np.r_[1 / density[which], np.zeros(len(distance) - samples)])


def _all_over(triangles: FloatArray, measured: Measuring) -> FloatArray:
    """Distances from GRID (GRID + 1) / 2 places on each of some triangles (t, 3, 3)."""
    i, j = (step[np.add(*np.indices((GRID, GRID))) < GRID] for step in np.indices((GRID, GRID)))
    weights = np.stack([i, j, GRID - 1 - i - j], axis=1) / (GRID - 1)
    places = np.einsum("pk,tkd->tpd", weights, triangles).reshape(-1, 3)
    a, b, c = triangles.transpose(1, 0, 2)
    return measured(places, np.repeat(_unit(np.cross(b - a, c - a)), len(weights), axis=0))


def _left_out(
    scanned: FloatArray, apart: FloatArray, master: Mesh, beyond: float
) -> NDArray[np.bool_]:
    """Mask of the places (q, 3) that are farther than `beyond` from all that the model has.

    apart (q,) is how far they are from the finest level.
    """
    left_out = apart > beyond
    if left_out.any():
        doubtful = scanned[left_out]
        # Only the few vertices that are near any of them need a tree.
        near = nearest(tree(doubtful), master.vertices, within=beyond)[0] < beyond
        if near.any():
            found = nearest(tree(master.vertices[near]), doubtful, within=beyond)[0]
            left_out[left_out] = found >= beyond
    return left_out


def _to_points(index: KdTree, normals: FloatArray, spacing: float) -> Measuring:
    """Distances to the surface that points with normals (n, 3) span.

    The height over it, and how far a place lies sideways of where it ends.
    """
    from relicscan.geometry.kernels.mls import heights

    in_tree_order = normals[index.order].astype(np.float64)
    k = min(NEIGHBOURS, len(index.points))

    def measured(places: FloatArray, facing: FloatArray) -> FloatArray:
        height, gap = np.empty(len(places)), np.empty(len(places))
        closest = np.empty(len(places), dtype=np.int64)

        def measure(start: int, stop: int) -> None:
            heights(index, in_tree_order, k, places, facing, height, gap, closest, start, stop)

        threads.in_blocks(measure, len(places))
        aside = np.sqrt(gap**2 - height**2)
        reach = np.full(len(places), SPAN * spacing)
        beyond = np.flatnonzero(aside > reach)
        if len(beyond):
            there = spacing_at(index.points[closest[beyond]], index.points, index)
            reach[beyond] = SPAN * np.clip(there, spacing, SPARSEST * spacing)
        return np.asarray(np.hypot(height, np.maximum(aside - reach, 0)))

    return measured


def _to_mesh(mesh: Mesh) -> Callable[..., FloatArray]:
    """Distances to triangles, whichever way a place faces."""
    index = triangle_tree(mesh)
    return lambda places, facing=None: closest(index, places)[0]


def _density(measure: FloatArray, squared: FloatArray) -> FloatArray:
    """How densely to draw from items of some measure: half evenly, half by squared distance."""
    typical = float((measure * squared).sum() / measure.sum())
    return (1 + squared / typical) / 2 if typical > 0 else np.ones(len(measure))


def _steps(measure: FloatArray, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Items (count,) in order, as often as their measure says: one from each equal step.

    Near items are near in space, in a tree's order and on most meshes: so every part has
    its share, and the search for neighbours stays in one part of memory.
    """
    up_to = np.cumsum(measure)
    at = (np.arange(count) + random.random(count)) / max(count, 1) * up_to[-1]
    return np.asarray(np.minimum(np.searchsorted(up_to, at, side="right"), len(measure) - 1))


def _drawn(points: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
    """`count` of the points (n, 3) in their order; all where there are no more."""
    if len(points) <= count:
        return points
    return points[_steps(np.ones(len(points)), count, random)]


def _summed_up(distance: FloatArray, weight: FloatArray) -> Distances:
    """Maximum of all places, RMS and percentile of those with a weight."""
    order = np.argsort(distance)
    up_to = np.cumsum(weight[order])
    return Distances(
        rms=_rounded(np.sqrt((weight * distance**2).sum() / weight.sum())),
        p95=_rounded(distance[order[np.searchsorted(up_to, 0.95 * up_to[-1])]]),
        max=_rounded(distance[order[-1]]),
        samples=int((weight > 0).sum()),
    )


def _filled_faces(mesh: Mesh) -> BoolArray:
    """Mask (m,) of the faces with a vertex that was made up."""
    if mesh.filled is None:
        return np.zeros(len(mesh.faces), dtype=bool)
    return np.asarray(mesh.filled[mesh.faces].any(axis=1))


def _filled_share(mesh: Mesh) -> float:
    """The share of the area that those faces have."""
    filled = _filled_faces(mesh)
    if not filled.any():
        return 0.0
    area = face_areas(mesh)
    return _rounded(area[filled].sum() / (area.sum() or 1.0))


def _diagonal(mesh: Mesh) -> float:
    low, high = mesh.bounds
    return float(np.linalg.norm(high - low))


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))


def _rounded(value: Any) -> float:
    """Four digits: a repeat with another seed differs in the third."""
    return float(f"{float(value):.4g}")
