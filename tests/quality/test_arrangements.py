"""Pictures of the ways in which scans fit: from where they differ, the same cameras for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from relicscan.errors import StageError
from relicscan.quality import arrangements
from relicscan.quality.arrangements import DIRECTIONS, telling_directions, write_arrangements
from relicscan.relic import Arrangement, PointCloud

GREY, ORANGE = (222, 222, 222), (230, 159, 0)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrangements, "VIEW_PX", 100)


def square(x: float, side: float, z: float = 0.0, step: float = 0.5) -> NDArray[np.float64]:
    at = np.arange(0, side, step)
    u, v = np.meshgrid(at + x, at)
    return np.stack([u.ravel(), v.ravel(), np.full(u.size, z)], axis=1)


def way(x: float) -> Arrangement:
    """A grey wall that faces +Z, with an orange plate on its front, at x."""
    wall, plate = square(0, 40), square(x, 12, 1.0)
    colors = np.repeat([GREY, ORANGE], [len(wall), len(plate)], axis=0)
    return Arrangement(f"at {x}", PointCloud(np.vstack([wall, plate]), colors=colors))


def read(path: Path) -> NDArray[np.int64]:
    with Image.open(path) as image:
        assert image.format == "WEBP"
        return np.asarray(image).astype(np.int64)


def orange(picture: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(picture[..., 0] - picture[..., 2] > 60)


def test_they_are_seen_from_where_they_differ_most() -> None:
    first, second = telling_directions([way(2).cloud, way(26).cloud])
    assert first == (0, 0), "the front of the wall"
    assert second != first
    assert abs(second[0]) in (45, 315) or abs(second[1]) == 35


def test_one_alone_is_seen_from_the_front_and_from_above() -> None:
    assert telling_directions([way(2).cloud]) == DIRECTIONS[:2]
    assert telling_directions([way(2).cloud] * 2) == DIRECTIONS[:2]


def test_two_views_beside_each_other_and_the_same_cameras_for_all(tmp_path: Path) -> None:
    ways = [way(2), way(26)]
    assert write_arrangements(ways, tmp_path) == ["arrangement-1.webp", "arrangement-2.webp"]
    left, right = (read(tmp_path / f"arrangement-{n}.webp") for n in (1, 2))
    assert left.shape == right.shape == (100, 208, 3)
    fronts = left[:, :100], right[:, :100]
    columns = [np.flatnonzero(orange(picture).any(axis=0)) for picture in fronts]
    assert columns[0].max() < 50 < columns[1].min()
    assert np.ptp(columns[0]) == pytest.approx(np.ptp(columns[1]), abs=2)
    nothing = ~orange(fronts[0]) & ~orange(fronts[1])
    apart = np.abs(fronts[0] - fronts[1])[nothing]
    assert np.quantile(apart, 0.8) < 12, "the wall stands where it stood"


def test_the_number_of_threads_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    for count in ("1", "3"):
        monkeypatch.setenv("RELICSCAN_THREADS", count)
        (tmp_path / count).mkdir()
        names = write_arrangements([way(2), way(9), way(26)], tmp_path / count, first=4)
        assert names == ["arrangement-4.webp", "arrangement-5.webp", "arrangement-6.webp"]
        made[count] = [(tmp_path / count / name).read_bytes() for name in names]
    assert made["1"] == made["3"]


def test_nothing_to_show_is_told(tmp_path: Path) -> None:
    nothing = Arrangement("-", PointCloud(np.empty((0, 3)), colors=np.empty((0, 3))))
    with pytest.raises(StageError, match="no point to show"):
        write_arrangements([nothing], tmp_path)
