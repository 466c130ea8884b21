"""Textures for viewers that know JPEG and PNG only: core glTF, and every USDZ on a phone."""

from __future__ import annotations

from relicscan.delivery.images import deliverable
from relicscan.formats.images import jpeg_of, pixels_of
from relicscan.relic import Texture

#: As for other images that have to be encoded anew (`images`): the loss is to be the first one's.
QUALITY = 95


def core_image(texture: Texture) -> Texture:
    """The texture as JPEG or PNG: the very same bytes where it is one, WebP as JPEG.

    Raises StageError for what is no image, ScanError for one that cannot be decoded.
    """
    texture = deliverable(texture)
    if texture.mime != "image/webp":
        return texture
    return jpeg_of(pixels_of(texture), texture.name, QUALITY)
