"""Poses of a .conf beside range scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_scans import write_toml

from relicscan.errors import ScanError
from relicscan.formats.stanford_conf import is_conf, poses_in
from relicscan.geometry.frames import transformed
from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import Mesh, PointCloud
from relicscan.scan_folder import find_relic, read_relic, read_scan

HALF = 0.5**0.5
QUARTER_TURN = f"0 0 {HALF} {HALF}"  # about z, as the file writes it; points turn the other way


def written(folder: Path, text: str, name: str = "set.conf") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_points_are_turned_by_the_conjugate_and_then_shifted(tmp_path: Path) -> None:
    conf = written(tmp_path, f"camera 0 0 1 0 0 0 1\n\nbmesh a.ply 10 20 30 {QUARTER_TURN}\n")
    (T,) = poses_in(conf, ["a.ply", "b.ply"]).values()
    np.testing.assert_allclose(T @ [1, 0, 0, 1], [10, 19, 30, 1], atol=1e-12)
    np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-12)


def test_what_is_not_asked_for_is_left(tmp_path: Path) -> None:
    conf = written(tmp_path, "bmesh ../../etc/passwd 0 0 0 0 0 0 1\nbmesh a.ply 0 0 0 0 0 0 1\n")
    assert list(poses_in(conf, ["a.ply"])) == ["a.ply"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("bmesh a.ply 0 0 0 0 0 1", "line 2: 7 words"),
        ("bmesh a.ply 0 0 0 0 0 0 one", "line 2: not all of it are numbers"),
        ("bmesh a.ply 0 0 0 0 0 0 2", "line 2: 0 0 0 2 is no rotation"),
        ("bmesh a.ply nan 0 0 0 0 0 1", "line 2: 0 0 0 1 is no rotation"),
        ("bmesh b.ply 0 0 0 0 0 0 1", "line 2: 'b.ply' is placed twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    conf = written(tmp_path, f"bmesh b.ply 0 0 0 0 0 0 1\n{line}\n")
    with pytest.raises(ScanError, match=says) as told:
        poses_in(conf, ["a.ply", "b.ply"])
    assert "take the file away" in (told.value.remedy or "")


def test_files_of_other_programs_are_none(tmp_path: Path) -> None:
    assert not is_conf(written(tmp_path, "[server]\nport = 80\n"))
    assert not is_conf(written(tmp_path, "bmesh a.ply 0 0 0 0 0 0 1\n", "notes.txt"))
    assert not is_conf(tmp_path / "missing.conf")


def test_scans_of_a_folder_are_placed_by_it_and_relic_toml_counts_for_more(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.xyz").write_text("0 0 0\n1 0 0\n0 1 0\n0 0 1\n")
    conf = written(tmp_path, f"bmesh a.xyz 5 0 0 {QUARTER_TURN}\nbmesh b.xyz 7 0 0 0 0 0 1\n")
    pose = [[1, 0, 0, 9], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    write_toml(tmp_path, f'[scan]\nunit = "mm"\n[[scan.pose]]\nfile = "c.xyz"\nmatrix = {pose}\n')
    relic = read_relic(tmp_path)
    assert [scan.pose[0, 3] for scan in relic.scans if scan.pose is not None] == [5, 7, 9]
    (source,) = [s for s in relic.sources if s.path == conf.name]
    assert source.role == "poses"
    written(tmp_path, "bmesh a.xyz 5 0 0\n")
    with pytest.raises(ScanError, match=r"set\.conf: line 1"):
        read_relic(find_relic(tmp_path))


@pytest.mark.real
def test_the_bunnys_scans_lie_on_its_surface(shared: Path) -> None:
    folder = shared / "scans" / "ms_stanford_bunny"
    (whole,) = read_scan(folder / "reconstruction" / "bun_zipper.ply")
    assert isinstance(whole.geometry, Mesh)
    vertices = tree(whole.geometry.vertices)
    scans = read_relic(folder / "data").scans
    assert len(scans) == 10
    for scan in scans:
        assert isinstance(scan.geometry, PointCloud)
        assert scan.pose is not None
        off, _ = nearest(vertices, transformed(scan.pose, scan.geometry.points[::50]))
        assert np.median(off) < 0.0006, scan.name  # half the vertices' own spacing
