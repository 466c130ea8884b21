"""PTS: counts and blocks, Leica's intensities, and files that are something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import pts
from relicscan.relic import PointCloud, Scan
from tests.formats.cloud_examples import COLORS, INTENSITY, POINTS, N, text_rows

LEICA = np.rint(INTENSITY * 4095 - 2048).astype(int)


def read(folder: Path, text: str) -> Scan:
    path = folder / "scan.pts"
    path.write_text(text)
    (scan,) = pts.read(path)
    return scan


def cloud_of(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


@pytest.mark.parametrize("count", [f"{N}\n", f"  {N} \r\n", ""])
@pytest.mark.parametrize("columns", [(), (LEICA,), (COLORS,), (LEICA, COLORS), (INTENSITY, COLORS)])
def test_every_set_of_columns(tmp_path: Path, count: str, columns: tuple[np.ndarray, ...]) -> None:
    scan = read(tmp_path, count + text_rows(POINTS, *columns))
    cloud = cloud_of(scan)
    assert np.array_equal(cloud.points, POINTS)
    assert (cloud.colors is not None) == any(column is COLORS for column in columns)
    if cloud.colors is not None:
        assert np.array_equal(cloud.colors, COLORS)
    assert (cloud.intensity is not None) == (len(columns) > 0 and columns[0] is not COLORS)
    if cloud.intensity is not None:
        assert cloud.intensity == pytest.approx(INTENSITY, abs=1e-3)
    assert scan.warnings == ()
    assert scan.unit is None


def test_blocks_are_joined_for_they_share_a_frame(tmp_path: Path) -> None:
    first = text_rows(POINTS[:40], LEICA[:40], COLORS[:40])
    second = text_rows(POINTS[40:], LEICA[40:])
    scan = read(tmp_path, f"40\n{first}\n{N - 40}\n{second}")
    cloud = cloud_of(scan)
    assert np.array_equal(cloud.points, POINTS)
    assert cloud.intensity == pytest.approx(INTENSITY, abs=1e-3)
    assert cloud.colors is None  # the second block has none
    assert "2 blocks" in scan.warnings[0]


def test_more_points_than_announced(tmp_path: Path) -> None:
    scan = read(tmp_path, "59\n" + text_rows(POINTS))
    assert len(cloud_of(scan)) == N
    assert scan.warnings == ("1 points more than the file announces were read",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3\n10 20 30\n40 50 60.5\n", "announces 3 points but 2 follow"),
        ("2\n1 2 3\n4 5\n", "line 3 .*2 values where the first line has 3"),
        ("2\n1 2 3 4 5\n1 2 3 4 5\n", "5 columns"),
        ("2\n1 2 3 x\n4 5 6 7\n", "line 2 .*'x' is not a number"),
        ("1.5\n1 2 3\n", "'1.5', which is not a count"),
        ("-3\n1 2 3\n", "not a count"),
        ("x y z\n1 2 3\n", "line 1 .*neither a point nor a count"),
        ("0\n", "no geometry"),
        ("[Expe/PointSet/Binary/0.1]\n\x00\x01", "binary file"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScanError, match=message):
        read(tmp_path, text)
