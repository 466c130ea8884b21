"""Texture files as glTF takes them: the bytes of the source wherever they can stay.

glTF 2.0 (3.8.3) has viewers ignore colour profiles and pixel shapes inside PNG,
JPEG and WebP; the Khronos validator warns of those it finds in PNG and WebP. They
are cut out at container level, which leaves every pixel as it was. Only what no
viewer would show (four-channel JPEG, animated WebP) is encoded anew.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import replace

from relicscan.errors import StageError
from relicscan.formats.images import image_type
from relicscan.relic import Texture

_PNG = b"\x89PNG\r\n\x1a\n"
_WEBP_PROFILE, _WEBP_ANIMATION = 0x20, 0x02  # flags of the VP8X chunk


def deliverable(texture: Texture) -> Texture:
    """The texture with the media type it really has and nothing that a viewer must not use.

    The very same bytes where possible. Raises StageError for anything that is no
    JPEG, PNG or WebP, or that cannot be decoded where it has to be.
    """
    mime = image_type(texture.data)
    if mime is None:
        raise StageError(
            f"the texture {texture.name} is no JPEG, PNG or WebP image",
            remedy="export the texture again as JPEG or PNG",
        )
    try:
        if mime == "image/jpeg":
            good = _jpeg_channels(texture.data) in (1, 3)
            data = texture.data if good else _encoded_anew(texture)
        elif mime == "image/png":
            data = _png_without_profile(texture.data)
        elif _webp_flags(texture.data) & _WEBP_ANIMATION:
            data, mime = _encoded_anew(texture), "image/jpeg"
        else:
            data = _webp_without_profile(texture.data)
    except (struct.error, IndexError):
        raise StageError(
            f"the texture {texture.name} is damaged: it ends too early",
            remedy="copy it again from where it came, or export it again",
        ) from None
    return replace(texture, data=data, mime=mime)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(type, payload, whole chunk) of a PNG (ISO/IEC 15948, section 5)."""
    at = len(_PNG)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length], data[at : at + 12 + length]
        at += 12 + length
        if kind == b"IEND":
            return


def _png_without_profile(data: bytes) -> bytes:
    kept = [
        whole
        for kind, payload, whole in _png_chunks(data)
        if kind != b"iCCP" and not (kind == b"pHYs" and payload[:4] != payload[4:8])
    ]
    out = b"".join([_PNG, *kept])
    return data if data.startswith(out) else out  # also leaves bytes after the end alone


def _webp_flags(data: bytes) -> int:
    return data[20] if data[12:16] == b"VP8X" else 0


def _webp_without_profile(data: bytes) -> bytes:
    """Without the ICCP chunk and the flag that announces it (RFC 9649, section 2.7)."""
    if not _webp_flags(data) & _WEBP_PROFILE:
        return data
    kept, at = [], 12
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if kind == b"VP8X":
            flags = bytes([data[at + 8] & ~_WEBP_PROFILE])
            kept.append(data[at : at + 8] + flags + data[at + 9 : end])
        elif kind != b"ICCP":
            kept.append(data[at:end])
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _jpeg_channels(data: bytes) -> int:
    """Number of components in the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while True:
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise IndexError
        if marker == 0xFF:  # fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return data[at + 9]
        else:
            at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])


def _encoded_anew(texture: Texture) -> bytes:
    """As a JPEG of quality 95 without chroma subsampling."""
    from PIL import Image

    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(texture.data)) as image:
            image.convert("RGB").save(out, "JPEG", quality=95, subsampling=0)
    except (OSError, Image.DecompressionBombError) as error:
        raise StageError(
            f"the texture {texture.name} cannot be decoded ({error})",
            remedy="export the texture again as RGB JPEG or PNG",
        ) from None
    return out.getvalue()
