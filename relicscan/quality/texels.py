"""Which texels of a picture a sample sees, and what they hold: textures at the size of a picture.

A texture is read from the one of its successive halvings whose texels are about as large
as a sample (Williams, Pyramidal Parametrics, 1983), bilinearly as glTF 2.0 (3.8.4) asks.
Halvings average in linear light: the mean of sRGB values would be too dark.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.errors import ScanError, StageError
from relicscan.formats.images import pixels_of
from relicscan.geometry.topology import face_areas
from relicscan.relic import ByteArray, Float32Array, Mesh, Texture

#: What the bytes of a normal map mean (glTF 2.0, 3.9.3): -1..1.
DIRECTION_OF_BYTE: Float32Array = (np.arange(256) / 127.5 - 1).astype(np.float32)


class Texels:
    """A decoded texture (h, w, 3) and its halvings, as numbers by a table (256,)."""

    def __init__(self, pixels: ByteArray, meaning: Float32Array) -> None:
        self._pixels = np.ascontiguousarray(pixels)
        self._meaning = meaning
        self._halved: list[Float32Array] = []
        self._halving = threading.Lock()

    def at(self, uv: Float32Array, halved: NDArray[np.integer]) -> Float32Array:
        """Filtered values (n, 3) float32 at uv (n, 2), of the texture so many times halved (n,).

        (0, 0) is the top left corner of the texture; it repeats outside 0..1, inside it does
        not reach over its own border, where something else may be.
        """
        from relicscan.geometry.kernels.shading import read

        height, width = self._pixels.shape[:2]
        halved = np.clip(halved, 0, int(np.log2(max(1, min(width, height)))))
        levels = [self._level(k) for k in range(1, int(halved.max(initial=0)) + 1)]
        shapes = np.array([(height, width), *(level.shape[:2] for level in levels)])
        begin = np.cumsum([0, 0, *(h * w for h, w in shapes[1:].tolist())])
        # 8192 texels squared would be 800 MB as float32, so what is not halved stays in bytes.
        flat = np.concatenate([level.reshape(-1, 3) for level in levels] or [_NOTHING])
        out = np.empty((len(uv), 3), dtype=np.float32)
        given = uv, halved, self._pixels, self._meaning, flat, begin, shapes, out
        threads.in_blocks(lambda start, stop: read(*given, start, stop), len(out))
        return out

    def _level(self, halvings: int) -> Float32Array:
        """The texture (h, w, 3) float32, halved so many times, at least once."""
        with self._halving:
            while len(self._halved) < halvings:
                finer = self._halved[-1] if self._halved else self._pixels
                self._halved.append(_halved(finer, None if self._halved else self._meaning))
            return self._halved[halvings - 1]


_NOTHING: Float32Array = np.empty((0, 3), dtype=np.float32)


def _halved(finer: NDArray[Any], meaning: Float32Array | None) -> Float32Array:
    """Means (h // 2, w // 2, 3) float32 of two by two numbers, or of bytes by their meaning."""
    h, w = finer.shape[0] // 2, finer.shape[1] // 2
    out = np.empty((h, w, 3), dtype=np.float32)

    def rows(start: int, stop: int) -> None:
        part = finer[2 * start : 2 * stop, : 2 * w]
        values = part if meaning is None else np.take(meaning, part)
        pairs = values[::2] + values[1::2]
        out[start:stop] = (pairs[:, ::2] + pairs[:, 1::2]) * np.float32(0.25)

    threads.in_blocks(rows, h, block=max(1, 32_768 // max(1, w)))
    return out


def doublings(mesh: Mesh) -> Float32Array:
    """Binary logarithm (m,) of the share of a picture's side that a unit of length has on each
    face; 0 where that is unknown. The mesh must have corner_uv.
    """
    assert mesh.corner_uv is not None
    uv = mesh.corner_uv.astype(np.float64)
    e, f = np.moveaxis(uv[:, 1:] - uv[:, :1], 1, 0)
    shown = np.abs(e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log2(shown / face_areas(mesh)) / 2
    return np.where(np.isfinite(found), found, 0).astype(np.float32)


def halvings(
    of_faces: Float32Array, width: int, height: int, samples_per_unit: float
) -> NDArray[np.int32]:
    """How often (n,) a texture is to be halved on faces with such `doublings` (n,).

    Between 0.7 and 1.4 texels then lie along a sample.
    """
    texels_per_sample = np.log2(width * height) / 2 - np.log2(samples_per_unit)
    return np.clip(np.round(of_faces + np.float32(texels_per_sample)), 0, 20).astype(np.int32)


def decoded(texture: Texture) -> ByteArray:
    """The pixels (h, w, 3) of a texture, uint8. Raises StageError if it is damaged."""
    try:
        return pixels_of(texture)
    except ScanError as error:
        raise StageError(error.message, remedy=error.remedy) from None
