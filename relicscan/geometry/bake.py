"""Pictures of what a surface shows, laid out by its texture coordinates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import BoolArray, ByteArray, FloatArray, Mesh


class Texels(NamedTuple):
    """The texels (q,) of a picture in which there is surface: row, column, and the place (q, 3)."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    place: FloatArray


def texels_of(mesh: Mesh, side: int) -> Texels:
    """Where the middle of each texel of a picture of side x side lies on the mesh.

    A texel that lies in several triangles belongs to the first. The mesh has `corner_uv`.
    """
    from relicscan.geometry.kernels.texels import draw

    assert mesh.corner_uv is not None
    face = np.full((side, side), -1, dtype=np.int32)
    weights = np.empty((side, side, 2), dtype=np.float32)
    draw(mesh.corner_uv.astype(np.float64) * side, face, weights)
    row, column = np.nonzero(face >= 0)
    of_second, of_third = weights[row, column].T.astype(np.float64)
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces[face[row, column]]], 1, 0)
    place = a + of_second[:, None] * (b - a) + of_third[:, None] * (c - a)
    return Texels(row, column, place)


def picture(texels: Texels, colors: ByteArray, side: int) -> ByteArray:
    """A picture (side, side, 3) of colours (q, 3) at texels; every other has that of the nearest.

    So no filter and no smaller copy mixes in what is no surface.
    """
    drawn = np.zeros((side, side, 3), dtype=np.uint8)
    there = np.zeros((side, side), dtype=bool)
    drawn[texels.row, texels.column] = colors
    there[texels.row, texels.column] = True
    return _spread(drawn, there)


def _spread(drawn: ByteArray, there: BoolArray) -> ByteArray:
    from scipy.ndimage import distance_transform_edt

    if not there.any():
        return drawn
    row, column = distance_transform_edt(~there, return_distances=False, return_indices=True)
    return np.asarray(drawn[row, column])
