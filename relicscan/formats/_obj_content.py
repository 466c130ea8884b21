"""What the lines of an OBJ file say, as arrays: vertices, faces, which material from where on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from relicscan.formats._text_blocks import (
    Indices,
    Numbers,
    TextBlock,
    Which,
    parse_numbers,
    refuse,
    word_starts,
)
from relicscan.relic import FloatArray

#: The texture index of a corner that has none.
NO_UV = -1

_NEWLINE, _SPACE, _SLASH = b"\n /"


@dataclass
class ObjContent:
    """What the lines say, chunk by chunk; faces as indices from 0 into the whole file's lists."""

    vertices: list[FloatArray] = field(default_factory=list)
    colors: list[FloatArray | None] = field(default_factory=list)
    uvs: list[FloatArray] = field(default_factory=list)
    vertex_count: int = 0
    uv_count: int = 0
    corners: list[Indices] = field(default_factory=list)  # of each polygon's corner, its vertex
    corner_uvs: list[Indices] = field(default_factory=list)  # and its texture vertex, or -1
    sizes: list[Indices] = field(default_factory=list)
    lines: list[Indices] = field(default_factory=list)
    polygon_count: int = 0
    materials: list[tuple[int, bytes]] = field(default_factory=list)  # first polygon, name
    libraries: list[bytes] = field(default_factory=list)

    def add(self, block: TextBlock) -> None:
        vertex, uv, face = (block.starting(word) for word in (b"v", b"vt", b"f"))
        if face.any():
            self._add_faces(block, vertex, uv, face)
        polygons = np.cumsum(face) + self.polygon_count
        self.materials += [(int(polygons[i]), t) for i, t in statements(block, b"usemtl")]
        self.libraries += [text for _, text in statements(block, b"mtllib")]
        if vertex.any():
            numbers = block.numbers(vertex, 1)
            numbers.require(3, "a vertex")
            self.vertices.append(numbers.columns(0, 3))
            self.colors.append(_color_columns(numbers))
        if uv.any():
            numbers = block.numbers(uv, 2)
            numbers.require(2, "a texture vertex")
            self.uvs.append(numbers.columns(0, 2))
        self.vertex_count += int(vertex.sum())
        self.uv_count += int(uv.sum())
        self.polygon_count += int(face.sum())

    def _add_faces(self, block: TextBlock, vertex: Which, uv: Which, face: Which) -> None:
        sizes, corners, uvs = _face_indices(block, face)
        lines = block.line[face]
        # A negative index counts back from the last vertex before its line.
        vertices_before = np.cumsum(vertex)[face] + self.vertex_count
        uvs_before = np.cumsum(uv)[face] + self.uv_count
        present = ~np.isnan(uvs)
        uvs[~present] = 1
        self.corners.append(_from_zero(corners, vertices_before, sizes, lines))
        self.corner_uvs.append(np.where(present, _from_zero(uvs, uvs_before, sizes, lines), NO_UV))
        self.sizes.append(sizes)
        self.lines.append(lines)


def _face_indices(
    block: TextBlock, face: Which
) -> tuple[Indices, NDArray[np.float64], NDArray[np.float64]]:
    """Of the face lines: corners per face, and per corner v and vt as written; vt NaN if absent.

    v//vn and v/ get the word nan where vt is missing; then slashes are as good as blanks.
    """
    lines = block.line[face]
    text, begin = block.select(face, 1)
    raw = text.tobytes()
    full = re.sub(rb"/(?=\s)", b"/nan", raw.replace(b"//", b"/nan/")) if b"/" in raw else raw
    if len(full) != len(raw):
        text = np.frombuffer(full, np.uint8)
        begin = np.concatenate([[0], np.flatnonzero(text == _NEWLINE)[:-1] + 1])
    starts = word_starts(text)
    sizes = np.diff(np.searchsorted(starts, begin), append=len(starts))
    refuse(sizes < 3, lines, "a face needs at least 3 corners")
    slashes = np.flatnonzero(text == _SLASH)
    parts = np.diff(np.searchsorted(slashes, starts), append=len(slashes)) + 1
    odd = (parts > 3) | (text[starts] == _SLASH)
    refuse(odd, np.repeat(lines, sizes), "a corner must be v, v/vt, v//vn or v/vt/vn")
    text = text.copy()
    text[slashes] = _SPACE
    values = parse_numbers(text, begin, lines).values
    place = np.cumsum(parts) - parts
    uvs = np.full(len(starts), np.nan)
    uvs[parts > 1] = values[place[parts > 1] + 1]
    return sizes, values[place], uvs


def _from_zero(
    written: NDArray[np.float64], before: Indices, sizes: Indices, lines: Indices
) -> Indices:
    """Indices as written (from 1, or negative) as indices from 0; `before` per face."""
    line = np.repeat(lines, sizes)
    whole = (np.rint(written) == written) & (np.abs(written) < 2**53)
    refuse(~whole, line, "an index is not a whole number")
    index = written.astype(np.int64)
    refuse(index == 0, line, "an index is 0, but they count from 1")
    index = np.where(index < 0, np.repeat(before, sizes) + index, index - 1)
    refuse(index < 0, line, "a negative index reaches back before the first vertex")
    return index


def _color_columns(numbers: Numbers) -> FloatArray | None:
    """(n, 3) the numbers after x y z, NaN if only some of the lines have them; None if none has."""
    colored = numbers.counts >= 6
    if colored.all():
        return numbers.columns(3, 6)
    return np.full((len(colored), 3), np.nan) if colored.any() else None


def statements(block: TextBlock, keyword: bytes) -> list[tuple[int, bytes]]:
    """The lines that begin with `keyword`: index in the block, and what follows the word."""
    found = np.flatnonzero(block.starting(keyword))
    return [(int(i), block.words(int(i))[len(keyword) :].strip()) for i in found]
