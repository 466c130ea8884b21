"""fill_holes: closes up to a width in mm or spacings, and says what it made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapes import cloud_relic, mesh_relic, sphere_mesh, sphere_points
from surface_checks import assert_manifold

from relicscan import formats
from relicscan.delivery.glb import write_glb
from relicscan.delivery.khronos import what_is_missing
from relicscan.delivery.validation import validate
from relicscan.errors import StageError
from relicscan.formats import ply
from relicscan.geometry.topology import face_areas, is_watertight, without_unreferenced
from relicscan.relic import Mesh, PointCloud
from relicscan.stages.build_levels import build_levels
from relicscan.stages.clean_mesh import clean_mesh
from relicscan.stages.fill_holes import fill_holes


def opened() -> Mesh:
    """A ball of 50 mm with a hole of 12 mm on one side and one of 60 mm on the other."""
    ball = sphere_mesh(50, rows=80, columns=160)
    x = ball.vertices[ball.faces].mean(axis=1)[:, 0]
    keep = (x < np.sqrt(50**2 - 6**2)) & (x > -40)
    return without_unreferenced(ball.take_faces(keep))


def test_figures_say_what_was_made_up_and_what_is_open() -> None:
    mesh = opened()
    after = fill_holes(mesh_relic(mesh), fill_holes_up_to_mm=15)
    assert_manifold(after.mesh)
    figures = after.figures
    assert (figures["holes_filled"], figures["holes_left_open"]) == (1, 1)
    assert figures["fill_holes_up_to_mm"] == 15
    assert figures["widest_opening_mm"] == pytest.approx(60, rel=0.05)
    assert figures["filled_area_mm2"] == pytest.approx(np.pi * 6**2, rel=0.15)
    made_up = face_areas(after.mesh)[len(mesh.faces) :].sum()
    assert figures["filled_area_mm2"] == pytest.approx(made_up)
    share = made_up / face_areas(after.mesh).sum()
    assert figures["filled_area_share"] == pytest.approx(share)
    assert after.mesh.filled.sum() == len(after.mesh.vertices) - len(mesh.vertices)


def test_by_default_the_width_follows_the_spacing() -> None:
    mesh = opened()
    edges = mesh.vertices[mesh.faces]
    typical = np.median(np.linalg.norm(edges - np.roll(edges, 1, axis=1), axis=2))
    after = fill_holes(mesh_relic(mesh))
    assert after.figures["fill_holes_up_to_mm"] == pytest.approx(12 * typical, rel=0.02)
    cloud = cloud_relic(PointCloud(sphere_points(31_416)))
    with_cloud = fill_holes(replace(cloud, mesh=mesh), fill_holes_up_to_spacings=5.0)
    assert with_cloud.figures["fill_holes_up_to_mm"] == pytest.approx(5 * 1.0, rel=0.05)
    assert with_cloud.figures["holes_filled"] == 0


def test_nothing_is_filled_up_to_nothing() -> None:
    after = fill_holes(mesh_relic(opened()), fill_holes_up_to_mm=0)
    assert after.figures["holes_filled"] == 0
    assert after.figures["filled_area_mm2"] == 0
    assert after.mesh.filled is None


def test_everything_may_be_closed() -> None:
    after = fill_holes(mesh_relic(opened()), fill_holes_up_to_mm=1000)
    assert is_watertight(after.mesh.faces)
    assert after.figures["holes_left_open"] == after.figures["widest_opening_mm"] == 0


def test_a_mesh_without_triangles_is_refused() -> None:
    with pytest.raises(StageError, match="no triangles"):
        fill_holes(mesh_relic(Mesh(np.eye(3), np.zeros((0, 3)))))


def test_what_was_filled_is_in_the_master_and_in_every_level(tmp_path: Path) -> None:
    relic = build_levels(
        fill_holes(mesh_relic(opened()), fill_holes_up_to_mm=15), ceilings={"low": 4000}
    )
    ply.write_mesh(tmp_path / "mesh.ply", relic.mesh)
    back = ply.read(tmp_path / "mesh.ply")[0].geometry
    np.testing.assert_array_equal(back.filled, relic.mesh.filled)
    level = relic.levels[0].mesh
    assert (level.vertices[level.filled][:, 0] > 49).all()
    write_glb(tmp_path / "low.glb", level, T_model_mesh=np.diag([1e-3] * 3 + [1]), generator="t")
    (result,) = validate(tmp_path / "low.glb")
    assert result.ok, (result.findings, result.khronos)
    back = formats.read(tmp_path / "low.glb")[0].geometry
    assert back.filled.sum() == level.filled.sum()


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        "mesh_demosthenes/demosthenes-low-res.obj",
        "mesh_ggg_sfm/blackVase_decimated.ply",
        "mesh_ggg_sfm/owl_decimated.ply",
    ],
)
def test_real_meshes_stay_surfaces_and_satisfy_the_validator(
    shared: Path, tmp_path: Path, name: str
) -> None:
    given = clean_mesh(mesh_relic(formats.read(shared / "scans" / name)[0].geometry))
    after = fill_holes(given, fill_holes_up_to_spacings=30.0)
    assert after.figures["holes_filled"] > 0
    assert_manifold(after.mesh)
    write_glb(tmp_path / "m.glb", after.mesh, T_model_mesh=np.eye(4), generator="test")
    (result,) = validate(tmp_path / "m.glb")
    assert result.ok, (result.findings, result.khronos)
    if what_is_missing() is None:
        assert not result.khronos
