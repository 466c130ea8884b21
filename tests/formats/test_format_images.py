"""Images keep their bytes or are refused in words; nothing is decoded beyond the limits."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from relicscan.errors import ScanError
from relicscan.formats import images
from relicscan.formats.images import load_texture, open_image, pixels_of, resized
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


def test_too_little_memory_says_nothing_about_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a large one would be rejected for good, and never tried again with more."""
    texture, _ = load_texture(encoded("PNG"), name="a")

    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(images, "in_srgb", full)
    with pytest.raises(MemoryError):
        load_texture(encoded("PNG"), name="a")
    with pytest.raises(MemoryError):
        pixels_of(texture)


def test_oversized_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_TEXTURE_BYTES", 4)
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    with pytest.raises(ScanError, match="are the limit"):
        load_texture(tmp_path / "a.png", name="a.png")


# Colours


def wide_gamut() -> bytes:
    """An ICC profile (version 2) with the primaries of Adobe RGB (1998) and a gamma of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    text = b"wide gamut\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(79)
    tags = {
        b"desc": description + bytes(-len(description) % 4),
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        **dict.fromkeys([b"rTRC", b"gTRC", b"bTRC"], curve),
    }
    table, body, at = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(tag))
        body += tag
    header = struct.pack(">I4xI4s4s4s", at + len(body), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def test_the_colours_of_a_profile_become_srgb() -> None:
    """By the matrices of Adobe RGB (1998), 4.3.6.1, and IEC 61966-2-1, both at D65."""
    plain = np.full((8, 8, 3), (100, 150, 80), np.uint8)
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    from_xyz = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    light = np.array(from_xyz) @ np.array(to_xyz) @ (plain[0, 0] / 255) ** 2.2
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert abs(expected[0] - 100) > 30
    for kind in ("PNG", "TIFF", "WEBP"):
        data = image(plain, kind, icc_profile=wide_gamut(), lossless=True)
        texture, (warning,) = load_texture(data, name="a")
        assert "from the profile 'wide gamut' to sRGB" in warning
        assert texture.mime == "image/png"
        assert np.abs(pixels_of(texture)[0, 0] - expected).max() < 1.5
        again, warnings = load_texture(texture.data, name="a")
        assert (again.data, warnings) == (texture.data, ())


def test_a_profile_that_is_srgb_changes_no_byte() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(kind, icc_profile=profile)
        assert load_texture(data, name="a")[0].data == data
        assert load_texture(data, name="a")[1] == ()


def test_in_gltf_a_profile_counts_for_nothing() -> None:
    data = encoded("PNG", icc_profile=wide_gamut())
    texture, warnings = load_texture(data, name="a", profiles=False)
    assert (texture.data, warnings) == (data, ())
    np.testing.assert_array_equal(pixels_of(texture), PIXELS)


@pytest.mark.parametrize("profile", [b"none", wide_gamut()[:200], b"\xff" * 4000])
def test_a_profile_that_cannot_be_used_is_said(profile: bytes) -> None:
    data = encoded("PNG", icc_profile=profile)
    texture, (warning,) = load_texture(data, name="wall.png")
    assert texture.data == data
    assert "wall.png" in warning
    assert "export it again in sRGB" in warning


@pytest.mark.parametrize(("gamma", "told"), [(45455, False), (45000, False), (100000, True)])
def test_a_gamma_other_than_that_of_srgb_is_said(gamma: int, told: bool) -> None:
    info = PngInfo()
    info.add(b"gAMA", struct.pack(">I", gamma))
    data = encoded("PNG", pnginfo=info)
    texture, warnings = load_texture(data, name="a")
    assert texture.data == data
    assert ["gamma" in warning for warning in warnings] == [True] * told


def test_a_cmyk_jpeg_becomes_rgb_and_says_so() -> None:
    plain = Image.fromarray(np.full((16, 16, 3), (200, 90, 40), np.uint8)).convert("CMYK")
    out = BytesIO()
    plain.save(out, "JPEG", quality=100)
    texture, (warning,) = load_texture(out.getvalue(), name="a")
    assert "CMYK to RGB" in warning
    assert texture.mime == "image/png"
    assert np.abs(pixels_of(texture).astype(int) - [200, 90, 40]).max() <= 2


def test_16_bits_are_scaled_and_not_clipped() -> None:
    ramp = np.arange(256, dtype=np.uint16)[None].repeat(4, axis=0) * 257
    texture, (warning,) = load_texture(image(ramp, "PNG"), name="a")
    assert "from 16 bits to 8" in warning
    np.testing.assert_array_equal(pixels_of(texture), (ramp // 257)[..., None].repeat(3, axis=2))


def png(header: bytes, rows: bytes) -> bytes:
    """A PNG of that IHDR and those rows, each with its filter byte."""
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        out += struct.pack(">I", len(body)) + kind + body
        out += struct.pack(">I", zlib.crc32(kind + body))
    return out


def test_16_bit_colours_keep_their_bytes() -> None:
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in PIXELS)
    data = png(struct.pack(">IIBBBBB", 40, 24, 16, 2, 0, 0, 0), rows)
    texture, warnings = load_texture(data, name="a")
    assert (texture.data, warnings) == (data, ())
    np.testing.assert_array_equal(pixels_of(texture), PIXELS)


def test_opacity_darkens_nothing() -> None:
    """Colours under a half or wholly transparent texel are those of the file."""
    opacity = np.linspace(0, 255, 40).astype(np.uint8)[None, :, None].repeat(24, axis=0)
    for kind in ("PNG", "WEBP"):
        data = image(np.dstack([PIXELS, opacity]), kind, lossless=True, exact=True)
        texture, warnings = load_texture(data, name="a")
        assert (texture.data, warnings) == (data, ())
        np.testing.assert_array_equal(pixels_of(texture), PIXELS)


def test_palettes_and_grey_have_the_colours_they_mean() -> None:
    palette = Image.fromarray(PIXELS).quantize(16)
    out = BytesIO()
    palette.save(out, "PNG", transparency=3)
    texture, _ = load_texture(out.getvalue(), name="a")
    np.testing.assert_array_equal(pixels_of(texture), np.asarray(palette.convert("RGB")))
    texture, _ = load_texture(image(PIXELS[..., 0], "PNG"), name="a")
    np.testing.assert_array_equal(pixels_of(texture), PIXELS[..., :1].repeat(3, axis=2))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_no_viewer_turns_a_picture(kind: str, options: dict[str, bool]) -> None:
    """three.js turns a picture by its Exif orientation, Blender does not: its pixels stay."""
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = encoded(kind, **options)
    data = encoded(kind, exif=exif, **options)
    assert open_image(data).getexif()[0x0112] == 6
    texture, (warning,) = load_texture(data, name="a")
    assert "Exif orientation 6" in warning
    assert (texture.width, texture.height) == (40, 24)
    assert 0x0112 not in open_image(texture.data).getexif()
    np.testing.assert_array_equal(open_image(texture.data), open_image(plain))
    assert load_texture(texture.data, name="a")[1] == ()


# Damage that decoders paint over


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_jpeg_with_a_foreign_block_in_its_middle_is_refused(options: dict[str, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    data = bytearray(image(noise, "JPEG", **options))
    load_texture(bytes(data), name="a")
    middle = len(data) // 2
    data[middle : middle + 4096] = np.random.default_rng(2).bytes(4096)
    with pytest.raises(ScanError, match=r"damaged at byte|has no end|truncated"):
        load_texture(bytes(data), name="a")


def test_a_jpeg_without_some_of_its_restarts_is_refused() -> None:
    data = image(PIXELS.repeat(8, axis=0), "JPEG", restart_marker_rows=1)
    assert data.count(b"\xff\xd1") > 1
    with pytest.raises(ScanError, match="damaged at byte"):
        load_texture(data.replace(b"\xff\xd1", b"\x00\x00", 1), name="a")


@pytest.mark.parametrize("size", [(10, 6), (20, 12), (13, 7), (40, 24)])
@pytest.mark.parametrize("srgb", [True, False])
def test_a_picture_made_smaller_in_parts_is_the_same(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], srgb: bool
) -> None:
    whole = resized(PIXELS, *size, srgb=srgb)
    monkeypatch.setattr(images, "_PIXELS_AT_A_TIME", 100)
    np.testing.assert_array_equal(resized(PIXELS, *size, srgb=srgb), whole)
    if size == (20, 12) and not srgb:
        means = PIXELS.reshape(12, 2, 20, 2, 3).mean(axis=(1, 3))
        assert np.abs(whole - means).max() <= 0.5
