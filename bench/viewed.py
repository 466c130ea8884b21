"""A GLB as a viewer has it: with the normals and tangents that the file states.

`relicscan.formats.read` keeps positions, texture coordinates and pictures and makes normals anew
from the triangles, which is right for a scan and says nothing of how finely a file codes its
normals. Here they are read beside it, so that a picture shows what is delivered.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from relicscan import formats
from relicscan.formats._gltf_accessors import Accessors, as_floats
from relicscan.formats._gltf_document import document_in
from relicscan.relic import Float32Array, FloatArray, IntArray, Mesh


class Viewed(NamedTuple):
    """`as_read` with normals made anew; `mesh` with vertices, (k, 3) normals of the file's own.

    `tangents` (m, 3, 4) are of the corners of `mesh`, None where the file has none and a viewer
    makes them (MikkTSpace, says the specification).
    """

    as_read: Mesh
    mesh: Mesh
    tangents: Float32Array | None


def viewed(path: Path, T: FloatArray | None = None) -> Viewed:
    """A GLB of one primitive, with T (4, 4), a turn, a scale and a shift, put on top.

    Raises ValueError for another: more primitives, a node that is turned, triangles left out.
    """
    read = formats.read(path)[0].geometry
    if not isinstance(read, Mesh):
        raise ValueError(f"{path.name} has no triangles")
    T = np.eye(4) if T is None else T
    as_read = _moved(read, T)
    corners, normals, tangents = _stated(path)
    if len(corners) != len(as_read.faces):
        raise ValueError(f"{path.name} was read with another number of triangles")
    if normals is None:
        return Viewed(as_read, as_read, None)
    turn = T[:3, :3] / np.cbrt(np.linalg.det(T[:3, :3]))
    placed = np.zeros((len(normals), 3))
    placed[corners.ravel()] = as_read.vertices[as_read.faces.ravel()]
    mesh = Mesh(
        placed,
        corners,
        _unit(normals) @ turn.T,
        corner_uv=as_read.corner_uv,
        materials=as_read.materials,
    )
    if tangents is not None:
        tangents = np.column_stack([_unit(tangents[:, :3]) @ turn.T, tangents[:, 3]])[corners]
    return Viewed(as_read, mesh, tangents)


def _moved(mesh: Mesh, T: FloatArray) -> Mesh:
    placed = mesh.vertices @ T[:3, :3].T + T[:3, 3]
    return Mesh(
        placed,
        mesh.faces,
        colors=mesh.colors,
        corner_uv=mesh.corner_uv,
        face_material=mesh.face_material,
        materials=mesh.materials,
    )


def _stated(path: Path) -> tuple[IntArray, FloatArray | None, FloatArray | None]:
    """Corners (m, 3) of the only primitive; normals (k, 3) and tangents (k, 4) of its vertices."""
    document = document_in(path.read_bytes())
    primitives = [p for m in document.root.children("meshes") for p in m.children("primitives")]
    turned = [n for n in document.root.children("nodes") if {"rotation", "matrix"} & set(n.data)]
    if len(primitives) != 1 or turned:
        raise ValueError(f"{path.name} has more than one primitive, or turned nodes")
    accessors, attributes = Accessors(document), primitives[0].child("attributes")

    def values(name: str) -> FloatArray | None:
        if name not in attributes.data:
            return None
        index = attributes.integer(name)
        return as_floats(accessors.array(index), normalized=accessors.normalized(index))

    index = primitives[0].reference("indices")
    if index is None:
        raise ValueError(f"{path.name} has no indices")
    corners = accessors.array(index, 1)[:, 0].astype(np.int32).reshape(-1, 3)
    return corners, values("NORMAL"), values("TANGENT")


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1))
