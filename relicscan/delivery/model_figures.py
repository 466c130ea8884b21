"""What a model asks of a viewer: bytes, triangles, vertices, images, memory of a graphics card.

Counted from the JSON of a GLB, which says all of it also where the content is compressed, and
from the headers of its images. The file is hostile until checked: what makes no sense counts as
nothing here, since `conformance` reports it.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from relicscan.delivery.findings import Document
from relicscan.delivery.target import texture_gpu_bytes
from relicscan.formats.images import image_type, open_image

_COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_FLOAT = 5126
_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
#: Python refuses to print numbers of thousands of digits, and JSON may have them.
_MAX_COUNT = 1 << 40
_KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n"


@dataclass(frozen=True)
class ImageFigures:
    """One image; sides in pixels, 0 where the header cannot be read; type None if unknown."""

    name: str
    type: str | None
    width: int
    height: int

    @property
    def side(self) -> int:
        return max(self.width, self.height)

    @property
    def gpu_bytes(self) -> int:
        """With mipmaps. KTX2 stays compressed on the card, at one byte a pixel (BC7, ASTC 4x4)."""
        full = texture_gpu_bytes(self.width, self.height)
        return full // 4 if self.type == "image/ktx2" else full


@dataclass(frozen=True)
class ModelFigures:
    """Figures of one file; a figure that could not be told is None.

    `triangles` as drawn, a mesh that two nodes show counting twice; the others as stored.
    `images` are all that the file brings, each once.
    """

    bytes: int
    triangles: int | None
    vertices: int | None
    primitives: int | None
    materials: int | None
    uv_sets: int | None
    geometry_gpu_bytes: int | None
    images: tuple[ImageFigures, ...] = ()

    @property
    def gpu_bytes(self) -> int | None:
        """What vertices, indices and images cost on a graphics card."""
        if self.geometry_gpu_bytes is None:
            return None
        return self.geometry_gpu_bytes + sum(image.gpu_bytes for image in self.images)


def figures_of(glb: bytes) -> ModelFigures:
    """The figures of a GLB that we made. Raises ValueError for what is none."""
    doc = parsed(glb)
    if doc is None:
        raise ValueError("this is no GLB")
    return glb_figures(doc, len(glb))


def parsed(data: bytes) -> Document | None:
    """The document of a GLB, unchecked; None where there is none to be had."""
    if len(data) < 20 or data[:4] != b"glTF" or data[16:20] != b"JSON":
        return None
    size = struct.unpack_from("<I", data, 12)[0]
    try:
        content = json.loads(data[20 : 20 + size])
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    binary = memoryview(data)[28 + size :] if len(data) > 28 + size else None
    return Document(content=content, binary=binary)


def glb_figures(doc: Document, size_bytes: int) -> ModelFigures:
    """The figures of a GLB of that many bytes."""
    shown = Counter(
        node["mesh"] for node in doc.objects("nodes") if isinstance(node.get("mesh"), int)
    )
    triangles = uv_sets = primitives = 0
    accessors: dict[int, bool] = {}
    vertices: dict[int, int] = {}
    for at, primitive in all_primitives(doc):
        primitives += 1
        triangles += _triangles(doc, primitive) * max(1, shown[at])
        attributes = doc.at(primitive, "attributes")
        uv_sets = max(uv_sets, sum(name.startswith("TEXCOORD_") for name in attributes))
        if isinstance(position := attributes.get("POSITION"), int):
            vertices[position] = _count(doc, position)
        used = [primitive.get("indices"), *attributes.values()]
        accessors |= dict.fromkeys((i for i in used if isinstance(i, int)), True)
    return ModelFigures(
        bytes=size_bytes,
        triangles=triangles,
        vertices=sum(vertices.values()),
        primitives=primitives,
        materials=len(doc.objects("materials")),
        uv_sets=uv_sets,
        geometry_gpu_bytes=sum(_count(doc, i) * element_bytes(doc, i) for i in accessors),
        images=tuple(_image(doc, i) for i in range(len(doc.objects("images")))),
    )


def all_primitives(doc: Document) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every primitive with the number of its mesh."""
    for at, mesh in enumerate(doc.objects("meshes")):
        described = mesh.get("primitives")
        for primitive in described if isinstance(described, list) else ():
            if isinstance(primitive, dict):
                yield at, primitive


def is_float(doc: Document, accessor: int) -> bool:
    """Whether an accessor holds 32-bit floats."""
    return bool(_accessor(doc, accessor).get("componentType") == _FLOAT)


def image_figures(name: str, data: bytes | memoryview) -> ImageFigures:
    """Type and sides of an image, from its header alone."""
    head = bytes(data[:32])
    if head.startswith(_KTX2) and len(head) >= 28:
        width, height = struct.unpack_from("<II", head, 20)
        return ImageFigures(name, "image/ktx2", width, height)
    mime = image_type(head)
    if mime is None:
        return ImageFigures(name, None, 0, 0)
    try:
        width, height = open_image(bytes(data)).size
    except Exception:  # decoders raise whatever a hostile byte leads them to
        return ImageFigures(name, mime, 0, 0)
    return ImageFigures(name, mime, width, height)


def _accessor(doc: Document, at: Any) -> dict[str, Any]:
    accessors = doc.objects("accessors")
    inside = isinstance(at, int) and not isinstance(at, bool) and 0 <= at < len(accessors)
    return accessors[at] if inside else {}


def _count(doc: Document, at: Any) -> int:
    count = _accessor(doc, at).get("count")
    return min(count, _MAX_COUNT) if isinstance(count, int) and count > 0 else 0


def element_bytes(doc: Document, at: int) -> int:
    """Bytes of one element as a card takes it: vertex attributes lie on multiples of four."""
    accessor = _accessor(doc, at)
    kind, component = accessor.get("type"), accessor.get("componentType")
    components = _COMPONENTS.get(kind, 0) if isinstance(kind, str) else 0
    size = _COMPONENT_BYTES.get(component, 0) if isinstance(component, int) else 0
    return components * size if kind == "SCALAR" else -(-components * size // 4) * 4


def _triangles(doc: Document, primitive: dict[str, Any]) -> int:
    indices = primitive.get("indices")
    if indices is None:
        indices = doc.at(primitive, "attributes").get("POSITION")
    corners = _count(doc, indices)
    mode = primitive.get("mode", _TRIANGLES)
    if mode == _TRIANGLES:
        return corners // 3
    return max(0, corners - 2) if mode in (_STRIP, _FAN) else 0


def _image(doc: Document, at: int) -> ImageFigures:
    image = doc.objects("images")[at]
    given = image.get("name")
    name = f"{given[:60]}" if isinstance(given, str) and given else f"image {at}"
    view = doc.reference(image, "bufferView", "bufferViews", f"/images/{at}")
    data = None if view is None else doc.view_bytes(view)
    return ImageFigures(name, None, 0, 0) if data is None else image_figures(name, data)
