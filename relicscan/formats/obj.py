"""Wavefront OBJ with its materials and textures, or its vertices as a cloud where it has no faces.

Stands on Wavefront's "Object files (.obj)" (Advanced Visualizer manual, appendix
B1, 1995) and on colours after the coordinates, as MeshLab and others write them.
Our own parser: trimesh reads faces of two corners and indices of 0 without a
word, and Open3D follows texture paths out of the folder. 150,000 textured
triangles take 0.45 s, as with trimesh.

Faces keep their position indices, so the topology is the file's own. Normals
are left out: they follow from the faces. Lines, points and free-form surfaces
are left out too.
"""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._attributes import colors_8bit
from relicscan.formats._obj_content import NO_UV, ObjContent, statements
from relicscan.formats._obj_materials import (
    MtlEntry,
    decode_name,
    find_libraries,
    image_names,
    make_materials,
    parse_library,
)
from relicscan.formats._polygons import fan_warnings, triangulate
from relicscan.formats._text import shown
from relicscan.formats._text_blocks import CHUNK_BYTES, Indices, refuse, text_blocks, word_starts
from relicscan.formats.references import MOST_REFERENCES, existing_references
from relicscan.relic import ByteArray, Float32Array, FloatArray, IntArray, Mesh, PointCloud, Scan

EXTENSIONS = (".obj",)


def peek(path: Path) -> Peek:
    """Counted, since OBJ has no header: exactly up to 64 MB, as -1 beyond."""
    points = triangles = 0
    textured = colored = False
    complete = path.stat().st_size <= 4 * CHUNK_BYTES
    for block in text_blocks(path, continued=True):
        vertex, face = block.starting(b"v"), block.starting(b"f")
        if not points and vertex.any():
            first = np.arange(len(vertex)) == np.argmax(vertex)
            colored = bool(block.numbers(first, 1).counts[0] >= 6)
        points += int(vertex.sum())
        textured = textured or bool(block.starting(b"vt").any())
        text, _ = block.select(face, 1)
        triangles += len(word_starts(text)) - 2 * int(face.sum())
        if not complete and triangles:
            break
    if not points:
        raise no_geometry(path)
    return Peek(
        kind="mesh" if triangles else "cloud",
        points=points if complete else -1,
        faces=triangles if complete else -1,
        colors=colored,
        textured=textured and any(p.suffix.lower() != ".mtl" for p in references(path)),
    )


def read(path: Path) -> list[Scan]:
    """The mesh, all groups and objects in one; the cloud of vertices where there are no faces.

    Raises ScanError naming the line for indices of 0 or out of range, faces of
    fewer than three corners and words that are no numbers; OSError.
    """
    content = ObjContent()
    for block in text_blocks(path, continued=True):
        content.add(block)
    vertices = np.concatenate([np.empty((0, 3)), *content.vertices])
    warnings: list[str] = []
    colors = _colors(content, warnings)
    if not len(vertices) and not content.sizes:
        raise no_geometry(path)
    if not content.sizes:
        geometry: PointCloud | Mesh = PointCloud(vertices, colors=colors)
    else:
        geometry = _mesh(path, content, vertices, colors, warnings)
    return [Scan(path.stem, geometry, file=path.name, warnings=tuple(warnings))]


def references(path: Path) -> list[Path]:
    """The material libraries and images that belong to this file, as far as they exist.

    A file that cannot be parsed refers to nothing here; `read` says what is wrong.
    """
    named: list[bytes] = []
    try:
        for block in text_blocks(path, continued=True, containing=b"mtllib"):
            named += (name for _, name in statements(block, b"mtllib"))
        libraries, _ = find_libraries(path, named)
        images = ((mtl, name) for mtl in libraries for name in image_names(mtl))
        found = [existing_references(mtl, [name]) for mtl, name in islice(images, MOST_REFERENCES)]
    except ScanError:
        return []
    return list(dict.fromkeys([*libraries, *chain.from_iterable(found)]))


def _mesh(
    path: Path,
    content: ObjContent,
    vertices: FloatArray,
    colors: ByteArray | None,
    warnings: list[str],
) -> Mesh:
    sizes = np.concatenate(content.sizes)
    lines = np.repeat(np.concatenate(content.lines), sizes)
    corners, corner_uvs = np.concatenate(content.corners), np.concatenate(content.corner_uvs)
    refuse(corners >= len(vertices), lines, f"an index is above {len(vertices):,}, the last vertex")
    uvs = np.concatenate([*content.uvs, [[0.0, 0.0]]])  # NO_UV, the last, stands for none
    refuse(
        corner_uvs >= len(uvs) - 1,
        lines,
        f"a texture index is above {len(uvs) - 1:,}, the last texture vertex",
    )
    triangles, polygon = triangulate(vertices, corners, sizes)
    warnings += fan_warnings(sizes)
    face_material, entries = _materials(path, content, polygon, warnings)
    materials, notes = make_materials(entries)
    warnings += notes
    corner_uv = None
    if (corner_uvs != NO_UV).any():
        corner_uv = _placed(uvs[corner_uvs[triangles]], face_material, entries, warnings)
        bare = int((corner_uvs[triangles] == NO_UV).any(axis=1).sum())
        if bare:
            warnings.append(
                f"triangles without texture coordinates ({bare:,}) got (0, 0): they have the "
                "colour of a corner of the picture"
            )
    return Mesh(
        vertices,
        corners[triangles].astype(np.int32),
        colors=colors,
        corner_uv=corner_uv,
        face_material=face_material,
        materials=materials,
    )


def _materials(
    path: Path, content: ObjContent, polygon: Indices, warnings: list[str]
) -> tuple[IntArray | None, list[MtlEntry]]:
    """(m,) the material of each triangle, and the entries of those that are used."""
    libraries, notes = find_libraries(path, content.libraries)
    warnings += notes
    known: dict[str, MtlEntry] = {}
    for library in libraries:
        for entry in parse_library(library):
            known.setdefault(entry.name, entry)
    if not content.materials:
        if len(known) != 1:
            return None, []
        warnings.append("the faces name no material: they got the only one of the library")
        return np.zeros(len(polygon), np.int32), list(known.values())
    names = ["", *(decode_name(name) for _, name in content.materials)]
    section = np.searchsorted([first for first, _ in content.materials], polygon, side="right")
    used, section = np.unique(section, return_inverse=True)
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names[i] for i in used))}
    face_material = np.array([numbers[names[i]] for i in used], np.int32)[section]
    unknown = [name for name in numbers if name and name not in known]
    if unknown and not notes:
        listed = ", ".join(map(shown, unknown[:5]))
        warnings.append(f"no material library describes {listed}: read as white")
    known = {"": MtlEntry("default", path)} | known
    return face_material, [known.get(name) or MtlEntry(name, path) for name in numbers]


def _placed(
    uv: FloatArray, face_material: IntArray | None, entries: list[MtlEntry], warnings: list[str]
) -> Float32Array:
    """Corner coordinates (m, 3, 2) with v up to v down, scaled as their materials want it."""
    with np.errstate(over="ignore", invalid="ignore"):
        if face_material is not None and any(not entry.unscaled for entry in entries):
            scale = np.array([entry.scale for entry in entries])[face_material, None]
            uv = uv * scale + np.array([entry.offset for entry in entries])[face_material, None]
        placed = np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1).astype(np.float32)
    bad = ~np.isfinite(placed).all(axis=2)
    if bad.any():
        warnings.append(
            f"texture coordinates that are no numbers ({bad.sum():,}) became (0, 0): look for "
            "triangles with a wrong part of the picture, and export it again"
        )
        placed[bad] = 0
    return placed


def _colors(content: ObjContent, warnings: list[str]) -> ByteArray | None:
    if all(colors is None for colors in content.colors):
        return None
    values = np.concatenate(
        [
            np.full((len(vertices), 3), np.nan) if colors is None else colors
            for vertices, colors in zip(content.vertices, content.colors, strict=True)
        ]
    )
    colors = colors_8bit(values) if np.isfinite(values).all() else None
    if colors is None:
        warnings.append(
            "the vertex colours were left out: some are missing, not numbers, or neither "
            "0..1 nor 0..255"
        )
    return colors
