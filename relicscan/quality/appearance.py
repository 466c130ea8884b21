"""The colour and the relief of a mesh at hits on its surface.

What shows is what a glTF viewer shows: base colour times texture, or times vertex
colours; and a normal map bends the surface's normals. Occlusion maps are left out:
pictures find their own shadows.
"""

from __future__ import annotations

import threading

import numpy as np

from relicscan.color import LINEAR_OF_SRGB
from relicscan.quality.surface import Hits
from relicscan.quality.texels import DIRECTION_OF_BYTE, Texels, decoded
from relicscan.relic import Float32Array, Material, Mesh, Texture

#: What has no colour is shown as light stone, sRGB (206, 199, 189).
STONE = (0.617, 0.571, 0.508)

#: A normal map's vector where there is no normal map: straight out.
_OUT = np.array([0, 0, 1], dtype=np.float32)


def has_color(mesh: Mesh) -> bool:
    """Whether a mesh has a colour of its own: a plain white material is none."""
    return mesh.colors is not None or any(
        m.texture is not None or m.base_color[:3] != (1.0, 1.0, 1.0) for m in mesh.materials
    )


class Appearance:
    """The materials of a mesh, with their textures decoded when they are first seen."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self._texels: dict[tuple[int, bool], Texels] = {}
        self._decoding = threading.Lock()

    def linear_rgb(self, hits: Hits) -> Float32Array:
        """Colours (n, 3), linear light 0..1. Raises StageError if a texture is damaged."""
        mesh = self.mesh
        n = len(hits.faces)
        if mesh.colors is None or self._textured_throughout():
            colors = np.ones((n, 3), dtype=np.float32)
        else:
            colors = hits.mixed(LINEAR_OF_SRGB[mesh.colors], mesh.faces)
        for number, material in enumerate(self._materials_in_use()):
            part = hits.of_material(number)
            if isinstance(part, np.ndarray) and not len(part):
                continue
            if material.texture is not None and mesh.corner_uv is not None:
                colors[part] = self._seen(number, material.texture, hits, color=True)
            factor = _factor(material)
            if (factor != 1).any():
                colors[part] *= factor
        return colors

    def relief(self, hits: Hits) -> Float32Array | None:
        """What normal maps say, (n, 3) in tangent space, as filtered; None where there are none.

        Shorter than one where directions were averaged: matt light on the mean of normals
        is the mean of the light on each.
        """
        mesh = self.mesh
        relief = None
        for number, material in enumerate(self._materials_in_use()):
            if material.normal is None or mesh.corner_uv is None:
                continue
            if relief is None:
                relief = np.tile(_OUT, (len(hits.faces), 1))
            part = hits.of_material(number)
            if isinstance(part, slice) or len(part):
                relief[part] = self._seen(number, material.normal, hits, color=False)
        return relief

    def _materials_in_use(self) -> tuple[Material, ...]:
        return self.mesh.materials[: 1 if self.mesh.face_material is None else None]

    def _textured_throughout(self) -> bool:
        used = self._materials_in_use()
        return self.mesh.corner_uv is not None and bool(used) and all(m.texture for m in used)

    def _seen(self, number: int, texture: Texture, hits: Hits, *, color: bool) -> Float32Array:
        key = (id(texture), color)
        with self._decoding:
            if key not in self._texels:
                meaning = LINEAR_OF_SRGB if color else DIRECTION_OF_BYTE
                self._texels[key] = Texels(decoded(texture), meaning)
        return hits.texels(number, texture, self._texels[key])


def _factor(material: Material) -> Float32Array:
    factor = np.nan_to_num(np.array(material.base_color[:3], dtype=np.float32), nan=1.0)
    return np.clip(factor, 0, 1)
