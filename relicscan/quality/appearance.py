"""The colour of a mesh at any point of its surface, in linear light.

Textures are filtered bilinearly from a level that matches the picture, averaged
in linear light: averaging sRGB values would darken fine contrasts. What shows
is what a glTF viewer shows: base colour times texture, or times vertex colours.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import StageError
from relicscan.relic import Float32Array, Material, Mesh, Texture

#: What has no colour is shown as light stone, sRGB (206, 199, 189).
STONE = (0.617, 0.571, 0.508)


def _srgb_to_linear(srgb: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


#: IEC 61966-2-1, from 8 bits to linear float32.
LINEAR_OF_SRGB: Float32Array = _srgb_to_linear(np.arange(256) / 255.0).astype(np.float32)


def to_srgb(linear: Float32Array) -> Float32Array:
    """Linear 0..1 to sRGB 0..255 as float32, clipped: round it to get 8 bits."""
    x = np.clip(linear, 0, 1)
    return np.where(
        x <= 0.0031308, x * np.float32(12.92 * 255), 269.025 * x ** np.float32(1 / 2.4) - 14.025
    ).astype(np.float32)


def has_color(mesh: Mesh) -> bool:
    """Whether a mesh has a colour of its own: a plain white material is none."""
    return mesh.colors is not None or any(
        m.texture is not None or m.base_color[:3] != (1.0, 1.0, 1.0) for m in mesh.materials
    )


@dataclass(eq=False)
class Appearance:
    """Looks up colours of one mesh, with textures as fine as `samples_per_unit` of length needs."""

    mesh: Mesh
    samples_per_unit: float
    _images: dict[int, NDArray[np.uint8] | Float32Array] = field(default_factory=dict)

    def linear_rgb(self, faces: NDArray[np.integer], barycentric: Float32Array) -> Float32Array:
        """Colours (n, 3) at points of faces (n,), by the weights (n, 3) of their corners."""
        mesh = self.mesh
        colors = np.ones((len(faces), 3), dtype=np.float32)
        if mesh.colors is not None:
            corners = LINEAR_OF_SRGB[mesh.colors][mesh.faces[faces]]
            colors = np.einsum("nc,ncd->nd", barycentric, corners)
        if not mesh.materials:
            return colors
        which = np.zeros(len(faces), dtype=np.intp)
        if mesh.face_material is not None:
            which = mesh.face_material[faces]
        for number in np.unique(which):
            material = mesh.materials[number]
            chosen = which == number
            if material.texture is not None and mesh.corner_uv is not None:
                uv = np.einsum("nc,ncd->nd", barycentric[chosen], mesh.corner_uv[faces[chosen]])
                colors[chosen] = _bilinear(self._image(int(number), material.texture), uv)
            colors[chosen] *= _factor(material)
        return colors

    def _image(self, number: int, texture: Texture) -> NDArray[np.uint8] | Float32Array:
        if number not in self._images:
            self._images[number] = _shrunk(
                decoded(texture), self._texels_per_sample(number, texture)
            )
        return self._images[number]

    def _texels_per_sample(self, number: int, texture: Texture) -> float:
        """How many texels lie along one sample of the picture, for the material as a whole."""
        mesh = self.mesh
        assert mesh.corner_uv is not None
        of_material = (
            slice(None) if mesh.face_material is None else np.asarray(mesh.face_material == number)
        )
        a, b, c = (mesh.vertices[mesh.faces[of_material, i]] for i in range(3))
        surface = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
        uv = mesh.corner_uv[of_material].astype(np.float64)
        e, f = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
        texels = (
            np.abs(e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]).sum() * texture.width * texture.height
        )
        return float(np.sqrt(texels / max(surface, 1e-300)) / self.samples_per_unit)


def decoded(texture: Texture) -> NDArray[np.uint8]:
    """The pixels (h, w, 3) of a texture, uint8 sRGB. Raises StageError if it is damaged."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(texture.data)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StageError(
            f"the texture {texture.name} cannot be decoded ({error})",
            remedy="copy it again from where it came, or export it again",
        ) from None


def _factor(material: Material) -> Float32Array:
    factor = np.nan_to_num(np.array(material.base_color[:3], dtype=np.float32), nan=1.0)
    return np.clip(factor, 0, 1)


def _shrunk(pixels: NDArray[np.uint8], ratio: float) -> NDArray[np.uint8] | Float32Array:
    """The same sRGB bytes, or linear float32 halved until at most two texels fall on a sample."""
    step = 1
    while 2 * step < ratio and 2 * step <= min(pixels.shape[:2]):
        step *= 2
    if step == 1:
        return pixels  # 8192 texels squared would be 800 MB as float32
    h, w = pixels.shape[0] // step, pixels.shape[1] // step
    total = np.zeros((h, w, 3), dtype=np.float32)
    for i in range(step):
        for j in range(step):
            total += LINEAR_OF_SRGB[pixels[i : h * step : step, j : w * step : step]]
    return total / np.float32(step * step)


def _bilinear(image: NDArray[np.uint8] | Float32Array, uv: Float32Array) -> Float32Array:
    """Linear values (n, 3) at uv (n, 2), (0, 0) the top left corner; repeats outside 0..1."""
    h, w = image.shape[:2]
    uv = np.where(np.isfinite(uv), uv, 0)
    uv = np.where((uv >= 0) & (uv <= 1), uv, uv - np.floor(uv))
    x = uv[:, 0] * w - 0.5
    y = uv[:, 1] * h - 0.5
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = (x - x0)[:, None].astype(np.float32), (y - y0)[:, None].astype(np.float32)
    left, right = (np.clip(x0 + d, 0, w - 1).astype(np.intp) for d in (0, 1))
    top, bottom = (np.clip(y0 + d, 0, h - 1).astype(np.intp) * w for d in (0, 1))
    flat = image.reshape(-1, 3)

    def texel(at: NDArray[np.intp]) -> Float32Array:
        return np.asarray(LINEAR_OF_SRGB[flat[at]] if flat.dtype == np.uint8 else flat[at])

    upper = texel(top + left) * (1 - fx) + texel(top + right) * fx
    lower = texel(bottom + left) * (1 - fx) + texel(bottom + right) * fx
    return np.asarray(upper * (1 - fy) + lower * fy)
