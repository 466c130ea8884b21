"""Pictures of what a surface shows, laid out by its texture coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.closest import closest, triangle_tree
from relicscan.geometry.sampling import bilinear
from relicscan.relic import BoolArray, ByteArray, Float32Array, FloatArray, Mesh

Drawn = TypeVar("Drawn", np.uint8, np.float32)


class Texels(NamedTuple):
    """The texels (q,) of a picture in which there is surface.

    Row and column; the face (q,) that is there, the weights (q, 3) of its corners at the
    texel's middle, and where that is in space (q, 3).
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    face: NDArray[np.int32]
    weights: FloatArray
    place: FloatArray

    def mixed(self, mesh: Mesh, values: NDArray[np.floating]) -> FloatArray:
        """Values (n, c) at the mesh's vertices, at each texel: (q, c)."""
        return _mixed(mesh, self.face, self.weights, values)


def texels_of(mesh: Mesh, side: int) -> Texels:
    """Where the middle of each texel of a picture of side x side lies on the mesh.

    A texel that lies in several triangles belongs to the first. A triangle in which the middle of
    none lies (slivers, parts smaller than a texel) has the one around its own middle, unless that
    is taken. The mesh has `corner_uv`.
    """
    from relicscan.geometry.kernels.texels import draw

    assert mesh.corner_uv is not None
    face = np.full((side, side), -1, dtype=np.int32)
    weights = np.empty((side, side, 2), dtype=np.float32)
    draw(mesh.corner_uv.astype(np.float64) * side, face, weights)
    _draw_small(mesh.corner_uv, face, weights)
    row, column = np.nonzero(face >= 0)
    others = weights[row, column].astype(np.float64)
    whole = np.concatenate([1 - others.sum(axis=1, keepdims=True), others], axis=1)
    shown = face[row, column]
    return Texels(row, column, shown, whole, _mixed(mesh, shown, whole, mesh.vertices))


def _draw_small(corner_uv: Float32Array, face: NDArray[np.int32], weights: Float32Array) -> None:
    """Give the triangles that are not in face (h, w) the texel that their middle is in, if free."""
    side = len(face)
    drawn = np.bincount(face.ravel() + 1, minlength=len(corner_uv) + 1)[1:] > 0
    small = np.flatnonzero(~drawn)[::-1]  # of several in one texel the first is written last
    middle = np.nan_to_num(corner_uv[small].mean(axis=1) * side)
    column, row = np.clip(middle, 0, side - 1).astype(np.intp).T
    free = face[row, column] < 0
    face[row[free], column[free]] = small[free]
    weights[row[free], column[free]] = 1 / 3


def _mixed(
    mesh: Mesh, face: NDArray[np.int32], weights: FloatArray, values: NDArray[np.floating]
) -> FloatArray:
    corners = mesh.faces[face]
    mixed = weights[:, :1] * values[corners[:, 0]]
    for corner in (1, 2):
        mixed += weights[:, corner, None] * values[corners[:, corner]]
    return np.asarray(mixed)


def picture(texels: Texels, values: ByteArray, side: int) -> ByteArray:
    """A picture (side, side, c) of values (q, c) at texels; every other has that of the nearest.

    So no filter and no smaller copy mixes in what is no surface.
    """
    drawn = np.zeros((side, side, values.shape[1]), dtype=np.uint8)
    there = np.zeros((side, side), dtype=bool)
    drawn[texels.row, texels.column] = values
    there[texels.row, texels.column] = True
    return spread(drawn, there)


def spread(drawn: NDArray[Drawn], there: BoolArray) -> NDArray[Drawn]:
    """A picture (h, w, c) whose texels that are not `there` (h, w) are those of the nearest."""
    from scipy.ndimage import distance_transform_edt

    if not there.any():
        return drawn
    row, column = distance_transform_edt(~there, return_distances=False, return_indices=True)
    return np.asarray(drawn[row, column])


def colors_from_pictures(
    places: FloatArray,
    painted: Mesh,
    pictures: Sequence[ByteArray | None],
    known: tuple[NDArray[np.int32], FloatArray] | None = None,
) -> ByteArray:
    """Colours (q, 3) uint8 sRGB at places (q, 3): of the closest place on a painted surface.

    `known` says where on `painted` they lie, face (q,) and weights (q, 3) of its corners: the two
    sides of a sheet without thickness are equally close. `pictures` are the sRGB pixels
    (h, w, 3) of each material's base colour texture, None where it has none: its base colour
    stands there, times the vertex colours.
    """
    face, weights = known or closest(triangle_tree(painted), places)[1:]
    light = np.ones((len(places), 3), dtype=np.float32)
    material = np.zeros(len(places), dtype=np.int64)
    if painted.face_material is not None:
        material = painted.face_material[face].astype(np.int64)
    for number, described in enumerate(painted.materials):
        here = np.flatnonzero(material == number)
        pixels = pictures[number]
        if pixels is not None and painted.corner_uv is not None:
            uv = np.einsum("qk,qkj->qj", weights[here], painted.corner_uv[face[here]])
            light[here] = bilinear(pixels, uv)
        elif painted.colors is not None:
            light[here] = _mixed(painted, face[here], weights[here], LINEAR_OF_SRGB[painted.colors])
        light[here] *= np.asarray(described.base_color[:3], dtype=np.float32)
    return srgb_of(light)
