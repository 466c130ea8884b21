"""Files that a scan file refers to: found inside its own folder, or not at all.

A material library, a texture or a glTF buffer is named by whoever wrote the
scan. Followed blindly, `map_Kd ../secret.png`, an absolute path or a symbolic
link would end up published inside a GLB (Open3D follows all three). So every
reference goes through `resolve_reference`, which knows one rule: a regular file
in the folder of the file that names it, or below.

Geometry is worth more than its picture: `referenced_texture` and
`embedded_texture` turn whatever is wrong with an image into a warning, and the
relic is read without it.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import warnings
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from relicscan.errors import ScanError
from relicscan.relic import Texture

if TYPE_CHECKING:
    from PIL.Image import Image

#: 16384 x 16384 is the largest texture that GPUs take, and 1 GB once decoded to RGBA.
MAX_TEXTURE_PIXELS = 16384 * 16384
MAX_TEXTURE_BYTES = 1 << 29

_SCHEME_OR_DRIVE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|:")
_READABLE = "JPEG, PNG or WebP (TIFF, BMP and TGA are converted)"


def resolve_reference(base_file: Path, reference: str, *, url_encoded: bool = False) -> Path:
    r"""The file that `base_file` means by `reference`: a regular file in its folder or below.

    Backslashes count as slashes, and where the exact name is missing, one that
    differs only in case or Unicode form is taken: Windows and macOS tools write
    such names. With `url_encoded` (glTF) `%20` is decoded, and the name as it
    stands is tried second, since many exporters do not encode.

    Raises ScanError for absolute paths, drive letters, URLs of any scheme, paths
    and symbolic links that leave the folder, anything but a regular file, and
    files that do not exist.
    """
    folder = base_file.parent
    readings = dict.fromkeys([unquote(reference), reference] if url_encoded else [reference])
    for reading in readings:
        found = _find(folder, _parts_inside(base_file, reading))
        if found is None:
            continue
        inside = Path(os.path.realpath(found)).is_relative_to(os.path.realpath(folder))
        if not inside:
            raise _refused(base_file, reference, "a symbolic link that leads out of the folder")
        if not stat.S_ISREG(found.stat().st_mode):
            raise _refused(base_file, reference, "not a regular file")
        return found
    raise ScanError(
        f"it refers to '{_shown(reference)}', which is missing",
        scan=base_file.name,
        remedy=f"copy the missing file into the folder of {base_file.name}, under that name",
    )


def existing_references(
    base_file: Path, references: Iterable[str], *, url_encoded: bool = False
) -> list[Path]:
    """Those of `references` that exist inside the folder, each once, in order of appearance."""
    found: dict[Path, None] = {}
    for reference in references:
        with suppress(ScanError):
            found[resolve_reference(base_file, reference, url_encoded=url_encoded)] = None
    return list(found)


def load_texture(source: Path | bytes, *, name: str) -> tuple[Texture, tuple[str, ...]]:
    """An image file as a Texture, with warnings in plain words about what was done to it.

    JPEG, PNG and WebP keep their bytes exactly; TIFF, BMP and TGA become PNG,
    without loss for gray and RGB, and a warning says so. Width and height come from the
    header and are checked against MAX_TEXTURE_PIXELS before anything is decoded.

    Raises ScanError for other formats, truncated or corrupt images, and images
    that are too large.
    """
    data = source if isinstance(source, bytes) else _bytes_of(source, name)
    mime = _mime_of(data)
    try:
        image = open_image(data)
        width, height = image.size
        _check_size(name, width, height)
        if mime is None:
            data, how = _as_png(image)
            converted = f"texture '{name}' was {image.format}: it was converted to PNG {how}"
            return Texture(name, data, "image/png", width, height), (converted,)
        _verify(image)
    except ScanError:
        raise
    except Exception as error:  # decoders raise whatever a hostile byte leads them to
        raise ScanError(
            f"the image '{name}' cannot be decoded ({_reason(data, error)})",
            remedy=f"export the texture again as {_READABLE}",
        ) from None
    return Texture(name, data, mime, width, height), ()


def referenced_texture(
    base_file: Path, reference: str, *, url_encoded: bool = False
) -> tuple[Texture | None, tuple[str, ...]]:
    """The texture that a scan file names, or None and a warning that says what to do about it."""
    try:
        path = resolve_reference(base_file, reference, url_encoded=url_encoded)
        return load_texture(path, name=path.name)
    except ScanError as error:
        return None, (_without_texture(error),)
    except OSError as error:
        unreadable = ScanError(
            f"the image '{_shown(reference)}' cannot be read ({error.strerror or error})",
            remedy="check that you may read it",
        )
        return None, (_without_texture(unreadable),)


def embedded_texture(data: bytes, *, name: str) -> tuple[Texture | None, tuple[str, ...]]:
    """The texture that lies inside a scan file, or None and a warning."""
    try:
        return load_texture(data, name=name)
    except ScanError as error:
        return None, (_without_texture(error),)


def open_image(data: bytes) -> Image:
    """The image behind `data`, its header read and its pixels not yet decoded.

    Unlike `PIL.Image.open` it has no limit of its own between 89 million pixels
    (a warning) and MAX_TEXTURE_PIXELS. Raises whatever Pillow raises.
    """
    from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TgaImagePlugin, TiffImagePlugin
    from PIL.WebPImagePlugin import WebPImageFile

    opener: type[Image]
    match _mime_of(data):
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


def _parts_inside(base_file: Path, reference: str) -> list[str]:
    """The path's components, `.` and `..` worked out; ScanError if it is not ours to open."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in reference):
        raise _refused(base_file, reference, "a name with characters that no file name has")
    path = reference.strip().replace("\\", "/")
    if _SCHEME_OR_DRIVE.match(path):
        raise _refused(base_file, reference, "a URL or a path with a drive letter")
    if path.startswith("/"):
        raise _refused(base_file, reference, "an absolute path")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise _refused(base_file, reference, "a path that leaves the folder")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not parts:
        raise _refused(base_file, reference, "no file name")
    return parts


def _find(folder: Path, parts: list[str]) -> Path | None:
    """The path of `parts` below `folder`; exact names first, then any case and Unicode form."""
    path = folder
    try:
        for part in parts:
            exact = path / part
            if not exact.exists():
                wanted = _folded(part)
                near = sorted(other for other in path.iterdir() if _folded(other.name) == wanted)
                if not near:
                    return None
                exact = near[0]
            path = exact
        return path if path.exists() else None
    except OSError:  # a name that is too long, a file where a folder should be
        return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _refused(base_file: Path, reference: str, what: str) -> ScanError:
    name = re.split(r"[\\/]", reference.strip())[-1]
    return ScanError(
        f"it refers to '{_shown(reference)}', {what}: only files in its own folder are read",
        scan=base_file.name,
        remedy=f"put '{_shown(name)}' into the folder of {base_file.name} "
        "and let the reference be its bare name",
    )


def _shown(text: str) -> str:
    """`text` as a message can print it: no control characters, no lone surrogates, not endless."""
    clean = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:121])
    return clean if len(text) <= 120 else clean[:120] + "…"


def _without_texture(error: ScanError) -> str:
    return f"read without a texture: {error.message}; {error.remedy}, then run again"


def _bytes_of(path: Path, name: str) -> bytes:
    size = path.stat().st_size
    if size > MAX_TEXTURE_BYTES:
        raise ScanError(
            f"the image '{name}' has {size >> 20} MB; {MAX_TEXTURE_BYTES >> 20} MB are the limit",
            remedy="export the texture smaller",
        )
    return path.read_bytes()


def _mime_of(data: bytes) -> Literal["image/jpeg", "image/png", "image/webp"] | None:
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


def _verify(image: Image) -> None:
    """Raise if the file ends early or its checksums are wrong; costs no full decoding.

    Pillow's `verify` walks a PNG's checksums but does nothing for a JPEG: that
    one is decoded at an eighth of its size, where a missing end shows.
    """
    if image.format == "JPEG":
        image.draft(image.mode, (1, 1))
        image.load()
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
    return _shown(str(error)) or type(error).__name__
