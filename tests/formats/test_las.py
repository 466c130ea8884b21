"""LAS, LAZ, COPC: scale and offset, both kinds of colour, units of the CRS, lying headers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import _crs
from relicscan.formats import las as las_format
from relicscan.relic import PointCloud, Scan
from tests.formats.cloud_examples import COLORS, NORMALS, POINTS, N, las

METRE, FOOT = 'UNIT["metre",1]', 'UNIT["US survey foot",0.304800609601219]'
GEOGRAPHIC = 'GEOGCS["WGS 84",UNIT["degree",0.0174532925199433]]'


def read(path: Path) -> Scan:
    (scan,) = las_format.read(path)
    assert isinstance(scan.geometry, PointCloud)
    return scan


def cloud_of(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


def rgb(scale: int = 1) -> dict[str, Any]:
    return dict(zip(("red", "green", "blue"), COLORS.T.astype(np.uint16) * scale, strict=True))


@pytest.mark.parametrize("name", ["scan.las", "scan.laz"])
@pytest.mark.parametrize(
    ("point_format", "version"), [(2, "1.2"), (3, "1.2"), (5, "1.3"), (7, "1.4"), (8, "1.4")]
)
@pytest.mark.parametrize("scale", [1, 256, 257])
def test_every_point_format_with_colour(
    tmp_path: Path, name: str, point_format: int, version: str, scale: int
) -> None:
    path = tmp_path / name
    las(path, point_format, version, **rgb(scale), intensity=np.arange(N) * 1000)
    scan = read(path)
    cloud = cloud_of(scan)
    assert cloud.points == pytest.approx(POINTS, abs=1e-9)
    assert np.array_equal(cloud.colors, COLORS)
    assert cloud.intensity == pytest.approx(np.arange(N) * 1000 / 65535)
    assert (scan.up, scan.up_basis, scan.unit) == ("+Z", "LAS convention", None)
    assert scan.pose is None


def test_survey_coordinates_keep_every_digit(tmp_path: Path) -> None:
    import laspy

    header = laspy.LasHeader(point_format=0, version="1.2")
    header.scales, header.offsets = [1e-4] * 3, [665000.0, 5648000.0, 0.0]
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = np.array([[665187.5221], [5648349.8950], [241.7677]])
    cloud.write(tmp_path / "scan.las")
    points = cloud_of(read(tmp_path / "scan.las")).points
    assert points.tolist() == [pytest.approx([665187.5221, 5648349.8950, 241.7677], abs=1e-9)]


def test_colours_and_intensities_that_were_never_written(tmp_path: Path) -> None:
    las(tmp_path / "scan.las", 3, "1.2")
    scan = read(tmp_path / "scan.las")
    assert cloud_of(scan).colors is None
    assert cloud_of(scan).intensity is None
    assert "all colours are black" in scan.warnings[0]


@pytest.mark.parametrize(("point_format", "version"), [(3, "1.2"), (7, "1.4")])
def test_withheld_points_are_dropped(tmp_path: Path, point_format: int, version: str) -> None:
    withheld = np.arange(N) % 3 == 0
    las(tmp_path / "scan.laz", point_format, version, **rgb(), withheld=withheld)
    scan = read(tmp_path / "scan.laz")
    assert np.array_equal(cloud_of(scan).colors, COLORS[~withheld])
    assert scan.warnings == ("20 points flagged as withheld were dropped",)
    las(tmp_path / "scan.laz", point_format, version, withheld=np.ones(N, bool))
    with pytest.raises(ScanError, match="no geometry"):
        las_format.read(tmp_path / "scan.laz")


def test_normals_in_extra_bytes(tmp_path: Path) -> None:
    import laspy

    header = laspy.LasHeader(point_format=6, version="1.4")
    for axis in "XYZ":
        header.add_extra_dim(laspy.ExtraBytesParams(f"Normal{axis}", "f4"))
    header.add_extra_dim(laspy.ExtraBytesParams("blue", "3u1"))  # three values under one name
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = POINTS.T
    for k, axis in enumerate("XYZ"):
        cloud[f"Normal{axis}"] = NORMALS[:, k].astype("f4")
    cloud.write(tmp_path / "scan.laz")
    read_back = cloud_of(read(tmp_path / "scan.laz"))
    assert read_back.normals == pytest.approx(NORMALS, abs=1e-6)
    assert read_back.colors is None


def test_many_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(las_format, "_CHUNK_POINTS", 7)
    las(tmp_path / "scan.laz", 7, "1.4", **rgb(257), withheld=np.arange(N) < 9)
    cloud = cloud_of(read(tmp_path / "scan.laz"))
    assert cloud.points == pytest.approx(POINTS[9:], abs=1e-9)
    assert np.array_equal(cloud.colors, COLORS[9:])


@pytest.mark.parametrize(
    ("wkt", "unit", "warning"),
    [
        (f'PROJCS["a",{GEOGRAPHIC},{METRE}]', "m", None),
        (f'PROJCS["a",{GEOGRAPHIC},{FOOT},AXIS["X",EAST]]', "us-ft", None),
        ('PROJCS["a",UNIT["foot",0.3048]]', "ft", None),
        ('LOCAL_CS["turntable",UNIT["millimetre",0.001]]', "mm", None),
        (f'COMPD_CS["a",PROJCS["b",{FOOT}],VERT_CS["c",{FOOT}]]', "us-ft", None),
        (f'COMPD_CS["a",PROJCS["b",{METRE}],VERT_CS["c",{FOOT}]]', None, "unit of height"),
        (GEOGRAPHIC, None, "degrees"),
        (f'GEOCCS["a",{METRE}]', "m", None),
        ('PROJCS["a",UNIT["link",0.201168]]', None, "0.201168 m, has no name"),
        ('PROJCS["a",UNIT["metre","one"]]', None, "states no unit"),
        ("nonsense", None, "not understood"),
        ("[" * 100_000, None, "not understood"),
        (
            'PROJCRS["a [b]",BASEGEOGCRS["c",ELLIPSOID["d",6378137,298,LENGTHUNIT["metre",1]]],'
            'CS[Cartesian,2],AXIS["(E)",east,LENGTHUNIT["foot",0.3048]],'
            'AXIS["(N)",north,LENGTHUNIT["foot",0.3048]]]',
            "ft",
            None,
        ),
        ('PROJCRS["a",CS[Cartesian,2],LENGTHUNIT["metre",1],ID["EPSG",2154]]', "m", None),
        ('GEODCRS["a",CS[ellipsoidal,3],LENGTHUNIT["metre",1]]', None, "degrees"),
        ('GEODCRS["a",CS[Cartesian,3],LENGTHUNIT["metre",1]]', "m", None),
    ],
)
def test_units_from_wkt(wkt: str, unit: str | None, warning: str | None) -> None:
    found = _crs.unit_of_wkt(wkt)
    assert found.unit == unit
    assert (warning is None) == (found.warning is None)
    assert warning is None or warning in str(found.warning)


@pytest.mark.parametrize(
    ("keys", "unit", "warned"),
    [
        ({1024: 1, 3076: 9001}, "m", False),
        ({1024: 1, 3072: 32104, 3076: 9003, 4099: 9003}, "us-ft", False),
        ({1024: 1, 3076: 9002}, "ft", False),
        ({1024: 1, 3076: 9001, 4099: 9003}, None, True),
        ({1024: 1, 3072: 32633}, "m", False),
        ({1024: 1, 3072: 2154}, None, True),
        ({1024: 2}, None, True),
        ({}, None, True),
    ],
)
def test_units_from_geotiff(keys: dict[int, int], unit: str | None, warned: bool) -> None:
    entries = [number for key, value in keys.items() for number in (key, 0, 1, value)]
    found = _crs.unit_of_geotiff(struct.pack(f"<{4 + len(entries)}H", 1, 1, 0, len(keys), *entries))
    assert (found.unit, found.warning is not None) == (unit, warned)


def test_geotiff_keys_cut_short() -> None:
    for length in range(24):
        assert _crs.unit_of_geotiff(bytes(length)).unit is None


@pytest.mark.parametrize("extended", [False, True])
def test_the_unit_of_a_file(tmp_path: Path, extended: bool) -> None:
    import laspy

    header = laspy.LasHeader(point_format=6, version="1.4")
    record = laspy.VLR("LASF_Projection", 2112, "", f'PROJCS["a",{FOOT}]\0'.encode())
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = POINTS.T
    if extended:
        cloud.evlrs = laspy.vlrs.vlrlist.VLRList([record])
    else:
        cloud.header.vlrs.append(record)
    cloud.write(tmp_path / "scan.las")
    scan = read(tmp_path / "scan.las")
    assert (scan.unit, scan.unit_basis) == ("us-ft", "LAS WKT CRS")
    assert las_format.peek(tmp_path / "scan.las").unit == "us-ft"


def patched(folder: Path, at: int, layout: str, *values: float, name: str = "scan.las") -> Path:
    """The example as LAS 1.4 with some bytes of its header replaced."""
    path = folder / name
    las(path, 7, "1.4", **rgb())
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, at, *values)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("at", "layout", "value", "message"),
    [
        (0, "<4s", b"LAST", "not a LAS file"),
        (25, "B", 7, "this is LAS 1.7"),
        (94, "<H", 100, "points outside of the file"),
        (96, "<I", 1 << 30, "points outside of the file"),
        (100, "<I", 4_000_000_000, "records behind the LAS header"),
        (100, "<I", 9, "records behind the LAS header"),
        (104, "B", 42, "format 42"),
        (105, "<H", 10, "with 10 bytes"),
        (131, "<d", 0.0, "scale factors"),
        (131, "<d", float("nan"), "scale factors"),
        (155, "<d", float("inf"), "offsets"),
        (243, "<I", 5, "records behind the LAS header"),
        (247, "<Q", 0, "no geometry"),
        (247, "<Q", N + 1, "announces 61 points, which take at least"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, at: int, layout: str, value: Any, message: str
) -> None:
    with pytest.raises(ScanError, match=message):
        las_format.read(patched(tmp_path, at, layout, value))


def test_compressed_without_saying_how(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="record that says how is missing"):
        las_format.read(patched(tmp_path, 104, "B", 0x80 | 7))


def _laz(folder: Path) -> tuple[Path, bytearray, int]:
    """A layered LAZ, its bytes, and where its points begin."""
    path = folder / "scan.laz"
    las(path, 7, "1.4", **rgb())
    data = bytearray(path.read_bytes())
    return path, data, struct.unpack_from("<I", data, 96)[0]


@pytest.mark.parametrize("chunks", [0xFFFFFFFF, 1000])
def test_a_chunk_table_longer_than_the_file(tmp_path: Path, chunks: int) -> None:
    path, data, start = _laz(tmp_path)
    table = struct.unpack_from("<q", data, start)[0]
    struct.pack_into("<I", data, table + 4, chunks)
    path.write_bytes(data)
    with pytest.raises(ScanError, match="compressed chunks"):
        las_format.read(path)


@pytest.mark.parametrize("table", [-2, 0, 1 << 60])
def test_a_chunk_table_outside_the_file(tmp_path: Path, table: int) -> None:
    path, data, start = _laz(tmp_path)
    struct.pack_into("<q", data, start, table)
    path.write_bytes(data)
    with pytest.raises(ScanError, match="compressed points of the file are damaged"):
        las_format.read(path)


@pytest.mark.parametrize("compressor", [0, 1, 2])
def test_layers_under_another_compressor(tmp_path: Path, compressor: int) -> None:
    """The decoder goes by the items of a point: their layers went unchecked."""
    path, data, _ = _laz(tmp_path)
    struct.pack_into("<H", data, data.index(b"laszip encoded") - 2 + 54, compressor)
    path.write_bytes(data)
    with pytest.raises(ScanError, match="compressed points of the file are damaged"):
        las_format.read(path)


def test_a_chunk_table_of_fewer_points_than_the_header(tmp_path: Path) -> None:
    """The decoder took what lay behind the last chunk for one more, and its lengths with it."""
    path, data, start = _laz(tmp_path)
    table = struct.unpack_from("<q", data, start)[0]
    struct.pack_into("<I", data, table + 4, 0)
    path.write_bytes(data)
    with pytest.raises(ScanError, match="compressed points of the file are damaged"):
        las_format.read(path)


@pytest.mark.parametrize("length", [0xFFFFFF00, 1])
def test_layers_of_another_length_than_their_chunk(tmp_path: Path, length: int) -> None:
    path, data, start = _laz(tmp_path)
    # Behind the table's place, the first point as it is (36 bytes) and the number of points.
    struct.pack_into("<I", data, start + 8 + 36 + 4, length)
    path.write_bytes(data)
    with pytest.raises(ScanError, match="compressed points of the file are damaged"):
        las_format.read(path)


def test_a_panic_of_the_decoder_is_an_error_like_others(tmp_path: Path) -> None:
    path, data, _ = _laz(tmp_path)
    at = data.index(b"laszip encoded") - 2 + 54 + 32
    assert struct.unpack_from("<H", data, at)[0] == 2  # items of a point: itself and its colour
    struct.pack_into("<H", data, at, 0)
    path.write_bytes(data)
    with pytest.raises(ScanError):
        las_format.read(path)
