"""Textures as image files: their bytes kept, what they claim checked.

A texture goes into the model as its file had it, so no picture loses quality on
the way. But it is decoded by every visitor's browser, and before that by our own
stages: size and completeness are checked here, where they cost least.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.errors import ScanError
from relicscan.formats._image_color import in_srgb, orientation, without_exif
from relicscan.formats._jpeg import check_jpeg
from relicscan.formats._text import shown
from relicscan.relic import ByteArray, Texture

if TYPE_CHECKING:
    from PIL.Image import Image

#: 16384 x 16384 is the largest texture that GPUs take, and 1 GB once decoded to RGBA.
MAX_TEXTURE_PIXELS = 16384 * 16384
MAX_TEXTURE_BYTES = 1 << 29
#: A progressive JPEG refines all its pixels with each of its scans, a dozen in practice. One scan
#: of 364 bytes costs 22 ms at 16384 x 16384.
MAX_JPEG_SCANS = 200

_PIXELS_AT_A_TIME = 1 << 24

_TAKEN_FOR_SRGB = (
    "it was taken for sRGB, as viewers do: compare its colours, or export it again in sRGB"
)
_READABLE = "JPEG, PNG or WebP (TIFF, BMP and TGA are converted)"


def load_texture(
    source: Path | bytes, *, name: str, profiles: bool = True
) -> tuple[Texture, tuple[str, ...]]:
    """An image file as a Texture, with warnings in plain words about what was done to it.

    JPEG, PNG and WebP keep their bytes exactly as far as they hold 8-bit sRGB, which is what
    every viewer takes them for; other colours, and TIFF, BMP and TGA, become PNG, and a warning
    says how. `profiles`: whether a colour profile or gamma in the file counts. Width and height
    come from the header and are checked against MAX_TEXTURE_PIXELS before anything is decoded.

    Raises ScanError for other formats, truncated or corrupt images, and images
    that are too large.
    """
    data = source if isinstance(source, bytes) else _bytes_of(source, name)
    mime = image_type(data)
    try:
        image = open_image(data)
        width, height = image.size
        _check_size(name, width, height)
        if mime is not None:
            _verify(image, data)
            image = open_image(data)  # which is at its end once verified
        managed, colors = in_srgb(image, profiles=profiles)
        if managed is not None:
            data, _ = _as_png(managed)
            converted = f"the colours of texture '{name}' were converted {colors}: it is PNG now"
            return Texture(name, data, "image/png", width, height), (converted,)
        if mime is None:
            data, how = _as_png(image)
            converted = f"texture '{name}' was {image.format}: it was converted to PNG {how}"
            return Texture(name, data, "image/png", width, height), (converted,)
        notes = [f"texture '{name}': {colors}; {_TAKEN_FOR_SRGB}"] if colors else []
        turned = orientation(image)
        if turned != 1:
            data = without_exif(data)
            notes.append(
                f"texture '{name}' says that it is to be turned (Exif orientation {turned}): it is "
                "used as its pixels lie, and that note was taken out of it"
            )
    except (ScanError, MemoryError):  # a large one is to be tried again with more memory
        raise
    except Exception as error:  # decoders raise whatever a hostile byte leads them to
        raise ScanError(
            f"the image '{name}' cannot be decoded ({_reason(data, error)})",
            remedy=f"export the texture again as {_READABLE}",
        ) from None
    return Texture(name, data, mime, width, height), tuple(notes)


def jpeg_of(pixels: ByteArray, name: str, quality: int, *, thorough: bool = False) -> Texture:
    """An image (h, w, 3), sRGB, as a JPEG of that quality with colours as fine as its lights.

    `thorough`: with tables of its own, a few per cent smaller.
    """
    from PIL.Image import fromarray

    out = BytesIO()
    fromarray(pixels).save(out, "JPEG", quality=quality, subsampling=0, optimize=thorough)
    height, width = pixels.shape[:2]
    return Texture(name, out.getvalue(), "image/jpeg", width, height)


def webp_of(pixels: ByteArray, name: str, quality: int, *, thorough: bool = False) -> Texture:
    """An image (h, w, 3) as a WebP of that quality, which halves its chroma; without loss at 100.

    By libwebp's method 4, or 6 where `thorough`: 3 to 5 % smaller, in nearly twice the time.
    """
    from PIL.Image import fromarray

    out = BytesIO()
    method = 6 if thorough else 4
    fromarray(pixels).save(out, "WEBP", quality=quality, lossless=quality == 100, method=method)
    height, width = pixels.shape[:2]
    return Texture(name, out.getvalue(), "image/webp", width, height)


def resized(pixels: ByteArray, width: int, height: int, *, srgb: bool) -> ByteArray:
    """An image (h, w, 3) made smaller: each pixel the mean of those that it covers.

    `srgb`: the means are of linear light, else (normals, occlusion) of the values.
    """
    from PIL.Image import Resampling, fromarray

    if pixels.shape[:2] == (height, width):
        return pixels
    small = np.empty((height, width, 3), dtype=np.uint8)
    # Where whole rows become one, some at a time: 16384 x 16384 in floats are gigabytes.
    rows, rest = divmod(pixels.shape[0], height)
    block = height if rest else max(1, _PIXELS_AT_A_TIME // (rows * pixels.shape[1]))
    for start in range(0, height, block):
        stop = min(start + block, height)
        part = pixels if rest else pixels[start * rows : stop * rows]
        for channel in range(3):
            values = part[:, :, channel]
            light = LINEAR_OF_SRGB[values] if srgb else values.astype(np.float32)
            means = np.asarray(fromarray(light).resize((width, stop - start), Resampling.BOX))
            small[start:stop, :, channel] = srgb_of(means) if srgb else np.rint(means)
    return small


def png_of(pixels: ByteArray, name: str) -> Texture:
    """An image (h, w, 3) or (h, w, 1) as a PNG, every pixel as it is.

    Coded as fast as can be: such a picture is what others are made from.
    """
    from PIL.Image import fromarray

    out = BytesIO()
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    fromarray(np.ascontiguousarray(flat)).save(out, "PNG", compress_level=1)
    height, width = pixels.shape[:2]
    return Texture(name, out.getvalue(), "image/png", width, height)


def pixels_of(texture: Texture) -> ByteArray:
    """The pixels (h, w, 3) of a texture, uint8 as the file has them; opacity is left out.

    Raises ScanError where the image is damaged or larger than MAX_TEXTURE_PIXELS.
    """
    try:
        image = open_image(texture.data)
        _check_size(texture.name, *image.size)
        managed, _ = in_srgb(image, profiles=False)  # that was for whoever read it
        return np.asarray((managed or image).convert("RGB"))
    except (ScanError, MemoryError):
        raise
    except Exception as error:  # decoders raise whatever a hostile byte leads them to
        raise ScanError(
            f"the image '{texture.name}' cannot be decoded ({_reason(texture.data, error)})",
            remedy=f"export the texture again as {_READABLE}",
        ) from None


def open_image(data: bytes) -> Image:
    """The image behind `data`, its header read and its pixels not yet decoded.

    Unlike `PIL.Image.open` it has no limit of its own between 89 million pixels
    (a warning) and MAX_TEXTURE_PIXELS. Raises whatever Pillow raises.
    """
    from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TgaImagePlugin, TiffImagePlugin
    from PIL.WebPImagePlugin import WebPImageFile

    opener: type[Image]
    match image_type(data):
        case "image/jpeg":
            opener = JpegImagePlugin.JpegImageFile
        case "image/png":
            opener = PngImagePlugin.PngImageFile
        case "image/webp":
            opener = WebPImageFile
        case _ if data[:4] in (b"II*\0", b"MM\0*"):
            opener = TiffImagePlugin.TiffImageFile
        case _ if data[:2] == b"BM":
            opener = BmpImagePlugin.BmpImageFile
        case _:
            opener = TgaImagePlugin.TgaImageFile  # TGA has no magic bytes: last
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about odd metadata that we do not use
        return opener(BytesIO(data))


def _bytes_of(path: Path, name: str) -> bytes:
    size = path.stat().st_size
    if size > MAX_TEXTURE_BYTES:
        raise ScanError(
            f"the image '{name}' has {size >> 20} MB; {MAX_TEXTURE_BYTES >> 20} MB are the limit",
            remedy="export the texture smaller",
        )
    return path.read_bytes()


def image_type(data: bytes) -> Literal["image/jpeg", "image/png", "image/webp"] | None:
    """The media type that the first bytes tell, or None for anything but JPEG, PNG and WebP."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _check_size(name: str, width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_TEXTURE_PIXELS:
        raise ScanError(
            f"the image '{name}' says that it has {width} x {height} pixels; "
            "16384 x 16384 are the limit",
            remedy="export the texture smaller, or as several textures",
        )


def _verify(image: Image, data: bytes) -> None:
    """Raise if the file ends early or its checksums are wrong; costs no full decoding.

    Pillow's `verify` walks a PNG's checksums but does nothing for a JPEG: that
    one is decoded at an eighth of its size, where a missing end shows.
    """
    if image.format == "JPEG":
        if data.count(b"\xff\xda") > MAX_JPEG_SCANS:
            raise ValueError(f"it is refined in more than {MAX_JPEG_SCANS} scans")
        image.draft(image.mode, (1, 1))
        image.load()
        check_jpeg(data)
    else:
        image.verify()


def _as_png(image: Image) -> tuple[bytes, str]:
    """The image as PNG, and how it got there; ValueError for pixels that PNG cannot hold."""
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()
        if image.mode in ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"):
            image.save(out, "PNG")
            return out.getvalue(), "without loss"
        if image.mode in ("CMYK", "YCbCr", "LAB", "HSV", "RGBX"):
            image.convert("RGB").save(out, "PNG")
            return out.getvalue(), f"and its colours from {image.mode} to RGB: compare them"
    raise ValueError(f"its pixels are of the kind {image.mode}")


def _reason(data: bytes, error: Exception) -> str:
    if not data:
        return "it is empty"
    if data.startswith(b"\xabKTX 20\xbb"):
        return "it is KTX2, which is for delivery and not for masters"
    if data[:4] == b"DDS ":
        return "it is DDS"
    if str(error) == "not a TGA file":  # which is the last that was tried
        return "it is no image of a kind that is known here"
    return shown(str(error)) or type(error).__name__
