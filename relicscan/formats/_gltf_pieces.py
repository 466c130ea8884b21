"""The primitives of a glTF scene, placed, and merged into one mesh or one cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from relicscan.formats._gltf_accessors import Accessors
from relicscan.formats._gltf_document import Part
from relicscan.formats._gltf_materials import Materials
from relicscan.formats._gltf_primitives import Indices, is_lines, read_primitive
from relicscan.formats._weld import weld
from relicscan.relic import (
    BoolArray,
    ByteArray,
    Float32Array,
    FloatArray,
    Material,
    Mesh,
    PointCloud,
)


@dataclass(frozen=True)
class Piece:
    """A primitive with its material.

    positions (n, 3), triangles (m, 3), normals (n, 3), uv (n, 2), filled (n,).
    """

    positions: FloatArray
    triangles: Indices
    normals: FloatArray | None
    colors: ByteArray | None
    uv: FloatArray | None
    filled: BoolArray | None
    material: Material

    def moved(self, T: FloatArray) -> Piece:
        """The piece placed by T (4, 4); a mirrored one is wound the other way, outside out.

        Component by component: in a matrix product the same position may round
        differently in another row, and would not be welded.
        """
        if np.array_equal(T, np.eye(4)):
            return self
        x, y, z = self.positions.T
        with np.errstate(over="ignore", invalid="ignore"):  # infinite positions are kept
            positions = np.stack([r[0] * x + r[1] * y + r[2] * z + r[3] for r in T[:3]], axis=1)
            mirrored = np.linalg.det(T[:3, :3]) < 0
        triangles = self.triangles[:, ::-1] if mirrored else self.triangles
        normals = self.normals
        if normals is not None:
            with np.errstate(all="ignore"):  # by the inverse transpose, up to a positive factor
                normals = normals @ _cofactors(T[:3, :3]).T
        return replace(self, positions=positions, triangles=triangles, normals=normals)


def _cofactors(A: FloatArray) -> FloatArray:
    """(3, 3): the inverse transpose times the size of the determinant, for any matrix."""
    rows = [np.cross(A[1], A[2]), np.cross(A[2], A[0]), np.cross(A[0], A[1])]
    return np.asarray(np.sign(np.linalg.det(A)) * np.stack(rows))


def read_pieces(mesh: Part, accessors: Accessors, materials: Materials) -> list[Piece]:
    """The triangles and points of a mesh, primitive by primitive; lines are left out."""
    pieces = []
    for part in mesh.children("primitives"):
        if is_lines(part):
            continue
        placed = materials.get(part.reference("material"))
        primitive = read_primitive(part, accessors, placed.uv_set)
        uv = primitive.uv
        if uv is not None and placed.uv_transform is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                uv = uv @ placed.uv_transform[:, :2].T + placed.uv_transform[:, 2]
        pieces.append(
            Piece(
                primitive.positions,
                primitive.triangles,
                primitive.normals,
                primitive.colors,
                uv,
                primitive.filled,
                placed.material,
            )
        )
    return pieces


def merged(pieces: list[Piece]) -> Mesh | PointCloud | None:
    """All triangles as one mesh, else all points as one cloud, else None."""
    solid = [piece for piece in pieces if len(piece.triangles)]
    pieces = solid or [piece for piece in pieces if len(piece.positions)]
    if not pieces:
        return None
    positions = np.concatenate([piece.positions for piece in pieces])
    colors = None
    if any(piece.colors is not None for piece in pieces):
        colors = np.concatenate(
            [
                np.full((len(piece.positions), 3), 255, np.uint8)
                if piece.colors is None
                else piece.colors
                for piece in pieces
            ]
        )
    if not solid:
        return PointCloud(positions, colors=colors)
    # Where colours differ at one position there is an edge between colours, not a seam.
    first, vertex = weld(positions) if colors is None else weld(positions, colors)
    begin = np.cumsum([0, *(len(piece.positions) for piece in pieces)])
    triangles = [piece.triangles + start for piece, start in zip(pieces, begin, strict=False)]
    materials = {
        material: k for k, material in enumerate(dict.fromkeys(p.material for p in pieces))
    }
    return Mesh(
        positions[first],
        vertex[np.concatenate(triangles)].astype(np.int32),
        normals=_normals(pieces, vertex, len(first)),
        colors=None if colors is None else colors[first],
        corner_uv=_corner_uv(pieces),
        face_material=np.repeat(
            np.array([materials[piece.material] for piece in pieces], np.int32),
            [len(piece.triangles) for piece in pieces],
        ),
        materials=tuple(materials),
        filled=_filled(pieces, first),
    )


def _normals(pieces: list[Piece], vertex: Indices, count: int) -> Float32Array | None:
    """Unit normals (n, 3) of the welded vertices, the mean of those that became one.

    Only beside a normal map, which says how the surface differs from just these; any other
    normals follow from the surface. None where some vertex has none.
    """
    given = [piece.normals for piece in pieces if piece.normals is not None]
    if len(given) < len(pieces) or not any(piece.material.normal for piece in pieces):
        return None
    normals = np.concatenate(given)
    if not np.isfinite(normals).all():
        return None
    mean = np.stack([np.bincount(vertex, normals[:, axis], count) for axis in range(3)], axis=1)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    if not (length > 1e-6).all():
        return None
    return np.asarray(mean / length, dtype=np.float32)


def _filled(pieces: list[Piece], first: Indices) -> BoolArray | None:
    """(n,) of the welded vertices; None if none of them was made up."""
    filled = np.concatenate(
        [
            np.zeros(len(piece.positions), dtype=bool) if piece.filled is None else piece.filled
            for piece in pieces
        ]
    )[first]
    return filled if filled.any() else None


def _corner_uv(pieces: list[Piece]) -> Float32Array | None:
    """(m, 3, 2) float32; (0, 0) for pieces that have none, None if none has any."""
    if all(piece.uv is None for piece in pieces):
        return None
    corners = [
        np.zeros((len(piece.triangles), 3, 2)) if piece.uv is None else piece.uv[piece.triangles]
        for piece in pieces
    ]
    with np.errstate(over="ignore"):
        uv = np.concatenate(corners).astype(np.float32)
    return np.where(np.isfinite(uv), uv, np.float32(0))
