"""Small files that were made to cost hours or a machine's memory: each is refused or made cheap.

Each of these once did. What they cost now is bounded with `within` and by the memory that
Python and NumPy allocate; what they would cost otherwise is said with each.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from limits import within

from relicscan import formats
from relicscan.errors import ScanError
from relicscan.formats import _checks, _las_header, images
from relicscan.formats.images import load_texture
from relicscan.formats.references import MOST_REFERENCES
from relicscan.relic import Mesh
from tests.formats import cloud_examples
from tests.formats.hostile import SECONDS, bytes_to_read, read, why_not
from tests.formats.mesh_examples import image

TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\n"
FACE = "f 1/1 2/1 3/1\n"


# Text


@pytest.mark.parametrize("name", ["a.obj", "a.off", "a.stl"])
def test_a_word_of_a_million_digits_is_no_number_at_once(tmp_path: Path, name: str) -> None:
    """Tried from every digit on, it took the square of their number: days."""
    word = "1" * 1_000_000 + "x"
    text = {
        "a.obj": f"v 0 0 {word}\n",
        "a.off": f"OFF\n1 0 0\n0 0 {word}\n",
        "a.stl": f"solid\nfacet\nvertex 0 0 {word}\n",
    }[name]
    assert "is not a number" in why_not(tmp_path / name, text)


def test_lines_that_go_on_and_on(tmp_path: Path) -> None:
    """Each was looked for in a copy of all before it: an hour for the 4 MB."""
    text = TRIANGLE + "f 1 2 3\n" + "\\\n" * 2_000_000
    assert isinstance(read(tmp_path / "a.obj", text).geometry, Mesh)


@pytest.mark.parametrize("name", ["a.xyz", "a.pts", "a.ptx"])
def test_an_endless_line_far_down_is_not_collected(tmp_path: Path, name: str) -> None:
    start = {"a.xyz": "", "a.pts": "200000\n", "a.ptx": "1\n200000\n"}[name]
    if name == "a.ptx":
        start += cloud_examples.ptx_scan([]).split("\n", 2)[2]
    path = tmp_path / name
    text = start + "1 2 3\n" * 20_000 + "1 " * 5_000_000
    assert "does not end within" in why_not(path, text)
    assert bytes_to_read(path) < 8_000_000


@pytest.mark.parametrize("name", ["a.pts", "a.ptx"])
def test_lines_that_are_wide_in_a_table_that_is_long(tmp_path: Path, name: str) -> None:
    """The table was made for all points announced, as wide as the first: 48 GB for 1.2 MB."""
    start = "40000\n" if name == "a.pts" else cloud_examples.ptx_scan([])
    text = start.replace("1\n0\n", "40000\n1\n", 1) + (" ".join("1" * 30_000) + "\n") * 5
    assert "30000 columns" in why_not(tmp_path / name, text)
    assert bytes_to_read(tmp_path / name) < 5_000_000


@pytest.mark.parametrize("name", ["a.pts", "a.ptx"])
def test_thousands_of_scans_in_one_file(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = "1\n1 2 3\n" if name == "a.pts" else cloud_examples.ptx_scan([[1, 2, 3, 0]])
    monkeypatch.setattr(_checks, "MOST_SCANS", 20)
    assert len(formats.read(_written(tmp_path / name, scan * 20))) in (1, 20)
    assert "more than 20 scans" in why_not(tmp_path / name, scan * 21)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_an_off_of_nothing_but_comments(tmp_path: Path) -> None:
    """They were gone through one by one, 16 MB in 7 s, and twice with `peek`."""
    text = "OFF\n" + "# comment\n" * 10_001 + "1 0 0\n0 0 0\n"
    assert "counts of vertices and faces are missing" in why_not(tmp_path / "a.off", text)
    text = "OFF\n" + "# comment\n" * 1_000 + "1 0 0\n0 0 0\n"
    assert read(tmp_path / "a.off", text).geometry.points.tolist() == [[0, 0, 0]]


# Material libraries


def test_a_library_of_nothing_but_maps(tmp_path: Path) -> None:
    """A tuple grew by one with each: hours for the 16 MB that a library may have."""
    (tmp_path / "m.mtl").write_text("newmtl a\n" + "map_Ks\n" * 400_000)
    scan = read(tmp_path / "a.obj", "mtllib m.mtl\n" + TRIANGLE + FACE)
    assert any("map_ks in the material library" in text for text in scan.warnings)


def test_kinds_of_maps_are_listed_in_part(tmp_path: Path) -> None:
    maps = "".join(f"map_{number}\n" for number in range(10_000))
    (tmp_path / "m.mtl").write_text("newmtl a\n" + maps)
    scan = read(tmp_path / "a.obj", "mtllib m.mtl\n" + TRIANGLE + FACE)
    assert max(map(len, scan.warnings)) < 500


@pytest.mark.parametrize("options", ["-s 1 " * 100_000, "-s " + "1" * 500_000])
def test_options_without_end(tmp_path: Path, options: str) -> None:
    """Each option copied the rest of the line; long numbers were tried from every digit on."""
    (tmp_path / "m.mtl").write_text(f"newmtl a\nmap_Kd {options}x.png\n")
    scan = read(tmp_path / "a.obj", "mtllib m.mtl\n" + TRIANGLE + FACE)
    assert any("read without a texture" in text for text in scan.warnings)


def test_one_image_under_many_names_is_held_once(tmp_path: Path) -> None:
    """A megabyte of names for it took a thousand times its size."""
    pixels = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)
    data = image(pixels, compress_level=0)
    (tmp_path / "a.png").write_bytes(data)
    entries = [f"newmtl m{i}\nmap_Kd {'./' * i}a.png\n" for i in range(100)]
    (tmp_path / "m.mtl").write_text("".join(entries))
    faces = "".join(f"usemtl m{i}\n{FACE}" for i in range(100))
    geometry = read(tmp_path / "a.obj", "mtllib m.mtl\n" + TRIANGLE + faces).geometry
    assert isinstance(geometry, Mesh)
    assert len({id(material.texture) for material in geometry.materials}) == 1
    assert geometry.materials[0].texture is not None
    assert bytes_to_read(tmp_path / "a.obj") < 20 * len(data)


def test_thousands_of_missing_files_are_not_all_looked_for(tmp_path: Path) -> None:
    """Each costs a look into the folder, twice in `peek`, and a warning in the manifest."""
    count = 20_000
    entries = [f"newmtl m{i}\nmap_Kd {i}.png\n" for i in range(count)]
    (tmp_path / "m.mtl").write_text("".join(entries))
    libraries = "".join(f"mtllib {i}.mtl\n" for i in range(count))
    faces = "".join(f"usemtl m{i}\n{FACE}" for i in range(count))
    path = tmp_path / "a.obj"
    scan = read(path, "mtllib m.mtl\n" + TRIANGLE + faces + libraries)
    assert isinstance(scan.geometry, Mesh)
    assert len(scan.geometry.materials) == count
    assert sum("more than 1,000" in text for text in scan.warnings) == 2
    assert len(scan.warnings) < 2 * MOST_REFERENCES + 10
    with within(SECONDS):
        assert formats.peek(path).faces == count


# PLY


def faces_ply(path: Path, faces: int, body: bytes) -> Path:
    """Three vertices, and faces with lists of a uint of bytes."""
    header = "format binary_little_endian 1.0\nelement vertex 3\n"
    header += "".join(f"property float {axis}\n" for axis in "xyz")
    header += f"element face {faces}\nproperty list uint uchar vertex_indices\n"
    path.write_bytes(cloud_examples.ply(header, np.eye(3, dtype="<f4").tobytes() + body))
    return path


def test_one_polygon_of_a_million_corners(tmp_path: Path) -> None:
    """An array for each of its corners was 112 times the file."""
    corners = 999_999
    body = struct.pack("<I", corners) + bytes([0, 1, 2]) * (corners // 3)
    path = faces_ply(tmp_path / "a.ply", 1, body)
    (scan,) = formats.read(path)
    assert isinstance(scan.geometry, Mesh)
    assert scan.geometry.faces[:2].tolist() == [[0, 1, 2], [0, 2, 0]]
    assert (
        bytes_to_read(path) < 150 * corners
    )  # 72 of them are the triangles and where they come from


def test_faces_of_no_corners(tmp_path: Path) -> None:
    count = 100_000
    body = struct.pack("<IBBB", 3, 0, 1, 2) + bytes(4 * (count - 1))
    path = faces_ply(tmp_path / "a.ply", count, body)
    (scan,) = formats.read(path)
    assert isinstance(scan.geometry, Mesh)
    assert len(scan.geometry.faces) == 1
    assert bytes_to_read(path) < 80 * count  # lists of numbers took 180


# Compressed clouds and images


def test_a_laz_of_nothing_but_repetition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same point a billion times takes 12 MB and, decoded, 40 GB."""
    import laspy

    header = laspy.LasHeader(point_format=0, version="1.2")
    header.scales = [0.001] * 3
    cloud = laspy.LasData(header)
    cloud.x = np.zeros(20_000)
    path = tmp_path / "a.laz"
    cloud.write(path)
    assert path.stat().st_size < 2000
    assert len(formats.read(path)[0].geometry.points) == 20_000
    monkeypatch.setattr(_las_header, "_MOST_DULL_POINTS", 10_000)
    assert "20,000 points, which take at least 20,000 bytes" in why_not(path)


def test_an_e57_of_constants(tmp_path: Path) -> None:
    """A field of one value takes no bits: any number of points took no bytes."""
    from tests.formats.test_e57 import integer, write

    columns = {f"cartesian{axis}": (integer(7, 7), np.full(60_000, 7.0)) for axis in "XYZ"}
    path = tmp_path / "a.e57"
    with pytest.raises(ScanError, match="60,000 points, which take at least 120,000 bytes"):
        write(path, columns)


def test_a_jpeg_of_many_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refines all pixels: 364 bytes cost 22 ms at 16384 x 16384, a megabyte a minute."""
    data = image(np.zeros((64, 64, 3), np.uint8), "JPEG", progressive=True)
    last = data[data.rfind(b"\xff\xda") : -2]
    many = data[:-2] + last * (images.MAX_JPEG_SCANS + 1) + data[-2:]
    with pytest.raises(ScanError, match="more than 200 scans"):
        load_texture(many, name="a")
    few = data[:-2] + last * 50 + data[-2:]
    assert load_texture(few, name="a")[0].width == 64


def test_an_animation_that_claims_a_huge_canvas() -> None:
    """The decoder makes the canvas, twice, as soon as it opens a WebP."""
    out = io.BytesIO()
    from PIL import Image

    first, second = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    first.save(out, "WEBP", save_all=True, append_images=[second])
    data = bytearray(out.getvalue())
    assert data[12:16] == b"VP8X"
    data[24:30] = (65535).to_bytes(3, "little") * 2
    with within(SECONDS), pytest.raises(ScanError, match=r"cannot be decoded|pixels"):
        load_texture(bytes(data), name="a")
