"""Colours of image files brought to what viewers show: sRGB, 8 bits a channel, as the pixels lie.

glTF 2.0 (3.8.3) has viewers take every picture for sRGB, whatever profile or gamma it carries,
and they do, each in its own way with CMYK and with what a camera noted about which side is up.
So what is anything else becomes sRGB while it is read, once and on record; only in a glTF file
profiles mean nothing already. They are applied by LittleCMS with relative colorimetric intent
and black point compensation.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from relicscan.formats._text import shown

if TYPE_CHECKING:
    from PIL.Image import Image

#: A profile that moves no colour by more than this, of 255, is sRGB in all but name.
_SAME = 3
#: The gamma that PNG writers give sRGB (ISO/IEC 15948, 11.3.3.2), and what is as good as that.
_SRGB_GAMMA, _AS_GOOD = 0.45455, 0.03
_ORIENTATION = 0x0112


def in_srgb(image: Image, *, profiles: bool = True) -> tuple[Image | None, str]:
    """The image in 8-bit sRGB and what became of its colours; None where they need nothing.

    `profiles`: whether the file's profile and gamma count. With None the words, if any, say what
    was left as it is. Raises whatever Pillow raises.
    """
    deep = image.mode.startswith("I;16")
    if deep:
        image = _in_8_bits(image)
    profile = image.info.get("icc_profile") if profiles else None
    unusable = ""
    if profile:
        try:
            converted, name = _through(image, profile)
        except Exception as error:  # a profile is as hostile as its file
            unusable = f"its colour profile cannot be used ({shown(str(error))[:80]})"
        else:
            if converted is not None:
                return converted, f"from the profile '{name}' to sRGB"
    if image.mode == "CMYK":
        return image.convert("RGB"), "from CMYK to RGB without a usable profile: compare them"
    if deep:
        return image, "from 16 bits to 8"
    gamma = image.info.get("gamma") if profiles and "srgb" not in image.info else None
    if gamma and not profile and abs(gamma - _SRGB_GAMMA) > _AS_GOOD:
        unusable = f"it says that its gamma is {gamma:g}, and that of sRGB is {_SRGB_GAMMA:g}"
    return None, unusable


def _in_8_bits(image: Image) -> Image:
    """16-bit grey scaled to 8 bits: Pillow would clip it at 255."""
    from PIL.Image import fromarray

    values = np.asarray(image).astype(np.float32)
    small = fromarray(np.rint(values / 257).astype(np.uint8))
    small.info.update(image.info)
    return small


def _through(image: Image, profile: bytes) -> tuple[Image | None, str]:
    """The image converted from a profile to sRGB, None if it is that; the profile's name."""
    from PIL import ImageCms
    from PIL.Image import fromarray

    mode = {"L": "L", "LA": "L", "1": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode != "CMYK":
        steps = np.arange(0, 256, 15, dtype=np.uint8)
        every = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
        probe = every if mode == "RGB" else np.repeat(steps[None, :, None], 3, axis=2)
        given = fromarray(np.ascontiguousarray(probe if mode == "RGB" else probe[:, :, 0]))
        moved = np.asarray(transform.apply(given), dtype=int) - probe
        if np.abs(moved).max() <= _SAME:
            return None, ""
    converted = transform.apply(image if image.mode == mode else image.convert(mode))
    converted.info.clear()
    return converted, shown(ImageCms.getProfileDescription(source).strip()) or "without a name"


def orientation(image: Image) -> int:
    """How the camera says that the picture is to be turned: 1 (as it lies) to 8 (Exif 2.32)."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata that nobody needs costs no picture
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def without_exif(data: bytes) -> bytes:
    """A JPEG, PNG or WebP without what a camera noted; every pixel as it was."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_without_exif(data)
    if data.startswith(b"\x89PNG"):
        kept = [c for c in _chunks(data, 8, ">I4s", 0, 12) if c[4:8] != b"eXIf"]
        return data[:8] + b"".join(kept)
    kept = []
    for chunk in _chunks(data, 12, "<4sI", 1, 8):
        if chunk[:4] == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~0x08]) + chunk[9:]
        if chunk[:4] != b"EXIF":
            kept.append(chunk)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _jpeg_without_exif(data: bytes) -> bytes:
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xD9, 0xDA):
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 + int(struct.unpack_from(">H", data, at + 2)[0])
        if not (data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0"):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def _chunks(data: bytes, at: int, head: str, length_at: int, around: int) -> list[bytes]:
    """The chunks of a PNG or WebP, each whole; those of WebP are padded to an even length."""
    found = []
    while at + struct.calcsize(head) <= len(data):
        length = int(struct.unpack_from(head, data, at)[length_at])
        end = at + around + length + (length % 2 if around == 8 else 0)
        found.append(data[at:end])
        at = end
    return found
