"""The JSON of a glTF file, taken apart without trusting it, and the binary chunk of a GLB.

Every value is asked for by the type that the specification gives it (Khronos,
glTF 2.0, ISO/IEC 12113:2022); one of another type is a ScanError that names its
place in the document, never an exception of Python's.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN, file_size
from relicscan.formats._text import shown

_GLB_MAGIC, _JSON_CHUNK, _BINARY_CHUNK = b"glTF", b"JSON", b"BIN\0"
_MOST_VALUES = 5_000_000
_EXPORT_AGAIN = "export it again as glTF 2.0, best as .glb"

#: What a file may require and still be read: how it looks beyond its colours does not matter here.
_UNDERSTOOD = {
    "KHR_draco_mesh_compression",
    "KHR_lights_punctual",
    "KHR_mesh_quantization",
    "KHR_texture_basisu",
    "KHR_texture_transform",
    "KHR_xmp_json_ld",
    "EXT_texture_webp",
    "EXT_meshopt_compression",
    "KHR_meshopt_compression",
}


@dataclass(frozen=True)
class Part:
    """One JSON object of the document, and where it stands: "meshes[3].primitives[0]"."""

    data: dict[str, Any]
    where: str

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number from 0; required unless there is a default."""
        value = self.data.get(key, default)
        if value is None:
            self._broken(key, "is missing")
        return self._whole(key, value)

    def integers(self, key: str) -> list[int]:
        return [self._whole(key, value) for value in self._array(key)]

    def reference(self, key: str) -> int | None:
        """The index of another object, or None."""
        return self.integer(key) if key in self.data else None

    def numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """As many finite numbers as the default has."""
        values = self._array(key) if key in self.data else list(default)
        if len(values) != len(default) or not all(_is_finite(value) for value in values):
            self._broken(key, f"is not {len(default)} numbers")
        return tuple(float(value) for value in values)

    def number(self, key: str, default: float) -> float:
        value = self.data.get(key, default)
        if not _is_finite(value):
            self._broken(key, "is not a number")
        return float(value)

    def flag(self, key: str) -> bool:
        return self.data.get(key) is True

    def text(self, key: str) -> str | None:
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            self._broken(key, "is not a text")
        return value

    def label(self, key: str) -> str:
        """A text for people, fit to print; empty where there is none. Never an error."""
        value = self.data.get(key)
        return shown(value) if isinstance(value, str) else ""

    def texts(self, key: str) -> list[str]:
        return [str(value) for value in self._array(key)]

    def child(self, key: str) -> Part:
        """The object under `key`; an empty one where there is none."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            self._broken(key, "is not an object")
        return Part(value, f"{self.where}.{key}" if self.where else key)

    def children(self, key: str) -> Iterator[Part]:
        for index in range(len(self._array(key))):
            yield self.item(key, index)

    def item(self, key: str, index: int) -> Part:
        """Object number `index` of the array under `key`. Raises ScanError when there is none."""
        items = self._array(key)
        if index >= len(items):
            self._broken(key, f"has no number {index}, which something refers to")
        if not isinstance(items[index], dict):
            self._broken(f"{key}[{index}]", "is not an object")
        return Part(
            items[index], f"{self.where}.{key}[{index}]" if self.where else f"{key}[{index}]"
        )

    def count(self, key: str) -> int:
        return len(self._array(key))

    def extension(self, *names: str) -> Part | None:
        """The first of the extensions that is there."""
        extensions = self.child("extensions")
        return next((extensions.child(name) for name in names if name in extensions.data), None)

    def _array(self, key: str) -> list[Any]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            self._broken(key, "is not an array")
        return value

    def _whole(self, key: str, value: Any) -> int:
        if not _is_finite(value) or value < 0 or value != int(value):
            self._broken(key, "is not a whole number from 0")
        return int(value)

    def _broken(self, key: str, what: str) -> NoReturn:
        place = f"{self.where}.{key}" if self.where else key
        raise gltf_error(f"{place} {what}")


@dataclass(frozen=True)
class Document:
    """A glTF file: its JSON, and the binary chunk of a GLB where there is one and it was read."""

    path: Path
    root: Part
    binary: bytes | None = None


def gltf_error(what: str) -> ScanError:
    """The error for a file that breaks the specification."""
    return ScanError(f"this is not valid glTF: {what}", remedy=_EXPORT_AGAIN)


def read_document(path: Path, *, binary: bool) -> Document:
    """The document, checked for version and extensions; the binary chunk only if asked for.

    A GLB is told by its first bytes, whatever the file is called. Raises
    ScanError for glTF 1.0, broken JSON or chunks, and extensions that are
    required and unknown; OSError.
    """
    size = file_size(path)
    with path.open("rb") as file:
        return _document(file, size, path, binary)


def document_in(data: bytes) -> Document:
    """The document in the bytes of a GLB, checked in the same way. Raises ScanError."""
    return _document(io.BytesIO(data), len(data), Path("model.glb"), binary=True)


def _document(file: BinaryIO, size: int, path: Path, binary: bool) -> Document:
    if file.read(4) == _GLB_MAGIC:
        text, chunk = _glb_chunks(file, size, binary)
    else:
        file.seek(0)
        text, chunk = file.read(), None
    _check_structure(text)
    root = _parsed(text)
    _check_version(root)
    unknown = [
        name
        for name in root.texts("extensionsRequired")
        if name not in _UNDERSTOOD and not name.startswith("KHR_materials_")
    ]
    if unknown:
        names = ", ".join(shown(name) for name in unknown[:5])
        raise ScanError(
            f"the file requires glTF extensions that relicscan does not read: {names}",
            remedy="export it again without them",
        )
    return Document(path, root, chunk)


def _glb_chunks(file: BinaryIO, size: int, binary: bool) -> tuple[bytes, bytes | None]:
    """The JSON chunk and, if wanted, the BIN chunk of a GLB whose magic has been read."""
    version, length = struct.unpack("<II", _take(file, 8))
    if version != 2:
        raise _wrong_version(str(version))
    if length > size:
        raise ScanError(
            f"the file should have {length:,} bytes and has {size:,}", remedy=COPY_AGAIN
        )
    text, end = _chunk(file, length, _JSON_CHUNK)
    if text is None:
        raise gltf_error("its first chunk is not JSON")
    if not binary or end >= length:
        return text, None
    return text, _chunk(file, length, _BINARY_CHUNK)[0]


def _chunk(file: BinaryIO, length: int, kind: bytes) -> tuple[bytes | None, int]:
    """The next chunk if it is of that kind, and where it ends."""
    size, found = struct.unpack("<I4s", _take(file, 8))
    end = file.tell() + size
    if end > length:
        raise ScanError(f"a chunk of {size:,} bytes goes past the end", remedy=COPY_AGAIN)
    return (_take(file, size) if found == kind else None), end


def _take(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ScanError("the file ends within its header", remedy=COPY_AGAIN)
    return data


def _check_structure(text: bytes) -> None:
    """Refuse JSON of more values than any scan has: "{}," takes 3 bytes, and 72 once parsed."""
    values = sum(text.count(mark) for mark in (b"{", b"[", b","))
    if values > _MOST_VALUES:
        raise ScanError(
            f"its JSON has about {values:,} values, where {_MOST_VALUES:,} are the limit",
            remedy="export only the scan itself, best as .glb",
        )


def _parsed(text: bytes) -> Part:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        root = json.loads(text.decode("utf-8-sig"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else shown(str(error))
        raise ScanError(f"its JSON cannot be read ({what})", remedy=COPY_AGAIN) from None
    if not isinstance(root, dict):
        raise gltf_error("its JSON is not an object")
    return Part(root, "")


def _check_version(root: Part) -> None:
    asset = root.child("asset")
    wanted = str(asset.data.get("minVersion", asset.data.get("version", "")))
    if wanted != "2.0" and not (wanted.startswith("2.") and "minVersion" not in asset.data):
        raise _wrong_version(wanted)


def _wrong_version(version: str) -> ScanError:
    return ScanError(
        f"its glTF version is '{shown(version) or 'not given'}', and relicscan reads 2.0",
        remedy=_EXPORT_AGAIN,
    )


def _is_finite(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False
