"""Holes closed where they are narrow, and said to be closed; what is wide stays open.

Liepa 2003, "Filling holes in meshes": the rim is triangulated with least area, the patch refined
to the density around it, and faired into a thin plate that goes on as the surface does. What is
new is where it says no: an opening is left alone where it is wider than asked, where the patch
would fold back on the surface (the rim of a scrap), or run through what was scanned (an island
in the hole, a wall behind it).

How wide a hole is is told by the largest ball-like gap in it: twice the greatest distance of a
place in its fill from its rim. A slit of 30 x 1 mm is 1 mm wide, a round hole as wide as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import require_plausible
from relicscan.geometry.manifold import made_manifold
from relicscan.geometry.patch_attributes import with_patches
from relicscan.geometry.patches import Rims, closed
from relicscan.geometry.topology import without_unreferenced
from relicscan.relic import FloatArray, IntArray, Mesh

Indices = NDArray[np.int64]

#: Wide rims are triangulated over this many of their vertices, and measured against so many.
_MEASURED_OVER, _MEASURED_AGAINST = 100, 400


@dataclass(frozen=True)
class Filled:
    """What `fill_holes` closed and left: areas and widths in units of the mesh.

    `area` and its `area_share` of the surface are what was made up; `widest` is the width of
    the widest opening that is left, 0 where none is.
    """

    count: int = 0
    area: float = 0.0
    area_share: float = 0.0
    left_open: int = 0
    widest: float = 0.0


def fill_holes(mesh: Mesh, up_to: float) -> tuple[Mesh, Filled]:
    """The mesh with holes no wider than `up_to` closed, and what was closed and left.

    New vertices are `filled`; their colours are interpolated from the rim (harmonic), texture
    coordinates likewise where the rim lies in one piece of texture. Vertices and faces that
    were there keep place and order, unless slivers have to be mended. What is no manifold
    is made one first; the result is one. Raises StageError on coordinates that are not numbers.
    """
    from relicscan.geometry.kernels.rim_loops import area
    from relicscan.geometry.kernels.slivers import slivers

    require_plausible(mesh.vertices)
    mesh, mate = _manifold(mesh)
    rims = _rims(mesh, mate)
    if not len(rims):
        return mesh, Filled()
    width = _widths(mesh, rims, up_to)
    chosen = width <= up_to
    while True:
        some = rims.take(np.flatnonzero(chosen))
        whole = _joined(mesh, some)
        patches = closed(whole, some, rims)
        after = with_patches(whole, some, patches) if len(patches.faces) else whole
        chosen[np.flatnonzero(chosen)[patches.refused]] = False
        if whole is mesh:
            break
        # Rims that touch are joined there only where they are closed, and make a surface.
        if _is_surface(after):
            if not patches.refused.any():
                break
        else:
            begin, end = _ends(mesh, rims)
            chosen[rims.of_row()[begin != end]] = False
    for g in np.flatnonzero(~chosen & (width <= up_to)):
        width[g] = _width(mesh.vertices[rims.take(np.array([g])).vertices(mesh.faces)])
    if whole is not mesh:
        after = without_unreferenced(after)
    new = after.faces[len(mesh.faces) :]
    made_up, total = area(after.vertices, new), area(after.vertices, after.faces)
    if slivers(after.vertices, new).any():  # over a crack whose sides nearly touch
        after, _ = made_manifold(after)
    return after, Filled(
        count=int(chosen.sum()),
        area=made_up,
        area_share=made_up / (total or 1.0),
        left_open=int((~chosen).sum()),
        widest=float(width[~chosen].max(initial=0.0)),
    )


def _manifold(mesh: Mesh) -> tuple[Mesh, IntArray]:
    """The mesh as a manifold, and the mates of its half-edges."""
    from relicscan.geometry.kernels.halfedges import mates

    if not _is_surface(mesh):
        mesh, _ = made_manifold(mesh)
    return mesh, mates(mesh.vertices, mesh.faces)[0]


def _is_surface(mesh: Mesh) -> bool:
    """Whether a mesh is an oriented manifold already."""
    from relicscan.geometry.kernels import halfedges

    f = mesh.faces
    if ((f[:, 0] == f[:, 1]) | (f[:, 1] == f[:, 2]) | (f[:, 2] == f[:, 0])).any():
        return False
    mate, _, crowded = halfedges.mates(mesh.vertices, f)
    if crowded or halfedges.repeated(f, len(mesh.vertices)).any():
        return False
    turn, cut, _ = halfedges.turned(mesh.vertices, f, mate)
    return not (cut or turn.any()) and len(halfedges.fans(f, mate, len(mesh.vertices))[1]) == len(
        mesh.vertices
    )


def _rims(mesh: Mesh, mate: IntArray) -> Rims:
    """All rims of a manifold; one that comes by a place twice is parted there.

    Two vertices at one place are where two fans touch: what lies between them is a hole of its
    own, or a crack of two edges.
    """
    from relicscan.geometry.kernels.rim_loops import rims as traced

    half, start = traced(mesh.faces, mate)
    rims = Rims(half.astype(np.int64), start)
    if not len(half):
        return rims
    place = mesh.vertices[rims.vertices(mesh.faces)] + 0.0
    rim = rims.of_row()
    order = np.lexsort([*place.T, rim])
    same = (place[order][1:] == place[order][:-1]).all(axis=1)
    same &= rim[order][1:] == rim[order][:-1]
    if not same.any():
        return rims
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.concatenate([[0], np.cumsum(~same)])
    twice = np.unique(rim[order][1:][same])
    kept = rims.take(np.setdiff1d(np.arange(len(rims)), twice))
    parts = [part for g in twice for part in _parted(np.arange(start[g], start[g + 1]), group)]
    sizes = [len(part) for part in parts]
    return Rims(
        np.concatenate([kept.half, *(rims.half[part] for part in parts)]),
        np.concatenate([kept.start, kept.start[-1] + np.cumsum(sizes)]),
    )


def _parted(rows: Indices, group: Indices) -> list[Indices]:
    """Rows of a rim as loops that come by no place twice."""
    parts: list[Indices] = []
    path: list[int] = []
    at: dict[int, int] = {}
    for row in rows.tolist():
        place = int(group[row])
        if place in at:
            loop = path[at[place] :]
            del path[at[place] :]
            for gone in loop:
                del at[int(group[gone])]
            parts.append(np.array(loop))
        at[place] = len(path)
        path.append(row)
    return [*parts, np.array(path)]


def _joined(mesh: Mesh, rims: Rims) -> Mesh:
    """The mesh with one vertex where a rim that is to be closed has two: its edges then meet."""
    begin, end = _ends(mesh, rims)
    apart = np.flatnonzero(begin != end)
    if not len(apart):
        return mesh
    into: dict[int, int] = {}
    for a, b in zip(begin[apart].tolist(), end[apart].tolist(), strict=True):
        while a in into:
            a = into[a]
        while b in into:
            b = into[b]
        if a != b:
            into[max(a, b)] = min(a, b)
    same = np.arange(len(mesh.vertices), dtype=np.int32)
    for a in sorted(into):
        same[a] = same[into[a]]
    return replace(mesh, faces=same[mesh.faces])


def _ends(mesh: Mesh, rims: Rims) -> tuple[Indices, Indices]:
    """The vertex (b,) where each row's half-edge ends, and where that of the row before begins.

    They differ where a rim has been parted.
    """
    before = np.roll(np.arange(len(rims.half)), 1)
    before[rims.start[:-1]] = rims.start[1:] - 1
    begin = mesh.faces.ravel()[rims.half[before]].astype(np.int64)
    return begin, rims.vertices(mesh.faces)


def _widths(mesh: Mesh, rims: Rims, up_to: float) -> FloatArray:
    """The width (g,) of each hole; where it is certainly no more than `up_to`, a bound.

    A fill of least area has no place farther from a rim of length L than L / 2 pi: around it
    lies at least the area of a disc, and within the rim at most that of a circle.
    """
    loop, row = rims.vertices(mesh.faces), rims.of_row()
    following = np.roll(loop, -1)
    following[rims.start[1:] - 1] = loop[rims.start[:-1]]
    length = np.linalg.norm(mesh.vertices[following] - mesh.vertices[loop], axis=1)
    width = np.bincount(row, length, len(rims)) / np.pi
    for g in np.flatnonzero(width > up_to):
        width[g] = _width(mesh.vertices[loop[rims.start[g] : rims.start[g + 1]]])
    return np.asarray(width)


def _width(rim: FloatArray) -> float:
    """The width of the hole in a rim (n, 3), to 2 %."""
    from relicscan.geometry.kernels.patching import least_area
    from relicscan.geometry.kernels.rim_loops import gap_width

    def thinned(count: int) -> FloatArray:
        return rim[np.unique(np.linspace(0, len(rim), count, endpoint=False).astype(np.int64))]

    if len(rim) < 3:
        return 0.0
    coarse = thinned(_MEASURED_OVER)
    n = len(coarse)
    fill = least_area(coarse, np.zeros((n, 3)), np.zeros((n, n), dtype=bool))
    return float(gap_width(coarse, fill, thinned(_MEASURED_AGAINST)))
