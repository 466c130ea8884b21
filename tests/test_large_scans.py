"""Clouds that are thinned while they are read: PLY and LAS, alone and several in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_scans import sphere, write_ply, write_toml

from relicscan import formats, scan_folder
from relicscan.batch.estimate import Size, estimate
from relicscan.batch.run import run
from relicscan.pipeline import read_pipeline
from relicscan.relic import PointCloud, Relic


def write_las(path: Path, cloud: PointCloud) -> None:
    import laspy

    header = laspy.LasHeader(point_format=2, version="1.2")
    header.scales, header.offsets = [0.001] * 3, [100.0, 200.0, 300.0]
    data = laspy.LasData(header)
    data.x, data.y, data.z = cloud.points.T
    assert cloud.colors is not None
    data.red, data.green, data.blue = cloud.colors.T.astype(np.uint16) * 257
    data.write(path)


@pytest.fixture(autouse=True)
def what_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_folder, "LARGE", 20_000)


def read(folder: Path, most_points: int | None) -> Relic:
    found = scan_folder.find_relic(folder)
    return scan_folder.read_scans(scan_folder.identify(found), found, most_points=most_points)


@pytest.mark.parametrize("kind", ["ply", "las", "laz"])
def test_a_stream_has_what_a_file_has(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    cloud = sphere(5_000)
    write_ply(path, cloud) if kind == "ply" else write_las(path, cloud)
    (scan,) = formats.read(path)
    stream = formats.stream(path)
    assert stream is not None
    assert stream.points == 5_000
    for _ in range(2):  # as often as one likes
        parts = list(stream.pieces())
        again = stream.scan({k: np.concatenate([p[k] for p in parts]) for k in parts[0]})
        assert (again.name, again.unit, again.up) == (scan.name, scan.unit, scan.up)
        np.testing.assert_array_equal(again.geometry.points, scan.geometry.points)
        assert (again.geometry.colors is None) == (scan.geometry.colors is None)


def test_a_mesh_and_text_are_read_whole(tmp_path: Path) -> None:
    text = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
    (tmp_path / "a.ply").write_text(f"{text}property float z\nend_header\n1 2 3\n")
    assert formats.stream(tmp_path / "a.ply") is None
    (tmp_path / "a.xyz").write_text("1 2 3\n")
    assert formats.stream(tmp_path / "a.xyz") is None


@pytest.mark.parametrize("kind", ["ply", "las"])
def test_more_than_is_large_is_thinned_and_told(tmp_path: Path, kind: str) -> None:
    cloud, path = sphere(30_000), tmp_path / "bowl" / f"bowl.{kind}"
    path.parent.mkdir()
    write_ply(path, cloud) if kind == "ply" else write_las(path, cloud)
    write_toml(path.parent)
    (scan,) = read(path.parent, 4_000).scans
    assert isinstance(scan.geometry, PointCloud)
    assert len(scan.geometry) == pytest.approx(4_000, rel=0.15)
    whole = read(path.parent, None)
    assert len(whole.scans[0].geometry) == 30_000  # type: ignore[arg-type]
    (warning,) = read(path.parent, 4_000).warnings
    assert "30,000 points were averaged over cells of" in warning
    assert "voxel_downsample.max_points" in warning
    assert not whole.warnings


def test_colours_are_averaged_and_stay_colours(tmp_path: Path) -> None:
    cloud = sphere(30_000)
    colors = np.tile(np.array([10, 200, 30], np.uint8), (30_000, 1))
    write_ply(tmp_path / "a.ply", PointCloud(cloud.points, colors=colors))
    write_toml(tmp_path)
    (scan,) = read(tmp_path, 4_000).scans
    np.testing.assert_array_equal(np.unique(scan.geometry.colors, axis=0), [[10, 200, 30]])


def test_several_files_share_what_may_be_left(tmp_path: Path) -> None:
    for name, count in (("a", 24_000), ("b", 8_000)):
        write_ply(tmp_path / f"{name}.ply", sphere(count))
    write_toml(tmp_path, '[scan]\nunit = "mm"\nup = "+Z"\nframe = "common"\n')
    a, b = read(tmp_path, 4_000).scans
    assert len(a.geometry) == pytest.approx(3_000, rel=0.2)  # type: ignore[arg-type]
    assert len(b.geometry) == pytest.approx(1_000, rel=0.2)  # type: ignore[arg-type]


def test_what_is_smaller_is_read_as_it_is(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", sphere(19_000))
    write_toml(tmp_path)
    assert len(read(tmp_path, 4_000).scans[0].geometry) == 19_000  # type: ignore[arg-type]


def test_a_run_hears_of_it_and_another_limit_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import sys\nif sys.orig_argv[-1].endswith('.job.json'):\n"
        "    import relicscan.scan_folder\n    relicscan.scan_folder.LARGE = 20_000\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    (tmp_path / "bowl").mkdir()
    write_ply(tmp_path / "bowl" / "bowl.ply", sphere(30_000))
    write_toml(tmp_path / "bowl")
    left = []
    for most in (3_000, 6_000):
        overrides = {"voxel_downsample.max_points": most}
        (outcome,) = run(
            tmp_path / "bowl", tmp_path / "out", pipeline="preview", overrides=overrides
        )
        assert outcome.verdict == "pass"
        (told,) = [text for text in outcome.warnings if "averaged" in text]
        left.append(int(told.split(" are left")[0].split()[-1].replace(",", "")))
    assert left[0] == pytest.approx(3_000, rel=0.15)
    assert left[1] == pytest.approx(6_000, rel=0.2)


def test_what_is_thinned_is_estimated_as_what_is_left() -> None:
    web = read_pipeline("web")
    limit = web.max_points or 0
    few, many = estimate(Size(limit), web), estimate(Size(100 * limit), web)
    assert few.memory_bytes < many.memory_bytes < 1.3 * few.memory_bytes
    assert many.memory_bytes < 6e9
    assert estimate(Size(1000 * limit), web).memory_bytes == many.memory_bytes
    assert many.seconds > few.seconds
    archive = read_pipeline("archive")
    assert estimate(Size(100 * limit), archive).memory_bytes > 40 * few.memory_bytes
