"""The zero surface of a field on a block grid, by dual marching cubes (Nielson 2004).

A cell has one vertex for each sheet of the surface that runs through it, and each crossed
grid edge joins the four cells around it to a quad. Two sheets in one cell, as in a wall
hardly thicker than a cell, stay apart. Cells with a node that has no value have no
surface: there it ends, and nothing is closed.

Corners of a cell are numbered x + 2 y + 4 z, its edges 4 * axis + the rank of the lower
corner among those that begin an edge along that axis. A configuration is the set of
corners inside (value < 0), one bit each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.block_grid import SIDE
from relicscan.geometry.kernels import kernel


def _sheets() -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Which sheet (256, 12) each crossed edge of each configuration belongs to, and how many.

    On each side of the cell the crossed edges are joined in pairs; where all four are
    crossed, around the corners that are outside, so that what is inside stays connected:
    relics have thin walls more often than thin gaps. A wall of 1.0 mm in cells of 0.98 mm
    then is one closed surface without a hole; joined around the corners inside it had 99
    edges of four faces and over a hundred holes. Both cells at a side decide alike, so
    sheets meet.
    """
    starts = [[c for c in range(8) if not c >> axis & 1] for axis in range(3)]
    number = {
        (corner, corner | 1 << axis): 4 * axis + rank
        for axis in range(3)
        for rank, corner in enumerate(starts[axis])
    }
    sides = []
    for axis in range(3):
        u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
        for low in (0, 1 << axis):
            sides.append([low, low | u, low | u | v, low | v])
    sheet = np.full((256, 12), -1, dtype=np.int8)
    count = np.zeros(256, dtype=np.int8)
    for configuration in range(256):
        inside = [configuration >> corner & 1 for corner in range(8)]
        crossed = {edge for (a, b), edge in number.items() if inside[a] != inside[b]}
        joined = {edge: {edge} for edge in crossed}
        for corners in sides:
            around = [
                number[min(a, b), max(a, b)]
                for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
            ]
            both = [edge for edge in around if edge in crossed]
            pairs = [both] if len(both) == 2 else []
            if len(both) == 4:
                pairs = [[around[i - 1], around[i]] for i in range(4) if not inside[corners[i]]]
            for a, b in pairs:
                together = joined[a] | joined[b]
                for edge in together:
                    joined[edge] = together
        sheets = sorted({min(edges) for edges in joined.values()})
        for edge in crossed:
            sheet[configuration, edge] = sheets.index(min(joined[edge]))
        count[configuration] = len(sheets)
    return sheet, count


SHEET, SHEETS = _sheets()


@kernel
def classify(values, neighbours, sheets, cells, vertices, start, stop):
    """Fill the configuration of each cell (b, SIDE, SIDE, SIDE) uint8; 0 where there is no surface.

    And how many vertices (b,) each block has. Where a node has no value is no surface.
    """
    nodes = np.empty((SIDE + 1, SIDE + 1, SIDE + 1), np.float32)
    for b in range(start, stop):
        _nodes_of(values, neighbours, b, nodes)
        vertices[b] = 0
        for i in range(SIDE):
            for j in range(SIDE):
                for k in range(SIDE):
                    configuration = 0
                    for c in range(8):
                        value = nodes[i + (c & 1), j + (c >> 1 & 1), k + (c >> 2)]
                        if np.isnan(value):
                            configuration = 0
                            break
                        if value < 0:
                            configuration |= 1 << c
                    configuration %= 255
                    cells[b, i, j, k] = configuration
                    vertices[b] += sheets[configuration]


@kernel
def place_vertices(
    values, grid, sheet, sheets, cells, first, starts, vertices, normals, start, stop
):
    """Fill vertices (n, 3) and rough outward normals, and first (b, SIDE, SIDE, SIDE) of each cell.

    A vertex is the mean of where its sheet crosses the cell's edges.
    """
    nodes = np.empty((SIDE + 1, SIDE + 1, SIDE + 1), np.float32)
    total = np.empty((4, 7))
    lower = np.empty(3, np.int64)
    for b in range(start, stop):
        if starts[b] == starts[b + 1]:
            continue
        _nodes_of(values, grid.neighbours, b, nodes)
        at = starts[b]
        for i in range(SIDE):
            for j in range(SIDE):
                for k in range(SIDE):
                    configuration = cells[b, i, j, k]
                    if configuration == 0:
                        continue
                    first[b, i, j, k] = at
                    total[:] = 0
                    edge = -1
                    for axis in range(3):
                        for c in range(8):
                            if c >> axis & 1:
                                continue
                            edge += 1
                            s = sheet[configuration, edge]
                            if s < 0:
                                continue
                            lower[0], lower[1], lower[2] = c & 1, c >> 1 & 1, c >> 2
                            below = nodes[i + lower[0], j + lower[1], k + lower[2]]
                            for d in range(3):
                                total[s, d] += lower[d]
                            lower[axis] += 1
                            above = nodes[i + lower[0], j + lower[1], k + lower[2]]
                            total[s, axis] += below / (below - above)
                            total[s, 3 + axis] += 1.0 if below < 0 else -1.0
                            total[s, 6] += 1
                    for s in range(sheets[configuration]):
                        lower[0], lower[1], lower[2] = i, j, k
                        length = 0.0
                        for d in range(3):
                            corner = grid.corners[b, d] * SIDE + lower[d]
                            vertices[at, d] = (corner + total[s, d] / total[s, 6]) * grid.cell_size
                            length += total[s, 3 + d] ** 2
                        for d in range(3):
                            normals[at, d] = total[s, 3 + d] / np.sqrt(max(length, 1e-12))
                        at += 1


@kernel
def count_quads(neighbours, cells, quads, start, stop):
    """Fill quads (b,): crossed grid edges of each block with surface in all four cells around."""
    ids = np.empty(4, np.int64)
    none = np.zeros((1, 1, 1, 1), np.int32)
    sheet = np.zeros((1, 1), np.int8)
    for b in range(start, stop):
        quads[b] = 0
        for i in range(SIDE):
            for j in range(SIDE):
                for k in range(SIDE):
                    for axis in range(3):
                        if _crossed(cells[b, i, j, k], axis) and _around(
                            neighbours, cells, none, sheet, b, i, j, k, axis, ids, False
                        ):
                            quads[b] += 1


@kernel
def join_quads(neighbours, sheet, cells, first, starts, vertices, faces, start, stop):
    """Fill faces (2 quads, 3): each quad as two triangles along its shorter diagonal."""
    ids = np.empty(4, np.int64)
    for b in range(start, stop):
        at = 2 * starts[b]
        for i in range(SIDE):
            for j in range(SIDE):
                for k in range(SIDE):
                    configuration = cells[b, i, j, k]
                    for axis in range(3):
                        if not _crossed(configuration, axis) or not _around(
                            neighbours, cells, first, sheet, b, i, j, k, axis, ids, True
                        ):
                            continue
                        if not configuration & 1:  # from outside to inside
                            ids[1], ids[3] = ids[3], ids[1]
                        one = two = 0.0
                        for d in range(3):
                            one += (vertices[ids[0], d] - vertices[ids[2], d]) ** 2
                            two += (vertices[ids[1], d] - vertices[ids[3], d]) ** 2
                        turn = 1 if two < one else 0
                        for half in range(2):
                            faces[at, 0] = ids[turn]
                            faces[at, 1] = ids[turn + 1 + half]
                            faces[at, 2] = ids[(turn + 2 + half) % 4]
                            at += 1


@kernel
def _crossed(configuration, axis):
    """Whether the edge from a cell's lowest corner along an axis is crossed."""
    return configuration & 1 != configuration >> (1 << axis) & 1


@kernel
def _around(neighbours, cells, first, sheet, b, i, j, k, axis, ids, fill):
    """Whether the four cells around a crossed edge have surface; their vertices, if `fill`.

    Counter-clockwise as seen from the edge's upper end.
    """
    for m in range(4):
        down_1 = 1 if m == 0 or m == 3 else 0
        down_2 = 1 if m < 2 else 0
        di = down_1 if axis == 2 else (down_2 if axis == 1 else 0)
        dj = down_1 if axis == 0 else (down_2 if axis == 2 else 0)
        dk = down_1 if axis == 1 else (down_2 if axis == 0 else 0)
        u, v, w = i - di, j - dj, k - dk
        q = 13
        if u < 0:
            q -= 9
            u += SIDE
        if v < 0:
            q -= 3
            v += SIDE
        if w < 0:
            q -= 1
            w += SIDE
        other = neighbours[b, q]
        if other < 0:
            return False
        configuration = cells[other, u, v, w]
        if configuration == 0:
            return False
        if fill:
            corner = di | dj << 1 | dk << 2
            rank = (
                (corner & 1) + (corner >> 2 << 1)
                if axis == 1
                else (corner >> 1 if axis == 0 else corner)
            )
            ids[m] = first[other, u, v, w] + sheet[configuration, 4 * axis + rank]
    return True


@kernel
def _nodes_of(values, neighbours, b, nodes):
    """Copy a block's values and the lowest layers of the blocks above it."""
    for i in range(SIDE + 1):
        for j in range(SIDE + 1):
            for k in range(SIDE + 1):
                q = 13 + 9 * (i // SIDE) + 3 * (j // SIDE) + k // SIDE
                other = neighbours[b, q]
                nodes[i, j, k] = (
                    values[other, i % SIDE, j % SIDE, k % SIDE] if other >= 0 else np.nan
                )
