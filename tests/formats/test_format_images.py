"""Images keep their bytes or are refused in words; nothing is decoded beyond the limits."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from relicscan.errors import ScanError
from relicscan.formats import images
from relicscan.formats.images import load_texture, open_image
from tests.formats.mesh_examples import image

PIXELS = np.random.default_rng(7).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def encoded(kind: str, **options: object) -> bytes:
    return image(PIXELS, kind, **options)


@pytest.mark.parametrize(
    ("kind", "mime"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")],
)
def test_web_images_keep_their_bytes(kind: str, mime: str) -> None:
    data = encoded(kind)
    texture, warnings = load_texture(data, name="a")
    assert (texture.data, texture.mime, texture.width, texture.height) == (data, mime, 40, 24)
    assert warnings == ()


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "TGA"])
def test_other_images_become_the_same_pixels_as_png(kind: str) -> None:
    texture, warnings = load_texture(encoded(kind), name="wall.x")
    assert texture.mime == "image/png"
    assert np.array_equal(np.asarray(open_image(texture.data)), PIXELS)
    assert kind in warnings[0]
    assert "wall.x" in warnings[0]


def test_cmyk_tiff_says_that_its_colours_changed() -> None:
    out = BytesIO()
    Image.fromarray(PIXELS).convert("CMYK").save(out, "TIFF")
    texture, warnings = load_texture(out.getvalue(), name="a")
    assert np.asarray(open_image(texture.data)).shape == PIXELS.shape
    assert "CMYK to RGB" in warnings[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_truncated_images_are_refused_wherever_they_end(kind: str) -> None:
    data = encoded(kind)
    for end in range(0, len(data) - 1, max(1, len(data) // 60)):
        with pytest.raises(ScanError, match="cannot be decoded"):
            load_texture(data[:end], name="a")


def test_truncated_progressive_jpeg_is_refused() -> None:
    data = encoded("JPEG", progressive=True)
    with pytest.raises(ScanError, match="truncated"):
        load_texture(data[:-10], name="a")


def test_a_flipped_byte_in_a_png_is_found() -> None:
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(ScanError, match="cannot be decoded"):
        load_texture(bytes(data), name="a")


@pytest.mark.parametrize(
    ("junk", "why"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(99), "decoded"),
        (b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(99), "KTX2"),
        (b"DDS " + bytes(200), "DDS"),
        (b"just text\n" * 50, "decoded"),
    ],
)
def test_unreadable_formats_are_named_with_what_would_work(junk: bytes, why: str) -> None:
    with pytest.raises(ScanError, match=why) as error:
        load_texture(junk, name="a")
    assert "JPEG, PNG or WebP" in str(error.value)


def test_bombs_are_refused_from_their_header() -> None:
    header = bytearray(encoded("PNG"))
    header[16:24] = (60000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    with pytest.raises(ScanError, match="60000 x 60000 pixels"):
        load_texture(bytes(header), name="bomb.png")


def test_large_but_legal_images_pass_where_pillow_would_warn() -> None:
    data = image(np.zeros((8, 16384 * 1024), np.uint8), "PNG", compress_level=1)
    texture, _ = load_texture(data, name="wide")
    assert texture.width * texture.height == 16384 * 8192


def test_oversized_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_TEXTURE_BYTES", 4)
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    with pytest.raises(ScanError, match="are the limit"):
        load_texture(tmp_path / "a.png", name="a.png")
