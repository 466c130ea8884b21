"""XYZ, ASC, TXT: separators, headers, columns known by name or by their values, bad lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import xyz
from relicscan.relic import PointCloud, Scan
from tests.formats.cloud_examples import COLORS, INTENSITY, NORMALS, POINTS, N, text_rows


def read(folder: Path, text: str | bytes) -> Scan:
    path = folder / "scan.xyz"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (scan,) = xyz.read(path)
    return scan


def cloud_of(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [" ", "   ", "\t", ",", ", ", ";", " ; "])
def test_separators_and_line_ends(tmp_path: Path, separator: str, line_end: str) -> None:
    text = text_rows(POINTS, COLORS, separator=separator).replace("\n", line_end)
    cloud = cloud_of(read(tmp_path, text))
    assert np.array_equal(cloud.points, POINTS)
    assert np.array_equal(cloud.colors, COLORS)


@pytest.mark.parametrize(
    "header",
    [
        "x y z i",
        "X,Y,Z,Intensity",
        '"X";"Y";"Z";"Intensity"',
        "//X Y Z Intensity",
        "# x y z intensity",
        "#x\ty\tz\tscalar field",
        "// exported by a program, version 2\nX[m] Y[m] Z[m] Reflectance",
        "Easting Northing Elevation scalar_Intensity",
        "\ufeffX Y Z I",
        "\n\nx y z i\n60",
        "60\nx y z i",
    ],
)
def test_headers(tmp_path: Path, header: str) -> None:
    scan = read(tmp_path, header + "\n" + text_rows(POINTS, INTENSITY))
    cloud = cloud_of(scan)
    assert np.array_equal(cloud.points, POINTS)
    assert scan.warnings == ()
    if "scalar field" not in header:
        assert cloud.intensity == pytest.approx(INTENSITY)


def test_columns_by_name_in_any_order(tmp_path: Path) -> None:
    text = "Nx Ny Nz label z y x Bf Gf Rf\n"
    text += text_rows(NORMALS, np.zeros(N), POINTS[:, ::-1], COLORS[:, ::-1] / 255)
    cloud = cloud_of(read(tmp_path, text))
    assert np.array_equal(cloud.points, POINTS)
    assert np.array_equal(cloud.colors, COLORS)
    assert cloud.normals == pytest.approx(NORMALS, abs=1e-6)
    assert cloud.intensity is None


@pytest.mark.parametrize(
    ("columns", "assumed"),
    [
        ([POINTS], "x y z"),
        ([POINTS, INTENSITY], "x y z intensity"),
        ([POINTS, COLORS], "x y z red green blue"),
        ([POINTS, COLORS / 255], "x y z red green blue"),
        ([POINTS, COLORS.astype(int) * 257], "x y z red green blue"),
        ([POINTS, NORMALS], "x y z nx ny nz"),
        ([POINTS, np.round(NORMALS, 3)], "x y z nx ny nz"),
        ([POINTS, COLORS, NORMALS], "x y z red green blue nx ny nz"),
        ([POINTS, NORMALS, COLORS], "x y z nx ny nz red green blue"),
        ([POINTS, COLORS, np.full(N, 255)], "x y z red green blue -"),
        ([POINTS, COLORS, INTENSITY], "x y z red green blue intensity"),
        ([POINTS, INTENSITY * 4000 - 2000, COLORS], "x y z intensity red green blue"),
        ([POINTS, INTENSITY, INTENSITY], "x y z intensity -"),
    ],
)
def test_columns_by_their_values(tmp_path: Path, columns: list[np.ndarray], assumed: str) -> None:
    scan = read(tmp_path, text_rows(*columns))
    cloud = cloud_of(scan)
    assert scan.warnings == (
        f"the columns have no names; by their values they were read as {assumed}",
    )
    assert np.array_equal(cloud.points, POINTS)
    if "red" in assumed:
        assert np.array_equal(cloud.colors, COLORS)
    if "nx" in assumed:
        assert cloud.normals == pytest.approx(NORMALS, abs=2e-3)
    assert (cloud.intensity is not None) == ("intensity" in assumed)


def test_survey_coordinates_keep_every_digit(tmp_path: Path) -> None:
    cloud = cloud_of(read(tmp_path, "665187.522077 5648349.895035 241.767693\n" * 2))
    assert cloud.points[0].tolist() == [665187.522077, 5648349.895035, 241.767693]


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    cloud = cloud_of(read(tmp_path, "X;Y;Z\n1,5;-2,25;3\n4;5;6,125\n"))
    assert cloud.points.tolist() == [[1.5, -2.25, 3], [4, 5, 6.125]]


def test_blank_lines_and_separators_at_line_ends(tmp_path: Path) -> None:
    cloud = cloud_of(read(tmp_path, "\n1,2,3,\n\n4,5,6,\n   \n"))
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_points_that_are_not_finite_are_kept(tmp_path: Path) -> None:
    cloud = cloud_of(read(tmp_path, "1 2 3\nnan nan nan\n4 5 inf\n"))
    assert np.isfinite(cloud.points).all(axis=1).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3\n4 5\n", r"line 2 \('4 5'\): it has 2 values where the first line has 3"),
        ("1 2 3\n\n\n4 5 6 7\n", "line 4 .*it has 4 values"),
        ("x y z\n1 2 3\n4 a 6\n", "line 3 .*'a' is not a number"),
        ("1,2,3\n4,,6\n", "line 2 .*a value is missing"),
        ("1 2 3\n0x10 2 3\n", "'0x10' is not a number"),
        ("1 2\n3 4\n", "line 1 .* neither a point nor"),
        ("X,Y,X\n1,2,3\n", "x and z must be there exactly once"),
        ("x y z r\n1 2 3\n", "names 4 columns, but the first point has 3"),
        ("60\n1 2 3\n", "announces 60 points but holds 1"),
        ("1,5 2,5 3,5\n", "commas inside its numbers"),
        ("3\nwater\nO 0 0 0\n", "line 2 .*neither"),
        ("# only\n# comments\n", "no geometry"),
        ("x y z\n", "no geometry"),
        ("a\n" * 200, "line 1 "),
        ("#\n" * 200 + "1 2 3\n", "line 101 "),
        ("1 2 3 " * 20000, "line 1 does not end"),
        (b"1 2 3\n\x00\x01\x02\n", "binary file"),
        ("1 2 3\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ScanError, match=message):
        read(tmp_path, text)


def test_a_bad_line_far_down_is_named(tmp_path: Path) -> None:
    lines = ["1 2 3"] * 120_000
    lines[100_000] = "1 2 3 4"
    with pytest.raises(ScanError, match="line 100,001 "):
        read(tmp_path, "\n".join(lines))


def test_peek_says_what_the_columns_are(tmp_path: Path) -> None:
    path = tmp_path / "scan.asc"
    path.write_text(f"//X Y Z R G B\n{N}\n" + text_rows(POINTS, COLORS))
    peek = xyz.peek(path)
    assert (peek.points, peek.colors, peek.normals) == (N, True, False)
    assert peek.detail == "6 columns: x y z red green blue"
