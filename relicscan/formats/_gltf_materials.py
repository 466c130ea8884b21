"""glTF materials: base colour, occlusion, normal map. What else they have is named, not kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from relicscan.errors import ScanError
from relicscan.formats._gltf_accessors import Accessors, data_uri
from relicscan.formats._gltf_document import Document, Part, gltf_error
from relicscan.formats.references import TextureFiles, embedded_texture
from relicscan.relic import FloatArray, Material, Texture

_WHITE = (1.0, 1.0, 1.0, 1.0)

#: Views may overlap: a few lines of JSON could make a thousand textures of one buffer.
_MAX_EMBEDDED_BYTES = 1 << 31


@dataclass(frozen=True)
class PlacedMaterial:
    """A material, and which texture coordinates it wants, moved by what."""

    material: Material
    uv_set: int = 0
    uv_transform: FloatArray | None = None  # (2, 3), for column vectors (u, v, 1)


class Materials:
    """The materials of a document, each made once; `warnings` says what was left out of them."""

    def __init__(self, document: Document, accessors: Accessors) -> None:
        self._document = document
        self._accessors = accessors
        self._made: dict[int | None, PlacedMaterial] = {}
        self._textures: dict[int, Texture | None] = {}
        self._files = TextureFiles()
        self._views: dict[int, Texture | None] = {}
        self._embedded_bytes = 0
        self._left_out: dict[str, None] = {}
        self._warnings: list[str] = []

    @property
    def warnings(self) -> list[str]:
        if not self._left_out:
            return self._warnings
        listed = ", ".join(self._left_out)
        return [
            *self._warnings,
            f"not kept: {listed}; only base colour, occlusion and a normal map are",
        ]

    def get(self, index: int | None) -> PlacedMaterial:
        """Material number `index`, or the default one where there is none or it is broken."""
        if index not in self._made:
            self._made[index] = PlacedMaterial(Material("default"))
            try:
                if index is not None:
                    self._made[index] = self._make(index)
            except ScanError as error:
                self._warnings.append(f"read without one of its materials: {error.message}")
        return self._made[index]

    def _make(self, index: int) -> PlacedMaterial:
        part = self._document.root.item("materials", index)
        name = part.label("name") or f"material {index}"
        metallic = part.child("pbrMetallicRoughness")
        specular = part.extension("KHR_materials_pbrSpecularGlossiness")
        if specular is not None:  # what Sketchfab and older tools export
            factor = specular.numbers("diffuseFactor", _WHITE)
            info = specular.child("diffuseTexture")
        else:
            factor = metallic.numbers("baseColorFactor", _WHITE)
            info = metallic.child("baseColorTexture")
        self._note_others(part, metallic)
        r, g, b = (min(max(value, 0.0), 1.0) for value in factor[:3])
        texture = self._texture(info.integer("index")) if info.data else None
        others: dict[str, Texture | None] = {}
        for key, what in (("occlusionTexture", "occlusion"), ("normalTexture", "normal")):
            other = part.child(key)
            if not other.data or (what == "normal" and not self._keeps_normals(other)):
                continue
            if info.data and _coordinates(other) != _coordinates(info):
                self._left_out[f"{what} texture with coordinates of its own"] = None
                continue
            others[what] = self._texture(other.integer("index"))
            info = info if info.data else other
        uv_set, transform = _coordinates(info)
        material = Material(name, (r, g, b, 1.0), texture, **others)
        if transform is None:
            return PlacedMaterial(material, uv_set)
        return PlacedMaterial(material, uv_set, np.array(transform))

    def _keeps_normals(self, info: Part) -> bool:
        """Whether a normal map means the same once its coordinates are moved and it stands alone.

        Turned or mirrored coordinates turn the tangents that it is relative to.
        """
        transform = _coordinates(info)[1]
        if transform is not None and not _only_stretches(transform):
            self._left_out["normal texture with turned coordinates"] = None
            return False
        if info.number("scale", 1.0) != 1:
            self._left_out["strength of the normal texture"] = None
        return True

    def _note_others(self, part: Part, metallic: Part) -> None:
        for owner, key, what in (
            (part, "emissiveTexture", "emissive texture"),
            (metallic, "metallicRoughnessTexture", "metallic-roughness texture"),
        ):
            if key in owner.data:
                self._left_out[what] = None
        if part.data.get("alphaMode", "OPAQUE") != "OPAQUE":
            self._left_out["transparency"] = None

    def _texture(self, index: int) -> Texture | None:
        """The first image of a texture that can be read; warnings only if none can."""
        if index not in self._textures:
            self._textures[index] = None
            notes: list[str] = []
            for source in self._sources(self._document.root.item("textures", index)):
                texture, warnings = self._image(source)
                self._textures[index] = texture
                notes = [*warnings] if texture else [*notes, *warnings]
                if texture:
                    break
            self._warnings += notes
        return self._textures[index]

    def _sources(self, texture: Part) -> list[int]:
        """Images of a texture: WebP where there is one, the plain one, KTX2 (to say it is that)."""
        webp = texture.extension("EXT_texture_webp")
        basis = texture.extension("KHR_texture_basisu")
        sources = [part.reference("source") for part in (webp, texture, basis) if part is not None]
        return [source for source in sources if source is not None]

    def _image(self, index: int) -> tuple[Texture | None, tuple[str, ...]]:
        image = self._document.root.item("images", index)
        name = re.split(r"[\\/]", image.label("name"))[-1] or f"image {index}"
        uri, view = image.text("uri"), image.reference("bufferView")
        try:
            if view is not None:
                warnings: tuple[str, ...] = ()
                if view not in self._views:
                    data = bytes(self._accessors.view(view))
                    self._embedded_bytes += len(data)
                    if self._embedded_bytes > _MAX_EMBEDDED_BYTES:
                        raise gltf_error(f"{image.where} and those before it are too large")
                    self._views[view], warnings = embedded_texture(data, name=name)
                return self._views[view], warnings
            if uri is None or uri.startswith("data:"):
                return embedded_texture(data_uri(uri or "data:,", image.where), name=name)
        except ScanError as error:
            return None, (f"read without a texture: {error.message}; {error.remedy}",)
        return self._files.get(self._document.path, uri, url_encoded=True)


def _coordinates(info: Part) -> tuple[int, tuple[tuple[float, ...], ...] | None]:
    """Which set of texture coordinates a texture uses, and how they are moved, if they are."""
    uv_set = info.integer("texCoord", 0)
    transform = info.extension("KHR_texture_transform")
    if transform is None:
        return uv_set, None
    return transform.integer("texCoord", uv_set), tuple(map(tuple, _uv_transform(transform)))


def _only_stretches(transform: tuple[tuple[float, ...], ...]) -> bool:
    (u_of_u, u_of_v, _), (v_of_u, v_of_v, _) = transform
    return u_of_u > 0 and v_of_v > 0 and not u_of_v and not v_of_u


def _uv_transform(part: Part) -> FloatArray:
    """The (2, 3) matrix of KHR_texture_transform: scale, then rotation, then offset.

    With v down a positive rotation takes u towards -v. The GLSL of the extension's
    text turns the other way; its example (the lower left quadrant, turned by 90
    degrees), its prose and the viewers turn this way.
    """
    scale_u, scale_v = part.numbers("scale", (1.0, 1.0))
    offset_u, offset_v = part.numbers("offset", (0.0, 0.0))
    angle = part.number("rotation", 0.0)
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c * scale_u, s * scale_v, offset_u], [-s * scale_u, c * scale_v, offset_v]])
