"""A reference finds a regular file in its own folder, or says what would work."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats.references import (
    TextureFiles,
    embedded_texture,
    existing_references,
    resolve_reference,
)
from tests.formats.mesh_examples import image

PIXELS = np.zeros((4, 4, 3), np.uint8)


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


def test_a_texture_never_costs_the_relic(scan: Path) -> None:
    scan.with_name("good.png").write_bytes(image(PIXELS))
    scan.with_name("bad.jpg").write_bytes(image(PIXELS, "JPEG")[:200])
    textures = TextureFiles()
    texture, warnings = textures.get(scan, "GOOD.png")
    assert texture is not None
    assert texture.name == "good.png"
    assert warnings == ()
    for reference in ("bad.jpg", "gone.jpg", "../secret.png"):
        texture, (warning,) = textures.get(scan, reference)
        assert texture is None
        assert reference in warning
        assert "run again" in warning
    texture, (warning,) = embedded_texture(b"\xff\xd8\xff\xe0", name="image 3")
    assert texture is None
    assert "image 3" in warning
