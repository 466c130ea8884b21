"""What holds for any content: written and read again, refused, or bounded by the file's size."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relicscan import formats
from relicscan.errors import ScanError
from relicscan.formats import ply
from relicscan.relic import Mesh, PointCloud
from tests.formats.header_claims import CLAIMS
from tests.formats.hostile import bytes_to_read
from tests.formats.test_contract import CHEAP, EXTENSIONS, is_refused

#: The same examples in every run: a failure in CI is a failure at the desk.
repeatable = settings(derandomize=True, deadline=None, database=None, max_examples=60)

doubles = st.floats(width=64)
singles = st.floats(width=32)
bytes_3 = st.tuples(*[st.integers(0, 255)] * 3)


def rows(values: st.SearchStrategy, count: int, width: int = 3) -> st.SearchStrategy[np.ndarray]:
    """(count, width) of any numbers, NaN and infinities among them."""
    row = st.tuples(*[values] * width)
    return st.lists(row, min_size=count, max_size=count).map(
        lambda given: np.array(given, np.float64).reshape(count, width)
    )


@st.composite
def clouds(draw: st.DrawFn) -> PointCloud:
    n = draw(st.integers(1, 20))
    colors = draw(st.none() | st.lists(bytes_3, min_size=n, max_size=n))
    normals = draw(st.none() | rows(st.sampled_from([0.0, 1.0, -1.0]), n))
    if normals is not None:
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = normals / np.where(length > 0, length, 1)
    return PointCloud(
        draw(rows(doubles, n)),
        normals=normals,
        colors=None if colors is None else np.array(colors, np.uint8),
    )


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    n, m = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    corner = st.integers(0, n - 1)
    faces = draw(st.lists(st.tuples(corner, corner, corner), min_size=m, max_size=m))
    return Mesh(draw(rows(doubles, n)), np.array(faces))


def read_again(geometry: PointCloud | Mesh) -> PointCloud | Mesh:
    """What the PLY of it holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.ply")
        if isinstance(geometry, Mesh):
            ply.write_mesh(path, geometry, double=True)
        else:
            ply.write_cloud(path, geometry, double=True)
        (scan,) = formats.read(path)
    return scan.geometry


@given(clouds())
@repeatable
def test_any_cloud_comes_back_from_ply(cloud: PointCloud) -> None:
    back = read_again(cloud)
    assert isinstance(back, PointCloud)
    assert back.points.tobytes() == cloud.points.tobytes() or np.array_equal(
        back.points, cloud.points, equal_nan=True
    )
    assert (back.colors is None) == (cloud.colors is None)
    assert back.colors is None or np.array_equal(back.colors, cloud.colors)
    assert (back.normals is None) == (cloud.normals is None)
    assert back.normals is None or back.normals == pytest.approx(cloud.normals, abs=1e-6)


@given(meshes())
@repeatable
def test_any_mesh_comes_back_from_ply(mesh: Mesh) -> None:
    back = read_again(mesh)
    assert isinstance(back, Mesh)
    assert np.array_equal(back.vertices, mesh.vertices, equal_nan=True)
    assert np.array_equal(back.faces, mesh.faces)


#: What files of each format begin with, so that what follows is looked at.
BEGINNINGS = {
    ".ply": b"ply\nformat ascii 1.0\nelement vertex 1\n",
    ".pcd": b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n",
    ".las": b"LASF" + bytes(20) + b"\1\4",
    ".laz": b"LASF" + bytes(20) + b"\1\4",
    ".e57": b"ASTM-E57\1\0\0\0",
    ".obj": b"v 0 0 0\nf ",
    ".stl": b"solid\nfacet normal ",
    ".off": b"OFF\n1 1 0\n",
    ".glb": b"glTF\2\0\0\0",
    ".gltf": b'{"asset": {"version": "2.0"}, ',
    ".pts": b"2\n",
    ".ptx": b"1\n1\n0 0 0\n",
}
texts = st.text(st.sampled_from("0123456789 .,;-+eEnaif#/\\\"'{}[]:\t\r\n\0é"), max_size=80)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_any_bytes_are_read_or_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"

    @given(st.booleans(), st.binary(max_size=300) | texts.map(str.encode))
    @repeatable
    def check(begun: bool, data: bytes) -> None:
        path.write_bytes(BEGINNINGS.get(extension, b"") * begun + data)
        is_refused(path)  # fails for any other exception, and for scans of nothing

    check()


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_any_claim_beyond_the_file_is_refused_cheaply(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"

    @given(st.integers(1000, 10**19 - 1))
    @settings(repeatable, max_examples=15)
    def check(count: int) -> None:
        CLAIMS[extension](path, count)
        with pytest.raises(ScanError):
            formats.read(path)
        assert bytes_to_read(path) < CHEAP

    check()
