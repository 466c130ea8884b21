"""A surface through oriented points, where there are points and nowhere else.

Four steps, all local, none of which depends on the number of threads:

1. a field on a sparse grid: at each node near points, the mean distance to their tangent
   planes (implicit moving least squares, Shen et al. 2004; weights as in Öztireli et al.
   2009), in `kernels.field`;
2. its zero surface by dual marching cubes, open where the field ends: `kernels.contour`;
3. its vertices moved onto the algebraic spheres through the nearest points (Guennebaud &
   Gross 2007): `kernels.mls`. The grid decides what is connected to what, the points where;
4. what lies beyond the last points is cut off: `relicscan.geometry.rims`.

What was tried, on a million points of the benchmark relic (spacing 0.63 mm, noise 0.05 mm,
before decimation; error from the true surface to the mesh, seconds of one core):

| road | RMS mm | p95 mm | seconds | faces |
|---|---|---|---|---|
| Open3D's screened Poisson, depth 9, point weight 4 | 0.0564 | 0.1174 | 20 | 1.08 M |
| field, cells of 1.5 spacings, Gaussian of 0.8, contour alone | 0.0443 | 0.0900 | 2.0 | 1.40 M |
| Gaussian of 0.6 spacings | 0.0461 | 0.0904 | 2.1 | 1.42 M |
| Gaussian of 1.0 spacings | 0.0522 | 0.1093 | 2.0 | 1.40 M |
| 0.8, then planes through 8 points, twice | 0.0422 | 0.0808 | 3.0 | 1.40 M |
| 0.8, then planes through 16 points, twice | 0.0523 | 0.1086 | 3.2 | 1.40 M |
| 0.8, then spheres through 12 points | 0.0373 | 0.0681 | 3.1 | 1.40 M |
| 0.8, then spheres through 16 points | 0.0372 | 0.0688 | 3.2 | 1.40 M |
| the same, twice | 0.0371 | 0.0687 | 3.3 | 1.40 M |
| 0.8, then spheres through 32 points | 0.0391 | 0.0777 | 4.4 | 1.40 M |
| cells of 1.2 spacings, spheres through 16 points | 0.0343 | 0.0638 | 5.3 | 2.17 M |

How coarse it may be was tried on the whole chain down to 100,000 triangles (`make bench`), side
of a voxel and of a cell in spacings; seconds on two cores, all in one run:

| voxel, cell | vase RMS, p95 mm | seconds | bust RMS, p95 mm | seconds |
|---|---|---|---|---|
| 0.8, 2.0: `web` | 0.0536, 0.0861 | 12.9 | 0.0478, 0.0547 | 11.4 |
| 1.0, 2.0 | 0.0552, 0.0935 | 11.7 | 0.0473, 0.0584 | 10.6 |
| 0.8, 2.4 | 0.0623, 0.1013 | 10.9 | 0.0506, 0.0610 | 10.5 |
| 1.0, 1.7 | 0.0523, 0.0861 | 13.2 | | |

Before the two sides of its thin wall were kept apart (`kernels.planes`) the vase had 0.130 and
0.132 at 0.8, 2.0, and 0.112 in 24 s at 0.6, 1.5: finer cells do not mend wrong normals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.block_grid import SIDE, BlockGrid, blocks_around
from relicscan.geometry.checks import require_plausible
from relicscan.geometry.neighbours import local_spacing, tree
from relicscan.geometry.rims import cut_back
from relicscan.geometry.topology import face_areas
from relicscan.relic import FloatArray, IntArray, Mesh

if TYPE_CHECKING:
    from relicscan.geometry.kernels.kdtree import KdTree

#: Width of the Gaussian that the field is averaged with, in local point spacings.
WIDTH = 0.8

#: How far from a point the field goes, in local point spacings: the corners of a cell through
#: which the surface runs are up to 1.7 cells from it.
REACH = 3.0

#: Sparse parts count as up to this much sparser than the typical place; what is sparser still
#: is stray points.
SPARSEST = 3.0

#: Cells wider than this many spacings average over more points than the spacing asks for.
WIDEST = 2.0

#: Points that a vertex is moved by.
NEIGHBOURS = 16


class Surface(NamedTuple):
    """Triangles, how they came about, and the share of the area that lay beyond the scan."""

    mesh: Mesh
    cell_size: float
    spacing: float
    cut_share: float


def surface_through(
    points: FloatArray,
    normals: FloatArray,
    *,
    cell_size_spacings: float,
    rim_gap_spacings: float,
    cell_size: float | None = None,
) -> Surface:
    """Triangles through points (n, 3) with unit normals (n, 3) that face outwards.

    Open where there are no points within `rim_gap_spacings`, no triangles where all stand in
    one place. `cell_size` goes before the size in spacings. Raises StageError where some are
    not numbers, or too far apart for a grid.
    """
    require_plausible(points)
    require_plausible(normals)
    index = tree(points)
    spacing = local_spacing(points, index)
    typical = float(np.median(spacing))
    size = cell_size or cell_size_spacings * typical
    if typical <= 0:
        return Surface(Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int32)), size, typical, 0.0)
    # A stray point in an empty place must not make that place count as densely scanned.
    spacing = np.clip(spacing, typical, SPARSEST * typical)
    width = WIDTH * np.maximum(spacing, size / WIDEST)
    normals = np.asarray(normals, dtype=np.float64)
    vertices, facing, faces = _contour(*_field(points, normals, width, size))
    gaps, closest = _project(vertices, facing, index, normals, size)
    whole = Mesh(vertices, faces)
    kept = cut_back(whole, gaps, spacing[closest], rim_gap_spacings)
    area = float(face_areas(whole).sum()) or 1.0
    return Surface(kept, size, typical, max(0.0, 1 - float(face_areas(kept).sum()) / area))


def _project(
    vertices: FloatArray, facing: FloatArray, index: KdTree, normals: FloatArray, cell_size: float
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Move vertices (v, 3), in place, onto the surface through their nearest points.

    Distance (v,) to the nearest point before that, and which it is.
    """
    from relicscan.geometry.kernels import mls

    in_tree_order = normals[index.order]
    k = min(NEIGHBOURS, len(index.points))
    gaps, closest = np.empty(len(vertices)), np.empty(len(vertices), dtype=np.int32)

    def project(a: int, b: int) -> None:
        mls.project(index, in_tree_order, k, cell_size, vertices, facing, gaps, closest, a, b)

    threads.in_blocks(project, len(vertices))
    return gaps, closest


def _field(
    points: FloatArray, normals: FloatArray, width: FloatArray, cell_size: float
) -> tuple[BlockGrid, FloatArray]:
    """The blocks near points, and the field (b, SIDE, SIDE, SIDE) float32 at their nodes.

    width (n,) is that of the Gaussian around each point.
    """
    from relicscan.geometry.kernels import field

    grid = blocks_around(points, cell_size)
    order = grid.order
    points, normals, width = points[order], normals[order], width[order]
    reach = REACH / WIDTH * width
    values = np.empty((len(grid.corners), SIDE, SIDE, SIDE), dtype=np.float32)
    used = np.empty(len(values), dtype=bool)

    def splat(start: int, stop: int) -> None:
        field.splat(points, normals, reach, width, grid, values, used, start, stop)

    threads.in_blocks(splat, len(values), 16)
    grid, values = grid.take(used), values[used]
    for _ in range(field.LAYERS):
        values = _extended(grid, values)
    return grid, values


def _extended(grid: BlockGrid, values: FloatArray) -> FloatArray:
    """The field with one more layer of nodes beside the surface."""
    from relicscan.geometry.kernels import field

    extended = np.empty_like(values)

    def extend(start: int, stop: int) -> None:
        field.extend(values, grid.neighbours, extended, start, stop)

    threads.in_blocks(extend, len(values), 64)
    return extended


def _contour(grid: BlockGrid, values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Vertices (v, 3), rough normals (v, 3) and faces (f, 3) of the field's zero surface."""
    from relicscan.geometry.kernels import contour

    blocks, near = len(values), grid.neighbours
    cells = np.empty(values.shape, dtype=np.uint8)
    count = np.empty(blocks, dtype=np.int64)

    def classify(start: int, stop: int) -> None:
        contour.classify(values, near, contour.SHEETS, cells, count, start, stop)

    threads.in_blocks(classify, blocks, 64)
    starts = np.r_[0, np.cumsum(count)]
    first = np.empty(values.shape, dtype=np.int32)
    vertices, normals = np.empty((starts[-1], 3)), np.empty((starts[-1], 3))
    sheets = contour.SHEET, contour.SHEETS

    def place(start: int, stop: int) -> None:
        contour.place_vertices(
            values, grid, *sheets, cells, first, starts, vertices, normals, start, stop
        )

    threads.in_blocks(place, blocks, 64)
    threads.in_blocks(lambda a, b: contour.count_quads(near, cells, count, a, b), blocks, 64)
    starts = np.r_[0, np.cumsum(count)]
    faces = np.empty((2 * starts[-1], 3), dtype=np.int32)

    def join(start: int, stop: int) -> None:
        contour.join_quads(near, contour.SHEET, cells, first, starts, vertices, faces, start, stop)

    threads.in_blocks(join, blocks, 64)
    return vertices, normals, faces
