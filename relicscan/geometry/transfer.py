"""Carrying colours and texture coordinates from one surface to another.

Decimation and reconstruction return bare geometry; what belongs on it is looked
up again on the surface it came from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.checks import require_count
from relicscan.geometry.closest import closest, triangle_tree
from relicscan.geometry.neighbours import nearest, point_spacing, tree
from relicscan.geometry.topology import connected, face_areas, vertex_normals
from relicscan.relic import ByteArray, Float32Array, FloatArray, Mesh, PointCloud
from relicscan.threads import Kept

if TYPE_CHECKING:
    from relicscan.geometry.kernels.triangles import TriangleTree

#: Cosine between the finer surface's normal and a coarse one's own, at the least.
MOST_LEANT = 0.5

#: A corner this many times farther off in the texture than its face is large lies across a seam.
MOST_STRETCH = 1.5


def colors_from_cloud(
    places: FloatArray,
    cloud: PointCloud,
    neighbours: int = 4,
    normals: Float32Array | None = None,
) -> ByteArray:
    """Colours (n, 3) uint8 sRGB at places (n, 3): of the nearest points, weighted by 1/d^2.

    Mixed in linear light, and only of points within one point spacing, so that a colour
    spreads no farther than it was scanned; the nearest point always counts. Where both
    sides have `normals` (n, 3), points that face the other way do not: they lie on the
    back of a thin wall.
    """
    if cloud.colors is None:
        raise ValueError("the cloud has no colours")
    require_count(cloud.points, 1)
    k = min(neighbours, len(cloud))
    index = tree(cloud.points)
    distance, near = nearest(index, places, k)
    distance, near = distance.reshape(-1, k), near.reshape(-1, k)
    weight = 1 / np.maximum(distance, 1e-6) ** 2
    spacing = point_spacing(cloud.points, index=index) or np.inf  # 0 is of a handful of points
    weight[:, 1:][distance[:, 1:] > spacing] = 0
    if normals is not None and cloud.normals is not None:
        facing = np.einsum("ikj,ij->ik", cloud.normals[near], normals) >= 0
        weight *= facing | ~(facing & (weight > 0)).any(axis=1, keepdims=True)
    weight /= weight.sum(axis=1, keepdims=True)
    mixed = np.einsum("ik,ikj->ij", weight.astype(np.float32), LINEAR_OF_SRGB[cloud.colors[near]])
    return srgb_of(mixed)


class Source:
    """A surface that others take attributes from, and what looking them up needs, made once."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self._kept = Kept()

    @classmethod
    def of(cls, given: Mesh | Source) -> Source:
        return given if isinstance(given, Source) else cls(given)

    @property
    def tree(self) -> TriangleTree:
        return self._kept.get("tree", lambda: triangle_tree(self.mesh))

    @property
    def chart(self) -> NDArray[np.int64]:
        """The chart (m,) of each face."""
        return self._kept.get("chart", lambda: texture_charts(self.mesh))

    @property
    def scale(self) -> FloatArray:
        """Texture lengths per unit of the mesh on each chart: root of the areas' ratio."""
        return self._kept.get("scale", self._scale)

    def _scale(self) -> FloatArray:
        uv = self.mesh.corner_uv.astype(np.float64)  # type: ignore[union-attr]
        u, v = np.moveaxis(uv[:, 1:] - uv[:, :1], 2, 0)
        texture = np.bincount(self.chart, np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2)
        surface = np.bincount(self.chart, face_areas(self.mesh))
        return np.sqrt(np.divide(texture, surface, out=np.zeros_like(surface), where=surface > 0))

    @property
    def floors(self) -> _Floors:
        return self._kept.get("floors", lambda: _Floors.of(self.mesh, self.chart))


class _Floors(NamedTuple):
    """All charts of a texture in one search: laid out as floors, farther apart than wide."""

    low: FloatArray
    high: FloatArray
    height: float
    tree: TriangleTree

    @classmethod
    def of(cls, mesh: Mesh, chart: NDArray[np.int64]) -> _Floors:
        flat = mesh.corner_uv.reshape(-1, 2).astype(np.float64)  # type: ignore[union-attr]
        low, high = flat.min(axis=0), flat.max(axis=0)
        height = 8 * float(np.linalg.norm(high - low)) + 1
        floors = Mesh(
            np.column_stack([flat, np.repeat(chart * height, 3)]),
            np.arange(len(flat), dtype=np.int32).reshape(-1, 3),
        )
        return cls(low, high, height, triangle_tree(floors))

    def closest(
        self, uv: FloatArray, wanted: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], FloatArray]:
        """Face and weights of the place on the charts `wanted` (q,) closest to uv (q, 2)."""
        room = self.high - self.low + 1e-9  # so that no floor but the one wanted is ever nearer
        inside = np.clip(uv, self.low - room, self.high + room)
        return closest(self.tree, np.column_stack([inside, wanted * self.height]))[1:]


def dressed(bare: Mesh, source: Mesh | Source) -> Mesh:
    """`bare` with what `source` has at its vertices: colours, normals, and whether it was filled.

    From the closest place on `source`: colours and normals interpolated on its face, filled
    where more of it is than not.
    """
    whole = Source.of(source)
    source = whole.mesh
    if source.colors is None and source.filled is None and source.normals is None:
        return bare
    _, face, weights = closest(whole.tree, bare.vertices)
    corners = source.faces[face]
    if source.colors is not None:
        mixed = np.einsum("ik,ikj->ij", weights, LINEAR_OF_SRGB[source.colors[corners]])
        bare = replace(bare, colors=srgb_of(mixed))
    if source.normals is not None:
        bare = replace(bare, normals=_normals_at(bare, source.normals[corners], weights))
    if source.filled is not None:
        share = np.einsum("ik,ik->i", weights, source.filled[corners].astype(np.float64))
        bare = replace(bare, filled=share > 0.5)
    return bare


def _normals_at(bare: Mesh, of_corners: Float32Array, weights: FloatArray) -> Float32Array:
    """Unit normals (n, 3), interpolated; the surface's own where these lean away from it."""
    own = vertex_normals(bare.vertices, bare.faces).astype(np.float32)
    mixed = np.einsum("ik,ikj->ij", weights, of_corners)
    length = np.linalg.norm(mixed, axis=1, keepdims=True)
    mixed /= np.maximum(length, 1e-12)
    along = np.einsum("ij,ij->i", mixed, own) > MOST_LEANT
    return np.asarray(np.where(along[:, None], mixed, own), dtype=np.float32)


def texture_coordinates(target: Mesh, source: Mesh | Source) -> Mesh:
    """`target` with the texture coordinates and materials of the surface it was decimated from.

    Each face belongs to the chart (connected patch of texture coordinates) that lies
    closest to its centre. A corner takes the closest place on `source`, unless that lies
    across a seam: on another chart, or far off on the same one, where a chart meets itself
    (the back of an unrolled cylinder). Such a corner is sought in the texture instead, from
    the centre on: a face over a seam is cut short a little, and shows nothing else.
    """
    whole = Source.of(source)
    source = whole.mesh
    if source.corner_uv is None:
        raise ValueError("the mesh has no texture coordinates")
    chart = whole.chart
    corners = target.vertices[target.faces]
    centres = corners.mean(axis=1)
    _, home, weights = closest(whole.tree, centres)
    centre_uv = _texture_at(source, home, weights)
    offsets = corners - centres[:, None]
    expected = centre_uv[:, None] + _texture_steps(source, home, offsets)

    _, on_face, weights = closest(whole.tree, target.vertices)
    uv = _texture_at(source, on_face, weights)[target.faces]
    scale = whole.scale[chart[home]]
    usual = scale[:, None] * np.linalg.norm(offsets, axis=2)
    usual = np.maximum(usual, np.linalg.norm(expected - centre_uv[:, None], axis=2))
    strayed = np.linalg.norm(uv - expected, axis=2) > MOST_STRETCH * usual
    strayed |= chart[on_face][target.faces] != chart[home][:, None]
    if strayed.any():
        face, _ = np.nonzero(strayed)
        near, weights = whole.floors.closest(expected[strayed], chart[home[face]])
        uv[strayed] = _texture_at(source, near, weights)
    return Mesh(
        target.vertices,
        target.faces,
        normals=target.normals,
        colors=target.colors,
        corner_uv=uv,
        face_material=None if source.face_material is None else source.face_material[home],
        materials=source.materials,
        filled=target.filled,
    )


def _texture_at(mesh: Mesh, face: NDArray[np.int32], weights: FloatArray) -> FloatArray:
    """Texture coordinates (q, 2) at barycentric weights (q, 3) on faces (q,)."""
    return np.asarray(np.einsum("qk,qkj->qj", weights, mesh.corner_uv[face].astype(np.float64)))  # type: ignore[index]


def _texture_steps(mesh: Mesh, face: NDArray[np.int32], offsets: FloatArray) -> FloatArray:
    """What steps (q, 3, 3) in space are in the texture (q, 3, 2), as faces (q,) are mapped."""
    a, b, c = (mesh.vertices[mesh.faces[face, i]] for i in range(3))
    sides = np.stack([b - a, c - a], axis=1)
    uv = mesh.corner_uv[face].astype(np.float64)  # type: ignore[index]
    along = np.einsum("qid,qkd->qki", sides, offsets)
    gram = np.einsum("qid,qjd->qij", sides, sides)
    share = np.einsum("qij,qkj->qki", _inverses(gram), along)
    return np.asarray(np.einsum("qki,qij->qkj", share, uv[:, 1:] - uv[:, :1]))


def _inverses(gram: FloatArray) -> FloatArray:
    """Of symmetric matrices (q, 2, 2); pseudo-inverses where there is next to none."""
    a, b, c = gram[:, 0, 0], gram[:, 0, 1], gram[:, 1, 1]
    determinant = a * c - b * b
    good = determinant > 1e-8 * (a + c) ** 2
    inverse = np.stack([np.stack([c, -b], axis=1), np.stack([-b, a], axis=1)], axis=1)
    inverse[good] /= determinant[good, None, None]
    inverse[~good] = np.linalg.pinv(gram[~good], rcond=1e-9, hermitian=True)
    return np.asarray(inverse)


def texture_charts(mesh: Mesh) -> NDArray[np.int64]:
    """The chart of each face (m,): faces that share a corner in texture and material."""
    from relicscan.geometry.kernels.wedges import numbered

    m = len(mesh.faces)
    material = np.zeros(m, dtype=np.int64) if mesh.face_material is None else mesh.face_material
    place = np.ascontiguousarray(mesh.corner_uv, dtype=np.float32).view(np.int64).ravel()
    wedge = numbered(mesh.faces.ravel(), place, np.repeat(material, 3)).reshape(m, 3)
    face = np.arange(m)
    parts = connected(np.tile(face, 3), m + wedge.T.ravel(), m + int(wedge.max(initial=0)) + 1)
    return parts[:m]  # the first thing of each is a face
