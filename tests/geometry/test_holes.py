"""Holes of known width and shape: what is closed, how well, and what is left open."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from shapes import (
    boundary_loops,
    cone_mesh,
    cube_mesh,
    grid_faces,
    rotation,
    sphere_mesh,
    volume,
)
from surface_checks import assert_manifold

from relicscan.errors import StageError
from relicscan.geometry.holes import Filled, fill_holes
from relicscan.geometry.kernels.slivers import slivers
from relicscan.geometry.topology import face_areas, is_watertight, without_unreferenced
from relicscan.relic import Material, Mesh, Texture

ANY = 1e9


def centres(mesh: Mesh) -> np.ndarray:
    return mesh.vertices[mesh.faces].mean(axis=1)


def without(mesh: Mesh, gone: np.ndarray) -> Mesh:
    return without_unreferenced(mesh.take_faces(~gone))


def plane(width: float, height: float, spacing: float = 0.5) -> Mesh:
    """A plane with its corner at the origin, a vertex every `spacing`."""
    x, y = np.meshgrid(
        np.arange(round(width / spacing) + 1), np.arange(round(height / spacing) + 1)
    )
    points = spacing * np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
    return Mesh(points, grid_faces(*x.shape))


def cut(mesh: Mesh, x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
    """Which faces lie in a rectangle."""
    c = centres(mesh)
    return (c[:, 0] > x[0]) & (c[:, 0] < x[1]) & (c[:, 1] > y[0]) & (c[:, 1] < y[1])


def test_a_slit_is_as_wide_as_it_is_and_not_as_long() -> None:
    sheet = plane(40, 10)
    slit = without(sheet, cut(sheet, (5, 35), (4, 5)))
    after, filled = fill_holes(slit, 0.9)
    assert (filled.count, filled.left_open) == (0, 2)
    np.testing.assert_array_equal(after.faces, slit.faces)
    assert after.filled is None
    after, filled = fill_holes(slit, 1.1)
    assert_manifold(after)
    assert (filled.count, filled.left_open) == (1, 1)
    assert filled.area == pytest.approx(30, rel=1e-6)
    assert filled.area_share == pytest.approx(30 / 400, rel=1e-6)
    assert filled.widest == pytest.approx(10, rel=0.03), "the sheet's own rim"
    assert face_areas(after).sum() == pytest.approx(400)


def test_a_round_hole_is_as_wide_as_its_diameter() -> None:
    sheet = plane(40, 40)
    gone = np.hypot(*(centres(sheet)[:, :2] - 20).T) < 8
    hole = without(sheet, gone)
    assert fill_holes(hole, 14.5)[1].count == 0
    assert fill_holes(hole, 14.5)[1].left_open == 2
    after, filled = fill_holes(hole, 16.5)
    assert filled.count == 1
    assert_manifold(after)
    assert filled.area == pytest.approx(face_areas(sheet)[gone].sum())
    assert len(boundary_loops(after.faces)) == 1
    np.testing.assert_allclose(after.vertices[after.filled][:, 2], 0, atol=1e-9)


def test_a_patch_is_as_dense_as_what_is_around_it_and_well_shaped() -> None:
    sheet = plane(40, 40)
    gone = np.hypot(*(centres(sheet)[:, :2] - 20).T) < 8
    after, _ = fill_holes(without(sheet, gone), ANY)
    m = len(sheet.faces) - int(gone.sum())
    area = face_areas(after)[m:]
    assert area.mean() == pytest.approx(0.125, rel=0.35)
    sides = after.vertices[after.faces[m:]]
    longest = np.linalg.norm(sides - np.roll(sides, 1, axis=1), axis=2).max(axis=1)
    assert np.quantile(2 * area / longest**2, 0.05) > 0.35, "height over longest side"
    assert longest.max() < 1.6


@pytest.mark.parametrize(("above", "off"), [(47, 0.1), (40, 1.0), (30, 3.8)])
def test_a_patch_goes_on_as_the_sphere_does(above: float, off: float) -> None:
    ball = sphere_mesh(50, rows=100, columns=200)
    opened = without(ball, centres(ball)[:, 0] > above)
    after, filled = fill_holes(opened, ANY)
    assert filled.count == 1
    assert filled.left_open == 0
    assert filled.widest == 0
    assert_manifold(after)
    assert is_watertight(after.faces)
    new = after.vertices[after.filled]
    assert np.abs(np.linalg.norm(new, axis=1) - 50).max() < off
    flat = 50 - above
    assert flat > 4 * off, "a flat patch would be off by much more"
    # What was scanned has not moved.
    np.testing.assert_array_equal(after.vertices[: len(opened.vertices)], opened.vertices)
    np.testing.assert_array_equal(after.faces[: len(opened.faces)], opened.faces)
    assert not after.filled[: len(opened.vertices)].any()


def test_a_mouth_stays_and_a_crack_beside_it_is_closed() -> None:
    cone = cone_mesh()
    c = centres(cone)
    crack = (c[:, 2] > 30) & (c[:, 2] < 60) & (np.abs(c[:, 1]) < 1) & (c[:, 0] > 0)
    assert crack.any()
    after, filled = fill_holes(without(cone, crack), 6)
    assert (filled.count, filled.left_open) == (1, 1)
    assert filled.widest == pytest.approx(60, rel=0.03)
    (rim,) = boundary_loops(after.faces)
    assert np.ptp(after.vertices[rim][:, 2]) == 0
    closed, filled = fill_holes(after, 61)
    assert filled.count == 1
    assert is_watertight(closed.faces)
    flat = np.pi * 30**2 * 120 / 3
    assert flat < volume(closed) < 1.3 * flat, "the wall goes on, and comes round"


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_smallest_holes(count: int) -> None:
    """One triangle, two, and more: closed without a vertex more than there was."""
    ball = sphere_mesh()
    beside = np.flatnonzero((ball.faces == ball.faces[900, 0]).any(axis=1))[:count]
    gone = np.isin(np.arange(len(ball.faces)), beside)
    after, filled = fill_holes(without(ball, gone), ANY)
    assert filled.left_open == 0
    assert filled.count >= 1
    assert is_watertight(after.faces)
    assert_manifold(after)
    assert volume(after) == pytest.approx(volume(ball), rel=1e-4)


def test_a_missing_vertex_is_put_back_where_it_was() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    v = 3000
    opened = without(ball, (ball.faces == v).any(axis=1))
    after, filled = fill_holes(opened, ANY)
    assert is_watertight(after.faces)
    if after.filled is not None:
        new = after.vertices[after.filled]
        assert np.abs(np.linalg.norm(new, axis=1) - 50).max() < 0.02
    assert filled.area == pytest.approx(face_areas(ball)[(ball.faces == v).any(axis=1)].sum(), 0.02)


def test_holes_that_touch_in_a_vertex_are_closed_each() -> None:
    sheet = plane(10, 10)
    gone = cut(sheet, (2, 4), (2, 4)) | cut(sheet, (4, 6), (4, 6))
    opened = without(sheet, gone)
    after, filled = fill_holes(opened, 3)
    assert_manifold(after)
    assert (filled.count, filled.left_open) == (2, 1)
    assert filled.area == pytest.approx(8)
    assert len(boundary_loops(after.faces)) == 1
    assert len(np.unique(after.vertices, axis=0)) == len(after.vertices), "one vertex there again"


def test_of_two_that_touch_the_wide_one_may_stay() -> None:
    sheet = plane(12, 12)
    opened = without(sheet, cut(sheet, (1, 3), (1, 3)) | cut(sheet, (3, 9), (3, 9)))
    after, filled = fill_holes(opened, 3)
    assert_manifold(after)
    assert (filled.count, filled.left_open) == (1, 2)
    assert filled.area == pytest.approx(4)
    assert filled.widest == pytest.approx(12, rel=0.03)


def test_a_hole_with_an_island_in_it_is_left() -> None:
    sheet = plane(20, 20)
    ring = cut(sheet, (5, 15), (5, 15)) & ~cut(sheet, (8, 12), (8, 12))
    after, filled = fill_holes(without(sheet, ring), 15)
    assert filled.count == 0
    assert filled.left_open == 3
    assert after.filled is None


def test_a_scrap_is_not_covered_by_its_own_rim() -> None:
    for scrap in (plane(5, 5), Mesh(np.eye(3), [[0, 1, 2]]), plane(0.5, 0.5)):
        after, filled = fill_holes(scrap, ANY)
        assert filled.count == 0
        assert filled.left_open == 1
        assert filled.widest > 0
        np.testing.assert_array_equal(after.faces, scrap.faces)


def test_a_bent_rim_is_closed_without_folds() -> None:
    """A hole around the corner of a cube: three planes meet in it."""
    cube = cube_mesh(10, steps=20)
    far = np.linalg.norm(centres(cube) - 10, axis=1) < 5
    after, filled = fill_holes(without(cube, far), ANY)
    assert filled.count == 1
    assert_manifold(after)
    assert is_watertight(after.faces)
    m = len(cube.faces) - int(far.sum())
    a, b, c = (after.vertices[after.faces[m:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    assert (normal @ [1, 1, 1] > 0).all(), "every face of the patch looks outwards"
    assert volume(after) == pytest.approx(8000, rel=0.02)


def test_colours_run_from_rim_to_rim() -> None:
    sheet = plane(20, 20)
    colors = np.stack(
        [10 * sheet.vertices[:, 0], 0 * sheet.vertices[:, 0] + 77, 0 * sheet.vertices[:, 0]], 1
    )
    sheet = replace(sheet, colors=np.rint(colors).astype(np.uint8))
    after, _ = fill_holes(without(sheet, cut(sheet, (6, 14), (6, 14))), 9)
    new = after.filled
    assert new.sum() > 50
    np.testing.assert_allclose(after.colors[new][:, 0], 10 * after.vertices[new][:, 0], atol=2)
    assert (after.colors[new][:, 1] == 77).all()


def test_texture_runs_on_in_one_piece_and_is_plain_over_a_seam() -> None:
    sheet = plane(20, 20)
    uv = sheet.vertices[sheet.faces][..., :2] / 20
    materials = (Material("clay", texture=Texture("t", b"", "image/png", 8, 8)),)
    whole = replace(sheet, corner_uv=uv, materials=materials, face_material=np.zeros(len(uv)))
    gone = cut(sheet, (6, 14), (6, 14))
    after, _ = fill_holes(without(whole, gone), 9)
    np.testing.assert_allclose(
        after.corner_uv, after.vertices[after.faces][..., :2] / 20, atol=0.01
    )
    assert len(after.face_material) == len(after.faces)
    right = centres(sheet)[:, 0] > 10
    seamed = replace(whole, corner_uv=np.where(right[:, None, None], uv / 2 + 0.5, uv / 2))
    after, _ = fill_holes(without(seamed, gone), 9)
    new = after.corner_uv[len(sheet.faces) - int(gone.sum()) :]
    assert np.ptp(new, axis=1).max() == 0, "each face has one colour"
    assert np.isin(new.reshape(-1, 2), seamed.corner_uv.reshape(-1, 2)).all()


def test_normals_of_new_vertices_are_theirs() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    ball = replace(ball, normals=ball.vertices / 50)
    after, _ = fill_holes(without(ball, centres(ball)[:, 0] > 45), ANY)
    outward = after.vertices / np.linalg.norm(after.vertices, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", after.normals, outward)[after.filled].min() > 0.99


def test_what_was_filled_before_stays_so() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    c = centres(ball)
    once, _ = fill_holes(without(ball, c[:, 0] > 45), ANY)
    gone = centres(once)[:, 0] < -45
    twice, _ = fill_holes(without(once, gone), ANY)
    assert (twice.vertices[twice.filled][:, 0] > 40).any()
    assert (twice.vertices[twice.filled][:, 0] < -40).any()
    assert is_watertight(twice.faces)


def test_a_closed_surface_and_nothing_at_all() -> None:
    ball = sphere_mesh()
    assert fill_holes(ball, ANY) == (ball, Filled())
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3)))
    assert fill_holes(empty, ANY)[1] == Filled()
    with pytest.raises(StageError, match="not numbers"):
        fill_holes(Mesh([[0, 0, 0], [1, 0, 0], [0, np.nan, 0]], [[0, 1, 2]]), 1)


def test_a_rim_longer_than_what_is_triangulated_at_once() -> None:
    sheet = plane(400, 6)
    x = centres(sheet)
    wave = np.abs(x[:, 1] - 3 - 0.8 * np.sin(x[:, 0] / 3)) < 0.8
    crack = wave & (x[:, 0] > 5) & (x[:, 0] < 395)
    opened = without(sheet, crack)
    assert max(len(loop) for loop in boundary_loops(opened.faces)) > 1500
    after, filled = fill_holes(opened, 3)
    assert filled.left_open == 1
    assert_manifold(after)
    assert face_areas(after).sum() == pytest.approx(2400, rel=1e-6)
    assert len(boundary_loops(after.faces)) == 1


@pytest.mark.parametrize("seed", range(30))
def test_surfaces_with_random_faces_gone_stay_surfaces(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = (sphere_mesh(50, rows=16, columns=24), cube_mesh(10, steps=6))[seed % 2]
    noisy = Mesh(
        whole.vertices + rng.normal(0, (0.0, 0.4, 2.0)[seed % 3], whole.vertices.shape),
        whole.faces,
        colors=rng.integers(0, 256, whole.vertices.shape),
    )
    gone = rng.random(len(noisy.faces)) < rng.choice([0.02, 0.1, 0.3, 0.6])
    opened = without(noisy, gone)
    width = float(rng.choice([5, 20, ANY]))
    after, filled = fill_holes(opened, width)
    assert_manifold(after)
    assert asdict(filled) == asdict(fill_holes(opened, width)[1]), "the same every time"
    assert np.isfinite(after.vertices).all()
    if filled.left_open == 0:
        assert is_watertight(after.faces)


@pytest.mark.parametrize("seed", range(20))
def test_soup_is_no_trouble(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 30))
    places = rng.integers(0, 4, (n, 3)).astype(float) if seed % 2 else rng.normal(size=(n, 3))
    after, _ = fill_holes(Mesh(places, rng.integers(0, n, (int(rng.integers(1, 90)), 3))), ANY)
    assert_manifold(after)


def test_the_same_in_any_place_and_attitude() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    opened = without(ball, centres(ball)[:, 0] > 40)
    R = rotation(np.array([1.0, 2, 3]), 50)
    moved = replace(opened, vertices=opened.vertices @ R.T + [3e4, -1e4, 2e4])
    one, two = fill_holes(opened, ANY)[0], fill_holes(moved, ANY)[0]
    back = (two.vertices - [3e4, -1e4, 2e4]) @ R
    assert np.abs(np.linalg.norm(back[two.filled], axis=1) - 50).max() < 1
    assert volume(Mesh(back, two.faces)) == pytest.approx(volume(one), rel=1e-4)
    assert not slivers(one.vertices, one.faces).any()
