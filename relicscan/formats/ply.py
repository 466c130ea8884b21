"""PLY: clouds and meshes, ASCII and both binaries.

Stands on Greg Turk, "The PLY Polygon File Format" (Stanford, 1994), the
Stanford Repository's `tristrips` and `range_grid`, and MeshLab's texture
coordinates per corner. Our own parser, because the known ones lose something:
Open3D drops texture coordinates and reads a broken header as an empty cloud.
Elements of other names are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats import Peek, Stream, no_geometry
from relicscan.formats._checks import COPY_AGAIN, require_room
from relicscan.formats._columns import attributes, points, role_of, roles_of
from relicscan.formats._ply_body import Body, Rows
from relicscan.formats._ply_faces import Faces
from relicscan.formats._ply_header import Element, Header, read_header
from relicscan.formats._ply_write import write_cloud, write_mesh
from relicscan.relic import BoolArray, Float32Array, Material, Mesh, PointCloud, Scan

__all__ = ["EXTENSIONS", "peek", "read", "stream", "write_cloud", "write_mesh"]

EXTENSIONS = (".ply",)

_PIECE_POINTS = 1_000_000


def peek(path: Path) -> Peek:
    """What the header says; faces are -1 since polygons and strips hold more triangles."""
    header = read_header(path)
    vertices = _vertex_element(header, path)
    roles = _scalar_roles(vertices)
    is_mesh = any((e := header.element(name)) and e.count for name in ("face", "tristrips"))
    others = [f"{e.count:,} × {e.name[:40]}" for e in header.elements if e is not vertices]
    return Peek(
        kind="mesh" if is_mesh else "cloud",
        points=vertices.count,
        faces=-1 if is_mesh else 0,
        colors="red" in roles,
        normals="nx" in roles,
        textured=is_mesh and bool(header.texture_files),
        detail=", ".join(["binary" if header.byte_order else "ASCII", *others]),
    )


@np.errstate(over="ignore", invalid="ignore")  # a hostile value may overflow in any cast
def read(path: Path) -> list[Scan]:
    """The mesh, or the cloud where there are no faces. Raises ScanError, OSError."""
    header = read_header(path)
    element = _vertex_element(header, path)
    roles = _scalar_roles(element)
    wanted = {"vertex", "face", "tristrips"}
    rows = {r.name: r for r in Body(path, header).elements(header, wanted)}
    vertex = rows["vertex"]
    columns = {role: vertex.scalar(name) for role, name in roles.items()}
    is_integer = "red" in roles and vertex.dtype(roles["red"]).kind in "iu"
    found = attributes(columns, integer_colors=is_integer)
    vertices = points(columns)
    faces = Faces(rows, vertices)
    warnings = faces.warnings
    if not len(faces.triangles):
        cloud = PointCloud(vertices, **found)
        return [Scan(path.stem, cloud, file=path.name, warnings=tuple(warnings))]
    face = header.element("face")
    if face and "colors" not in found and any(role_of(name) == "red" for name in face.names):
        warnings.append("colours per face are not kept: export them per vertex or as a texture")
    normals = found.get("normals")
    if normals is not None and not normals.any(axis=1).all():
        normals = None
        warnings.append("some normals are zero or not numbers: the normals were left out")
    uv = _corner_uv(faces, columns)
    if uv is not None and not np.isfinite(uv).all():
        bad = ~np.isfinite(uv).all(axis=2, keepdims=True)
        uv = np.where(bad, np.float32(0), uv)
        warnings.append(
            f"texture coordinates that are no numbers ({np.count_nonzero(bad):,}) became (0, 0): "
            "look for triangles with a wrong part of the picture, and export it again"
        )
    materials: tuple[Material, ...] = ()
    if header.texture_files:
        materials, notes = _materials(path, header)
        warnings += notes
    mesh = Mesh(
        vertices,
        faces.triangles,
        normals=normals,
        colors=found.get("colors"),
        corner_uv=uv,
        face_material=faces.texture_numbers(len(materials)) if materials else None,
        materials=materials,
        filled=_filled(element, vertex),
    )
    return [Scan(path.stem, mesh, file=path.name, warnings=tuple(warnings))]


def stream(path: Path) -> Stream | None:
    """A cloud of binary rows in pieces; None for a mesh, ASCII, or lists before the points.

    Raises ScanError, OSError.
    """
    header = read_header(path)
    element = _vertex_element(header, path)
    before = header.elements[: header.elements.index(element)]
    rows_have_lists = any(e.has_lists for e in (*before, element))
    if not header.byte_order or rows_have_lists or peek(path).kind == "mesh":
        return None
    roles = _scalar_roles(element)
    names = [f"{k}" for k in range(len(element.properties))]  # a file may use a name twice
    row = np.dtype(list(zip(names, [p.dtype for p in element.properties], strict=True)))
    start = header.body + sum(e.count * e.least_row_size(ascii_text=False) for e in before)
    require_room(element.count, row.itemsize, header.size - start, "vertices")
    columns = {role: names[element.names.index(name)] for role, name in roles.items()}

    def pieces() -> Iterator[dict[str, NDArray[Any]]]:
        left = element.count
        with path.open("rb") as stream:
            stream.seek(start)
            while left:
                piece = np.fromfile(stream, row, min(left, _PIECE_POINTS))
                if not len(piece):
                    raise ScanError("the file has become shorter", remedy=COPY_AGAIN)
                left -= len(piece)
                yield {role: piece[name] for role, name in columns.items()}

    @np.errstate(over="ignore", invalid="ignore")
    def scan(of: Mapping[str, NDArray[Any]]) -> Scan:
        is_integer = "red" in roles and row[columns["red"]].kind in "iu"
        cloud = PointCloud(points(of), **attributes(of, integer_colors=is_integer))
        return Scan(path.stem, cloud, file=path.name)

    return Stream(element.count, pieces, scan)


def _filled(element: Element, vertex: Rows) -> BoolArray | None:
    """What a master of our own says of its vertices: scanned, or made up to close a hole."""
    scalar = any(p.name == "filled" and p.count_type is None for p in element.properties)
    made_up = vertex.scalar("filled") != 0 if scalar else np.zeros(0, dtype=bool)
    return made_up if made_up.any() else None


def _vertex_element(header: Header, path: Path) -> Element:
    element = header.element("vertex")
    if element is None or not element.count:
        raise no_geometry(path)
    return element


def _scalar_roles(element: Element) -> dict[str, str]:
    """Property name by role, lists left out."""
    names = [p.name for p in element.properties if p.count_type is None]
    return {role: names[k] for role, k in roles_of(names).items()}


def _corner_uv(faces: Faces, columns: Mapping[str, NDArray[Any]]) -> Float32Array | None:
    """(m, 3, 2) with v down, from the corners or else from the vertices."""
    uv = faces.texture_coordinates()
    if uv is None and {"u", "v"} <= columns.keys():
        per_vertex = np.stack([columns["u"], columns["v"]], axis=1).astype(np.float32)
        uv = per_vertex[faces.triangles]
    if uv is None:
        return None
    return np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1)


def _materials(path: Path, header: Header) -> tuple[tuple[Material, ...], list[str]]:
    """One material per `comment TextureFile`; a missing or unsafe picture is a warning."""
    from relicscan.formats.references import TextureFiles

    textures = TextureFiles()
    materials: list[Material] = []
    warnings: list[str] = []
    for number, name in enumerate(header.texture_files):
        texture, notes = textures.get(path, name)
        warnings += notes
        materials.append(Material(f"texture {number}", texture=texture))
    return tuple(materials), warnings
