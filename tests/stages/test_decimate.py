"""decimate: fewer triangles, the same shape, and what lies on it stays where it was."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from shapes import Array, cone_mesh, cube_mesh, grid_faces, mesh_relic, sphere_mesh, volume

from relicscan.geometry.topology import face_areas, is_watertight
from relicscan.relic import Material, Mesh, Texture
from relicscan.stages.decimate import decimate

SIDE_PX = 1024
PAINT = Material("paint", texture=Texture("paint", b"-", "image/png", SIDE_PX, SIDE_PX))
CLAY = Material("clay", base_color=(0.5, 0.3, 0.2, 1))


def run(mesh: Mesh, target: int) -> Mesh:
    return decimate(mesh_relic(mesh), target_face_count=target).mesh


def test_a_cube_needs_only_12_triangles() -> None:
    after = run(cube_mesh(10, steps=12), 12)
    assert len(after.faces) == 12
    assert volume(after) == pytest.approx(8000)
    assert is_watertight(after.faces)
    np.testing.assert_allclose(np.abs(after.vertices), 10, atol=1e-5)


@pytest.mark.parametrize("target", [200, 1000, 5000])
def test_a_sphere_keeps_its_shape_under_the_ceiling(target: int) -> None:
    ball = sphere_mesh(rows=100, columns=200)  # 39,600: several chunks at first
    after = run(ball, target)
    assert 0.95 * target <= len(after.faces) <= target
    assert is_watertight(after.faces)
    sag = 4 * np.pi * 50**2 / target / 50  # of a triangle's area over the sphere, roughly
    assert np.abs(np.linalg.norm(after.vertices, axis=1) - 50).max() < sag
    assert volume(after) == pytest.approx(volume(ball), rel=6 / target)


def test_a_surface_that_would_move_too_far_keeps_more_triangles_and_says_so() -> None:
    ball = sphere_mesh(rows=100, columns=200)
    after = decimate(mesh_relic(ball), target_face_count=200, max_deviation_mm=0.05)
    assert 200 < len(after.mesh.faces) < 10_000
    assert np.abs(np.linalg.norm(after.mesh.vertices, axis=1) - 50).max() < 0.05
    assert re.match(r"the mesh has [\d,]+ triangles, over the 200 asked for", after.warnings[0])
    assert "0.05 mm" in after.warnings[0]
    assert not decimate(mesh_relic(ball), target_face_count=200).warnings


def test_a_rim_stays_where_it_is() -> None:
    after = run(cone_mesh(30, 120, columns=180), 400)
    rim = after.vertices[after.vertices[:, 2] < 1]
    assert np.abs(rim[:, 2]).max() < 0.05
    assert np.linalg.norm(rim[:, :2], axis=1) == pytest.approx(np.full(len(rim), 30), rel=0.01)


def test_a_mesh_that_is_small_enough_stays_as_it_is() -> None:
    ball = replace(sphere_mesh(), colors=np.zeros((3122, 3)))
    after = run(ball, len(ball.faces))
    np.testing.assert_array_equal(after.vertices, ball.vertices)
    np.testing.assert_array_equal(after.faces, ball.faces)
    np.testing.assert_array_equal(after.colors, ball.colors)


def test_no_face_is_degenerate_and_no_vertex_unused() -> None:
    after = run(sphere_mesh(rows=100, columns=200), 700)
    assert face_areas(after).min() > 0
    assert len(np.unique(after.faces)) == len(after.vertices)


def test_vertex_colours_are_carried_exactly() -> None:
    cube = cube_mesh(10, steps=40)
    red, blue = (201, 33, 7), (12, 60, 250)
    after = run(replace(cube, colors=np.where(cube.vertices[:, :1] > 0, red, blue)), 400)
    x = after.vertices[:, 0]
    assert (after.colors[x > 0.51] == red).all()
    assert (after.colors[x < -0.51] == blue).all()


def vase(charts: int, rows: int = 120, columns: int = 240) -> Mesh:
    """A wavy vase unrolled onto its texture: in one piece with a seam, or in several charts.

    Its analytic map is `unrolled`. Every second chart is unpainted clay.
    """
    z, a = np.meshgrid(
        np.linspace(0, 60, rows), 2 * np.pi * np.arange(columns) / columns, indexing="ij"
    )
    r = 30 + 6 * np.sin(z / 10) + 2 * np.sin(5 * a + z / 15)
    vertices = np.stack([r * np.cos(a), r * np.sin(a), z], axis=-1).reshape(-1, 3)
    faces = grid_faces(rows, columns, wrap=True)
    u = (faces % columns) / columns
    over_the_seam = np.ptp(u, axis=1) > 0.5
    u[over_the_seam] = np.where(u[over_the_seam] == 0, 1.0, u[over_the_seam])
    chart = np.floor(u.mean(axis=1) * charts).astype(int)
    uv = np.stack([laid_out(u, chart[:, None], charts), (faces // columns) / (rows - 1)], axis=-1)
    return Mesh(vertices, faces, corner_uv=uv, face_material=chart % 2, materials=(PAINT, CLAY))


def laid_out(u: Array, chart: Array, charts: int) -> Array:
    """Charts with empty texture between them."""
    return (u * 0.9 + chart * 0.1 / charts) if charts > 1 else u


def analytic(mesh: Mesh, charts: int) -> tuple[Array, Array, Array]:
    """Texture coordinates (m, 3, 2) of the map, cut off at the chart; charts; faces over a seam."""
    corners = mesh.vertices[mesh.faces]
    centre = np.arctan2(corners[..., 1].mean(axis=1), corners[..., 0].mean(axis=1)) / (2 * np.pi)
    corner = np.arctan2(corners[..., 1], corners[..., 0]) / (2 * np.pi)
    u = (centre % 1)[:, None] + (corner - centre[:, None] + 0.5) % 1 - 0.5
    chart = np.floor((centre % 1) * charts).astype(int)
    low, high = chart[:, None] / charts, (chart[:, None] + 1) / charts
    over = ((u < low) | (u > high)).any(axis=1)
    u = laid_out(np.clip(u, low, high), chart[:, None], charts)
    return np.stack([u, corners[..., 2] / 60], axis=-1), chart, over


@pytest.mark.parametrize("charts", [1, 4])
@pytest.mark.parametrize("target", [8000, 4000])
def test_texture_coordinates_follow_the_map_and_never_leave_their_chart(
    charts: int, target: int
) -> None:
    after = run(vase(charts), target)
    expected, chart, over_a_seam = analytic(after, charts)
    assert over_a_seam.sum() > 30, "the test must see seams"
    off_px = np.abs(after.corner_uv - expected) * SIDE_PX
    assert off_px[~over_a_seam].max() < 1
    # A face over a seam is cut short; its corners lie on the border of its own chart.
    assert off_px[over_a_seam].max() < 2
    np.testing.assert_array_equal(after.face_material, chart % 2)
    assert after.materials == (PAINT, CLAY)
    u = after.corner_uv[..., 0]
    low = laid_out(chart / charts, chart, charts)[:, None]
    high = laid_out((chart + 1) / charts, chart, charts)[:, None]
    assert ((u >= low - 1e-6) & (u <= high + 1e-6)).all()


def test_a_textured_plane_keeps_its_map_to_a_tenth_of_a_texel() -> None:
    n = 80
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    plane = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1) * 100
    plane[:, 2] = np.random.default_rng(1).normal(0, 0.01, n * n)
    faces = grid_faces(n, n)
    uv = np.stack([x.ravel(), 1 - y.ravel()], axis=1)[faces]
    mesh = Mesh(plane, faces, corner_uv=uv, face_material=np.zeros(len(faces)), materials=(PAINT,))
    after = run(mesh, 600)
    corners = after.vertices[after.faces] / 100
    expected = np.stack([corners[..., 0], 1 - corners[..., 1]], axis=-1)
    assert np.abs(after.corner_uv - expected).max() * SIDE_PX < 0.1
