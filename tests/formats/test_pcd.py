"""PCD: three encodings, packed colours, fields of any kind, and headers that lie."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import _lzf
from relicscan.formats import pcd as pcd_format
from relicscan.relic import PointCloud
from tests.formats.cloud_examples import COLORS, NORMALS, POINTS, N, lzf_literals, pcd, text_rows

PACKED = COLORS.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def read(folder: Path, data: bytes) -> PointCloud:
    path = folder / "scan.pcd"
    path.write_bytes(data)
    (scan,) = pcd_format.read(path)
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


def compressed(columns: list[np.ndarray]) -> bytes:
    """The body of a binary_compressed PCD: field after field."""
    plain = b"".join(column.tobytes() for column in columns)
    packed = lzf_literals(plain)
    return struct.pack("<II", len(packed), len(plain)) + packed


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
def test_fields_of_any_kind_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    kinds = ["<f8", "<f8", "<f8", "<f4", "<f4", "<f4", "<u2", "<i1", "<u4"]
    names = "x y z normal_x normal_y normal_z intensity label rgba"
    intensity = np.arange(N) * 1000
    values = [*POINTS.T, *NORMALS.T, intensity, np.full(N, -5), PACKED | 0xFF000000]
    columns = [np.asarray(v).astype(kind) for v, kind in zip(values, kinds, strict=True)]
    if encoding == "ascii":
        body = text_rows(*columns).encode()
    elif encoding == "binary":
        records = np.zeros(N, [(f"f{k}", kind) for k, kind in enumerate(kinds)])
        for k, column in enumerate(columns):
            records[f"f{k}"] = column
        body = records.tobytes()
    else:
        body = compressed(columns)
    sizes = " ".join(kind[2] for kind in kinds)
    types = " ".join(kind[1].upper() for kind in kinds)
    cloud = read(tmp_path, pcd(names, sizes, types, N, encoding, body))
    assert np.array_equal(cloud.points, POINTS)
    assert cloud.normals == pytest.approx(NORMALS, abs=1e-6)
    assert cloud.intensity == pytest.approx(intensity / 65535)
    assert np.array_equal(cloud.colors, COLORS)


def test_fields_of_several_values_and_padding(tmp_path: Path) -> None:
    head = "FIELDS _ x y z histogram\nSIZE 1 4 4 4 4\nTYPE U F F F F\nCOUNT 3 1 1 1 5\n"
    head += "WIDTH 2\nHEIGHT 1\nPOINTS 2\n"
    records = np.zeros(2, [("_", "u1", 3), ("p", "<f4", 3), ("h", "<f4", 5)])
    records["p"], records["_"], records["h"] = [[1, 2, 3], [4, 5, 6]], 9, 7
    text = "9 9 9 1 2 3 7 7 7 7 7\n9 9 9 4 5 6 7 7 7 7 7\n"
    columns = [records["_"].ravel(), *records["p"].T.copy(), records["h"].ravel()]
    for data in (
        f"{head}DATA ascii\n{text}".encode(),
        f"{head}DATA binary\n".encode() + records.tobytes(),
        f"{head}DATA binary_compressed\n".encode() + compressed(columns),
    ):
        assert read(tmp_path, data).points.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("alpha", [0, 255])
def test_colours_packed_into_the_bits_of_a_float(tmp_path: Path, alpha: int) -> None:
    bits = PACKED | np.uint32(alpha << 24)
    records = np.zeros(N, [("p", "<f4", 3), ("c", "<u4")])
    records["p"], records["c"] = POINTS, bits
    cloud = read(tmp_path, pcd("x y z rgb", "4 4 4 4", "F F F F", N, "binary", records.tobytes()))
    assert np.array_equal(cloud.colors, COLORS)


def test_colours_as_floats_in_text(tmp_path: Path) -> None:
    as_bits = PACKED.view(np.float32).astype(np.float64)
    text = text_rows(POINTS, as_bits).encode()
    cloud = read(tmp_path, pcd("x y z rgb", "4 4 4 4", "F F F F", N, "ascii", text))
    assert np.array_equal(cloud.colors, COLORS)
    # Some exporters write the integer itself as a float instead of its bits.
    text = b"0.9 0.3 0 4.2108e+06\n0.9 0.3 0 16711680.0\n"
    cloud = read(tmp_path, pcd("x y z rgb", "4 4 4 4", "F F F F", 2, "ascii", text))
    assert cloud.colors.tolist() == [[64, 64, 112], [255, 0, 0]]


def test_holes_of_an_organised_cloud_are_kept(tmp_path: Path) -> None:
    head = "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 2\nHEIGHT 2\nPOINTS 4\nDATA ascii\n"
    path = tmp_path / "scan.pcd"
    path.write_text(head + "1 2 3\nnan nan nan\n4 5 6\nnan nan nan\n")
    assert "organised" in pcd_format.peek(path).detail
    (scan,) = pcd_format.read(path)
    assert isinstance(scan.geometry, PointCloud)
    assert np.isnan(scan.geometry.points).all(axis=1).tolist() == [False, True, False, True]


def test_the_viewpoint_is_where_the_scanner_stood(tmp_path: Path) -> None:
    data = pcd("x y z", "4 4 4", "F F F", 1, "ascii", b"1 2 3\n")
    assert read(tmp_path, data).viewpoints is None
    moved = data.replace(b"VIEWPOINT 0 0 0 1 0 0 0", b"VIEWPOINT 0.5 -1 2 0.7 0.7 0 0")
    path = tmp_path / "scan.pcd"
    path.write_bytes(moved)
    (scan,) = pcd_format.read(path)
    assert isinstance(scan.geometry, PointCloud)
    assert scan.geometry.points.tolist() == [[1, 2, 3]]
    assert scan.geometry.viewpoints.tolist() == [[0.5, -1, 2]]
    assert scan.pose is None


def test_lzf_copies_from_what_it_has_written() -> None:
    # "abc", then 9 bytes from 3 back (overlapping), 1 literal, 2 + 7 + 10 bytes from 1 back.
    stream = bytes([2]) + b"abc" + bytes([7 << 5, 0, 2]) + b"\0x" + bytes([7 << 5, 10, 0])
    assert _lzf.decompress(stream, 3 + 9 + 1 + 19) == b"abcabcabcabc" + b"x" * 20


@pytest.mark.parametrize(
    "stream",
    [b"\x05ab", bytes([1 << 5, 0]), b"\0a" + bytes([1 << 5, 1]), b"\0a" + bytes([7 << 5]), b"\0a"],
)
def test_damaged_lzf(stream: bytes) -> None:
    with pytest.raises(ScanError, match="damaged"):
        _lzf.decompress(stream, 4)


def test_open3d_writes_the_same(tmp_path: Path) -> None:
    import open3d

    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(np.repeat(POINTS, 40, axis=0)))
    cloud.colors = open3d.utility.Vector3dVector(np.repeat(COLORS, 40, axis=0) / 255)
    path = str(tmp_path / "theirs.pcd")
    assert open3d.io.write_point_cloud(path, cloud, compressed=True)
    ours = read(tmp_path, Path(path).read_bytes())
    assert ours.points == pytest.approx(np.repeat(POINTS, 40, axis=0))
    assert np.array_equal(ours.colors, np.repeat(COLORS, 40, axis=0))


GOOD = pcd("x y z", "4 4 4", "F F F", 2, "ascii", b"1 2 3\n4 5 6\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"DATA ascii", b"DATA zip", "encoding 'zip'"),
        (b"FIELDS x y z", b"FIELDS x y", "2 FIELDS, 3 SIZE"),
        (b"FIELDS x y z", b"FIELDS x y w", "z must be there"),
        (b"SIZE 4 4 4", b"SIZE 4 4 3", "SIZE 3"),
        (b"TYPE F F F", b"TYPE F F Q", "TYPE Q"),
        (b"WIDTH 2", b"WIDTH 3", "WIDTH and HEIGHT give 3"),
        (b"WIDTH 2", b"WIDTH two", "not a count"),
        (b"POINTS 2", b"POINTS 1e9", "not a count"),
        (b"1 2 3\n4 5 6", b"1,2,3\n4,5,6", "separated by commas"),
        (b"1 2 3\n4 5 6", b"1;2;3\n4;5;6", "separated by semicolons"),
        (b"4 5 6", b"4 five 6", "line 13: 'five' is not a number"),
        (b"4 5 6", b"4 5555555", "end before the 2 points"),
        (b"DATA ascii\n", b"", "DATA is missing"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ScanError, match=message):
        read(tmp_path, GOOD.replace(old, new))


def test_points_may_be_missing_from_the_header(tmp_path: Path) -> None:
    assert len(read(tmp_path, GOOD.replace(b"POINTS 2\n", b""))) == 2


def test_a_compressed_size_that_cannot_be(tmp_path: Path) -> None:
    body = struct.pack("<II", 4, 24 * 12 + 1) + b"\3abcd"
    with pytest.raises(ScanError, match="stand for 289 bytes"):
        read(tmp_path, pcd("x y z", "4 4 4", "F F F", 24, "binary_compressed", body))
