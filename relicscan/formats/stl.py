"""STL: triangles without anything else, binary and ASCII.

Stands on 3D Systems' "StereoLithography Interface Specification" (1988/89).
The format repeats the position of a vertex in every triangle; equal positions
become one vertex again. Attribute bytes (colours in two rival dialects) and
normals are passed over, several solids are one mesh.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._checks import COPY_AGAIN, file_size, require_room
from relicscan.formats._text_blocks import CHUNK_BYTES, text_blocks
from relicscan.formats._weld import weld
from relicscan.relic import FloatArray, Mesh, Scan

EXTENSIONS = (".stl",)

_HEADER_BYTES = 84
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def peek(path: Path) -> Peek:
    """Triangles by the header, or counted in ASCII files up to 64 MB; vertices are -1."""
    if _is_ascii(path):
        faces = -1
        if file_size(path) <= 4 * CHUNK_BYTES:
            faces = sum(int(block.starting(b"facet").sum()) for block in text_blocks(path))
        detail = "ASCII"
    else:
        faces = _binary_count(path)
        detail = "binary"
    if not faces:
        raise no_geometry(path)
    return Peek(kind="mesh", points=-1, faces=faces, detail=detail)


def read(path: Path) -> list[Scan]:
    """The mesh, its vertices welded where they are exactly equal. Raises ScanError, OSError."""
    warnings: list[str] = []
    corners = _read_ascii(path, warnings) if _is_ascii(path) else _read_binary(path, warnings)
    if not len(corners):
        raise no_geometry(path)
    first, vertex = weld(corners)
    mesh = Mesh(corners[first], vertex.reshape(-1, 3).astype(np.int32))
    return [Scan(path.stem, mesh, file=path.name, warnings=tuple(warnings))]


def _is_ascii(path: Path) -> bool:
    """Whether it is text: "solid" at the beginning tells nothing, binary headers say that too."""
    size = file_size(path)
    with path.open("rb") as file:
        head = file.read(1024)
    if size >= _HEADER_BYTES and size == _HEADER_BYTES + _TRIANGLE.itemsize * _count_in(head):
        return False
    is_text = all(byte >= 32 or 9 <= byte <= 13 for byte in head)
    return is_text and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:5].lower() == b"solid"


def _count_in(head: bytes) -> int:
    return int(struct.unpack_from("<I", head, 80)[0])


def _binary_count(path: Path) -> int:
    size = file_size(path)
    if size < _HEADER_BYTES:
        raise ScanError(
            f"an STL file has a header of {_HEADER_BYTES} bytes or the word 'solid', but this one "
            f"has only {size} bytes",
            remedy=COPY_AGAIN,
        )
    with path.open("rb") as file:
        count = _count_in(file.read(_HEADER_BYTES))
    require_room(count, _TRIANGLE.itemsize, size - _HEADER_BYTES, "triangles")
    return count


def _read_binary(path: Path, warnings: list[str]) -> FloatArray:
    """(3 m, 3) float64, the corners of all triangles."""
    count = _binary_count(path)
    surplus = file_size(path) - _HEADER_BYTES - count * _TRIANGLE.itemsize
    if count and surplus:
        warnings.append(f"{surplus:,} bytes after the last triangle were passed over")
    triangles = np.fromfile(path, _TRIANGLE, count, offset=_HEADER_BYTES)
    if len(triangles) != count:
        raise ScanError("the file became shorter while it was read", remedy=COPY_AGAIN)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return triangles["corners"].reshape(-1, 3).astype(np.float64)


def _read_ascii(path: Path, warnings: list[str]) -> FloatArray:
    """(3 m, 3) float64, the corners of all triangles."""
    chunks = [np.empty((0, 3))]
    facets = 0
    ended = False
    for block in text_blocks(path):
        numbers = block.numbers(block.starting(b"vertex"), len(b"vertex"))
        numbers.require(3, "a vertex")
        chunks.append(numbers.columns(0, 3))
        facets += int(block.starting(b"facet").sum())
        ended = bool(block.starting(b"endsolid").any())
    corners = np.concatenate(chunks)
    if len(corners) != 3 * facets:
        raise ScanError(
            f"{facets:,} facets have {len(corners):,} vertices, but every facet has three, "
            "each on its own line",
            remedy=COPY_AGAIN,
        )
    if facets and not ended:
        warnings.append("the file does not end with 'endsolid': compare it with the original")
    return corners
