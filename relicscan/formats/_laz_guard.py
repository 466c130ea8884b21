"""Checks on the compressed points of a LAZ file before the decoder sees them.

The decoder (lazrs) allocates what the chunk table and the layers of a chunk say
and ends the whole process when it cannot. So both are held against the file.
Stands on Isenburg, "LASzip: lossless compression of LiDAR data" (2013), and the
LASzip sources for the layers of point formats 6 to 10.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN, require_room
from relicscan.formats._las_header import LasHeader

_POINTWISE, _LAYERED = 1, 3
#: Layers by type of item: point 9, RGB 1, RGB and infrared 2, wave packet 1; extra bytes one each.
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
_EXTRA_BYTES = 14
_MOST_LAYERS = 1 << 17  # a point has at most 65,535 bytes


def check_chunks(path: Path, header: LasHeader) -> None:
    """Raises ScanError where a chunk, its number or a layer cannot be in the file; OSError."""
    if len(header.laszip) < 34:
        raise _damaged()
    compressor = struct.unpack_from("<H", header.laszip)[0]
    # The decoder goes by the items alone, and would read layers where none were checked.
    if any(kind in _LAYERS or kind == _EXTRA_BYTES for kind, _ in _items(header.laszip)) != (
        compressor == _LAYERED
    ):
        raise _damaged()
    if compressor == _POINTWISE:  # the first LAZ files, one stream without chunks
        return
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(header.data_start)
        table = _signed(stream.read(8))
        if table == -1:  # written to a stream: the last bytes of the file say it instead
            stream.seek(size - 8)
            table = _signed(stream.read(8))
        if not header.data_start + 8 <= table <= size - 8:
            raise _damaged()
        stream.seek(table + 4)
        count = int.from_bytes(stream.read(4), "little")
        # A chunk begins with one point as it is.
        require_room(count, header.record_size, table - header.data_start, "compressed chunks")
    if compressor == _LAYERED:
        _check_layers(path, header, table)


def _check_layers(path: Path, header: LasHeader, table: int) -> None:
    """Each chunk: a point, the number of points, the length of every layer, then the layers."""
    layers = _layer_count(header.laszip)
    head = np.dtype(
        [("point", "V", header.record_size), ("points", "<u4"), ("layers", "<u4", layers)]
    )
    with path.open("rb") as stream:
        for start, length in _chunks(path, header):
            if start + length > table:
                raise _damaged()
            if not length:
                continue
            stream.seek(start)
            data = stream.read(head.itemsize)
            if length < head.itemsize or len(data) < head.itemsize:
                raise _damaged()
            stated = np.frombuffer(data, head)["layers"].sum(dtype=np.uint64)
            if head.itemsize + int(stated) != length:  # the next chunk is looked for behind these
                raise _damaged()


def _chunks(path: Path, header: LasHeader) -> list[tuple[int, int]]:
    """Where each chunk starts and how many bytes it has."""
    import lazrs  # type: ignore[import-untyped]

    try:
        with path.open("rb") as stream:
            stream.seek(header.data_start)
            table = lazrs.read_chunk_table(stream, lazrs.LazVlr(header.laszip))
    except OSError:
        raise
    except BaseException as error:  # a panic of the decoder is not even an Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise _damaged() from None
    # The decoder goes on behind the last chunk until it has all points, whatever lies there.
    if sum(count for count, _ in table) < header.points:
        raise _damaged()
    starts, at = [], header.data_start + 8
    for _, length in table:
        starts.append((at, length))
        at += length
    return starts


def _items(laszip: bytes) -> list[tuple[int, int]]:
    """What a point consists of: kinds and sizes in bytes."""
    count = struct.unpack_from("<H", laszip, 32)[0]
    if len(laszip) < 34 + 6 * count:
        raise _damaged()
    return [struct.unpack_from("<HH", laszip, 34 + 6 * k) for k in range(count)]


def _layer_count(laszip: bytes) -> int:
    layers = 0
    for kind, size in _items(laszip):
        layers += size if kind == _EXTRA_BYTES else _LAYERS.get(kind, 0)
    if layers > _MOST_LAYERS:
        raise _damaged()
    return layers


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _damaged() -> ScanError:
    return ScanError("the compressed points of the file are damaged", remedy=COPY_AGAIN)
