"""The header of a PLY file: which elements follow, and how their bytes are laid out.

Stands on Greg Turk, "The PLY Polygon File Format" (Stanford, 1994), and on what
exporters have made of it since: sized type names, CRLF and lone CR line ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN, file_size, parse_count

#: Real headers have under 4 kB; comments may make them longer, but not endless.
_LONGEST_HEADER = 1 << 20

_TYPES = {
    name: dtype
    for names, dtype in (
        ("char int8", "i1"),
        ("uchar uint8", "u1"),
        ("short int16", "i2"),
        ("ushort uint16", "u2"),
        ("int int32", "i4"),
        ("uint uint32", "u4"),
        ("int64", "i8"),
        ("uint64", "u8"),
        ("float float32", "f4"),
        ("double float64", "f8"),
    )
    for name in names.split()
}
_BYTE_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class Property:
    """One value per row, or a list: then `count_type` is the type of its length."""

    name: str
    dtype: np.dtype[np.generic]
    count_type: np.dtype[np.generic] | None = None


@dataclass
class Element:
    """`count` rows of the same properties."""

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [p.name for p in self.properties]

    @property
    def has_lists(self) -> bool:
        return any(p.count_type is not None for p in self.properties)

    def least_row_size(self, *, ascii_text: bool) -> int:
        """Bytes that a row takes with all its lists empty; in ASCII a digit and a space a value."""
        if ascii_text:
            return 2 * len(self.properties)
        return sum((p.count_type or p.dtype).itemsize for p in self.properties)


@dataclass(frozen=True)
class Header:
    """`byte_order` is "<" or ">", or "" for ASCII; `body` is where the data start, in bytes."""

    byte_order: str
    elements: tuple[Element, ...]
    comments: tuple[str, ...]
    body: int
    size: int

    def element(self, name: str) -> Element | None:
        return next((e for e in self.elements if e.name == name), None)

    @property
    def texture_files(self) -> list[str]:
        """Names behind `comment TextureFile`, as MeshLab and most photogrammetry write them."""
        return [
            comment[len("texturefile") :].strip()
            for comment in self.comments
            if comment.lower().startswith("texturefile ")
        ]


def read_header(path: Path) -> Header:
    """Read and check the header. Raises ScanError, OSError."""
    size = file_size(path)
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_HEADER)
    if start[:3] != b"ply" or start[3:4] not in (b"\r", b"\n"):
        raise ScanError("this is not a PLY file: it does not begin with 'ply'", remedy=COPY_AGAIN)
    # A lone CR ends the lines of old Macintosh files; then a LF after the header is already data.
    line_end = b"\r\n" if start[3:5] == b"\r\n" else start[3:4]
    keyword = line_end + b"end_header"
    at = start.find(keyword)
    after = start[at + len(keyword) :] if at >= 0 else b""
    if at < 0 or not (after.lstrip(b" \t").startswith(line_end) or not after.strip()):
        raise ScanError("the PLY header has no end ('end_header' is missing)", remedy=COPY_AGAIN)
    spaces = len(after) - len(after.lstrip(b" \t"))
    body = min(at + len(keyword) + spaces + len(line_end), size)
    lines = start[:at].decode("utf-8", "replace").split(line_end.decode())[1:]
    byte_order, elements, comments = _parse(lines)
    return Header(byte_order, tuple(elements), tuple(comments), body, size)


def _parse(lines: list[str]) -> tuple[str, list[Element], list[str]]:
    byte_order: str | None = None
    elements: list[Element] = []
    comments: list[str] = []
    for number, line in enumerate(lines, start=2):
        words = line.split()
        try:
            match words:
                case [] | ["obj_info", *_]:
                    pass
                case ["comment", *_]:
                    comments.append(line.strip()[len("comment") :].strip())
                case ["format", name, *_]:
                    byte_order = _BYTE_ORDERS[name]
                case ["element", name, count]:
                    elements.append(Element(name, parse_count(count, f"'{name[:40]}' elements")))
                case ["property", "list", count_type, item_type, name]:
                    elements[-1].properties.append(
                        Property(
                            name,
                            _dtype(item_type, byte_order),
                            _dtype(count_type, byte_order, whole=True),
                        )
                    )
                case ["property", type_name, name]:
                    elements[-1].properties.append(Property(name, _dtype(type_name, byte_order)))
                case _:
                    raise KeyError(line)
        except (KeyError, IndexError):
            raise ScanError(
                f"line {number} of the PLY header is not understood: '{line.strip()[:60]}'",
                remedy=COPY_AGAIN,
            ) from None
    if byte_order is None:
        raise ScanError("the PLY header names no format", remedy=COPY_AGAIN)
    if len({element.name for element in elements}) < len(elements):
        raise ScanError("two elements of the PLY header have one name", remedy=COPY_AGAIN)
    for element in elements:
        if len(set(element.names)) < len(element.names):
            raise ScanError(
                f"the element '{element.name[:40]}' has two properties of one name",
                remedy="export the scan again with another program",
            )
    return byte_order, elements, comments


def _dtype(name: str, byte_order: str | None, *, whole: bool = False) -> np.dtype[np.generic]:
    dtype = np.dtype((byte_order or "") + _TYPES[name])
    if whole and dtype.kind == "f":
        raise KeyError(name)
    return dtype
