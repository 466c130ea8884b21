"""glTF 2.0 and GLB: everything that the default scene shows, as one mesh.

Stands on the glTF 2.0 specification (Khronos; ISO/IEC 12113:2022). Our own
reader: trimesh reads Draco data as zeros where DracoPy is missing and drops
what it does not know, Open3D follows `../` in URIs, both have no answer to a
node that is its own ancestor. Nothing is ever fetched.

glTF repeats a vertex for each texture coordinate and normal that it has; equal
positions become one vertex again, and texture coordinates stay with the corners.
Units are metres and +Y is up, because the specification says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._gltf_accessors import Accessors
from relicscan.formats._gltf_document import Document, Part, read_document
from relicscan.formats._gltf_materials import Materials
from relicscan.formats._gltf_primitives import (
    POINTS,
    Indices,
    is_lines,
    mode_of,
    read_primitive,
    triangle_count,
)
from relicscan.formats._gltf_scene import placed_meshes
from relicscan.formats._text import shown
from relicscan.formats._weld import weld
from relicscan.formats.references import existing_references
from relicscan.relic import ByteArray, Float32Array, FloatArray, Material, Mesh, PointCloud, Scan

EXTENSIONS = (".glb", ".gltf")

_SPECIFICATION = "glTF specification"

#: A mesh may be placed any number of times, and a few bytes of JSON must not cost a machine's
#: memory. 100 million triangles are about what a GLB of 4 GB can hold.
_MAX_ELEMENTS = 100_000_000

#: Nothing that stands in a museum is longer; a file in millimetres nearly always is.
_MAX_PLAUSIBLE_M = 100.0


def peek(path: Path) -> Peek:
    """What the JSON says; vertices of a mesh are -1, since they will be welded."""
    document = read_document(path, binary=False)
    counts = _Counts.of(document, placed_meshes(document))
    if not counts.triangles and not counts.points:
        raise no_geometry(path)
    return Peek(
        kind="mesh" if counts.triangles else "cloud",
        points=-1 if counts.triangles else counts.points,
        faces=counts.triangles,
        colors=counts.colors,
        normals=counts.normals,
        textured=counts.textured,
        unit="m",
        detail=shown(document.root.child("asset").text("generator") or ""),
    )


def read(path: Path) -> list[Scan]:
    """The scene as one mesh, or its points as a cloud where it has no triangles.

    Raises ScanError for whatever breaks the specification in what the scene
    needs; textures that are missing or broken are a warning. OSError.
    """
    document = read_document(path, binary=True)
    placed = placed_meshes(document)
    counts = _Counts.of(document, placed)
    if counts.triangles + counts.points > _MAX_ELEMENTS:
        raise ScanError(
            f"the scene has {counts.triangles:,} triangles and {counts.points:,} points, counting "
            f"every copy; {_MAX_ELEMENTS:,} are the limit",
            remedy="export only the scan itself, or as binary PLY",
        )
    materials = Materials(document, accessors := Accessors(document))
    meshes: dict[int, list[_Piece]] = {}
    pieces = []
    for mesh, T_scene_mesh in placed:
        if mesh not in meshes:
            part = document.root.item("meshes", mesh)
            meshes[mesh] = _pieces(part, accessors, materials)
        pieces += [piece.moved(T_scene_mesh) for piece in meshes[mesh]]
    geometry = _merged(pieces)
    if geometry is None:
        raise no_geometry(path)
    warnings = [*materials.warnings, *_doubts(document, geometry)]
    return [
        Scan(
            path.stem,
            geometry,
            file=path.name,
            unit="m",
            unit_basis=_SPECIFICATION,
            up="+Y",
            up_basis=_SPECIFICATION,
            warnings=tuple(warnings),
        )
    ]


def references(path: Path) -> list[Path]:
    """The buffers and images that belong to this file, as far as they exist.

    A file that cannot be parsed refers to nothing here; `read` says what is wrong.
    """
    try:
        root = read_document(path, binary=False).root
        parts = [*root.children("buffers"), *root.children("images")]
        uris = [part.text("uri") or "data:" for part in parts]
    except ScanError:
        return []
    return existing_references(
        path, (uri for uri in uris if not uri.startswith("data:")), url_encoded=True
    )


@dataclass
class _Counts:
    """What the scene holds by its JSON, before any array exists."""

    triangles: int = 0
    points: int = 0
    colors: bool = False
    normals: bool = False
    textured: bool = False

    @classmethod
    def of(cls, document: Document, placed: list[tuple[int, FloatArray]]) -> _Counts:
        counts = cls()
        for mesh, _ in placed:
            for primitive in document.root.item("meshes", mesh).children("primitives"):
                counts._add(document.root, primitive)
        return counts

    def _add(self, root: Part, primitive: Part) -> None:
        attributes = primitive.child("attributes")
        mode = mode_of(primitive)
        index = primitive.reference("indices")
        index = attributes.integer("POSITION") if index is None else index
        corners = root.item("accessors", index).integer("count")
        self.triangles += triangle_count(mode, corners)
        self.points += corners if mode == POINTS else 0
        self.colors |= "COLOR_0" in attributes.data
        self.normals |= "NORMAL" in attributes.data
        material = primitive.reference("material")
        if material is not None:
            part = root.item("materials", material)
            self.textured |= "baseColorTexture" in part.child("pbrMetallicRoughness").data


@dataclass(frozen=True)
class _Piece:
    """A primitive with its material: positions (n, 3), triangles (m, 3), uv (n, 2)."""

    positions: FloatArray
    triangles: Indices
    colors: ByteArray | None
    uv: FloatArray | None
    material: Material

    def moved(self, T: FloatArray) -> _Piece:
        """The piece placed by T (4, 4); a mirrored one is wound the other way, outside out.

        Component by component: in a matrix product the same position may round
        differently in another row, and would not be welded.
        """
        if np.array_equal(T, np.eye(4)):
            return self
        x, y, z = self.positions.T
        positions = np.stack([r[0] * x + r[1] * y + r[2] * z + r[3] for r in T[:3]], axis=1)
        mirrored = np.linalg.det(T[:3, :3]) < 0
        triangles = self.triangles[:, ::-1] if mirrored else self.triangles
        return replace(self, positions=positions, triangles=triangles)


def _pieces(mesh: Part, accessors: Accessors, materials: Materials) -> list[_Piece]:
    """The triangles and points of a mesh, primitive by primitive; lines are left out."""
    pieces = []
    for part in mesh.children("primitives"):
        if is_lines(part):
            continue
        placed = materials.get(part.reference("material"))
        primitive = read_primitive(part, accessors, placed.uv_set)
        uv = primitive.uv
        if uv is not None and placed.uv_transform is not None:
            uv = uv @ placed.uv_transform[:, :2].T + placed.uv_transform[:, 2]
        pieces.append(
            _Piece(primitive.positions, primitive.triangles, primitive.colors, uv, placed.material)
        )
    return pieces


def _merged(pieces: list[_Piece]) -> Mesh | PointCloud | None:
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
    materials = list(dict.fromkeys(piece.material for piece in pieces))
    return Mesh(
        positions[first],
        vertex[np.concatenate(triangles)].astype(np.int32),
        colors=None if colors is None else colors[first],
        corner_uv=_corner_uv(pieces),
        face_material=np.repeat(
            np.array([materials.index(piece.material) for piece in pieces], np.int32),
            [len(piece.triangles) for piece in pieces],
        ),
        materials=tuple(materials),
    )


def _corner_uv(pieces: list[_Piece]) -> Float32Array | None:
    """(m, 3, 2) float32; (0, 0) for pieces that have none, None if none has any."""
    if all(piece.uv is None for piece in pieces):
        return None
    return np.concatenate(
        [
            np.zeros((len(piece.triangles), 3, 2), np.float32)
            if piece.uv is None
            else np.nan_to_num(piece.uv[piece.triangles], nan=0.0).astype(np.float32)
            for piece in pieces
        ]
    )


def _doubts(document: Document, geometry: Mesh | PointCloud) -> list[str]:
    """What the reader of the report should know besides."""
    doubts = []
    root = document.root
    moving = [what for what in ("animations", "skins") if root.count(what)]
    if moving:
        doubts.append(f"the file has {' and '.join(moving)}: read as it stands without them")
    if "EXT_mesh_gpu_instancing" in root.texts("extensionsUsed"):
        doubts.append("copies placed by EXT_mesh_gpu_instancing were left out")
    points = geometry.vertices if isinstance(geometry, Mesh) else geometry.points
    finite = points[np.isfinite(points).all(axis=1)]
    longest = float(np.ptp(finite, axis=0).max()) if len(finite) else 0.0
    if longest > _MAX_PLAUSIBLE_M:
        doubts.append(
            f"glTF means metres, and the longest side is {longest:,.0f} m: if the file is in "
            'millimetres, say unit = "mm" in relic.toml'
        )
    return doubts
