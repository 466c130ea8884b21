"""`relicscan stage`: one stage, in the coordinates of the source."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli.commands import Cli
from tiny_scans import box, files_below, sphere, write_ply, write_toml

from relicscan import read_scan
from relicscan.relic import Mesh, PointCloud

SURVEY = np.array([512_345.678, 4_012_345.678, 123.456])


def points_of(path: Path) -> PointCloud:
    (scan,) = read_scan(path)
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


def test_points_come_back_where_they_were(cli: Cli, tmp_path: Path) -> None:
    cloud = sphere(500)
    scan = write_ply(tmp_path / "a.ply", cloud)
    said = cli("stage", "remove_invalid_points", scan, tmp_path / "b.ply")
    assert said.out.splitlines()[0] == "500 points -> 500 points"
    assert said.out.splitlines()[-1] == str(tmp_path / "b.ply")
    back = points_of(tmp_path / "b.ply")
    assert back.points == pytest.approx(points_of(scan).points, abs=1e-5)
    assert np.array_equal(back.colors, cloud.colors)


@pytest.mark.parametrize("unit", ["m", "us-ft", None])
def test_survey_coordinates_keep_their_precision(
    cli: Cli, tmp_path: Path, unit: str | None
) -> None:
    """In single precision they would stand 0.25 m apart."""
    cloud = sphere(500, radius_mm=0.5, noise_mm=0)
    cloud = replace(cloud, points=cloud.points + SURVEY)
    write_ply(tmp_path / "vase" / "a.ply", cloud, double=True)
    if unit:
        write_toml(tmp_path / "vase", f'[scan]\nunit = "{unit}"')
    cli("stage", "remove_invalid_points", tmp_path / "vase", tmp_path / "b.ply")
    assert points_of(tmp_path / "b.ply").points == pytest.approx(cloud.points, abs=1e-8, rel=0)


def test_a_mesh_in_survey_coordinates(cli: Cli, tmp_path: Path) -> None:
    mesh = replace(box(0.04), vertices=box(0.04).vertices + SURVEY)
    write_ply(tmp_path / "a.ply", mesh, double=True)
    cli("stage", "clean_mesh", tmp_path / "a.ply", tmp_path / "b.ply")
    (scan,) = read_scan(tmp_path / "b.ply")
    assert isinstance(scan.geometry, Mesh)
    assert scan.geometry.bounds == pytest.approx(mesh.bounds, abs=1e-8, rel=0)


def test_parameters_reach_the_stage(cli: Cli, tmp_path: Path) -> None:
    scan = write_ply(tmp_path / "vase" / "a.ply", sphere(3000))
    write_toml(tmp_path / "vase")
    target = tmp_path / "thin.ply"
    said = cli("stage", "voxel_downsample", scan, target, "--param", "voxel_size_mm=10", "--json")
    step = json.loads(said.out)
    assert step["parameters"]["voxel_size_mm"] == 10
    assert step["written"] == [str(target)]
    assert step["after"]["points"] == len(points_of(target)) < 800


def test_a_glb_is_in_metres_and_upright(cli: Cli, tmp_path: Path) -> None:
    mesh = box(40)
    write_ply(tmp_path / "cup" / "a.ply", replace(mesh, vertices=mesh.vertices * [1, 1, 2]))
    write_toml(tmp_path / "cup")
    cli("stage", "clean_mesh", tmp_path / "cup", tmp_path / "cup.glb")
    (scan,) = read_scan(tmp_path / "cup.glb")
    assert isinstance(scan.geometry, Mesh)
    assert np.ptp(scan.geometry.vertices, axis=0) == pytest.approx([0.04, 0.08, 0.04], rel=1e-5)


def test_levels_become_one_file_each(cli: Cli, tmp_path: Path) -> None:
    scan = write_ply(tmp_path / "a.ply", box())
    arguments = ("--param", "ceilings={low = 8, high = 100}")
    cli("stage", "build_levels", scan, tmp_path / "b.glb", *arguments)
    assert files_below(tmp_path) == {"a.ply", "b-high.glb", "b-low.glb"}


def test_a_stage_with_nothing_to_do_says_so(cli: Cli, tmp_path: Path) -> None:
    cloud = replace(sphere(500), normals=np.tile([0, 0, 1], (500, 1)))
    points = cloud.points / np.linalg.norm(cloud.points, axis=1, keepdims=True)
    scan = write_ply(tmp_path / "a.ply", replace(cloud, normals=points))
    said = cli("stage", "estimate_normals", scan, tmp_path / "b.ply")
    assert said.out.startswith("estimate_normals was skipped: the scan already brings normals\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["decimat", "a.ply", "b.ply"], 2, "there is no stage 'decimat'"),
        (["crop", "a.ply", "b.stl"], 2, "b.stl is neither a .ply nor a .glb"),
        (["crop", "a.ply", "none/b.ply"], 2, "there is no folder none"),
        (["crop", "a.ply", "b.ply", "--param", "maxx=keep"], 2, "there is no parameter 'maxx'"),
        (["crop", "a.ply", "b.ply", "--param", "max"], 2, "not of the form name=value"),
        (["crop", "none.ply", "b.ply"], 2, "no such file or folder"),
        (["decimate", "a.ply", "b.ply"], 1, "the scan brings no mesh, which decimate needs"),
        (["crop", "a.ply", "b.glb"], 2, "a GLB holds meshes"),
        (["crop", "a.ply", "a.ply"], 2, "one of the files of the scan"),
        (["crop", ".", "b.ply"], 1, "there are 2 relics, and one is needed"),
        (["crop", "a.ply", "folder.ply"], 2, "cannot be written"),
    ],
)
def test_what_goes_wrong(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_ply(tmp_path / "a.ply", sphere(500))
    write_ply(tmp_path / "other" / "c.ply", sphere(500))
    (tmp_path / "folder.ply" / "x").mkdir(parents=True)
    before = files_below(tmp_path)
    said = cli("stage", *arguments, code=code)
    assert said.out == ""
    assert says in said.err
    assert "what would work: " in said.err
    assert files_below(tmp_path) == before
