"""What putting scans beside each other is thought to take, against what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_scans import box, sphere, write_ply, write_toml

from relicscan.batch.estimate import (
    NORMAL_TEXELS,
    REPORT_SECONDS,
    Size,
    estimate,
    registering_seconds,
)
from relicscan.batch.inspect import inspect
from relicscan.batch.survey import survey
from relicscan.delivery.sources import MOST_NORMAL_SIDE
from relicscan.geometry.voxels import voxel_downsample
from relicscan.pipeline import read_pipeline
from relicscan.relic import Frame, Material, PointCloud, Relic, Scan, Texture
from relicscan.scan_folder import find_relics


@pytest.mark.parametrize(
    ("scans", "points", "measured_s"),
    [pytest.param(10, 362_272, 27.0, id="bunny"), pytest.param(6, 87_389, 6.0, id="figurine")],
)
def test_registration_takes_what_was_measured(scans: int, points: int, measured_s: float) -> None:
    assert registering_seconds(scans, points) == pytest.approx(measured_s, rel=0.25)


def test_it_grows_with_pairs_until_not_all_are_tried_and_not_with_dense_scans() -> None:
    few, some, many = (registering_seconds(n, 0) for n in (5, 10, 100))
    assert some == pytest.approx(4.5 * few)
    assert many == pytest.approx(some / 45 * 1000)
    assert registering_seconds(2, 10**8) == registering_seconds(2, 10**6)


def test_scans_that_have_a_place_cost_no_registration() -> None:
    scans = tuple(Scan(name, sphere(500), f"{name}.ply") for name in "abc")
    relic = Relic("pot", scans=scans, frame=Frame(unit="mm"))
    posed = replace(relic, scans=tuple(replace(scan, pose=np.eye(4)) for scan in scans))
    common = replace(relic, metadata={"scan": {"frame": "common"}})
    assert [Size.of(one).apart for one in (relic, posed, common)] == [3, 0, 0]
    web = read_pipeline("web")
    costs = [estimate(Size.of(one), web).seconds for one in (relic, posed, common)]
    assert costs[0] - costs[1] == pytest.approx(registering_seconds(3, 1500))
    assert costs[1] == costs[2]
    one = Size(1500, 0, 1)
    assert estimate(one, web) == estimate(replace(one, apart=0), web)


@pytest.mark.parametrize("said", ["nothing", "common", "poses", "conf"])
def test_the_schedule_thinks_as_inspect_does(tmp_path: Path, said: str) -> None:
    folder = tmp_path / "pot"
    for name in ("a.ply", "b.ply"):
        write_ply(folder / name, sphere(400))
    pose = "matrix = [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]\n"
    if said == "common":
        write_toml(folder, '[scan]\nframe = "common"\n')
    if said == "poses":
        write_toml(folder, "".join(f'[[scan.pose]]\nfile = "{n}.ply"\n{pose}' for n in "ab"))
    if said == "conf":
        (folder / "pot.conf").write_text("bmesh a.ply 0 0 0 0 0 0 1\nbmesh b.ply 0 0 0 0 0 0 1\n")
    told = survey(find_relics([folder]), "web", {})["pot"]
    (inspected,) = inspect(folder, pipeline="web")
    assert told.seconds == pytest.approx(inspected.estimated_seconds, abs=0.06)
    placed = estimate(Size(800, 0), read_pipeline("web"))
    more = registering_seconds(2, 800) if said == "nothing" else 0
    assert told.seconds == pytest.approx(placed.seconds + more, abs=0.01)


def test_thinning_leaves_a_little_more_than_of_points_at_random() -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))
    flat = np.random.default_rng(0).uniform(0, 200, (40_000, 2))
    cloud = PointCloud(np.column_stack([flat, np.zeros(40_000)]) @ turn.T)
    left = len(voxel_downsample(cloud, 0.8))  # points are 1 apart
    web = estimate(Size(40_000), read_pipeline("web"))
    assert left < web.points < 1.1 * left  # scans are more even
    archive = estimate(Size(40_000), read_pipeline("archive"))
    assert archive.points == 40_000
    assert web.triangles < archive.triangles


def test_a_report_costs_its_pictures() -> None:
    web = read_pipeline("web")
    silent = estimate(Size(1000), replace(web, report=False))
    assert estimate(Size(1000), web).seconds - silent.seconds == pytest.approx(REPORT_SECONDS)


def test_the_pictures_of_a_mesh_take_memory() -> None:
    """Of what was measured (2.17 GB with a normal map, 1.43 without) neither falls short."""
    picture = Texture("base", b"", "image/png", 2048, 2048)
    mesh = box(40)
    plain = replace(mesh, corner_uv=np.zeros((len(mesh.faces), 3, 2)))
    sizes = [
        Size.of(Relic("skull", mesh=replace(plain, materials=(material,))))
        for material in (Material(texture=picture), Material(texture=picture, normal=picture))
    ]
    assert [(one.texels, one.normal_texels) for one in sizes] == [(2**22, 0), (2**23, 2**22)]
    without, with_map = (estimate(size, read_pipeline("web")).memory_bytes for size in sizes)
    assert 1.43e9 < without < 1.43e9 * 1.4
    assert 2.17e9 < with_map < 2.17e9 * 1.4
    assert NORMAL_TEXELS == MOST_NORMAL_SIDE**2
    finer = replace(sizes[1], normal_texels=2**26)
    assert estimate(finer, read_pipeline("web")).memory_bytes == with_map, "levels get none finer"
