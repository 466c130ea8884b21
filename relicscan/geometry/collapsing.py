"""Decimation in rounds: quadrics of the surface as it is now, the cheapest collapses, again.

In each round the vertices, which lie along a Morton curve, are cut into chunks that collapse
side by side up to one cost for all; that cost rises until the round has done its share. What
touches another chunk waits for the next round, which is cut elsewhere. The last round has one
chunk, and stops at the face. Nothing depends on the number of threads.

Why rounds: quadrics that are never forgotten (Garland & Heckbert 1997) know where the surface
was, not where it went; taken anew from the present surface (memoryless: Lindstrom & Turk 1998)
they give 20 % less error (the log is in `relicscan.geometry.decimation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.relic import FloatArray, IntArray

if TYPE_CHECKING:
    from relicscan.geometry.kernels.collapse import Queue
    from relicscan.geometry.kernels.corners import Corners
    from relicscan.geometry.kernels.kept_points import Kept

#: Vertices in a chunk. Benchmark, CPU seconds and RMS: 4,096 3.7 s and 0.0242 mm (too much waits
#: at the seams), 16,384 3.8 s and 0.0222 mm, 65,536 4.6 s and 0.0222 mm.
CHUNK = 16_384
#: Share of the faces that a round leaves. 0.8 takes 0.4 s more and gives the same error.
ROUND = 0.7
#: The last round, in one chunk, begins at this many times the target.
LAST_ROUND = 1.25
#: A round begins with the cost below which this share of the vertices would collapse, and
#: raises it by this factor until enough is gone. 0.4, or a factor of 2: 1 to 2 % more error.
FIRST_SHARE, RISE = 0.2, 1.4
#: A round that removes less than this share of the faces has come to its end.
_LITTLE = 0.005
_VERTICES_AT_A_TIME = 65_536


class Collapsed(NamedTuple):
    """vertices (k, 3) float64, faces (j, 3) int32, and the face (n,) of each input vertex.

    The last is empty unless there was a tolerance; -1 where a vertex had no face.
    """

    vertices: FloatArray
    faces: IntArray
    home: IntArray


def collapsed(
    vertices: FloatArray,
    faces: IntArray,
    target_face_count: int,
    tolerance: FloatArray | None = None,
) -> Collapsed:
    """Collapse edges until no more than that many triangles are left, or none can collapse.

    vertices (n, 3) float64, all of them numbers; faces (m, 3) int32. Where there is a
    `tolerance` (n,), in the same unit, each input vertex stays within it of the result.
    """
    from relicscan.geometry.kernels.kept_points import Kept, at_home, homes

    lowest, highest = vertices.min(axis=0), vertices.max(axis=0)
    size = float((highest - lowest).max()) or 1.0
    middle = (lowest + highest) / 2
    mesh, order = _corner_table((vertices - middle) / size, faces)
    kept = None
    if tolerance is not None:
        on_face, next_point = at_home(mesh.corner_of, len(mesh.corners) // 3)
        scratch = np.empty(len(order), np.int32)
        kept = Kept(
            tolerance[order] / size,
            mesh.points.copy(),
            mesh.corners.copy(),
            mesh.opposite.copy(),
            mesh.corner_of.copy(),
            on_face,
            next_point,
            scratch,
        )
    mesh = _rounds(mesh, kept, target_face_count)
    home = np.empty(0, np.int32)
    if kept is not None:
        home = np.empty(len(order), np.int32)
        home[order] = homes(kept, len(mesh.corners) // 3)
    return Collapsed(mesh.points * size + middle, mesh.corners.reshape(-1, 3).copy(), home)


def _corner_table(points: FloatArray, faces: IntArray) -> tuple[Corners, NDArray[np.int32]]:
    """The mesh in Morton order, joined, with what is no surface locked; and that order."""
    from relicscan.geometry.kernels import corners as kernels

    n = len(points)
    order = kernels.morton_order(points, points.min(axis=0))
    number = np.empty(n, np.int32)
    number[order] = np.arange(n, dtype=np.int32)
    corners = kernels.renumbered(faces, number)
    opposite = np.empty(len(corners), np.int32)
    no_surface = np.zeros(n, dtype=bool)
    by_vertex, begins = kernels.edges_by_vertex(corners, n)
    threads.in_blocks(
        lambda a, b: kernels.join(corners, by_vertex, begins, opposite, no_surface, a, b),
        n,
        _VERTICES_AT_A_TIME,
    )
    corner_of, uses = kernels.any_corner(corners, n)
    mesh = kernels.Corners(points[order], corners, opposite, corner_of, no_surface)
    threads.in_blocks(lambda a, b: kernels.lock_touching(mesh, uses, a, b), n, _VERTICES_AT_A_TIME)
    return mesh, order


def _rounds(mesh: Corners, kept: Kept | None, target: int) -> Corners:
    """What is left after as many rounds as it takes."""
    from relicscan.geometry.kernels.collapse import Queue, empty_queue

    mesh, kept = _compacted(mesh, kept)
    queue = empty_queue(len(mesh.points))
    in_chunks = True
    while (faces := len(mesh.corners) // 3) > target:
        in_chunks = in_chunks and faces > LAST_ROUND * target
        gone = _round(mesh, queue, kept, target, in_chunks)
        mesh, kept = _compacted(mesh, kept)
        queue = Queue._make(array[: len(mesh.points)] for array in queue)
        if gone < max(1, _LITTLE * faces):
            if not in_chunks:
                break
            in_chunks = False
    return mesh


def _round(mesh: Corners, queue: Queue, kept: Kept | None, target: int, in_chunks: bool) -> int:
    """Collapse in chunks towards the round's share, or in one to the target; faces gone."""
    from relicscan.geometry.kernels.collapse import collapse, first_costs, prepare

    n, faces = len(mesh.points), len(mesh.corners) // 3
    chunks = max(1, round(n / CHUNK)) if in_chunks else 1
    bounds = np.linspace(0, n, chunks + 1).astype(np.int64)
    state = np.zeros((chunks, 3), dtype=np.int64)

    def value(start: int, stop: int) -> None:
        for i in range(start, stop):
            prepare(mesh, queue, state[i], bounds[i], bounds[i + 1])

    threads.in_blocks(value, chunks, 1)
    goal, limit = target, np.inf
    # No chunk may take more than its part of all that has to go: what is flat would go at once.
    most = ((faces - target) * np.diff(bounds) / max(n, 1)).astype(np.int64)
    if in_chunks:
        goal = max(int(LAST_ROUND * target), int(ROUND * faces))
        costs = first_costs(queue)
        limit = float(np.quantile(costs, FIRST_SHARE)) if len(costs) else np.inf
        limit = max(limit, float(np.finfo(np.float32).tiny))

    def sweep(start: int, stop: int) -> None:
        for i in range(start, stop):
            collapse(mesh, queue, kept, state[i], bounds[i], limit, most[i])

    while True:
        threads.in_blocks(sweep, chunks, 1)
        lengths, gone = state[:, 0], state[:, 2]
        if faces - gone.sum() <= goal or ((lengths == 0) | (gone >= most)).all():
            return int(gone.sum())
        limit *= RISE


def _compacted(mesh: Corners, kept: Kept | None) -> tuple[Corners, Kept | None]:
    """The same mesh without the gaps."""
    from relicscan.geometry.kernels.corners import Corners, compact

    n, m = compact(mesh, np.empty(0, np.int32) if kept is None else kept.on_face)
    mesh = Corners(
        mesh.points[:n],
        mesh.corners[: 3 * m],
        mesh.opposite[: 3 * m],
        mesh.corner_of[:n],
        mesh.locked[:n],
    )
    return mesh, None if kept is None else kept._replace(on_face=kept.on_face[:m])
