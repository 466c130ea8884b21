"""OFF, the Object File Format: vertices, polygons, perhaps colours.

Stands on the description of OFF in the Geomview manual (Geometry Center,
University of Minnesota): [ST][C][N]OFF, counts, one line a vertex, one line a
face. Colours may also follow the coordinates of a plain OFF, from 0 to 1 or to
255, as MeshLab and CGAL write them. Faces' own colours are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._attributes import colors_8bit, unit_normals
from relicscan.formats._checks import COPY_AGAIN, file_size, parse_count, require_room
from relicscan.formats._polygons import fan_warnings, triangulate
from relicscan.formats._text import shown
from relicscan.formats._text_blocks import Indices, Numbers, line_error, refuse, text_blocks
from relicscan.relic import FloatArray, Mesh, PointCloud, Scan

EXTENSIONS = (".off",)

_HASH = ord("#")
_KEYWORD = re.compile(rb"(?P<uv>ST)?(?P<colors>C)?(?P<normals>N)?(?P<other>4?n?)OFF\s*")
#: The shortest lines: "0 0 0" and "1 0", with their newlines.
_VERTEX_BYTES, _FACE_BYTES = 6, 4
_MOST_HEADER_LINES = 10_000  # comments before the counts


@dataclass(frozen=True)
class _Header:
    vertices: int
    faces: int
    normals: bool
    colors: bool
    uv: bool
    last_line: int  # of the header


def peek(path: Path) -> Peek:
    """What the header says; faces are -1 since polygons hold more triangles."""
    header = _read_header(path)
    return Peek(
        kind="mesh" if header.faces else "cloud",
        points=header.vertices,
        faces=-1 if header.faces else 0,
        colors=header.colors,
        normals=header.normals,
    )


def read(path: Path) -> list[Scan]:
    """The mesh, or the cloud where there are no faces. Raises ScanError, OSError."""
    header = _read_header(path)
    numbers = _numbers_after(path, header)
    vertices = numbers.rows(0, header.vertices)
    faces = numbers.rows(header.vertices, header.vertices + header.faces)
    before_colors = 6 if header.normals else 3
    after_colors = 2 if header.uv else 0
    vertices.require(before_colors + after_colors, "a vertex with this header")
    points = vertices.columns(0, 3)
    colors = None
    if vertices.counts.min() >= before_colors + 3 + after_colors:
        values = vertices.columns(before_colors, before_colors + 3)
        colors = colors_8bit(values) if np.isfinite(values).all() else None
    warnings: list[str] = []
    geometry: PointCloud | Mesh
    if header.faces:
        triangles = _triangles(points, faces, warnings)
        if not len(triangles):
            raise no_geometry(path)
        geometry = Mesh(points, triangles.astype(np.int32), colors=colors)
    else:
        normals = unit_normals(vertices.columns(3, 6)) if header.normals else None
        geometry = PointCloud(points, normals=normals, colors=colors)
    return [Scan(path.stem, geometry, file=path.name, warnings=tuple(warnings))]


def _read_header(path: Path) -> _Header:
    """Keyword and counts, checked against the size of the file. Raises ScanError, OSError."""
    keyword: re.Match[bytes] | None = None
    missing = ScanError("the counts of vertices and faces are missing", remedy=COPY_AGAIN)
    for block in text_blocks(path):
        for index, line in enumerate(block.line):
            words = block.words(index).split(b"#")[0].strip()
            if keyword is None and words:
                keyword = _KEYWORD.match(words)
                if keyword is None or keyword["other"]:
                    raise ScanError(
                        f"it begins with '{shown(words.decode('latin-1'))}', where an OFF file has "
                        "the word OFF, COFF, NOFF or STOFF",
                        remedy="export the mesh again as OFF with three coordinates, or as PLY",
                    )
                words = words[keyword.end() :]
            if keyword is not None and words:
                return _header(path, keyword, words.split(), int(line))
            if line > _MOST_HEADER_LINES:
                raise missing
    raise missing


def _header(path: Path, keyword: re.Match[bytes], words: list[bytes], line: int) -> _Header:
    if words[0].upper() == b"BINARY":
        raise ScanError("this is a binary OFF file", remedy="export it as ASCII OFF, or as PLY")
    if len(words) < 2:
        raise line_error(line, "the counts of vertices and faces must be on one line")
    vertices, faces = (
        parse_count(word.decode("latin-1"), what)
        for word, what in zip(words, ("vertices", "faces"), strict=False)
    )
    size = file_size(path)
    require_room(vertices, _VERTEX_BYTES, size, "vertices")
    require_room(faces, _FACE_BYTES, size, "faces")
    if not vertices:
        raise no_geometry(path)
    return _Header(
        vertices,
        faces,
        normals=keyword["normals"] is not None,
        colors=keyword["colors"] is not None,
        uv=keyword["uv"] is not None,
        last_line=line,
    )


def _numbers_after(path: Path, header: _Header) -> Numbers:
    """The numbers on all lines after the header that hold more than a comment."""
    parts = [
        block.numbers((block.line > header.last_line) & (block.text[block.start] != _HASH))
        for block in text_blocks(path)
    ]
    numbers = Numbers(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.lines for part in parts]),
    )
    if len(numbers.counts) < header.vertices + header.faces:
        raise ScanError(
            f"the header announces {header.vertices:,} vertices and {header.faces:,} faces, but "
            f"only {len(numbers.counts):,} lines follow, and each needs its own",
            remedy=COPY_AGAIN,
        )
    return numbers


def _triangles(points: FloatArray, faces: Numbers, warnings: list[str]) -> Indices:
    """(m, 3) from lines of a count, that many indices from 0, and perhaps a colour."""
    faces.require(1, "a face")
    sizes = faces.values[faces.begin]
    fits = (np.rint(sizes) == sizes) & (sizes >= 1) & (sizes < faces.counts)
    refuse(~fits, faces.lines, "a face must be a count and that many indices")
    size = sizes.astype(np.int64)
    if (faces.counts > size + 1).any():
        warnings.append("the colours of faces were left out: only those of vertices are kept")
    real = size >= 3
    if not real.all():
        warnings.append(f"faces of fewer than three corners ({(~real).sum():,}) were left out")
    size, begin = size[real], faces.begin[real] + 1
    place = np.repeat(begin - (np.cumsum(size) - size), size) + np.arange(size.sum())
    indices = faces.values[place]
    valid = (np.rint(indices) == indices) & (indices >= 0) & (indices < len(points))
    refuse(
        ~valid,
        np.repeat(faces.lines[real], size),
        f"an index is not a whole number from 0 to {len(points) - 1:,}",
    )
    corners = indices.astype(np.int64)
    warnings += fan_warnings(size)
    triangles, _ = triangulate(points, corners, size)
    return np.asarray(corners[triangles])
