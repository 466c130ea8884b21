"""Triangles and their texture coordinates from the rows of a PLY file.

Strips are Stanford's `tristrips`: one list of indices in which -1 ends a strip
and every second triangle of a strip is turned round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN
from relicscan.formats._ply_body import Lists, Rows
from relicscan.formats._polygons import fan_warnings, triangulate
from relicscan.relic import Float32Array, FloatArray, IntArray

_INDEX_LISTS = ("vertex_indices", "vertex_index")
_TEXTURE_NUMBERS = ("texnumber", "texture_number", "texnum")


class Faces:
    """The faces of a file: `triangles` (m, 3) int32, and what goes with each of them."""

    def __init__(self, rows: Mapping[str, Rows], vertices: FloatArray) -> None:
        """Cut up all polygons and strips. Raises ScanError for indices out of range."""
        face, strips = rows.get("face"), rows.get("tristrips")
        self.warnings: list[str] = []
        self._counts: NDArray[np.int64] = np.empty(0, np.int64)
        self._corners = np.empty((0, 3), np.int64)  # positions in the index lists, end to end
        self._polygon = np.empty(0, np.int64)  # of each triangle
        found = [np.empty((0, 3), np.int32)]
        self._face = face if face is not None and face.count else None
        if self._face is not None:
            polygons = _index_lists(self._face)
            values = _checked_indices(polygons.values, 0, len(vertices))
            self._cut_polygons(polygons.counts, values, vertices)
            found.append(values[self._corners])
        self._has_strips = strips is not None and strips.count > 0
        if strips is not None and strips.count:
            lists = _index_lists(strips)
            found.append(_cut_strips(lists, _checked_indices(lists.values, -1, len(vertices))))
        self.triangles: IntArray = np.concatenate(found)

    def _cut_polygons(
        self, counts: NDArray[np.int64], values: IntArray, vertices: FloatArray
    ) -> None:
        self._counts = counts
        if (counts == 3).all():
            self._corners = np.arange(len(values)).reshape(-1, 3)
            self._polygon = np.arange(len(counts))
            return
        kept = counts >= 3
        if not kept.all():
            few = np.count_nonzero(~kept)
            self.warnings.append(f"{few:,} faces of fewer than three corners were left out")
        self.warnings += fan_warnings(counts)
        position = np.flatnonzero(np.repeat(kept, counts))
        corners, polygon = triangulate(vertices, values[position].astype(np.int64), counts[kept])
        self._corners, self._polygon = position[corners], np.flatnonzero(kept)[polygon]

    def texture_coordinates(self) -> Float32Array | None:
        """(m, 3, 2) as the file has them, v up, from `texcoord` lists; None where there are none.

        Faces without coordinates get zeros. Raises ScanError where a list does
        not hold two numbers for each corner.
        """
        if self._face is None or self._has_strips or not self._face.has_list("texcoord"):
            return None
        lists = self._face.lists("texcoord")
        given = lists.counts > 0
        if not (lists.counts[given] == 2 * self._counts[given]).all():
            raise ScanError(
                "the texture coordinates of some faces are not two numbers for each corner",
                remedy="export the mesh again, with texture coordinates per corner",
            )
        pairs = lists.values.astype(np.float32).reshape(-1, 2)
        if given.all():
            return pairs[self._corners]
        if not given.any():
            return None
        missing = np.cumsum(np.where(given, 0, self._counts))[self._polygon]
        shown = given[self._polygon]
        place = np.where(shown[:, None], self._corners - missing[:, None], 0)
        return np.where(shown[:, None, None], pairs[place], np.float32(0))

    def texture_numbers(self, textures: int) -> IntArray:
        """(m,) which of the file's textures each triangle shows; 0 where it does not say."""
        names = self._face.element.names if self._face is not None else []
        name = next((n for n in _TEXTURE_NUMBERS if n in names), None)
        if name is None or self._face is None or self._has_strips or self._face.has_list(name):
            return np.zeros(len(self.triangles), np.int32)
        numbers = _checked_indices(self._face.scalar(name), -1, textures, "texture numbers")
        return np.maximum(numbers, 0)[self._polygon]


def _index_lists(rows: Rows) -> Lists:
    for name in _INDEX_LISTS:
        if rows.has_list(name):
            return rows.lists(name)
    raise ScanError(
        f"the element '{rows.name}' has no list called {' or '.join(_INDEX_LISTS)}",
        remedy="export the mesh again with another program",
    )


def _checked_indices(
    values: NDArray[Any], low: int, end: int, what: str = "face indices"
) -> IntArray:
    """Values as int32. Raises ScanError unless all are whole numbers in low..end - 1."""
    good = (values >= low) & (values < end)
    if values.dtype.kind == "f":
        good &= values == np.floor(np.where(good, values, 0))
    if not good.all():
        wrong = values[~good]
        raise ScanError(
            f"{len(wrong):,} {what} point to nothing (for instance {wrong[0]:.0f}; "
            f"they must lie in {low}..{end - 1})",
            remedy=COPY_AGAIN,
        )
    return values.astype(np.int32)


def _cut_strips(strips: Lists, indices: IntArray) -> IntArray:
    """(m, 3) the triangles of all strips, those that only turn a corner left out."""
    position = np.arange(len(indices))
    begins = np.zeros(len(indices), bool)
    begins[(np.cumsum(strips.counts) - strips.counts)[strips.counts > 0]] = True
    begins[1:] |= indices[:-1] < 0
    start = np.maximum.accumulate(np.where(begins, position, 0))
    a, b, c = indices[:-2], indices[1:-1], indices[2:]
    inside = (a >= 0) & (b >= 0) & (c >= 0) & (start[2:] == start[:-2])
    kept = inside & (a != b) & (b != c) & (a != c)
    odd = (position[:-2] - start[:-2]) % 2 == 1
    triangles: IntArray = np.stack([a, np.where(odd, c, b), np.where(odd, b, c)], axis=1)
    return np.ascontiguousarray(triangles[kept])
