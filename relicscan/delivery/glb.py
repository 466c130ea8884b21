"""Binary glTF as browsers and phones take it: metres, +Y up (Khronos glTF 2.0, sections 3, 4).

Built on pygltflib's objects, with its JSON put into the container here: its own
`save_binary` copies every view once more and drops empty values from `extras`,
where null has a meaning ("not known"). Same mesh, same bytes: no dates, no
host, keys in a fixed order.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.delivery.images import deliverable
from relicscan.delivery.primitives import Primitive, split
from relicscan.durable import write_durably
from relicscan.errors import StageError
from relicscan.geometry.topology import boundary_edge_count
from relicscan.relic import FloatArray, Material, Mesh, Texture

#: Most of what museums scan (stone, fired clay, bone, wood, unvarnished paint) is close to
#: matt, and no scanner here measures gloss. 0.9 rather than 1 leaves the faint sheen at
#: grazing angles by which the eye reads form; any less claims a polish nobody measured.
ROUGHNESS = 0.9

#: Linear reflectance of a mesh without any colour: a mid-light grey, sRGB 203. Pure white
#: burns out under a viewer's usual environment and hides the relief that such a scan is about.
UNCOLOURED = Material("uncoloured", (0.6, 0.6, 0.6, 1.0))


@dataclass(frozen=True)
class GlbSummary:
    """What was written. Bounds are metres, of the float32 values in the file."""

    triangles: int
    vertices: int
    bounds_m: tuple[tuple[float, float, float], tuple[float, float, float]]
    bytes: int
    sha256: str
    dropped_triangles: int


def write_glb(
    path: Path,
    mesh: Mesh,
    *,
    T_model_mesh: FloatArray,
    generator: str,
    name: str = "relic",
    copyright: str | None = None,
    extras: Mapping[str, Any] | None = None,
) -> GlbSummary:
    """Write a mesh as one GLB file without references to anything outside it.

    T_model_mesh (4, 4) float64 takes the mesh to metres, +Y up, +Z front.
    `name` names node and mesh; `extras` is kept under `asset`, keys sorted.
    Textures are embedded byte for byte (see `images`); triangles without area at single
    precision are dropped and counted. The file is either whole or not there.
    Raises StageError (nothing to deliver, numbers not finite), OutputError.
    """
    primitives = split(mesh, T_model_mesh)
    document, blob = _document(primitives, mesh, name, generator, copyright)
    if extras:
        document["asset"]["extras"] = json.loads(json.dumps(extras, sort_keys=True))
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    chunks = _container(text.encode("utf-8", "replace"), blob)
    sha256 = write_durably(path, chunks)

    low = np.min([p.positions.min(axis=0) for p in primitives], axis=0).tolist()
    high = np.max([p.positions.max(axis=0) for p in primitives], axis=0).tolist()
    triangles = sum(len(p.triangles) for p in primitives)
    return GlbSummary(
        triangles=triangles,
        vertices=sum(len(p.positions) for p in primitives),
        bounds_m=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
        bytes=sum(len(c) for c in chunks),
        sha256=sha256,
        dropped_triangles=len(mesh.faces) - triangles,
    )


def _container(text: bytes, blob: bytes) -> list[bytes]:
    """Header, JSON chunk padded with spaces, BIN chunk (glTF 2.0, section 4.4)."""
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(blob)
    if total >= 2**32:
        raise StageError(
            f"the model would be {total / 1e9:.1f} GB, and a GLB file ends at 4.3 GB",
            remedy="lower target_face_count or the texture size",
        )
    return [
        struct.pack("<4sII", b"glTF", 2, total),
        struct.pack("<I4s", len(text), b"JSON"),
        text,
        struct.pack("<I4s", len(blob), b"BIN\0"),
        blob,
    ]


def _document(
    primitives: list[Primitive], mesh: Mesh, name: str, generator: str, copyright: str | None
) -> tuple[dict[str, Any], bytes]:
    """The glTF JSON as a dict and the bytes of its one buffer."""
    import pygltflib as gl

    build = _Builder()
    double_sided = boundary_edge_count(mesh.faces) > 0  # or one looks through the rim into nothing
    described = [build.primitive(p, mesh, double_sided) for p in primitives]
    gltf = build.gltf
    gltf.asset = gl.Asset(version="2.0", generator=generator, copyright=copyright or None)
    gltf.scene = 0
    gltf.scenes = [gl.Scene(nodes=[0])]
    gltf.nodes = [gl.Node(mesh=0, name=name)]
    gltf.meshes = [gl.Mesh(primitives=described, name=name)]
    blob = bytes(build.blob)
    gltf.buffers = [gl.Buffer(byteLength=len(blob))]
    document: dict[str, Any] = json.loads(gltf.gltf_to_json(separators=(",", ":"), indent=None))
    return document, blob


class _Builder:
    """Collects the buffer and the objects that point into it."""

    def __init__(self) -> None:
        import pygltflib as gl

        self.gltf: Any = gl.GLTF2()
        self.blob = bytearray()
        self.images: dict[str, int] = {}

    def view(self, data: bytes, target: int | None = None, stride: int | None = None) -> int:
        import pygltflib as gl

        start = len(self.blob)
        self.blob += data + b"\0" * (-len(data) % 4)
        self.gltf.bufferViews.append(
            gl.BufferView(
                buffer=0, byteOffset=start, byteLength=len(data), byteStride=stride, target=target
            )
        )
        return len(self.gltf.bufferViews) - 1

    def accessor(
        self, array: NDArray[Any], kind: str, *, bounds: bool = False, indices: bool = False
    ) -> int:
        import pygltflib as gl

        component = {"f4": gl.FLOAT, "u2": gl.UNSIGNED_SHORT, "u4": gl.UNSIGNED_INT}
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        self.gltf.accessors.append(
            gl.Accessor(
                bufferView=self.view(
                    little.tobytes(), gl.ELEMENT_ARRAY_BUFFER if indices else gl.ARRAY_BUFFER
                ),
                componentType=component[array.dtype.str[1:]],
                normalized=kind == gl.VEC4,
                count=array.size if indices else len(array),
                type=kind,
                # float32 to float is exact, and so is Python's shortest decimal for it.
                min=array.min(axis=0).tolist() if bounds else None,
                max=array.max(axis=0).tolist() if bounds else None,
            )
        )
        return len(self.gltf.accessors) - 1

    def flags(self, array: NDArray[np.uint8]) -> int:
        """A byte for each vertex, four bytes apart: vertex data lie on multiples of four."""
        import pygltflib as gl

        padded = np.zeros((len(array), 4), np.uint8)
        padded[:, 0] = array
        self.gltf.accessors.append(
            gl.Accessor(
                bufferView=self.view(padded.tobytes(), gl.ARRAY_BUFFER, stride=4),
                componentType=gl.UNSIGNED_BYTE,
                count=len(array),
                type=gl.SCALAR,
            )
        )
        return len(self.gltf.accessors) - 1

    def primitive(self, p: Primitive, mesh: Mesh, double_sided: bool) -> Any:
        import pygltflib as gl

        attributes = gl.Attributes(
            POSITION=self.accessor(p.positions, gl.VEC3, bounds=True),
            NORMAL=self.accessor(p.normals, gl.VEC3),
        )
        if p.uv is not None:
            attributes.TEXCOORD_0 = self.accessor(p.uv, gl.VEC2)
        if p.colors is not None:
            attributes.COLOR_0 = self.accessor(p.colors, gl.VEC4)
        if p.filled is not None:
            attributes._FILLED = self.flags(p.filled)
        return gl.Primitive(
            attributes=attributes,
            indices=self.accessor(p.triangles, gl.SCALAR, indices=True),
            material=self.material(p, mesh, double_sided),
        )

    def material(self, p: Primitive, mesh: Mesh, double_sided: bool) -> int:
        import pygltflib as gl

        if p.material is not None:
            material = mesh.materials[p.material]
        else:
            material = UNCOLOURED if p.colors is None else Material("vertex colours")
        # Alpha is written and, being OPAQUE, not used: scanners do not measure transparency,
        # and exporters that write "d 0" would make the relic vanish.
        factor = np.clip(np.nan_to_num(material.base_color, nan=1.0), 0.0, 1.0).tolist()
        pbr = gl.PbrMetallicRoughness(
            baseColorFactor=factor, metallicFactor=0.0, roughnessFactor=ROUGHNESS
        )
        described = gl.Material(
            pbrMetallicRoughness=pbr, name=material.name, doubleSided=double_sided
        )
        if p.uv is not None:
            # Clamped where the atlas allows it: repeating bleeds one border into the other.
            inside = bool(((p.uv >= 0) & (p.uv <= 1)).all())
            if material.texture is not None:
                index = self.texture(material.texture, inside)
                pbr.baseColorTexture = gl.TextureInfo(index=index)
            if material.occlusion is not None:
                index = self.texture(material.occlusion, inside)
                described.occlusionTexture = gl.OcclusionTextureInfo(index=index)
        self.gltf.materials.append(described)
        return len(self.gltf.materials) - 1

    def texture(self, texture: Texture, clamp: bool) -> int:
        import pygltflib as gl

        texture = deliverable(texture)
        image = self.image(texture)
        wrap = gl.CLAMP_TO_EDGE if clamp else gl.REPEAT
        sampler = gl.Sampler(
            magFilter=gl.LINEAR, minFilter=gl.LINEAR_MIPMAP_LINEAR, wrapS=wrap, wrapT=wrap
        )
        if sampler not in self.gltf.samplers:
            self.gltf.samplers.append(sampler)
        described = gl.Texture(sampler=self.gltf.samplers.index(sampler), source=image)
        if texture.mime == "image/webp":
            described.source = None
            described.extensions = {"EXT_texture_webp": {"source": image}}
            self.gltf.extensionsUsed = self.gltf.extensionsRequired = ["EXT_texture_webp"]
        if described not in self.gltf.textures:
            self.gltf.textures.append(described)
        return int(self.gltf.textures.index(described))

    def image(self, texture: Texture) -> int:
        import pygltflib as gl

        key = hashlib.sha256(texture.data).hexdigest()
        if key not in self.images:
            self.images[key] = len(self.gltf.images)
            self.gltf.images.append(
                gl.Image(
                    bufferView=self.view(texture.data), mimeType=texture.mime, name=texture.name
                )
            )
        return self.images[key]
