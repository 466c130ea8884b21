"""E57: poses, every kind of field, limits, invalid points, and descriptions that lie."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import e57 as e57_format
from relicscan.relic import PointCloud, Scan
from tests.formats.cloud_examples import COLORS, NORMALS, POINTS, N, e57, e57_data, with_checksums

AXES = ("cartesianX", "cartesianY", "cartesianZ")
RGB = ("colorRed", "colorGreen", "colorBlue")
NORMAL = ("nor:normalX", "nor:normalY", "nor:normalZ")
Field = Callable[[Any, Any], Any]


def cloud_of(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


def double(libe57: Any, file: Any) -> Any:
    return libe57.FloatNode(file, 0.0)


def single(libe57: Any, file: Any) -> Any:
    return libe57.FloatNode(file, 0.0, libe57.FloatPrecision.E57_SINGLE, -1e6, 1e6)


def integer(low: int, high: int) -> Field:
    return lambda libe57, file: libe57.IntegerNode(file, low, low, high)


def scaled(low: int, high: int, scale: float, offset: float = 0.0) -> Field:
    return lambda libe57, file: libe57.ScaledIntegerNode(file, low, low, high, scale, offset)


def write(
    path: Path,
    fields: dict[str, tuple[Field, np.ndarray]],
    limits: dict[str, dict[str, float]] | None = None,
    pose: tuple[list[float], list[float]] | None = None,
) -> Scan:
    """Write a scan of any fields through libE57 itself, and read it with ours."""
    from pye57 import E57, libe57

    with E57(str(path), mode="w") as writer:
        file = writer.image_file
        file.extensionsAdd("nor", "http://www.libe57.org/E57_NOR_surface_normals.txt")
        node, prototype = libe57.StructureNode(file), libe57.StructureNode(file)
        node.set("guid", libe57.StringNode(file, "guid"))
        for group, values in (limits or {}).items():
            bounds = libe57.StructureNode(file)
            for name, value in values.items():
                bounds.set(name, libe57.FloatNode(file, float(value)))
            node.set(group, bounds)
        if pose is not None:
            parts = libe57.StructureNode(file)
            for part, names, values in zip(
                ("rotation", "translation"), ("wxyz", "xyz"), pose, strict=True
            ):
                struct_node = libe57.StructureNode(file)
                for name, value in zip(names, values, strict=True):
                    struct_node.set(name, libe57.FloatNode(file, value))
                parts.set(part, struct_node)
            node.set("pose", parts)
        buffers = libe57.VectorSourceDestBuffer()
        columns = []
        for name, (make, values) in fields.items():
            prototype.set(name, make(libe57, file))
            columns.append(np.array(values, np.float64))
            buffers.append(
                libe57.SourceDestBuffer(file, name, columns[-1], len(values), True, True)
            )
        points = libe57.CompressedVectorNode(file, prototype, libe57.VectorNode(file, True))
        node.set("points", points)
        writer.data3d.append(node)
        vector = points.writer(buffers)
        vector.write(len(columns[0]))
        vector.close()
    (scan,) = e57_format.read(path)
    return scan


def cartesian(make: Field = double, points: np.ndarray = POINTS) -> dict[str, Any]:
    return {name: (make, points[:, k]) for k, name in enumerate(AXES)}


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (double, 0),
        (single, 2e-5),
        (scaled(-(2**31), 2**31 - 1, 1e-6), 1e-6),
        (scaled(0, 500_000, 1e-3), 1e-9),
    ],
)
def test_coordinates_of_every_kind(tmp_path: Path, make: Field, error: float) -> None:
    scan = write(tmp_path / "scan.e57", cartesian(make))
    assert abs(cloud_of(scan).points - POINTS).max() <= error
    assert (scan.unit, scan.unit_basis) == ("m", "E57 specification")
    assert (scan.up, scan.up_basis) == ("+Z", "E57 convention")
    assert scan.pose is None
    assert cloud_of(scan).viewpoints is None


def test_integer_coordinates(tmp_path: Path) -> None:
    points = np.array([[1, 2, 3], [-4, 5, 60]])
    scan = write(tmp_path / "scan.e57", cartesian(integer(-10, 100), points))
    assert np.array_equal(cloud_of(scan).points, points)


def test_spherical_coordinates_are_seen_from_the_scanner(tmp_path: Path) -> None:
    distance = np.linalg.norm(POINTS, axis=1)
    values = {
        "sphericalRange": distance,
        "sphericalAzimuth": np.arctan2(POINTS[:, 1], POINTS[:, 0]),
        "sphericalElevation": np.arcsin(POINTS[:, 2] / distance),
    }
    scan = write(tmp_path / "scan.e57", {name: (double, v) for name, v in values.items()})
    assert cloud_of(scan).points == pytest.approx(POINTS, abs=1e-9)
    assert not cloud_of(scan).viewpoints.any()


def test_points_stay_in_the_frame_of_their_scan(tmp_path: Path) -> None:
    half = np.sqrt(0.5)
    first = {"data": e57_data(POINTS[:20]), "name": "front"}
    second = {
        "data": e57_data(POINTS[20:]),
        "name": "back",
        "rotation": np.array([half, 0, 0, half]),  # a quarter turn about +Z
        "translation": np.array([10.0, 20.0, 30.0]),
    }
    e57(tmp_path / "scans.e57", first, second)
    scans = e57_format.read(tmp_path / "scans.e57")
    assert [scan.name for scan in scans] == ["front", "back"]
    assert cloud_of(scans[1]).points == pytest.approx(POINTS[20:], rel=1e-6)
    assert scans[1].pose @ [1, 2, 3, 1] == pytest.approx([10 - 2, 20 + 1, 30 + 3, 1])
    assert not cloud_of(scans[1]).viewpoints.any()


def test_the_pose_is_what_pye57_applies(tmp_path: Path) -> None:
    from pye57 import E57

    quaternion = np.array([0.3, -0.5, 0.7, 0.1])
    quaternion /= np.linalg.norm(quaternion)
    path = tmp_path / "scan.e57"
    scan = write(path, cartesian(), pose=(quaternion.tolist(), [1.0, -2.0, 3.0]))
    with E57(str(path)) as file:
        theirs = file.read_scan(0, ignore_missing_fields=True)
    placed = cloud_of(scan).points @ scan.pose[:3, :3].T + scan.pose[:3, 3]
    assert placed == pytest.approx(np.column_stack([theirs[name] for name in AXES]))


@pytest.mark.parametrize("rotation", [[0.0] * 4, [2.0, 0, 0, 0]])
def test_a_rotation_that_is_none(tmp_path: Path, rotation: list[float]) -> None:
    scan = write(tmp_path / "scan.e57", cartesian(), pose=(rotation, [0.0, 0.0, 0.0]))
    assert scan.pose is None
    assert "no unit quaternion" in scan.warnings[0]


def rgb_limits(high: float) -> dict[str, dict[str, float]]:
    names = {
        f"{name}{end}": value
        for name in RGB
        for end, value in (("Minimum", 0.0), ("Maximum", high))
    }
    return {"colorLimits": names}


@pytest.mark.parametrize(
    ("make", "scale", "limits"),
    [
        (integer(0, 255), 1, rgb_limits(255)),
        (integer(0, 255), 1, None),
        (integer(0, 65535), 257, rgb_limits(65535)),
        (integer(0, 65535), 257, None),
        (integer(0, 65535), 1, None),
        (single, 1 / 255, rgb_limits(1)),
        (single, 1 / 255, None),
        (scaled(0, 255, 1 / 255), 1 / 255, rgb_limits(1)),
    ],
)
def test_colours_of_every_kind(
    tmp_path: Path, make: Field, scale: float, limits: dict[str, dict[str, float]] | None
) -> None:
    colors = {n: (make, COLORS[:, k].astype(float) * scale) for k, n in enumerate(RGB)}
    scan = write(tmp_path / "scan.e57", {**cartesian(), **colors}, limits)
    assert np.array_equal(cloud_of(scan).colors, COLORS)


@pytest.mark.parametrize(
    ("make", "low", "high", "limits", "expected"),
    [
        (integer(-66, 66), -66, 66, (-66, 66), (0, 1)),
        (integer(0, 4095), 0, 2048, (0, 4096), (0, 0.5)),
        (single, 0, 1, None, (0, 1)),
        (single, 0, 0.5, None, (0, 0.5)),
        (integer(0, 255), 0, 51, None, (0, 0.2)),
        (integer(-2048, 2047), -2048, 2047, None, (0, 1)),
        (single, 5, 99_999, None, (0, 1)),
        (single, 0, 0.5, (3, 3), (0, 0.5)),
    ],
)
def test_intensities_with_and_without_limits(
    tmp_path: Path,
    make: Field,
    low: float,
    high: float,
    limits: tuple[float, float] | None,
    expected: tuple[float, float],
) -> None:
    named = None
    if limits:
        named = {"intensityLimits": {"intensityMinimum": limits[0], "intensityMaximum": limits[1]}}
    values = np.full(N, low, float)
    values[1] = high
    scan = write(tmp_path / "scan.e57", {**cartesian(), "intensity": (make, values)}, named)
    assert cloud_of(scan).intensity[:2] == pytest.approx(expected, abs=1e-3)


def test_normals_and_fields_nobody_knows(tmp_path: Path) -> None:
    fields = {**cartesian(), "rowIndex": (integer(0, 5), np.zeros(N))}
    fields |= {name: (single, NORMALS[:, k]) for k, name in enumerate(NORMAL)}
    scan = write(tmp_path / "scan.e57", fields)
    assert cloud_of(scan).normals == pytest.approx(NORMALS, abs=1e-6)
    assert e57_format.peek(tmp_path / "scan.e57").normals


def test_invalid_points_are_dropped(tmp_path: Path) -> None:
    state = np.arange(N) % 3  # 0 valid, 1 a direction only, 2 nothing
    fields = {**cartesian(), "cartesianInvalidState": (integer(0, 2), state)}
    scan = write(tmp_path / "scan.e57", fields)
    assert np.array_equal(cloud_of(scan).points, POINTS[state == 0])
    assert scan.warnings == ("40 points flagged as invalid were dropped",)


def test_points_that_are_all_invalid(tmp_path: Path) -> None:
    fields = {**cartesian(), "cartesianInvalidState": (integer(0, 2), np.full(N, 2))}
    with pytest.raises(ScanError, match="no geometry"):
        write(tmp_path / "scan.e57", fields)


def test_colours_that_are_all_flagged(tmp_path: Path) -> None:
    colors = {name: (integer(0, 255), COLORS[:, k]) for k, name in enumerate(RGB)}
    fields = {**cartesian(), **colors, "isColorInvalid": (integer(0, 1), np.ones(N))}
    assert cloud_of(write(tmp_path / "scan.e57", fields)).colors is None


def test_many_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e57_format, "_CHUNK_POINTS", 7)
    assert np.array_equal(cloud_of(write(tmp_path / "scan.e57", cartesian())).points, POINTS)


def test_neither_kind_of_coordinates(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="neither Cartesian nor spherical"):
        write(tmp_path / "scan.e57", {"cartesianX": (double, POINTS[:, 0])})


def example(folder: Path) -> tuple[Path, bytes]:
    path = folder / "scan.e57"
    e57(path, {"data": e57_data()})
    return path, path.read_bytes()


def with_xml(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The E57 with its description changed, padded with pages, checksums right."""
    start, length = struct.unpack_from("<QQ", data, 24)
    page = start // 1024 * 1024
    payload = b"".join(data[at : at + 1020] for at in range(page, len(data), 1024))
    skip = start % 1024
    xml = change(payload[skip : skip + length])
    payload = payload[:skip] + xml
    pages = [payload[at : at + 1020].ljust(1024, b"\0") for at in range(0, len(payload), 1020)]
    out = bytearray(data[:page] + b"".join(pages))
    struct.pack_into("<QQQ", out, 16, len(out), start, len(xml))
    return with_checksums(bytes(out))


def test_a_wrong_checksum(tmp_path: Path) -> None:
    path, data = example(tmp_path)
    spoilt = bytearray(data)
    spoilt[100] ^= 1
    path.write_bytes(spoilt)
    with pytest.raises(ScanError, match="checksum mismatch"):
        e57_format.read(path)


def test_the_description_may_be_rewritten(tmp_path: Path) -> None:
    path, data = example(tmp_path)
    path.write_bytes(with_xml(data, lambda xml: xml.replace(b"pye57", b"somebody else")))
    assert len(cloud_of(e57_format.read(path)[0])) == N


ENTITIES = b'<!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda xml: xml.replace(b"<e57Root", ENTITIES + b"<e57Root"), "document type"),
        (lambda xml: xml.replace(b"</e57Root>", b"<a>" * 9999), "nested deeper"),
        (lambda xml: xml.replace(b"</e57Root>", b""), "not well-formed"),
        (lambda xml: xml.replace(b'encoding="UTF-8"', b'encoding="UTF-99"'), "not well-formed"),
        (lambda xml: xml.replace(b'recordCount="60"', b'recordCount="61"'), "announces 61 points"),
        (lambda xml: xml.replace(b'recordCount="60"', b'recordCount="99999"'), "99,999 points"),
        (lambda xml: xml.replace(b'recordCount="60"', b'recordCount="0"'), "no geometry"),
        (lambda xml: xml.replace(b'fileOffset="', b'fileOffset="9'), "cannot be decoded"),
        (lambda xml: xml.replace(b"data3D", b"data4D"), "no geometry"),
    ],
)
def test_descriptions_that_lie(
    tmp_path: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    path, data = example(tmp_path)
    path.write_bytes(with_xml(data, change))
    with pytest.raises(ScanError, match=message):
        e57_format.read(path)


@pytest.mark.parametrize(
    ("at", "layout", "value", "message"),
    [
        (0, "<8s", b"ASTM-E58", "not an E57 file"),
        (8, "<I", 2, "version 2"),
        (16, "<Q", 5000, "should have 5,000 bytes"),
        (24, "<Q", 1 << 40, "lies outside"),
        (32, "<Q", 1 << 40, "lies outside"),
        (40, "<Q", 512, "pages of 512 bytes"),
    ],
)
def test_headers_that_lie(tmp_path: Path, at: int, layout: str, value: Any, message: str) -> None:
    path, data = example(tmp_path)
    changed = bytearray(data)
    struct.pack_into(layout, changed, at, value)
    path.write_bytes(with_checksums(bytes(changed)))
    with pytest.raises(ScanError, match=message):
        e57_format.read(path)
