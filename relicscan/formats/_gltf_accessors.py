"""glTF accessors as arrays: buffers, strides, sparse values, normalised integers.

Stands on the glTF 2.0 specification, sections 3.6 (binary data) and 3.11 (sparse
accessors), and on KHR_mesh_quantization and EXT_meshopt_compression. Nothing is allocated
for a count before the bytes behind it are known to exist, or to be able to hold so much.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN
from relicscan.formats._gltf_document import Document, Part, gltf_error
from relicscan.formats._gltf_meshopt import MESHOPT, decoded_view, raw_size
from relicscan.formats.references import resolve_reference

_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}

#: An accessor without data means so many zeros, a sparse one a copy of what it changes. A line of
#: JSON costs either; nobody needs more of them than this in a document.
_MAX_MADE = 10_000_000

#: Compressed views may share their bytes: a few kB could be decoded over and over.
_MAX_DECODED_BYTES = 1 << 30


class Accessors:
    """The arrays of a document, its buffers opened when first needed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._root = document.root
        self._buffers: dict[int, memoryview] = {}
        self._files: dict[Path, bytes] = {}
        self._made: dict[int, NDArray[Any]] = {}
        self._decoded: dict[int, memoryview] = {}

    def array(self, index: int, components: int | None = None) -> NDArray[Any]:
        """(count, components) of the stored type, a view into the buffer where that is possible.

        Raises ScanError for data past the end of their buffer and for another
        number of components than asked for.
        """
        accessor = self._root.item("accessors", index)
        count, dtype, width = accessor.integer("count"), *self._layout(accessor)
        if components is not None and width != components:
            raise gltf_error(f"{accessor.where} has {width} components instead of {components}")
        view = accessor.reference("bufferView")
        if view is not None and "sparse" not in accessor.data:
            offset = accessor.integer("byteOffset", 0)
            return self._strided(view, offset, count, dtype, width, accessor)
        if index not in self._made:
            if count + sum(map(len, self._made.values())) > _MAX_MADE:
                what = "no data for them" if view is None else "changes some of them"
                raise gltf_error(f"{accessor.where} has {count:,} values and {what}")
            if view is None:
                array = np.zeros((count, width), dtype)
            else:
                offset = accessor.integer("byteOffset", 0)
                array = self._strided(view, offset, count, dtype, width, accessor)
            if "sparse" in accessor.data:
                array = self._with_sparse_values(array, accessor.child("sparse"))
            self._made[index] = array
        return self._made[index]

    def count(self, index: int) -> int:
        """How many values an accessor says that it has."""
        return self._root.item("accessors", index).integer("count")

    def dtype(self, index: int) -> np.dtype[Any]:
        """The type of an accessor's numbers."""
        return _dtype(self._root.item("accessors", index))

    def normalized(self, index: int) -> bool:
        """Whether integers of this accessor stand for 0..1 or -1..1."""
        return self._root.item("accessors", index).flag("normalized")

    def view(self, index: int) -> memoryview:
        """The bytes of a buffer view, decoded where they are compressed with meshopt."""
        view = self._root.item("bufferViews", index)
        compressed = view.extension(*MESHOPT)
        # Where the extension is not required, the file also brings the data uncompressed.
        if compressed is None or set(MESHOPT).isdisjoint(self._root.texts("extensionsRequired")):
            return self.piece(view)
        return self.unpacked(index, compressed)

    def unpacked(self, index: int, compressed: Part) -> memoryview:
        """The bytes of a buffer view out of what the meshopt extension object names."""
        if index not in self._decoded:
            view, size = self._root.item("bufferViews", index), raw_size(compressed)
            if size != view.integer("byteLength"):
                raise gltf_error(f"{view.where} has another length than its compressed data")
            if size + sum(map(len, self._decoded.values())) > _MAX_DECODED_BYTES:
                raise gltf_error(f"{view.where} and those before it are too large")
            self._decoded[index] = memoryview(decoded_view(compressed, self.piece(compressed)))
        return self._decoded[index]

    def piece(self, owner: Part) -> memoryview:
        """The bytes that an object names by buffer, byteOffset and byteLength."""
        data = self.buffer(owner.integer("buffer"))
        begin, length = owner.integer("byteOffset", 0), owner.integer("byteLength")
        if begin + length > len(data):
            raise gltf_error(f"{owner.where} goes past the end of its buffer")
        return data[begin : begin + length]

    def buffer(self, index: int) -> memoryview:
        """The bytes of a buffer, from the GLB, a data URI or a file beside the document."""
        if index not in self._buffers:
            buffer = self._root.item("buffers", index)
            length = buffer.integer("byteLength")
            data = self._bytes(buffer, index, length)
            if len(data) < length:
                raise ScanError(
                    f"{buffer.where} should have {length:,} bytes and has {len(data):,}",
                    remedy=COPY_AGAIN,
                )
            self._buffers[index] = memoryview(data)[:length]
        return self._buffers[index]

    def _bytes(self, buffer: Part, index: int, length: int) -> bytes:
        uri = buffer.text("uri")
        if uri is None:
            if index or self._document.binary is None:
                raise gltf_error(f"{buffer.where} has no data")
            return self._document.binary
        if uri.startswith("data:"):
            return data_uri(uri, buffer.where)
        path = resolve_reference(self._document.path, uri, url_encoded=True)
        if path.stat().st_size < length:
            raise ScanError(
                f"'{path.name}' should have {length:,} bytes and has {path.stat().st_size:,}",
                remedy=COPY_AGAIN,
            )
        path = path.resolve()
        if path not in self._files:  # however many buffers lie in it
            longest = max(part.integer("byteLength") for part in self._root.children("buffers"))
            with path.open("rb") as file:
                self._files[path] = file.read(longest)
        return self._files[path]

    def _strided(
        self, view: int, offset: int, count: int, dtype: np.dtype[Any], width: int, user: Part
    ) -> NDArray[Any]:
        data = self.view(view)
        size = dtype.itemsize * width
        stride = self._root.item("bufferViews", view).integer("byteStride", size)
        if stride < size:
            raise gltf_error(f"the stride of {user.where} is less than the size of its elements")
        if not count:
            return np.empty((0, width), dtype)
        if offset + (count - 1) * stride + size > len(data):
            raise gltf_error(f"{user.where} goes past the end of its buffer view")
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))

    def _with_sparse_values(self, array: NDArray[Any], sparse: Part) -> NDArray[Any]:
        count = sparse.integer("count")
        indices, values = sparse.child("indices"), sparse.child("values")
        where = self._strided(
            indices.integer("bufferView"),
            indices.integer("byteOffset", 0),
            count,
            _index_dtype(indices),
            1,
            indices,
        )[:, 0]
        replacing = self._strided(
            values.integer("bufferView"),
            values.integer("byteOffset", 0),
            count,
            array.dtype,
            array.shape[1],
            values,
        )
        if count and where.max() >= len(array):
            raise gltf_error(f"{indices.where} has an index out of range")
        array = array.copy()
        array[where] = replacing
        return array

    def _layout(self, accessor: Part) -> tuple[np.dtype[Any], int]:
        kind = accessor.text("type")
        if kind not in _COMPONENTS:
            raise gltf_error(f"{accessor.where} is of a type that no vertex has")
        return _dtype(accessor), _COMPONENTS[kind]


def as_floats(array: NDArray[Any], *, normalized: bool) -> NDArray[np.float64]:
    """float64 values of an array; integers that are normalised become 0..1 or -1..1."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        floats = np.asarray(array, np.float64)
    if normalized and array.dtype.kind in "iu":
        floats = np.maximum(floats / np.iinfo(array.dtype).max, -1.0)
    return floats


def data_uri(uri: str, where: str) -> bytes:
    """The bytes of a data URI (RFC 2397). Raises ScanError."""
    head, comma, body = uri.partition(",")
    if not comma:
        raise gltf_error(f"{where} has a data URI without data")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error):
        raise gltf_error(f"{where} has a data URI that is not base64") from None


def _dtype(part: Part) -> np.dtype[Any]:
    code = part.integer("componentType")
    if code not in _DTYPES:
        raise gltf_error(f"{part.where} has the unknown component type {code}")
    return np.dtype(_DTYPES[code])


def _index_dtype(part: Part) -> np.dtype[Any]:
    dtype = _dtype(part)
    if dtype.kind != "u":
        raise gltf_error(f"{part.where} are indices and must be unsigned integers")
    return dtype
