"""glTF 2.0 and GLB: everything that the default scene shows, as one mesh.

Stands on the glTF 2.0 specification (Khronos; ISO/IEC 12113:2022). Our own
reader: trimesh reads Draco data as zeros where DracoPy is missing, and Open3D
follows `../` in URIs out of the folder. Nothing is ever fetched.

glTF repeats a vertex for each texture coordinate and normal that it has; equal
positions become one vertex again, and texture coordinates stay with the corners.
Units are metres and +Y is up, because the specification says so.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._gltf_accessors import Accessors
from relicscan.formats._gltf_counts import SceneCounts
from relicscan.formats._gltf_document import Document, read_document
from relicscan.formats._gltf_materials import Materials
from relicscan.formats._gltf_pieces import Piece, merged, read_pieces
from relicscan.formats._gltf_scene import placed_meshes
from relicscan.formats.references import existing_references
from relicscan.relic import Mesh, PointCloud, Scan

EXTENSIONS = (".glb", ".gltf")

_SPECIFICATION = "glTF specification"

#: Nothing that stands in a museum is longer; a file in millimetres nearly always is.
_MAX_PLAUSIBLE_M = 100.0


def peek(path: Path) -> Peek:
    """What the JSON says; vertices of a mesh are -1, since they will be welded."""
    document = read_document(path, binary=False)
    counts = SceneCounts.of(document, placed_meshes(document))
    if not counts.elements:
        raise no_geometry(path)
    return Peek(
        kind="mesh" if counts.triangles else "cloud",
        points=-1 if counts.triangles else counts.points,
        faces=counts.triangles,
        colors=counts.colors,
        normals=counts.normals,
        textured=counts.textured,
        unit="m",
        detail=document.root.child("asset").label("generator"),
    )


def read(path: Path) -> list[Scan]:
    """The scene as one mesh, or its points as a cloud where it has no triangles.

    Raises ScanError for whatever breaks the specification in what the scene
    needs; textures that are missing or broken are a warning. OSError.
    """
    document = read_document(path, binary=True)
    placed = placed_meshes(document)
    SceneCounts.of(document, placed).check()
    materials = Materials(document, accessors := Accessors(document))
    meshes: dict[int, list[Piece]] = {}
    pieces = []
    for mesh, T_scene_mesh in placed:
        if mesh not in meshes:
            part = document.root.item("meshes", mesh)
            meshes[mesh] = read_pieces(part, accessors, materials)
        pieces += [piece.moved(T_scene_mesh) for piece in meshes[mesh]]
    geometry = merged(pieces)
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
