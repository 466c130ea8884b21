"""One picture at many sizes and qualities, each coded once.

What the solver asks for again and again: the base colour at 1024 texels as WebP of quality
75, for instance. The source's own bytes are the first choice wherever a target takes them.
"""

from __future__ import annotations

from typing import NamedTuple

from relicscan.delivery.images import deliverable
from relicscan.delivery.target import Images
from relicscan.formats.images import jpeg_of, pixels_of, resized, webp_of
from relicscan.relic import ByteArray, Texture
from relicscan.threads import Kept

#: Of JPEG and WebP images, from the finest to the coarsest: below 50 blocks show on plain
#: surfaces, above 90 the bytes grow faster than anything seen.
QUALITIES = (90, 80, 65, 50)

#: Where none of them will do: WebP without loss, JPEG with next to none, at several times the
#: bytes. Lossy WebP halves chroma, which shows where a small picture has sharp borders of colour.
EXACT = 100


class Grade(NamedTuple):
    """How a picture is coded: its longer side in texels, and its quality, None for as it came."""

    side: int
    quality: int | None


class Coder:
    """One picture of a relic. `srgb`: it holds colours, whose means are those of light."""

    def __init__(self, texture: Texture, *, srgb: bool) -> None:
        self.texture = deliverable(texture)
        self.srgb = srgb
        self._kept = Kept()

    @property
    def side(self) -> int:
        """The longer side of the source, in texels."""
        return max(self.texture.width, self.texture.height)

    def coded(self, grade: Grade, images: Images, *, thorough: bool = False) -> Texture:
        """The picture at that grade; `thorough` coding is slower and smaller.

        Raises ScanError where the source cannot be decoded.
        """
        as_it_came = grade.quality is None
        if as_it_came and (images == "source" or self.texture.mime != "image/png"):
            return self.texture
        quality = QUALITIES[0] if grade.quality is None else grade.quality
        side = min(grade.side, self.side)
        code = webp_of if images == "webp" else jpeg_of

        def make() -> Texture:
            return code(self._at(side), self.texture.name, quality, thorough=thorough)

        return self._kept.get((side, quality, images, thorough), make)

    def _at(self, side: int) -> ByteArray:
        def make() -> ByteArray:
            pixels = pixels_of(self.texture)
            height, width = pixels.shape[:2]
            scale = min(1.0, side / max(height, width))
            size = max(1, round(width * scale)), max(1, round(height * scale))
            return resized(pixels, *size, srgb=self.srgb)

        return self._kept.get(side, make)


def grades(side: int, most: int | None, *, as_it_came: bool, least: int = 128) -> list[Grade]:
    """The grades of a picture whose longer side is `side`, no larger than `most`, finest first."""
    found = []
    if as_it_came and side <= (most or side):
        found.append(Grade(side, None))
    top = side
    while most is not None and top > most:
        top = -(-top // 2)
    while not found or top >= min(least, side):
        found += [Grade(top, quality) for quality in QUALITIES]
        top = -(-top // 2)
        if top < min(least, side):
            break
    return found
