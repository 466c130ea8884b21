"""Binary glTF as browsers and phones take it: metres, +Y up (Khronos glTF 2.0, sections 3, 4).

Geometry comes encoded (see `encoding`), images as they are. Built on pygltflib's objects, with
its JSON put into the container here: its own `save_binary` copies every view once more and drops
empty values from `extras`, where null has a meaning ("not known"). Same mesh, same bytes: no
dates, no host, keys in a fixed order. What it says of the relic (see `xmp`) comes last.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.delivery.encoding import (
    EncodedGeometry,
    EncodedPrimitive,
    GeometryEncoding,
    encode_geometry,
)
from relicscan.delivery.images import deliverable
from relicscan.delivery.streams import Stream
from relicscan.delivery.xmp import EXTENSION as XMP
from relicscan.durable import write_durably
from relicscan.errors import StageError
from relicscan.relic import FloatArray, Material, Mesh, Texture

#: Most of what museums scan (stone, fired clay, bone, wood, unvarnished paint) is close to
#: matt, and no scanner here measures gloss. 0.9 rather than 1 leaves the faint sheen at
#: grazing angles by which the eye reads form; any less claims a polish nobody measured.
ROUGHNESS = 0.9

#: Linear reflectance of a mesh without any colour: a mid-light grey, sRGB 203. Pure white
#: burns out under a viewer's usual environment and hides the relief that such a scan is about.
UNCOLOURED = Material("uncoloured", (0.6, 0.6, 0.6, 1.0))

_MESHOPT, _QUANTIZATION = "EXT_meshopt_compression", "KHR_mesh_quantization"
_DRACO, _WEBP = "KHR_draco_mesh_compression", "EXT_texture_webp"


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
    xmp: Mapping[str, Any] | None = None,
    geometry: GeometryEncoding = "plain",
    floats_only: bool = False,
    position_bits: int = 14,
) -> GlbSummary:
    """Write a mesh as one GLB file without references to anything outside it.

    T_model_mesh (4, 4) float64 takes the mesh to metres, +Y up, +Z front.
    `name` names node and mesh; `extras` is kept under `asset`, keys sorted; `xmp` is the
    packet of the asset (`xmp.xmp_packet`), which no viewer has to read.
    Textures are embedded byte for byte (see `images`); triangles without area once they are
    rounded for `geometry` (see `encoding`) are dropped and counted. The file is either whole
    or not there.
    Raises StageError (nothing to deliver, numbers not finite, what the encoding cannot hold),
    OutputError.
    """
    encoded = encode_geometry(
        mesh,
        T_model_mesh,
        geometry=geometry,
        floats_only=floats_only,
        position_bits=position_bits,
        texture_side_px=longest_side_px(mesh.materials),
    )
    data = glb_of(
        encoded,
        mesh.materials,
        generator=generator,
        name=name,
        copyright=copyright,
        extras=extras,
        xmp=xmp,
    )
    return GlbSummary(
        triangles=encoded.triangles,
        vertices=encoded.vertices,
        bounds_m=encoded.bounds_m,
        bytes=len(data),
        sha256=write_durably(path, [data]),
        dropped_triangles=encoded.dropped_triangles,
    )


def glb_of(
    encoded: EncodedGeometry,
    materials: Sequence[Material],
    *,
    generator: str,
    name: str = "relic",
    copyright: str | None = None,
    extras: Mapping[str, Any] | None = None,
    xmp: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of a GLB file with this geometry and these materials, which may be tried in turn.

    They stand in the places of those that the mesh had when it was encoded, and may have
    other images for the same purposes, or fewer. Raises StageError for images that cannot be
    delivered; ValueError for materials that want what was not encoded.
    """
    document, blob = _document(encoded, materials, name, generator, copyright)
    if extras:
        document["asset"]["extras"] = json.loads(json.dumps(extras, sort_keys=True))
    if xmp:
        _describe(document, xmp)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return b"".join(_container(text.encode("utf-8", "replace"), blob))


def _describe(document: dict[str, Any], packet: Mapping[str, Any]) -> None:
    """Put the one packet of the asset in: used and never required (Khronos KHR_xmp_json_ld)."""
    used = {*document.get("extensionsUsed", ()), XMP}
    document["extensionsUsed"] = sorted(used)
    document["asset"]["extensions"] = {XMP: {"packet": 0}}
    document.setdefault("extensions", {})[XMP] = {"packets": [dict(packet)]}


def longest_side_px(materials: Sequence[Material]) -> int:
    """The longer side of the largest image, 2048 where there is none."""
    sides = [max(t.width, t.height) for material in materials for t in material.textures]
    return max(sides, default=2048)


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
    encoded: EncodedGeometry,
    materials: Sequence[Material],
    name: str,
    generator: str,
    copyright: str | None,
) -> tuple[dict[str, Any], bytes]:
    """The glTF JSON as a dict and the bytes of its one buffer."""
    import pygltflib as gl

    # Without a back of its own one would look through the rim of an open surface into nothing.
    build = _Builder(materials, double_sided=encoded.open)
    described = [build.primitive(p) for p in encoded.primitives]
    gltf = build.gltf
    gltf.asset = gl.Asset(version="2.0", generator=generator, copyright=copyright or None)
    gltf.scene = 0
    gltf.scenes = [gl.Scene(nodes=[0])]
    gltf.nodes = [gl.Node(mesh=0, name=name)]
    gltf.meshes = [gl.Mesh(primitives=described, name=name)]
    blob = bytes(build.blob)
    gltf.buffers = [gl.Buffer(byteLength=len(blob))]
    if encoded.grid is not None:
        gltf.nodes[0].translation = list(encoded.grid.origin_m)
        gltf.nodes[0].scale = [encoded.grid.step_m] * 3
        build.require(_QUANTIZATION)
    if build.unpacked_bytes:
        fallback = {_MESHOPT: {"fallback": True}}
        gltf.buffers.append(gl.Buffer(byteLength=build.unpacked_bytes, extensions=fallback))
    gltf.extensionsUsed = gltf.extensionsRequired = sorted(build.extensions) or None
    document: dict[str, Any] = json.loads(gltf.gltf_to_json(separators=(",", ":"), indent=None))
    return document, blob


class _Builder:
    """Collects the buffer and the objects that point into it."""

    def __init__(self, materials: Sequence[Material], *, double_sided: bool) -> None:
        import pygltflib as gl

        self.gltf: Any = gl.GLTF2()
        self.blob = bytearray()
        self.unpacked_bytes = 0  # of the second buffer, which is nowhere: what decoding makes
        self.extensions: set[str] = set()
        self.images: dict[str, int] = {}
        self.materials = materials
        self.double_sided = double_sided

    def require(self, extension: str) -> None:
        self.extensions.add(extension)

    def append(self, data: bytes) -> int:
        """Where the data begin in the buffer."""
        start = len(self.blob)
        self.blob += data + b"\0" * (-len(data) % 4)
        return start

    def view(self, data: bytes, target: int | None = None, stride: int | None = None) -> int:
        import pygltflib as gl

        self.gltf.bufferViews.append(
            gl.BufferView(
                buffer=0,
                byteOffset=self.append(data),
                byteLength=len(data),
                byteStride=stride,
                target=target,
            )
        )
        return len(self.gltf.bufferViews) - 1

    def packed_view(self, s: Stream, target: int) -> int:
        """A view of what decoding makes, with the place of the compressed bytes."""
        import pygltflib as gl

        self.require(_MESHOPT)
        place = {"buffer": 0, "byteOffset": self.append(s.data), "byteLength": len(s.data)}
        self.gltf.bufferViews.append(
            gl.BufferView(
                buffer=1,
                byteOffset=self.unpacked_bytes,
                byteLength=s.raw_bytes,
                byteStride=s.stride,
                target=target,
                extensions={_MESHOPT: {**place, **(s.meshopt or {})}},
            )
        )
        self.unpacked_bytes += s.raw_bytes + -s.raw_bytes % 4
        return len(self.gltf.bufferViews) - 1

    def accessor(self, s: Stream) -> int:
        import pygltflib as gl

        target = gl.ELEMENT_ARRAY_BUFFER if s.indices else gl.ARRAY_BUFFER
        view = None  # Draco's
        if s.meshopt is not None:
            view = self.packed_view(s, target)
        elif s.data:
            view = self.view(s.data, target, s.stride)
        self.gltf.accessors.append(
            gl.Accessor(
                bufferView=view,
                byteOffset=None,  # pygltflib would say 0, also where there is no view
                componentType=s.component_type,
                normalized=s.normalized or None,
                count=s.count,
                type=s.kind,
                min=s.bounds[0] if s.bounds else None,
                max=s.bounds[1] if s.bounds else None,
            )
        )
        return len(self.gltf.accessors) - 1

    def primitive(self, p: EncodedPrimitive) -> Any:
        import pygltflib as gl

        attributes = gl.Attributes()
        for name, s in p.attributes.items():
            setattr(attributes, name, self.accessor(s))
        described = gl.Primitive(
            attributes=attributes, indices=self.accessor(p.indices), material=self.material(p)
        )
        if p.draco is not None:
            self.require(_DRACO)
            place = {"bufferView": self.view(p.draco), "attributes": dict(p.draco_ids)}
            described.extensions = {_DRACO: place}
        return described

    def material(self, p: EncodedPrimitive) -> int:
        import pygltflib as gl

        if p.material is not None:
            material = self.materials[p.material]
        else:
            material = Material("vertex colours") if "COLOR_0" in p.attributes else UNCOLOURED
        _check(material, p)
        # Alpha is written and, being OPAQUE, not used: scanners do not measure transparency,
        # and exporters that write "d 0" would make the relic vanish.
        factor = np.clip(np.nan_to_num(material.base_color, nan=1.0), 0.0, 1.0).tolist()
        pbr = gl.PbrMetallicRoughness(
            baseColorFactor=factor, metallicFactor=0.0, roughnessFactor=ROUGHNESS
        )
        described = gl.Material(
            pbrMetallicRoughness=pbr, name=material.name, doubleSided=self.double_sided
        )
        if "TEXCOORD_0" in p.attributes:
            # Clamped where the atlas allows it: repeating bleeds one border into the other.
            if material.texture is not None:
                index = self.texture(material.texture, p.inside)
                pbr.baseColorTexture = gl.TextureInfo(index=index)
            if material.normal is not None:
                index = self.texture(material.normal, p.inside)
                described.normalTexture = gl.NormalMaterialTexture(index=index)
            if material.occlusion is not None:
                index = self.texture(material.occlusion, p.inside)
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
            described.extensions = {_WEBP: {"source": image}}
            self.require(_WEBP)
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


def _check(material: Material, p: EncodedPrimitive) -> None:
    """Refuse what was not there when the geometry was encoded: it would be lost without a word."""
    textured = "TEXCOORD_0" in p.attributes
    if textured and material.normal is not None and "TANGENT" not in p.attributes:
        raise ValueError(f"{material.name} has a normal map, and no tangents were encoded")
    if textured and material.texture is not None and "COLOR_0" in p.attributes:
        raise ValueError(f"{material.name} has a texture, and vertex colours were encoded")
