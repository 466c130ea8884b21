"""Buffer views under EXT_meshopt_compression or KHR_meshopt_compression, as plain bytes.

Stands on the text of EXT_meshopt_compression (Khronos, ratified 2021) and on its successor of
2025, which adds a second version of the vertex codec and a filter for colours. The codec is
meshoptimizer's own; it reports broken data and stays inside its buffers. What it allocates is
what the JSON claims, so that is checked here first against what the codec can possibly pack.
"""

from __future__ import annotations

from typing import Any

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN
from relicscan.formats._gltf_document import Part, gltf_error
from relicscan.formats._text import shown

EXT, KHR = "EXT_meshopt_compression", "KHR_meshopt_compression"
MESHOPT = (EXT, KHR)

_MODES = ("ATTRIBUTES", "TRIANGLES", "INDICES")
_FILTERS = ("NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR")
_STRIDES = {"OCTAHEDRAL": (4, 8), "COLOR": (4, 8), "QUATERNION": (8,)}

#: First bytes of a stream: the codec and its version. EXT knows version 0 of the vertex codec only.
_HEADERS = {"ATTRIBUTES": (0xA0, 0xA1), "TRIANGLES": (0xE1,), "INDICES": (0xD1,)}

#: No codec packs tighter. Vertices: a byte holds the headers of four groups of 16 bytes in
#: version 0, those of all four channels of 256 vertices in version 1. Indices: a byte each at
#: least, a byte for each triangle of three indices of four bytes.
_MOST_PACKED = {"ATTRIBUTES": 1024, "TRIANGLES": 12, "INDICES": 4}


def raw_size(extension: Part) -> int:
    """How many bytes the view says that it has once decoded. Raises ScanError."""
    return extension.integer("count") * extension.integer("byteStride")


def decoded_view(extension: Part, data: memoryview) -> bytes:
    """The `count` x `byteStride` bytes of a view, its extension object and compressed bytes given.

    Raises ScanError for anything that the extension does not allow and for broken data,
    before more is allocated than the data can hold.
    """
    import meshopt

    mode: Any = extension.text("mode")
    filtered: Any = extension.text("filter") or "NONE"
    count, stride = extension.integer("count"), extension.integer("byteStride")
    _check(extension, mode, filtered, count, stride)
    if not data or data[0] not in _HEADERS[mode] or (data[0] == 0xA1 and _is_ext(extension)):
        raise gltf_error(f"{extension.where} has data of another kind than {mode}")
    if count * stride > _MOST_PACKED[mode] * len(data):
        raise gltf_error(
            f"{extension.where} claims {count * stride:,} bytes out of {len(data):,} compressed"
        )
    try:
        decoded = meshopt.decode_gltf_buffer(bytes(data), count, stride, mode, filtered)
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ScanError(
            f"{extension.where} cannot be decoded ({shown(str(error))})", remedy=COPY_AGAIN
        ) from None
    return bytes(decoded.tobytes())


def _check(extension: Part, mode: str, filtered: str, count: int, stride: int) -> None:
    where = extension.where
    if mode not in _MODES:
        raise gltf_error(f"{where} has the unknown mode {shown(str(mode))}")
    if filtered not in _FILTERS or (filtered == "COLOR" and _is_ext(extension)):
        raise gltf_error(f"{where} has the unknown filter {shown(filtered)}")
    if filtered != "NONE" and mode != "ATTRIBUTES":
        raise gltf_error(f"{where} filters what is no vertex data")
    if mode == "ATTRIBUTES":
        good = stride % 4 == 0 and 4 <= stride <= 256
        good = good and stride in _STRIDES.get(filtered, (stride,))
    else:
        good = stride in (2, 4)
    if not good:
        raise gltf_error(f"{where} has a stride of {stride:,} bytes for {mode}, {filtered}")
    if not count or (mode == "TRIANGLES" and count % 3):
        raise gltf_error(f"{where} has {count:,} elements")


def _is_ext(extension: Part) -> bool:
    return extension.where.endswith(EXT)
