"""Where samples become a picture: averaged in linear light, over a backdrop, with a soft shadow."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.relic import ByteArray, Float32Array

#: Samples along one side of a pixel.
SUPERSAMPLING = 2

Background = Literal["studio", "grey", "transparent"] | tuple[int, int, int]

#: Backdrops, sRGB, middle and corners: a sheet of light, slightly warm paper; and one of grey,
#: before which neither marble nor bronze is lost.
_BACKDROPS = {
    "studio": ((247, 245, 242), (213, 209, 203)),
    "grey": ((192, 191, 189), (142, 141, 139)),
}

#: How much of the light a ground in full shadow loses.
_SHADOW_STRENGTH = 0.7


class Canvas:
    """A grid of linear RGB samples with coverage, `width` by `height` samples."""

    def __init__(self, width_px: int, height_px: int, ground_shadow: bool) -> None:
        self.width_px, self.height_px = width_px, height_px
        self.width, self.height = width_px * SUPERSAMPLING, height_px * SUPERSAMPLING
        self.wants_ground_shadow = ground_shadow
        self._rgb = np.zeros((self.height * self.width, 3), dtype=np.float32)
        self._covered = np.zeros(self.height * self.width, dtype=np.float32)
        self._shadow = np.zeros((height_px, width_px), dtype=np.float32)

    def paint(self, pixels: NDArray[np.intp], linear_rgb: Float32Array) -> None:
        """Cover samples (flat indices) with colours (n, 3), linear, 1 being white."""
        self._rgb[pixels] = linear_rgb
        self._covered[pixels] = 1

    def shade_ground(self, share: Float32Array) -> None:
        """Darken the backdrop by the share (h, w), on any grid, of light that comes there."""
        from PIL import Image
        from scipy.ndimage import gaussian_filter

        soft = gaussian_filter(1 - share, sigma=max(share.shape) / 130)
        size = (self.width_px, self.height_px)
        shadow = np.asarray(Image.fromarray(soft).resize(size, Image.Resampling.BICUBIC))
        # Fades out before the edge of the picture: a cut shadow looks like a fault.
        x, y = (np.abs(np.linspace(-1, 1, n, dtype=np.float32)) for n in size)
        window = np.clip((1 - np.maximum(x[None, :], y[:, None])) / 0.15, 0, 1)
        self._shadow = np.float32(_SHADOW_STRENGTH) * np.clip(shadow, 0, 1) * window

    def image(self, background: Background) -> ByteArray:
        """The picture (h, w, 4), sRGB with straight alpha."""
        shape = (self.height_px, SUPERSAMPLING, self.width_px, SUPERSAMPLING)
        rgb = _means(self._rgb.reshape(*shape, 3))
        alpha = _means(self._covered.reshape(*shape, 1))
        shadow = self._shadow[..., None]
        if background == "transparent":
            # Browsers blend in sRGB: as much black as looks like this loss of light on white.
            black = 1 - srgb_of(1 - shadow).astype(np.float32) / 255
            opaque = alpha + (1 - alpha) * black
            rgb = np.divide(rgb, opaque, out=np.zeros_like(rgb), where=opaque > 0)
        else:
            rgb = rgb + (1 - alpha) * (1 - shadow) * self._backdrop(background)
            opaque = np.ones_like(alpha)
        return np.concatenate([srgb_of(rgb), np.round(opaque * 255).astype(np.uint8)], axis=2)

    def _backdrop(self, background: Background) -> Float32Array:
        if isinstance(background, tuple):
            return np.asarray(LINEAR_OF_SRGB[np.array(background)])
        x = np.linspace(-1, 1, self.width_px, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, self.height_px, dtype=np.float32)[:, None]
        outward = np.clip((x**2 + (y + 0.15) ** 2) / 2, 0, 1)[..., None]
        middle, corner = (LINEAR_OF_SRGB[np.array(c)] for c in _BACKDROPS[background])
        return np.asarray(middle + (corner - middle) * outward)


def _means(samples: Float32Array) -> Float32Array:
    """Means (h, w, k) of samples (h, s, w, s, k): ten times as fast as NumPy's over two axes."""
    total = np.zeros_like(samples[:, 0, :, 0])
    for row in range(SUPERSAMPLING):
        for column in range(SUPERSAMPLING):
            total += samples[:, row, :, column]
    return total / np.float32(SUPERSAMPLING**2)


def tone_mapped(linear_rgb: Float32Array) -> Float32Array:
    """Bright values bent under white; below 0.75 colours stay exactly what they are."""
    knee = np.float32(0.75)
    room = 1 - knee
    over = np.maximum(linear_rgb - knee, 0)
    return np.asarray(np.minimum(linear_rgb, knee) + room * (1 - np.exp(-over / room)))
