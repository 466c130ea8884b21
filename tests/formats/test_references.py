"""A reference finds a regular file in its own folder, or says what would work."""

from __future__ import annotations

import os
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from relicscan.errors import ScanError
from relicscan.formats import references
from relicscan.formats.references import (
    embedded_texture,
    existing_references,
    load_texture,
    open_image,
    referenced_texture,
    resolve_reference,
)

PIXELS = np.random.default_rng(7).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def encoded(kind: str, pixels: np.ndarray = PIXELS, **options: object) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A scan file in a folder with a neighbour that holds a secret."""
    folder = tmp_path / "scan"
    (folder / "maps").mkdir(parents=True)
    (folder / "maps" / "Größe 1%20x.JPG").write_bytes(b"texture")
    (folder / "plain.png").write_bytes(b"plain")
    (tmp_path / "secret.png").write_bytes(b"secret")
    return folder / "bust.obj"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("plain.png", "plain.png"),
        ("./plain.png", "plain.png"),
        ("PLAIN.PNG", "plain.png"),
        (" plain.png ", "plain.png"),
        ("maps/../plain.png", "plain.png"),
        (r"maps\Größe 1%20x.JPG", "Größe 1%20x.JPG"),
        ("MAPS/GRÖSSE 1%20X.jpg", "Größe 1%20x.JPG"),
        ("maps/Gro\u0308ße 1%20x.JPG", "Größe 1%20x.JPG"),
    ],
)
def test_finds_what_other_systems_write(scan: Path, reference: str, name: str) -> None:
    assert resolve_reference(scan, reference).name == name


def test_exact_case_wins(scan: Path) -> None:
    scan.with_name("Plain.png").write_bytes(b"")
    assert resolve_reference(scan, "plain.png").name == "plain.png"
    assert resolve_reference(scan, "Plain.png").name == "Plain.png"


def test_url_encoding_is_decoded_only_when_asked(scan: Path) -> None:
    encoded_name = "maps/Gr%C3%B6%C3%9Fe%201%2520x.JPG"
    assert resolve_reference(scan, encoded_name, url_encoded=True).name == "Größe 1%20x.JPG"
    assert resolve_reference(scan, "maps/Größe 1%20x.JPG", url_encoded=True).is_file()
    with pytest.raises(ScanError, match="missing"):
        resolve_reference(scan, encoded_name)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("../secret.png", "leaves the folder"),
        (r"..\secret.png", "leaves the folder"),
        ("maps/../../secret.png", "leaves the folder"),
        ("maps/../../scan/plain.png", "leaves the folder"),
        ("/etc/passwd", "absolute"),
        (r"\\server\share\a.png", "absolute"),
        ("//server/share/a.png", "absolute"),
        (r"C:\Users\me\a.png", "drive letter"),
        ("c:a.png", "drive letter"),
        ("http://example.com/a.png", "URL"),
        ("file:///etc/passwd", "URL"),
        ("data:,x", "URL"),
        (":", "URL"),
        ("plain.png:stream", "URL"),
        ("", "no file name"),
        (".", "no file name"),
        ("maps", "not a regular file"),
        ("a\0b", "characters"),
        ("a\ud800b", "characters"),
        ("no.png", "missing"),
        ("plain.png/x", "missing"),
        ("x" * 5000, "missing"),
    ],
)
def test_refuses_everything_else_and_names_it(scan: Path, reference: str, why: str) -> None:
    with pytest.raises(ScanError, match=why) as error:
        resolve_reference(scan, reference)
    assert "bust.obj" in str(error.value)
    assert error.value.remedy
    str(error.value).encode("utf-8")


@pytest.mark.parametrize("reference", ["%2e%2e/secret.png", "%2Fetc/passwd", "C%3A/x", "a%00b"])
def test_refusals_hold_after_url_decoding(scan: Path, reference: str) -> None:
    with pytest.raises(ScanError, match="only files in its own folder"):
        resolve_reference(scan, reference, url_encoded=True)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links and FIFOs need privileges on Windows")
def test_links_must_stay_inside_and_fifos_are_not_opened(scan: Path) -> None:
    scan.with_name("out.png").symlink_to("../secret.png")
    scan.with_name("inner.png").symlink_to("plain.png")
    scan.with_name("loop").symlink_to("loop")
    scan.with_name("up").symlink_to("..")
    os.mkfifo(scan.with_name("pipe.png"))
    assert resolve_reference(scan, "inner.png").read_bytes() == b"plain"
    with pytest.raises(ScanError, match="symbolic link"):
        resolve_reference(scan, "out.png")
    with pytest.raises(ScanError, match="symbolic link"):
        resolve_reference(scan, "up/secret.png")
    with pytest.raises(ScanError, match="missing"):
        resolve_reference(scan, "loop")
    with pytest.raises(ScanError, match="not a regular file"):
        resolve_reference(scan, "pipe.png")


def test_existing_references_are_unique_and_inside(scan: Path) -> None:
    found = existing_references(scan, ["plain.png", "../secret.png", "PLAIN.png", "gone.jpg"])
    assert found == [scan.with_name("plain.png")]


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
    data = encoded("PNG", np.zeros((8, 16384 * 1024), dtype=np.uint8), compress_level=1)
    texture, _ = load_texture(data, name="wide")
    assert texture.width * texture.height == 16384 * 8192


def test_oversized_files_are_not_read(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MAX_TEXTURE_BYTES", 4)
    with pytest.raises(ScanError, match="are the limit"):
        load_texture(scan.with_name("plain.png"), name="plain.png")


def test_a_texture_never_costs_the_relic(scan: Path) -> None:
    scan.with_name("good.png").write_bytes(encoded("PNG"))
    scan.with_name("bad.jpg").write_bytes(encoded("JPEG")[:200])
    texture, warnings = referenced_texture(scan, "GOOD.png")
    assert texture is not None
    assert texture.name == "good.png"
    assert warnings == ()
    for reference in ("bad.jpg", "gone.jpg", "../secret.png"):
        texture, (warning,) = referenced_texture(scan, reference)
        assert texture is None
        assert reference in warning
        assert "run again" in warning
    texture, (warning,) = embedded_texture(b"\xff\xd8\xff\xe0", name="image 3")
    assert texture is None
    assert "image 3" in warning
