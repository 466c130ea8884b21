"""A compressed GLB as a plain one, so that what is inside can be validated too.

Draco and meshopt data are closed to the Khronos validator (and, as accessors, to everyone).
Here they are put into plain buffer views under the same numbers: what is said of an accessor
of the decoded file holds for the compressed one. Numbers stay as they are stored: quantized
ones are still under KHR_mesh_quantization, which validators do understand.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats._gltf_accessors import Accessors
from relicscan.formats._gltf_document import Document, Part, document_in, gltf_error
from relicscan.formats._gltf_draco import draco_decoded
from relicscan.formats._gltf_meshopt import MESHOPT

_DRACO = "KHR_draco_mesh_compression"
_GONE = {*MESHOPT, _DRACO}
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963

#: Views may share their bytes: a few kB could be decoded over and over. Real files grow fourfold.
_MAX_GROWTH = 100
_ALWAYS_ALLOWED_BYTES = 1 << 26


def is_compressed(content: dict[str, Any]) -> bool:
    """Whether a glTF document says that it uses one of the compressions decoded here."""
    used = content.get("extensionsUsed")
    return isinstance(used, list) and any(name in _GONE for name in used if isinstance(name, str))


def decoded(glb: bytes) -> bytes:
    """The same GLB without compression; the very same bytes where it has none.

    Every buffer view of the compressed file keeps its number. Raises ScanError for whatever is
    not a GLB of glTF 2.0, and for data that cannot be decoded or hold other things than claimed.
    """
    document = document_in(glb)
    if not is_compressed(document.root.data):
        return glb
    if document.binary is None:
        raise ScanError(
            "the file says that it is compressed and has no binary chunk",
            remedy="write it again as one .glb file",
        )
    if any("uri" in buffer.data for buffer in document.root.children("buffers")):
        raise ScanError(
            "the file is compressed and points outside itself",
            remedy="write it again as one .glb file",
        )
    most = _ALWAYS_ALLOWED_BYTES + _MAX_GROWTH * len(glb)
    return _Decoding(document, document_in(glb).root.data, most).glb()


class _Decoding:
    """The new document and buffer while they grow."""

    def __init__(self, document: Document, content: dict[str, Any], most_bytes: int) -> None:
        self.root = document.root
        self.accessors = Accessors(document)
        self.content = content
        self.most_bytes = most_bytes
        self.blob = bytearray()
        self.free: list[int] = []  # views that held nothing but Draco's bytes

    def glb(self) -> bytes:
        primitives = [
            (part, self.content["meshes"][m]["primitives"][p])
            for m, mesh in enumerate(self.root.children("meshes"))
            for p, part in enumerate(mesh.children("primitives"))
        ]
        packed = {
            extension.integer("bufferView")
            for part, _ in primitives
            if (extension := part.extension(_DRACO)) is not None
        }
        for index, view in enumerate(self.root.children("bufferViews")):
            if index in packed:
                self.free.append(index)
            else:
                self._unpack(index, view)
        for part, described in primitives:
            extension = part.extension(_DRACO)
            if extension is not None:
                self._decode(extension, part)
                _without(described, {_DRACO})
        for index in self.free:  # more views with Draco's bytes than arrays in them
            self._put(index, b"\0\0\0\0", {})
        return self._container()

    def _unpack(self, index: int, view: Part) -> None:
        compressed = view.extension(*MESHOPT)
        data = (
            self.accessors.piece(view)
            if compressed is None
            else self.accessors.unpacked(index, compressed)
        )
        described = {**view.data}
        _without(described, set(MESHOPT))
        self._put(index, bytes(data), described)

    def _decode(self, extension: Part, primitive: Part) -> None:
        stored, corners = draco_decoded(extension, primitive, self.accessors)
        attributes = primitive.child("attributes")
        for name, array in stored.items():
            self._give(attributes.integer(name), array, _ARRAY_BUFFER)
        indices = primitive.reference("indices")
        if indices is None:
            raise gltf_error(f"{primitive.where} has Draco's triangles and no indices")
        self._give(indices, corners[:, None], _ELEMENT_ARRAY_BUFFER)

    def _give(self, index: int, array: NDArray[Any], target: int) -> None:
        """Let accessor `index` have these numbers (n, components), in the type that it states."""
        accessor = self.root.item("accessors", index)
        dtype = self.accessors.dtype(index)
        typed = array.astype(dtype)
        if dtype.kind in "iu" and not np.array_equal(typed, array):
            raise gltf_error(f"{accessor.where} is of a type that cannot hold its Draco data")
        if accessor.integer("count") != len(array):
            raise gltf_error(
                f"{accessor.where} announces {accessor.integer('count'):,} values, its Draco "
                f"data have {len(array):,}"
            )
        described: dict[str, Any] = {"target": target}
        if target == _ARRAY_BUFFER and typed[0].nbytes % 4:
            size = typed[0].nbytes
            described["byteStride"] = size + -size % 4
            rows = np.zeros((len(typed), size + -size % 4), np.uint8)
            rows[:, :size] = np.ascontiguousarray(typed).view(np.uint8).reshape(len(typed), size)
            data = rows.tobytes()
        else:
            data = typed.tobytes()
        view = self.free.pop(0) if self.free else len(self.content["bufferViews"])
        self._put(view, data, described)
        given = self.content["accessors"][index]
        given["bufferView"] = view
        given.pop("byteOffset", None)

    def _put(self, index: int, data: bytes, described: dict[str, Any]) -> None:
        if len(self.blob) + len(data) > self.most_bytes:
            raise ScanError(
                f"decoded, the file would have more than {self.most_bytes / 1e6:,.0f} MB",
                remedy="write it again without views that share their bytes",
            )
        place = {"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data)}
        views = self.content["bufferViews"]
        if index == len(views):
            views.append({})
        views[index] = {**described, **place}
        self.blob += data + b"\0" * (-len(data) % 4)

    def _container(self) -> bytes:
        self.content["buffers"] = [{"byteLength": len(self.blob)}]
        for key in ("extensionsUsed", "extensionsRequired"):
            left = [name for name in self.root.texts(key) if name not in _GONE]
            self.content.pop(key, None)
            if left:
                self.content[key] = left
        try:
            text = json.dumps(
                self.content, ensure_ascii=False, separators=(",", ":"), allow_nan=False
            )
        except (ValueError, RecursionError):
            raise gltf_error("it has numbers without end, or is nested too deeply") from None
        body = text.encode("utf-8", "replace")
        body += b" " * (-len(body) % 4)
        return b"".join(
            [
                struct.pack("<4sII", b"glTF", 2, 28 + len(body) + len(self.blob)),
                struct.pack("<I4s", len(body), b"JSON"),
                body,
                struct.pack("<I4s", len(self.blob), b"BIN\0"),
                self.blob,
            ]
        )


def _without(described: dict[str, Any], extensions: set[str]) -> None:
    left = {k: v for k, v in described.get("extensions", {}).items() if k not in extensions}
    described.pop("extensions", None)
    if left:
        described["extensions"] = left
