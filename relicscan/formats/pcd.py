"""PCD: the Point Cloud Library's clouds, ASCII, binary and LZF-compressed.

Stands on "The PCD (Point Cloud Data) file format" (PCL documentation, version
0.7). Our own parser: Open3D takes tab-separated and truncated files for empty
clouds without a word.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats import Peek, _lzf, no_geometry
from relicscan.formats._checks import COPY_AGAIN, file_size, parse_count, require_room
from relicscan.formats._columns import attributes, points, role_of, roles_of
from relicscan.formats._text import read_tokens, shown
from relicscan.relic import PointCloud, Scan

EXTENSIONS = (".pcd",)

_LONGEST_HEADER = 1 << 16
_PACKED = ("rgb", "rgba")
_KINDS = {
    ("F", "4"): "<f4",
    ("F", "8"): "<f8",
    **{("I", str(size)): f"<i{size}" for size in (1, 2, 4, 8)},
    **{("U", str(size)): f"<u{size}" for size in (1, 2, 4, 8)},
}


@dataclass(frozen=True)
class _Field:
    """`count` values of one name and type per point."""

    name: str
    dtype: np.dtype[Any]
    count: int

    @property
    def size(self) -> int:
        return self.dtype.itemsize * self.count


@dataclass(frozen=True)
class _Header:
    fields: tuple[_Field, ...]
    points: int
    organised: bool
    viewpoint: tuple[float, ...]
    encoding: str
    body: int
    size: int

    @property
    def record_size(self) -> int:
        return sum(field.size for field in self.fields)

    @property
    def values(self) -> int:
        return sum(field.count for field in self.fields)


def peek(path: Path) -> Peek:
    """What the header says. Raises ScanError, OSError."""
    header = _read_header(path)
    roles = _roles(header)
    return Peek(
        kind="cloud",
        points=header.points,
        colors="red" in roles or _packed_field(header) is not None,
        normals="nx" in roles,
        detail=header.encoding + (", organised" if header.organised else ""),
    )


@np.errstate(over="ignore", invalid="ignore")  # a hostile value may overflow in any cast
def read(path: Path) -> list[Scan]:
    """The cloud; points that are not finite (holes of organised clouds) are kept.

    VIEWPOINT says where the sensor stood, in the frame of the points: it becomes
    `viewpoints` unless it is the origin, which is also what exporters write that
    know nothing. Raises ScanError, OSError.
    """
    header = _read_header(path)
    roles = _roles(header)
    columns = _columns(path, header)
    used = {role: columns[index] for role, index in roles.items()}
    packed = _packed_field(header)
    if packed is not None:
        rgb = _unpack_colors(columns[packed], header.fields[packed], header.encoding == "ascii")
        used |= {"red": rgb[:, 0], "green": rgb[:, 1], "blue": rgb[:, 2]}
    is_integer = "red" in roles and header.fields[roles["red"]].dtype.kind in "iu"
    found = attributes(used, integer_colors=is_integer or packed is not None)
    viewpoints = None
    if any(header.viewpoint):
        viewpoints = np.tile(np.asarray(header.viewpoint, np.float32), (header.points, 1))
    cloud = PointCloud(points(used), viewpoints=viewpoints, **found)
    return [Scan(path.stem, cloud, file=path.name)]


def _roles(header: _Header) -> dict[str, int]:
    """Field index by role; packed colours and fields of several values have none."""
    single = [f.name if f.count == 1 and role_of(f.name) else "" for f in header.fields]
    return roles_of(single)


def _packed_field(header: _Header) -> int | None:
    for index, field in enumerate(header.fields):
        if field.name.lower() in _PACKED and field.count == 1 and field.dtype.itemsize == 4:
            return index
    return None


def _columns(path: Path, header: _Header) -> list[NDArray[Any]]:
    """The first value (n,) of every field; float64 from ASCII."""
    n = header.points
    if header.encoding == "ascii":
        tokens = read_tokens(path, header.body)
        if len(tokens.values) < n * header.values:
            raise _too_short(n, tokens.broken_off)
        table = tokens.values[: n * header.values].reshape(n, header.values)
        starts = np.cumsum([0, *(field.count for field in header.fields)])
        return [table[:, start] for start in starts[:-1]]
    with path.open("rb") as stream:
        stream.seek(header.body)
        data = stream.read()
    if header.encoding == "binary":
        layout = [(f"{k}", f.dtype, (f.count,)) for k, f in enumerate(header.fields)]
        records = np.frombuffer(data, np.dtype(layout), n)
        return [records[f"{k}"][:, 0] for k in range(len(header.fields))]
    if len(data) < 8:
        raise _too_short(n)
    compressed, size = struct.unpack_from("<II", data)
    require_room(compressed, 1, len(data) - 8, "compressed bytes")
    if size != n * header.record_size or size > compressed * _lzf.MOST_GROWTH:
        raise ScanError(
            f"the compressed data stand for {size:,} bytes, but {n:,} points of "
            f"{header.record_size} bytes are announced",
            remedy=COPY_AGAIN,
        )
    plain = _lzf.decompress(data[8 : 8 + compressed], size)
    columns, start = [], 0
    for field in header.fields:  # all values of the first field, then all of the second, …
        values = np.frombuffer(plain, field.dtype, n * field.count, start)
        columns.append(values[:: field.count])
        start += n * field.size
    return columns


def _unpack_colors(values: NDArray[Any], field: _Field, ascii_text: bool) -> NDArray[np.uint8]:
    """(n, 3) uint8 from 0xAARRGGBB, stored as an integer or as the bits of a float.

    Text files hold two things under TYPE F: the bits as a float, whose top byte
    (alpha) is 0 or 255, and the integer written as a number.
    """
    if not ascii_text:
        bits = np.ascontiguousarray(values).view(np.uint32)
    elif field.dtype.kind == "f":
        # A NaN of its own kind (alpha 255) does not survive text; its colour is lost, black.
        numbers = np.nan_to_num(values)
        bits = numbers.astype(np.float32).view(np.uint32)
        is_packed = np.isin(bits >> 24, (0, 255)).all()
        if not is_packed and numbers.min() >= 0 and numbers.max() < 1 << 24:
            bits = numbers.astype(np.uint32)
    else:
        bits = np.nan_to_num(values).astype(np.int64).astype(np.uint32)
    return np.stack([bits >> 16 & 255, bits >> 8 & 255, bits & 255], axis=1).astype(np.uint8)


def _read_header(path: Path) -> _Header:
    size = file_size(path)
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_HEADER)
    entries: dict[str, list[str]] = {}
    body = 0
    while "DATA" not in entries:
        end = start.find(b"\n", body)
        if end < 0:
            raise ScanError("the PCD header has no end (DATA is missing)", remedy=COPY_AGAIN)
        words = start[body:end].decode("latin-1").split()
        body = end + 1
        if words and not words[0].startswith("#"):
            entries[words[0].upper()] = words[1:]
    header = _parse_header(entries, body, size)
    if not header.points:
        raise no_geometry(path)
    if header.encoding == "ascii":
        _check_text(start[body:])
        require_room(header.points, 2 * header.values, size - body + 1, "points")
    elif header.encoding == "binary":
        require_room(header.points, header.record_size, size - body, "points")
    else:
        least = header.record_size / _lzf.MOST_GROWTH
        require_room(header.points, least, size - body, "points")
    return header


def _parse_header(entries: dict[str, list[str]], body: int, size: int) -> _Header:
    names = entries.get("FIELDS", entries.get("COLUMNS", []))
    sizes, kinds = entries.get("SIZE", []), entries.get("TYPE", [])
    counts = entries.get("COUNT", ["1"] * len(names))
    if not names or not len(names) == len(sizes) == len(kinds) == len(counts):
        raise ScanError(
            f"the PCD header names {len(names)} FIELDS, {len(sizes)} SIZEs, {len(kinds)} TYPEs "
            f"and {len(counts)} COUNTs: there must be as many of each",
            remedy=COPY_AGAIN,
        )
    fields = []
    for name, kind, width, count in zip(names, kinds, sizes, counts, strict=True):
        if (kind.upper(), width) not in _KINDS:
            raise ScanError(
                f"the field '{shown(name)}' is of TYPE {shown(kind)} and SIZE {shown(width)}, "
                "which no PCD has",
                remedy=COPY_AGAIN,
            )
        dtype = np.dtype(_KINDS[kind.upper(), width])
        fields.append(_Field(name, dtype, parse_count(count, f"values of '{shown(name)}'")))
    number = {
        key: parse_count(entries[key][0], key) for key in ("WIDTH", "HEIGHT", "POINTS")
        if entries.get(key)
    }  # fmt: skip
    area = number.get("WIDTH", 0) * number.get("HEIGHT", 1)
    points = number.get("POINTS", area)
    if "WIDTH" in number and area != points:
        raise ScanError(
            f"the PCD header announces {points:,} points, but WIDTH and HEIGHT give {area:,}",
            remedy=COPY_AGAIN,
        )
    encoding = " ".join(entries["DATA"]).lower()
    if encoding not in ("ascii", "binary", "binary_compressed"):
        raise ScanError(
            f"the encoding '{shown(encoding)}' is not one that PCD has",
            remedy="write the cloud as ascii, binary or binary_compressed",
        )
    fields = [field for field in fields if field.count]
    return _Header(
        tuple(fields), points, number.get("HEIGHT", 1) > 1,
        _viewpoint(entries.get("VIEWPOINT", [])), encoding, body, size,
    )  # fmt: skip


def _viewpoint(words: list[str]) -> tuple[float, ...]:
    """Where the sensor stood; its orientation (the quaternion behind) says nothing about points."""
    try:
        position = tuple(float(word) for word in words[:3])
    except ValueError:
        position = ()
    usable = len(position) == 3 and all(abs(value) < 1e30 for value in position)  # nan is not
    return position if usable else (0.0, 0.0, 0.0)


def _check_text(start: bytes) -> None:
    first = start.split(b"\n", 1)[0]
    for separator, name in ((b",", "commas"), (b";", "semicolons")):
        if separator in first:
            raise ScanError(
                f"the values are separated by {name}, which PCD does not allow",
                remedy=f"replace the {name} by spaces, or rename the file without its header to "
                ".xyz",
            )


def _too_short(count: int, why: str = "") -> ScanError:
    return ScanError(
        f"the data end before the {count:,} points that the header announces{why}",
        remedy=COPY_AGAIN,
    )
