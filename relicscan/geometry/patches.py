"""Patches for the rims of holes: made, faired, and refused where they would not be true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.fairing import faired
from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import BoolArray, FloatArray, IntArray, Mesh

Indices = NDArray[np.int64]

#: Points that are added in one hole at most.
_MOST_POINTS = 1_000_000
#: Shares of the way from the plain patch to the thin plate that are tried, the fairest first.
_FAIRNESS = (1.0, 0.5, 0.25, 0.0)
#: A patch bulges at most by this share of the widest that its rim allows; a half ball by 0.5.
_MOST_BULGE = 0.6
#: Neighbouring faces are folded where the cosine of their normals is below the first, and lie
#: on each other below the second.
_FOLDED, _FOLDED_BACK = -0.5, -0.87
#: A patch that lies on the surface along more than this share of its rim only covers a scrap.
_COVERING = 0.25
#: Points nearer to another rim than this many edge lengths run through what was scanned.
_TOO_NEAR = 0.75


class Rims(NamedTuple):
    """Rims around holes: rim g has the rows start[g] to start[g + 1] of `half` (b,).

    Those are half-edges of the mesh that end at a vertex and begin at the next one: the hole
    lies to the left of the vertices in this order.
    """

    half: Indices
    start: Indices

    def __len__(self) -> int:
        return len(self.start) - 1

    def take(self, which: Indices) -> Rims:
        """Some of the rims (w,), in that order."""
        size = np.diff(self.start)[which]
        start = np.concatenate([[0], np.cumsum(size)])
        rows = np.repeat(self.start[which] - start[:-1], size) + np.arange(start[-1])
        return Rims(self.half[rows], start)

    def of_row(self) -> Indices:
        """The number (b,) of the rim that each row belongs to."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def vertices(self, faces: IntArray) -> Indices:
        """The vertex (b,) of each row."""
        return np.asarray(faces[self.half // 3, (self.half + 1) % 3], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Patches:
    """New points (k, 3) and faces (t, 3) over a mesh's n vertices and them, from n on.

    `point_hole` (k,) and `face_hole` (t,) count the rims that were given; `refused` (g,) are
    those that stay open, of which there are neither points nor faces.
    """

    points: FloatArray
    point_hole: IntArray
    faces: IntArray
    face_hole: IntArray
    refused: BoolArray

    def without(self, holes: BoolArray, n: int) -> Patches:
        """What is left without some of the holes (g,)."""
        keep, keep_face = ~holes[self.point_hole], ~holes[self.face_hole]
        number = np.concatenate([np.arange(n), n + np.cumsum(keep) - 1])
        return Patches(
            self.points[keep],
            self.point_hole[keep],
            number[self.faces[keep_face]].astype(np.int32),
            self.face_hole[keep_face],
            self.refused | holes,
        )


def closed(mesh: Mesh, rims: Rims, every: Rims) -> Patches:
    """Patches for some `rims` of a manifold mesh whose rims are `every`.

    One is refused whose patch would need an edge that the mesh has already, would lie on the
    surface beside it, or runs through another rim.
    """
    from relicscan.geometry.kernels.patching import patches
    from relicscan.geometry.kernels.rim_loops import beside

    n = len(mesh.vertices)
    loop, everywhere = rims.vertices(mesh.faces), every.vertices(mesh.faces)
    on_rim = np.zeros(n, dtype=bool)
    on_rim[everywhere] = True
    first, others = beside(mesh.faces, on_rim)
    scale = np.zeros(n)
    scale[everywhere] = _edge_lengths(mesh.vertices, everywhere, first, others)
    points, point_hole, faces, face_hole = patches(
        mesh.vertices,
        loop.astype(np.int32),
        rims.start,
        _normals(mesh.vertices, mesh.faces[rims.half // 3]),
        scale[loop],
        first,
        others,
        _MOST_POINTS,
    )
    made = Patches(points, point_hole, faces, face_hole, np.zeros(len(rims), dtype=bool))
    without_patch = np.bincount(face_hole, minlength=len(rims)) == 0
    made = made.without(without_patch & (np.diff(rims.start) > 2) | _crossing(made, n), n)
    made = _smooth(mesh, rims, made)
    return made.without(_through_scan(made, mesh, every, rims, scale), n)


def _normals(vertices: FloatArray, faces: NDArray[Any]) -> FloatArray:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def _edge_lengths(
    vertices: FloatArray, of: Indices, first: Indices, others: IntArray
) -> FloatArray:
    """Mean length (q,) of the edges at some vertices: their neighbours begin at `first`."""
    size = (first[of + 1] - first[of]).astype(np.int64)
    row = np.repeat(np.arange(len(of)), size)
    entry = np.repeat(first[of] - (np.cumsum(size) - size), size) + np.arange(size.sum())
    length = np.linalg.norm(vertices[others[entry]] - vertices[of[row]], axis=1)
    return np.asarray(np.bincount(row, length, len(of)) / np.maximum(size, 1))


def _crossing(made: Patches, n: int) -> BoolArray:
    """Holes (g,) whose patch has an edge between old vertices in common with an earlier patch."""
    refused = np.zeros(len(made.refused), dtype=bool)
    a, b = made.faces.astype(np.int64).ravel(), np.roll(made.faces, -1, axis=1).astype(np.int64)
    pair = np.sort(np.stack([a, b.ravel()], axis=1), axis=1)
    hole = np.repeat(made.face_hole, 3)
    old = pair[:, 1] < n
    keys, hole = pair[old, 0] * n + pair[old, 1], hole[old]
    order = np.lexsort([hole, keys])
    keys, hole = keys[order], hole[order]
    refused[hole[1:][(keys[1:] == keys[:-1]) & (hole[1:] != hole[:-1])]] = True
    return refused


def _smooth(mesh: Mesh, rims: Rims, made: Patches) -> Patches:
    """The patches as fair as they can be without folds; those that fold back are refused."""
    if not len(made.faces):
        return made
    n, holes = len(mesh.vertices), len(rims)
    loop, row = rims.vertices(mesh.faces), rims.of_row()
    around = _Around(mesh, loop, made)
    has_points = np.bincount(made.point_hole, minlength=holes) > 0
    plain, smooth = made.points, made.points
    if len(plain):
        curved = has_points[row]
        near, vertices, _ = _local(mesh, loop[curved], made, has_points[made.face_hole])
        number = np.searchsorted(
            vertices, np.concatenate([n + np.arange(len(plain)), loop[curved]])
        )
        place = np.vstack([mesh.vertices, plain])[vertices]
        smooth = faired(place, near, number[: len(plain)], np.unique(number[len(plain) :]))
    length = np.linalg.norm(mesh.vertices[_after(rims, loop)] - mesh.vertices[loop], axis=1)
    bulge = _MOST_BULGE * np.bincount(row, length, holes) / np.pi
    step = np.linalg.norm(smooth - plain, axis=1)
    before = around.folds(plain)
    points, pending = plain, has_points
    for share in _FAIRNESS:
        if not pending.any():
            break
        tried = np.where(pending[made.point_hole, None], plain + share * (smooth - plain), points)
        folds = around.folds(tried)
        high = np.zeros(holes)
        np.maximum.at(high, made.point_hole, share * step)
        fine = pending & (folds.inner <= before.inner) & (folds.rim <= before.rim)
        fine &= high <= bulge
        points = np.where(fine[made.point_hole, None], tried, points)
        pending = pending & ~fine
    folds = around.folds(points) if len(plain) else before
    back = (folds.inner_back > 0) | (folds.rim_back > _COVERING * np.diff(rims.start))
    return replace(made, points=points).without(back, n)


def _after(rims: Rims, loop: Indices) -> Indices:
    """The next vertex (b,) of each row in its rim."""
    following = np.roll(loop, -1)
    following[rims.start[1:] - 1] = loop[rims.start[:-1]]
    return following


def _local(
    mesh: Mesh, loop: Indices, made: Patches, which: BoolArray
) -> tuple[Indices, Indices, int]:
    """Faces (m, 3) of some patches after those that touch their rims, the vertices that they
    number (v,), and how many faces come first.
    """
    from relicscan.geometry.kernels.rim_loops import touching

    on_rim = np.zeros(len(mesh.vertices), dtype=bool)
    on_rim[loop] = True
    near = mesh.faces[touching(mesh.faces, on_rim)]
    faces = np.vstack([near, made.faces[which]])
    vertices, number = np.unique(faces, return_inverse=True)
    return number.reshape(-1, 3), vertices.astype(np.int64), len(near)


class _Folds(NamedTuple):
    """Folded edges of each hole (g,), inside its patch and along its rim; those folded back."""

    inner: Indices
    rim: Indices
    inner_back: Indices
    rim_back: Indices


class _Around:
    """The patches with the faces around them, ready to be looked at with other points."""

    def __init__(self, mesh: Mesh, loop: Indices, made: Patches) -> None:
        from relicscan.geometry.kernels.halfedges import mates

        everything = np.ones(len(made.faces), dtype=bool)
        self.faces, self.vertices, near = _local(mesh, loop, made, everything)
        self.old = mesh.vertices
        mate, _, _ = mates(self._places(made.points), self.faces.astype(np.int32))
        h = np.flatnonzero(mate > np.arange(len(mate)))
        a, b = h // 3, mate[h] // 3
        of_patch = b >= near
        self.a, self.b = a[of_patch], b[of_patch]
        self.inner = self.a >= near
        self.hole = made.face_hole[self.b - near]
        self.count = len(made.refused)

    def _places(self, points: FloatArray) -> FloatArray:
        return np.vstack([self.old, points])[self.vertices]

    def folds(self, points: FloatArray) -> _Folds:
        normal = _normals(self._places(points), self.faces)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
        cosine = np.einsum("ij,ij->i", normal[self.a], normal[self.b])

        def count(which: BoolArray) -> Indices:
            return np.bincount(self.hole[which], minlength=self.count)

        return _Folds(
            count(self.inner & (cosine < _FOLDED)),
            count(~self.inner & (cosine < _FOLDED)),
            count(self.inner & (cosine < _FOLDED_BACK)),
            count(~self.inner & (cosine < _FOLDED_BACK)),
        )


def _through_scan(
    made: Patches, mesh: Mesh, every: Rims, rims: Rims, scale: FloatArray
) -> BoolArray:
    """Holes (g,) whose patch comes close to a rim that is not its own: an island lies in them."""
    refused = np.zeros(len(made.refused), dtype=bool)
    if not len(made.points):
        return refused
    own = np.full(len(mesh.vertices), -1)
    loop = rims.vertices(mesh.faces)
    own[loop] = rims.of_row()
    scanned = every.vertices(mesh.faces)
    # Where rims touch, both own the vertex.
    scanned = scanned[np.bincount(scanned, minlength=len(own))[scanned] == 1]
    reach = _TOO_NEAR * scale[scanned]
    # Its own rim may have the nearest points of all, so some more are looked at.
    distance, point = nearest(tree(made.points), mesh.vertices[scanned], 3, float(reach.max()))
    distance, point = distance.reshape(len(scanned), -1), point.reshape(len(scanned), -1)
    close = distance < reach[:, None]
    hole = made.point_hole[np.minimum(point, len(made.points) - 1)]
    refused[hole[close & (hole != own[scanned][:, None])]] = True
    return refused
