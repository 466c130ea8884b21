"""The stages of pipelines/web.toml, one after the other, on scans of shapes that are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapes import (
    Array,
    boundary_loops,
    box_points,
    cup,
    grid_faces,
    mesh_relic,
    noisy,
    rotation,
    scan_relic,
    spacing_of,
    sphere_points,
    square_points,
    torus_points,
    volume,
)

from relicscan.geometry.frames import transformed
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.topology import edges, is_watertight
from relicscan.pipeline import Pipeline, read_pipeline, run_pipeline
from relicscan.relic import Material, Mesh, PointCloud, Relic, Texture

COUNT = 8000
SPACING = spacing_of(COUNT, 4 * np.pi * 50**2)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "1")


@pytest.fixture(scope="module")
def whole() -> Pipeline:
    return read_pipeline("web").with_overrides({"build_levels.ceilings": {"thumb": 3000}}, "test")


@pytest.fixture(scope="module")
def web(whole: Pipeline) -> Pipeline:
    """Without the pictures, which change nothing of the surface and take a few seconds each."""
    pictures = {"unwrap_uv", "bake_textures"}
    return replace(whole, stages=tuple(s for s in whole.stages if s.stage.name not in pictures))


def figures(relic: Relic) -> dict[str, Any]:
    return {name: value for step in relic.history for name, value in step.figures.items()}


def at_home(relic: Relic) -> Mesh:
    """The mesh in the coordinates that the scan was in."""
    return Mesh(relic.mesh.vertices - relic.frame.T_work_source[:3, 3], relic.mesh.faces)


def test_a_sphere_comes_out_closed_with_its_volume(web: Pipeline) -> None:
    sigma = 0.1 * SPACING
    rng = np.random.default_rng(11)
    ball = noisy(sphere_points(COUNT), sigma)
    strays = ball[rng.choice(COUNT, 30)] * rng.uniform(1.3, 1.6, (30, 1))
    unusable = np.full((20, 3), np.nan)
    after = run_pipeline(scan_relic(PointCloud(np.vstack([ball, strays, unusable]))), web)
    mesh = at_home(after)
    assert is_watertight(mesh.faces)
    assert volume(mesh) == pytest.approx(4 / 3 * np.pi * 50**3, rel=1e-3)
    off = np.linalg.norm(mesh.vertices, axis=1) - 50
    assert np.sqrt((off**2).mean()) < sigma
    assert figures(after)["invalid_points"] == 20
    assert figures(after)["outliers"] >= 30
    (thumb,) = after.levels
    assert 2900 < len(thumb.mesh.faces) <= 3000
    assert is_watertight(thumb.mesh.faces)


def test_a_box_keeps_its_edges(web: Pipeline) -> None:
    points, _ = box_points(20, 1.0)
    mesh = at_home(run_pipeline(scan_relic(PointCloud(noisy(points, 0.02))), web))
    assert is_watertight(mesh.faces)
    assert volume(mesh) == pytest.approx(40**3, rel=3e-3), "cells of two spacings round the edges"
    along = np.linspace(-19, 19, 100)
    edge = np.stack([along, np.full(100, 20.0), np.full(100, 20.0)], axis=1)
    for turn in (np.eye(3), rotation([1, 1, 1], 120), rotation([1, 0, 0], 90)):
        away, _ = nearest(tree(mesh.vertices), edge @ turn.T)
        assert away.max() < 1.25, "within a point spacing or so"
    flat = np.sort(np.abs(mesh.vertices), axis=1)[:, 1] < 17
    off = np.abs(mesh.vertices).max(axis=1) - 20
    assert np.sqrt((off[flat] ** 2).mean()) < 0.025
    assert off.max() < 0.25, "no ringing beside the edges"


def test_an_open_hemisphere_keeps_its_rim(web: Pipeline) -> None:
    dome = noisy(sphere_points(COUNT), 0.1 * SPACING)[sphere_points(COUNT)[:, 2] > 0]
    mesh = at_home(run_pipeline(scan_relic(PointCloud(dome)), web))
    (rim,) = boundary_loops(mesh.faces)
    x, y, z = mesh.vertices[rim].T
    below = np.arctan2(z, np.hypot(x, y)) * 50 / SPACING
    assert abs(np.median(below)) < 0.5
    assert np.abs(below).max() < 1.5


def test_a_small_hole_is_filled_and_a_large_one_stays_open(web: Pipeline) -> None:
    ball = sphere_points(COUNT)
    from_pole = np.arccos(ball[:, 2] / 50) * 50 / SPACING
    small = run_pipeline(scan_relic(PointCloud(ball[from_pole > 4])), web)
    assert is_watertight(small.mesh.faces)
    assert figures(small)["filled_area_share"] > 0
    large = run_pipeline(scan_relic(PointCloud(ball[from_pole > 12])), web)
    (rim,) = boundary_loops(large.mesh.faces)
    x, y, z = at_home(large).vertices[rim].T
    off = np.arctan2(np.hypot(x, y), z) * 50 / SPACING - 12
    assert abs(np.median(off)) < 0.5
    assert np.abs(off).max() < 1.5


def test_a_torus_keeps_its_hole(web: Pipeline) -> None:
    points, _ = torus_points(COUNT)
    mesh = at_home(run_pipeline(scan_relic(PointCloud(noisy(points, 0.05))), web))
    assert is_watertight(mesh.faces)
    assert len(mesh.vertices) - len(edges(mesh.faces)) + len(mesh.faces) == 0
    assert volume(mesh) == pytest.approx(2 * np.pi**2 * 40 * 15**2, rel=1e-3)


def test_a_thin_walled_cup_is_hollow(web: Pipeline) -> None:
    points, _ = cup(radius=20, height=30, wall=2, spacing=0.8)
    mesh = at_home(run_pipeline(scan_relic(PointCloud(noisy(points, 0.02))), web))
    assert is_watertight(mesh.faces)
    assert volume(mesh) == pytest.approx(np.pi * (20**2 * 30 - 18**2 * 28), rel=0.01)


def test_two_spheres_come_out_as_two(web: Pipeline) -> None:
    ball = sphere_points(3000, 30)
    after = run_pipeline(
        scan_relic(PointCloud(np.vstack([ball, ball + np.array([70.0, 0, 0])]))), web
    )
    assert figures(after)["components"] == 2
    assert is_watertight(after.mesh.faces)
    assert volume(after.mesh) == pytest.approx(2 * 4 / 3 * np.pi * 30**3, rel=2e-3)


@pytest.mark.parametrize("front", ["+Z", "-Z"])
def test_an_open_sheet_faces_its_declared_front(web: Pipeline, front: str) -> None:
    relief = square_points(50, 1.2)
    relief[:, 2] = 3 * np.sin(relief[:, 0] / 9) * np.cos(relief[:, 1] / 11)
    metadata = {"scan": {"front": front}}
    mesh = at_home(run_pipeline(scan_relic(PointCloud(relief), metadata=metadata), web))
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    faced = np.cross(b - a, c - a) * (1 if front == "+Z" else -1)
    area = np.linalg.norm(faced, axis=1)
    assert area[faced[:, 2] <= 0].sum() < 1e-4 * area.sum()
    assert len(boundary_loops(mesh.faces)) == 1
    assert np.abs(mesh.vertices[:, :2]).max() < 50 + 1.5 * 1.2


def colored(points: Array) -> Array:
    return np.where(points[:, 2:] > 0, [210, 40, 40], [30, 60, 220])


def test_colours_reach_the_coarsest_level_unmixed(web: Pipeline) -> None:
    points, _ = box_points(20, 0.9)
    after = run_pipeline(scan_relic(PointCloud(points, colors=colored(points))), web)
    coarse = after.levels[0].mesh
    z = coarse.vertices[:, 2] - after.frame.T_work_source[2, 3]
    sure = np.abs(z) > 3
    assert sure.sum() > 500
    np.testing.assert_array_equal(
        coarse.colors[sure], np.where(z[sure, None] > 0, [210, 40, 40], [30, 60, 220])
    )


def test_survey_coordinates_change_nothing(web: Pipeline) -> None:
    ball = noisy(sphere_points(4000), 0.1)
    offset = np.array([512_345_678.0, 5_412_345_678.0, 123_456.0])
    near = run_pipeline(scan_relic(PointCloud(ball)), web)
    far = run_pipeline(scan_relic(PointCloud(ball + offset)), web)
    assert is_watertight(far.mesh.faces)
    assert volume(far.mesh) == pytest.approx(volume(near.mesh), rel=1e-6)
    at_home = transformed(np.linalg.inv(far.frame.T_work_source), far.mesh.vertices) - offset
    assert np.linalg.norm(at_home, axis=1) == pytest.approx(np.full(len(at_home), 50), abs=0.5)


def test_a_textured_mesh_takes_the_same_road_without_reconstruction(whole: Pipeline) -> None:
    n = 50
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    faces = grid_faces(n, n)
    vertices = 100 * np.stack([x.ravel(), y.ravel(), 0.1 * np.sin(6 * x.ravel())], axis=1)
    uv = np.stack([x.ravel(), y.ravel()], axis=1)[faces]
    paint = Material("paint", texture=Texture("paint", b"-", "image/png", 1024, 1024))
    mesh = Mesh(vertices, faces, corner_uv=uv, face_material=0 * faces[:, 0], materials=(paint,))
    after = run_pipeline(mesh_relic(mesh), whole)
    skipped = {step.stage: step.skipped for step in after.history if step.skipped}
    assert set(skipped) == {
        "register_scans",
        "reconcile_scans",
        "merge_scans",
        "remove_invalid_points",
        "voxel_downsample",
        "remove_outliers",
        "estimate_normals",
        "reconstruct_surface",
        "transfer_colors",
        "unwrap_uv",
        "bake_textures",
    }
    assert after.has("textures")
    coarse = after.levels[0].mesh
    assert len(coarse.faces) <= 3000
    assert coarse.textured
    at = coarse.vertices[coarse.faces][..., :2] / 100
    assert np.abs(coarse.corner_uv - at).max() * 1024 < 1
