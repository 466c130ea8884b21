"""OFF: its headers, its comments, its counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import _text_blocks, off
from relicscan.relic import Mesh, PointCloud, Scan
from tests.formats.mesh_examples import (
    BOX_FACES,
    BOX_QUADS,
    BOX_VERTICES,
    BOX_VOLUME,
    EXAMPLES,
    volume,
)

FACES = "".join("4 " + " ".join(map(str, quad)) + "\n" for quad in BOX_QUADS)


def vertices(more: str = "") -> str:
    return "".join(f"{x} {y} {z} {more}\n" for x, y, z in BOX_VERTICES)


def read(folder: Path, text: str) -> Scan:
    path = folder / "a.off"
    path.write_text(text)
    (scan,) = off.read(path)
    return scan


def mesh_of(scan: Scan) -> Mesh:
    assert isinstance(scan.geometry, Mesh)
    return scan.geometry


def test_the_example_is_the_box(tmp_path: Path) -> None:
    EXAMPLES[".off"](tmp_path / "box.off")
    (scan,) = off.read(tmp_path / "box.off")
    mesh = mesh_of(scan)
    assert np.array_equal(mesh.vertices, BOX_VERTICES)
    assert np.array_equal(mesh.faces, BOX_FACES)
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)
    assert (mesh.colors == [10, 20, 30]).all()
    assert scan.warnings == ()


@pytest.mark.parametrize(
    "head",
    [
        "OFF\n8 6 12\n",
        "OFF 8 6 12\n",
        "OFF8 6\n",
        "\n  # first\n\t OFF # keyword\n#\n\n 8 6 0 # counts\n# data\n",
        "\ufeffOFF\r\n8 6 12\r\n",
    ],
)
@pytest.mark.parametrize("chunk_bytes", [60, 1 << 24])
def test_headers_as_they_occur(
    tmp_path: Path, head: str, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_text_blocks, "CHUNK_BYTES", chunk_bytes)
    mesh = mesh_of(read(tmp_path, head + vertices("# odd") + "\n# faces\n\n" + FACES))
    assert np.array_equal(mesh.faces, BOX_FACES)
    peek = off.peek(tmp_path / "a.off")
    assert (peek.kind, peek.points, peek.faces) == ("mesh", 8, -1)


@pytest.mark.parametrize(
    ("keyword", "more", "color"),
    [
        ("OFF", "", None),
        ("OFF", "255 128 0", [255, 128, 0]),
        ("COFF", "1.0 0.5 0.0 1.0", [255, 128, 0]),
        ("COFF", "255 128 0 255", [255, 128, 0]),
        ("COFF", "nan 0 0 1", None),
        ("NOFF", "0 0 1", None),
        ("CNOFF", "0 0 1 1.0 0.5 0 1", [255, 128, 0]),
        ("STOFF", "0.5 0.5", None),
        ("STCNOFF", "0 0 1 1.0 0.5 0 1 0.25 0.75", [255, 128, 0]),
    ],
)
def test_what_each_keyword_adds(
    tmp_path: Path, keyword: str, more: str, color: list[int] | None
) -> None:
    mesh = mesh_of(read(tmp_path, f"{keyword}\n8 6 0\n{vertices(more)}{FACES}"))
    assert np.array_equal(mesh.vertices, BOX_VERTICES)
    assert (mesh.colors is None) if color is None else (mesh.colors == color).all()


def test_without_faces_it_is_a_cloud_with_its_normals(tmp_path: Path) -> None:
    scan = read(tmp_path, f"NOFF\n8 0 0\n{vertices('0 0 2')}")
    assert isinstance(scan.geometry, PointCloud)
    assert np.array_equal(scan.geometry.points, BOX_VERTICES)
    assert scan.geometry.normals is not None
    assert (scan.geometry.normals == [0, 0, 1]).all()
    assert off.peek(tmp_path / "a.off").kind == "cloud"


def test_mixed_polygons_face_colours_and_edges(tmp_path: Path) -> None:
    faces = "3 0 1 3 255 0 0\n5 0 1 3 2 6 0.1 0.2 0.3\n2 0 1\n4 4 6 7 5\n1 0\n"
    scan = read(tmp_path, f"OFF\n8 5 0\n{vertices()}{faces}")
    expected = [[0, 1, 3], [0, 1, 3], [0, 3, 2], [0, 2, 6], [4, 6, 7], [4, 7, 5]]
    assert mesh_of(scan).faces.tolist() == expected
    assert len(scan.warnings) == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("OFF\n", "counts of vertices and faces are missing"),
        ("hello\n", "begins with 'hello'"),
        ("4OFF\n8 6 0\n", "begins with '4OFF'"),
        ("nOFF\n3\n8 6 0\n", "begins with 'nOFF'"),
        ("OFF BINARY\n\0\0", "binary OFF"),
        ("OFF\n8\n6\n", "on one line"),
        ("OFF\n-8 6 0\n", "'-8', which is not a count"),
        ("OFF\n999999999999 6 0\n0 0 0\n", "999,999,999,999 vertices"),
        ("OFF\n1 999999999999 0\n0 0 0\n", "999,999,999,999 faces"),
        ("OFF\n0 0 0\n", "no geometry"),
        (f"OFF\n8 6 0\n{vertices()}{FACES[:30]}", "8 vertices and 6 faces"),
        (f"OFF\n8 1 0\n{vertices()}3 0 1 8\n", "line 11: an index is not a whole number from 0 to"),
        (f"OFF\n8 1 0\n{vertices()}3 0 1 -1\n", "line 11: an index"),
        (f"OFF\n8 1 0\n{vertices()}3 0 1 1.5\n", "line 11: an index"),
        (f"OFF\n8 1 0\n{vertices()}4 0 1 2\n", "line 11: a face must be a count"),
        (f"OFF\n8 1 0\n{vertices()}1e18 0 1 2\n", "line 11: a face must be a count"),
        (f"OFF\n8 1 0\n{vertices()}nan 0 1 2\n", "line 11: a face must be a count"),
        (f"OFF\n8 1 0\n{vertices()}2 0 1\n", "no geometry"),
        (f"OFF\n8 1 0\n{vertices()}3 0 x 2\n", "line 11: 'x' is not a number"),
        (f"OFF\n9 1 0\n1 2\n{vertices()}3 0 1 2\n", "line 3: a vertex with this header"),
        (f"NOFF\n8 1 0\n{vertices()}3 0 1 2\n", "line 3: a vertex .* needs 6 numbers and has 3"),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ScanError, match=why) as error:
        read(tmp_path, text)
    assert error.value.remedy


def test_numbers_that_are_none_are_kept(tmp_path: Path) -> None:
    mesh = mesh_of(read(tmp_path, "OFF\n3 1 0\nnan 0 0\n1 0 0\n0 1 -inf\n3 0 1 2\n"))
    np.testing.assert_array_equal(mesh.vertices, [[np.nan, 0, 0], [1, 0, 0], [0, 1, -np.inf]])
