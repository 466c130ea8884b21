"""A small valid file of every mesh format, and the pieces that tests build others from.

`EXAMPLES` maps an extension to a function that writes such a file at a path and
returns how many vertices and faces reading it must give.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

#: A box of 2 x 3 x 4 with its corner at the origin: 8 vertices, 12 triangles facing out.
BOX_VERTICES = np.array(
    [[x, y, z] for x in (0.0, 2.0) for y in (0.0, 3.0) for z in (0.0, 4.0)], dtype=np.float64
)
BOX_QUADS = np.array(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
)
BOX_FACES = BOX_QUADS[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
BOX_VOLUME = 24.0

_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_CODES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Of a closed mesh, positive when it faces outwards (sum of signed tetrahedra)."""
    a, b, c = vertices[faces].swapaxes(0, 1)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def image(pixels: np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    """An image file with exactly these pixels (h, w, 3) uint8, as far as `kind` is lossless."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


class GltfBuilder:
    """Puts arrays into one buffer and the JSON that describes them around it."""

    def __init__(self) -> None:
        self.binary = bytearray()
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "relicscan tests"},
            "bufferViews": [],
            "accessors": [],
            "meshes": [],
            "nodes": [],
        }

    def view(self, data: bytes, **more: Any) -> int:
        """A buffer view of `data`, aligned to four bytes."""
        self.binary += bytes(-len(self.binary) % 4)
        begin = len(self.binary)
        self.binary += data
        view = {"buffer": 0, "byteOffset": begin, "byteLength": len(data), **more}
        self.json["bufferViews"].append(view)
        return len(self.json["bufferViews"]) - 1

    def accessor(self, array: np.ndarray, **more: Any) -> int:
        """An accessor for the rows of an array whose type is the stored type."""
        columns = 1 if array.ndim == 1 else array.shape[1]
        described = {
            "bufferView": self.view(array.tobytes()),
            "componentType": _CODES[array.dtype.str[1:]],
            "count": len(array),
            "type": _TYPES[columns],
            **more,
        }
        self.json["accessors"].append(described)
        return len(self.json["accessors"]) - 1

    def mesh(self, *primitives: dict[str, Any], **node: Any) -> int:
        """A mesh and a node that shows it; returns the mesh."""
        self.json["meshes"].append({"primitives": list(primitives)})
        index = len(self.json["meshes"]) - 1
        self.json["nodes"].append({"mesh": index, **node})
        return index

    def box(self, **attributes: int) -> dict[str, Any]:
        """The primitive of the box, indexed, with more attributes."""
        position = self.accessor(BOX_VERTICES.astype("<f4"))
        indices = self.accessor(BOX_FACES.astype("<u2").ravel())
        return {"attributes": {"POSITION": position, **attributes}, "indices": indices}

    def glb(self) -> bytes:
        """The file as GLB."""
        described = dict(self.json)
        if self.binary:
            described["buffers"] = [{"byteLength": len(self.binary)}]
        return glb(json.dumps(described).encode(), bytes(self.binary))

    def gltf(self) -> bytes:
        """The file as JSON with its buffer in a data URI."""
        uri = "data:application/octet-stream;base64," + base64.b64encode(self.binary).decode()
        buffers = [{"byteLength": len(self.binary), "uri": uri}]
        return json.dumps({**self.json, "buffers": buffers}).encode()


def glb(text: bytes, binary: bytes = b"") -> bytes:
    """A GLB container around JSON and a binary chunk."""
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        binary += bytes(-len(binary) % 4)
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def binary_stl(triangles: np.ndarray, header: bytes = b"box") -> bytes:
    """A binary STL of (m, 3, 3) corners."""
    record = np.zeros(len(triangles), [("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
    record["v"] = triangles
    return header.ljust(80, b"\0") + struct.pack("<I", len(triangles)) + record.tobytes()


def _write_obj(path: Path) -> tuple[int, int]:
    lines = ["# box", *(f"v {x} {y} {z} 0.5 0.25 1.0" for x, y, z in BOX_VERTICES)]
    lines += ["vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1", "vn 0 0 1", "g box", "s off"]
    lines += ["f " + " ".join(f"{v + 1}/{k + 1}/1" for k, v in enumerate(q)) for q in BOX_QUADS]
    path.write_text("\n".join(lines) + "\n")
    return 8, 12


def _write_stl(path: Path) -> tuple[int, int]:
    path.write_bytes(binary_stl(BOX_VERTICES[BOX_FACES]))
    return 8, 12


def _write_off(path: Path) -> tuple[int, int]:
    lines = ["COFF", "8 6 0", *(f"{x} {y} {z} 10 20 30 255" for x, y, z in BOX_VERTICES)]
    lines += ["4 " + " ".join(map(str, quad)) for quad in BOX_QUADS]
    path.write_text("\n".join(lines) + "\n")
    return 8, 12


def _textured_box() -> GltfBuilder:
    """The box with a vertex for every corner of a face, as exporters write it, and a texture."""
    built = GltfBuilder()
    positions = BOX_VERTICES[BOX_QUADS.ravel()].astype("<f4")
    uv = np.tile(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], "<f4"), (6, 1))
    indices = (np.arange(0, 24, 4)[:, None] + [0, 1, 2, 0, 2, 3]).astype("<u1").ravel()
    picture = built.view(image(np.full((4, 4, 3), 90, np.uint8)))
    built.json["images"] = [{"bufferView": picture, "mimeType": "image/png"}]
    built.json["textures"] = [{"source": 0}]
    built.json["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    attributes = {"POSITION": built.accessor(positions), "TEXCOORD_0": built.accessor(uv)}
    indices_index = built.accessor(indices)
    built.mesh({"attributes": attributes, "indices": indices_index, "material": 0})
    return built


def _write_glb(path: Path) -> tuple[int, int]:
    path.write_bytes(_textured_box().glb())
    return 8, 12


def _write_gltf(path: Path) -> tuple[int, int]:
    path.write_bytes(_textured_box().gltf())
    return 8, 12


EXAMPLES: dict[str, Callable[[Path], tuple[int, int]]] = {
    ".obj": _write_obj,
    ".stl": _write_stl,
    ".off": _write_off,
    ".glb": _write_glb,
    ".gltf": _write_gltf,
}
