"""STL: told apart by its bytes, welded by exactly equal positions."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import _text_blocks, _weld, stl
from relicscan.relic import Mesh
from tests.formats.mesh_examples import BOX_FACES, BOX_VERTICES, BOX_VOLUME, binary_stl, volume

BOX = BOX_VERTICES[BOX_FACES]


def ascii_stl(triangles: np.ndarray, name: str = "box") -> str:
    facets = "".join(
        "  facet normal 0 0 0\n    outer loop\n"
        + "".join(f"      vertex {x:.9g} {y:.9e} {z}\n" for x, y, z in triangle)
        + "    endloop\n  endfacet\n"
        for triangle in triangles
    )
    return f"solid {name}\n{facets}endsolid {name}\n"


def read(folder: Path, content: str | bytes) -> Mesh:
    path = folder / "a.stl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (scan,) = stl.read(path)
    assert scan.warnings == ()
    assert isinstance(scan.geometry, Mesh)
    return scan.geometry


def is_box(mesh: Mesh) -> bool:
    return (
        len(mesh.vertices) == 8
        and np.array_equal(mesh.vertices[mesh.faces], BOX)
        and volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)
    )


@pytest.mark.parametrize("header", [b"box", b"solid made by something", b"solid facet vertex"])
def test_binary_is_told_by_its_size_whatever_its_header_says(tmp_path: Path, header: bytes) -> None:
    assert is_box(read(tmp_path, binary_stl(BOX, header)))
    peek = stl.peek(tmp_path / "a.stl")
    assert (peek.kind, peek.points, peek.faces, peek.detail) == ("mesh", -1, 12, "binary")


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda t: t.replace("\n", "\r\n")])
def test_ascii_in_any_case_and_with_any_line_ends(tmp_path: Path, change: object) -> None:
    assert is_box(read(tmp_path, change(ascii_stl(BOX, "vertex 1 2 3"))))  # type: ignore[operator]
    peek = stl.peek(tmp_path / "a.stl")
    assert (peek.faces, peek.detail) == (12, "ASCII")


def test_several_solids_are_one_mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text_blocks, "CHUNK_BYTES", 200)
    assert is_box(read(tmp_path, ascii_stl(BOX[:5], "lid") + ascii_stl(BOX[5:], "")))


def test_attribute_bytes_are_passed_over(tmp_path: Path) -> None:
    data = bytearray(binary_stl(BOX))
    for record in range(12):
        data[84 + 50 * record + 48 : 84 + 50 * record + 50] = b"\xff\x7f"
    assert is_box(read(tmp_path, bytes(data)))


def test_only_exactly_equal_positions_are_welded(tmp_path: Path) -> None:
    near = np.float32(1) + np.finfo(np.float32).eps
    corners = np.array(
        [
            [[0, 0, 0], [1, 0, 0], [0, 1, 0]],
            [[-0.0, 0, 0], [near, 0, 0], [np.nan, 0, 0]],
            [[np.nan, 0, 0], [1, 0, 0], [0, 1, 0]],
        ],
        np.float32,
    )
    mesh = read(tmp_path, binary_stl(corners))
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 3, 4], [4, 1, 2]]
    assert mesh.vertices[3, 0] == near
    assert np.isnan(mesh.vertices[4, 0])


def test_welding_survives_hashes_that_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    corners = BOX.reshape(-1, 3)
    expected = _weld.weld(corners)
    kinds = _weld._kinds
    calls: list[str] = []

    def colliding(keys: np.ndarray) -> object:
        calls.append(keys.dtype.kind)
        return kinds(keys % 5 if keys.dtype.kind == "u" else keys)

    monkeypatch.setattr(_weld, "_kinds", colliding)
    found = _weld.weld(corners)
    assert calls == ["u", "V"]
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a, b)
    assert len(found[0]) == 8


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"short", "only 5 bytes"),
        (binary_stl(BOX)[:-1], "12 triangles"),
        (binary_stl(BOX)[:90], "12 triangles"),
        (bytes(80) + struct.pack("<I", 0xFFFFFFFF) + bytes(500), "4,294,967,295 triangles"),
        (binary_stl(BOX[:0]), "no geometry"),
        ("solid nothing\nendsolid nothing\n", "no geometry"),
        (ascii_stl(BOX).rsplit("      vertex", 1)[0], "12 facets have 35 vertices"),
        (ascii_stl(BOX).replace("vertex 0", "vertex x", 1), "line 4: 'x' is not a number"),
        ("solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0\n", "needs 3 numbers and has 2"),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path: Path, content: str | bytes, why: str) -> None:
    with pytest.raises(ScanError, match=why) as error:
        read(tmp_path, content)
    assert error.value.remedy


def test_doubtful_ends_are_warnings(tmp_path: Path) -> None:
    path = tmp_path / "a.stl"
    path.write_bytes(binary_stl(BOX) + b"more")
    (scan,) = stl.read(path)
    assert "4 bytes after the last triangle" in scan.warnings[0]
    path.write_text(ascii_stl(BOX).removesuffix("endsolid box\n"))
    (scan,) = stl.read(path)
    assert "does not end with 'endsolid'" in scan.warnings[0]
