"""PTX: several scans with poses, misses, and matrices that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import ptx
from relicscan.relic import PointCloud, Scan
from tests.formats.cloud_examples import COLORS, INTENSITY, POINTS, N, ptx_scan

#: A quarter turn about +Z, then a step, as PTX writes it: rows, the translation last.
TURN = ((0, 1, 0, 0), (-1, 0, 0, 0), (0, 0, 1, 0), (10, 20, 30, 1))
ROWS = np.column_stack([POINTS, INTENSITY, COLORS]).tolist()


def read(folder: Path, *blocks: str) -> list[Scan]:
    path = folder / "scan.ptx"
    path.write_text("".join(blocks))
    return ptx.read(path)


def cloud_of(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


def test_scans_stay_in_their_frames_and_know_their_pose(tmp_path: Path) -> None:
    first, second = read(tmp_path, ptx_scan(ROWS[:40]), ptx_scan(ROWS[40:], TURN, columns=2))
    assert np.array_equal(cloud_of(first).points, POINTS[:40])
    assert np.array_equal(cloud_of(second).points, POINTS[40:])
    assert np.array_equal(first.pose, np.eye(4))
    placed = second.pose @ [1, 2, 3, 1]
    assert placed.tolist() == [10 - 2, 20 + 1, 30 + 3, 1]
    assert not cloud_of(second).viewpoints.any()
    assert cloud_of(second).intensity == pytest.approx(INTENSITY[40:])
    assert np.array_equal(cloud_of(second).colors, COLORS[40:])
    assert (second.unit, second.unit_basis, second.up) == ("m", "PTX convention", "+Z")


def test_directions_without_a_return_are_dropped(tmp_path: Path) -> None:
    miss = [0, 0, 0, 0.5, 0, 0, 0]
    (scan,) = read(tmp_path, ptx_scan([miss, *ROWS, miss]), ptx_scan([miss] * 4))
    assert np.array_equal(cloud_of(scan).points, POINTS)
    assert scan.warnings == (f"2 of {N + 2} directions without a return were dropped",)


def test_misses_only_are_no_geometry(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="no geometry"):
        read(tmp_path, ptx_scan([[0, 0, 0, 0.5]] * 4))


def test_a_matrix_written_by_columns(tmp_path: Path) -> None:
    (scan,) = read(tmp_path, ptx_scan(ROWS, np.array(TURN).T.tolist()))
    assert np.array_equal(scan.pose, np.array(TURN).T)
    assert "last column" in scan.warnings[0]


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1000, 1000, 1000, 1]).tolist(),
        np.diag([1, 1, -1, 1]).tolist(),
        np.zeros((4, 4)).tolist(),
        [[float("nan")] * 4] * 4,
    ],
)
def test_a_matrix_that_is_no_pose(tmp_path: Path, matrix: list[list[float]]) -> None:
    (scan,) = read(tmp_path, ptx_scan(ROWS, matrix))
    assert scan.pose is None
    assert "the pose was left out" in scan.warnings[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n60\n", "\n61\n", "1 × 61 directions, but 60 lines follow"),
        ("\n60\n", "\n59\n", "number of rows is given as '0 0 0'|number of columns is given"),
        ("\n60\n", "\nsixty\n", "'sixty', which is not a count"),
        ("1 0 0 0\n", "", "but 59 lines follow"),
        ("0 1 0\n", "0 1\n", "2 values where the first line has 3"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = ptx_scan([row[:4] for row in ROWS])
    assert old in text
    with pytest.raises(ScanError, match=message):
        read(tmp_path, text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("lines", "message"), [(1, "cut short"), (2, "4 × 4 matrix"), (6, "4 × 4 matrix"), (9, "4 × 4")]
)
def test_a_header_alone(tmp_path: Path, lines: int, message: str) -> None:
    head = ptx_scan(ROWS).splitlines(keepends=True)[:lines]
    with pytest.raises(ScanError, match=message):
        read(tmp_path, *head, " " * 400)  # the count fits the file, the lines are not there


def test_peek_knows_the_first_scan(tmp_path: Path) -> None:
    path = tmp_path / "scan.ptx"
    path.write_text(ptx_scan(ROWS, TURN, columns=2))
    peek = ptx.peek(path)
    assert (peek.points, peek.scans, peek.colors, peek.posed) == (-1, -1, True, True)
    assert peek.detail == "first scan 2 × 30 directions"
