"""The header of a LAS or LAZ file, read and checked before any library sees the file.

Stands on the ASPRS LAS specification 1.4 R15. laspy allocates what the header
claims and follows record lengths wherever they lead; so all of them are held
against the size of the file here.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from relicscan.errors import ScanError
from relicscan.formats import no_geometry
from relicscan.formats._checks import COPY_AGAIN, file_size, require_room
from relicscan.formats._crs import LengthUnit, unit_of_geotiff, unit_of_wkt

#: Least record length by point format.
_RECORD_SIZES = (20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67)
_HEADER_SIZES = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375}  # by minor version
#: A million points on a plane grid, the dullest cloud there is, take 0.017 bytes each in LAZ,
#: a million times the same point 0.007.
_LEAST_COMPRESSED = 1 / 256
#: Of more points than this each must take a byte, or a small file fills any memory. Real ones take
#: 4 to 19 (the LAZ files that laspy is tested with).
_MOST_DULL_POINTS = 10_000_000

_MOST_RECORDS = 10_000  # real files have a handful
_LONGEST_RECORD = 1 << 20  # of those that are looked into

_WKT = (b"LASF_Projection", 2112)
_GEOTIFF = (b"LASF_Projection", 34735)
_LASZIP = (b"laszip encoded", 22204)
_COPC = (b"copc", 1)


@dataclass(frozen=True)
class LasHeader:
    """What relicscan needs of the header; `scales` and `offsets` by axis.

    `laszip` is the record that describes the compression, empty without any.
    """

    version: str
    point_format: int
    record_size: int
    data_start: int
    laszip: bytes
    copc: bool
    points: int
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    length_unit: LengthUnit
    unit_basis: str

    @property
    def compressed(self) -> bool:
        return bool(self.laszip)

    @property
    def has_colors(self) -> bool:
        return self.point_format in (2, 3, 5, 7, 8, 10)


def read_las_header(path: Path) -> LasHeader:
    """Read and check the header and its records. Raises ScanError, OSError."""
    size = file_size(path)
    with path.open("rb") as stream:
        head = stream.read(_HEADER_SIZES[4])
        if head[:4] != b"LASF":
            raise ScanError(
                "this is not a LAS file: it does not begin with LASF", remedy=COPY_AGAIN
            )
        major, minor = head[24:26] if len(head) > 25 else (0, 0)
        if major != 1 or minor not in _HEADER_SIZES:
            raise ScanError(
                f"this is LAS {major}.{minor}; LAS 1.0 to 1.4 can be read",
                remedy="export the scan as LAS 1.4",
            )
        if len(head) < _HEADER_SIZES[minor]:
            raise ScanError("the LAS header is cut short", remedy=COPY_AGAIN)
        header_size, data_start, records, code, record_size, points = struct.unpack_from(
            "<HIIBHI", head, 94
        )
        if not _HEADER_SIZES[minor] <= header_size <= data_start <= size:
            raise ScanError("the LAS header points outside of the file", remedy=COPY_AGAIN)
        found = _records(stream, header_size, records, data_start, "<2x16sHH32x")
        if minor == 4:
            start, count, points = struct.unpack_from("<QIQ", head, 235)
            if count:
                found |= _records(stream, start, count, size, "<2x16sHQ32x")
    if not points:
        raise no_geometry(path)
    point_format, compressed = code & 0x3F, code > 0x3F
    if point_format >= len(_RECORD_SIZES) or record_size < _RECORD_SIZES[point_format]:
        raise ScanError(
            f"the points are of format {point_format} with {record_size} bytes, which LAS lacks",
            remedy=COPY_AGAIN,
        )
    least = 1 if points > _MOST_DULL_POINTS else _LEAST_COMPRESSED
    require_room(points, least if compressed else record_size, size - data_start, "points")
    if compressed and not found.get(_LASZIP):
        raise ScanError(
            "the points are compressed, but the record that says how is missing", remedy=COPY_AGAIN
        )
    length_unit, basis = _length_unit(found)
    return LasHeader(
        f"1.{minor}",
        point_format,
        record_size,
        data_start,
        found[_LASZIP] if compressed else b"",
        _COPC in found,
        points,
        *_transform(head),
        length_unit,
        basis,
    )


def _records(
    stream: BinaryIO, start: int, count: int, end: int, layout: str
) -> dict[tuple[bytes, int], bytes]:
    """The variable length records by user and number, the long ones without their contents."""
    head = struct.Struct(layout)
    damaged = ScanError("the records behind the LAS header are damaged", remedy=COPY_AGAIN)
    if count > _MOST_RECORDS:
        raise damaged
    found: dict[tuple[bytes, int], bytes] = {}
    for _ in range(count):
        if start + head.size > end:
            raise damaged
        stream.seek(start)
        user, number, length = head.unpack(stream.read(head.size))
        start += head.size + length
        if start > end:
            raise damaged
        found[user.split(b"\0")[0], number] = stream.read(min(length, _LONGEST_RECORD))
    return found


def _transform(head: bytes) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scales and offsets. Raises ScanError where they would make nonsense of every point."""
    scales, offsets = struct.unpack_from("<3d", head, 131), struct.unpack_from("<3d", head, 155)
    if not all(math.isfinite(s) and s for s in scales) or not all(map(math.isfinite, offsets)):
        raise ScanError(
            f"the coordinates have the scale factors {scales} and offsets {offsets}",
            remedy=COPY_AGAIN,
        )
    return scales, offsets


def _length_unit(found: dict[tuple[bytes, int], bytes]) -> tuple[LengthUnit, str]:
    if _WKT in found:
        wkt = found[_WKT].split(b"\0")[0].decode("utf-8", "replace")
        if wkt.strip():
            return unit_of_wkt(wkt), "LAS WKT CRS"
    if _GEOTIFF in found:
        return unit_of_geotiff(found[_GEOTIFF]), "LAS GeoTIFF CRS"
    return LengthUnit(), ""
