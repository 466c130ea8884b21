"""Charts, and what lies closest on a surface."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import grid_faces, noisy, sphere_mesh

from relicscan.geometry.closest import closest, triangle_tree
from relicscan.geometry.transfer import (
    dressed,
    texture_charts,
    texture_coordinates,
)
from relicscan.relic import Material, Mesh


def quilt(tiles: int, steps: int = 4) -> Mesh:
    """A plane whose texture is cut into tiles by tiles charts, laid out apart."""
    n = tiles * steps + 1
    x, y = np.meshgrid(np.arange(n) / (n - 1), np.arange(n) / (n - 1))
    faces = grid_faces(n, n)
    uv = np.stack([x.ravel(), y.ravel()], axis=1)[faces]
    tile = np.floor(uv.mean(axis=1, keepdims=True) * tiles)
    uv = (tile + 0.5 + 0.8 * (uv * tiles - tile - 0.5)) / tiles
    return Mesh(100 * np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1), faces, corner_uv=uv)


@pytest.mark.parametrize("tiles", [1, 2, 5])
def test_charts_are_the_connected_patches_of_the_texture(tiles: int) -> None:
    mesh = quilt(tiles)
    charts = texture_charts(mesh)
    assert charts.max() + 1 == tiles**2
    middle = mesh.vertices[mesh.faces].mean(axis=1)[:, :2] / 100
    expected = np.floor(middle * tiles) @ [tiles, 1]
    assert len(np.unique(np.stack([charts, expected]), axis=1).T) == tiles**2, "one to one"


def test_a_change_of_material_ends_a_chart() -> None:
    plane = quilt(1)
    right = plane.vertices[plane.faces].mean(axis=1)[:, 0] > 50
    mesh = Mesh(plane.vertices, plane.faces, corner_uv=plane.corner_uv)
    assert texture_charts(mesh).max() == 0
    two = Mesh(
        plane.vertices,
        plane.faces,
        corner_uv=plane.corner_uv,
        face_material=right,
        materials=(Material("a"), Material("b")),
    )
    assert texture_charts(two).max() == 1


def test_many_charts_are_each_looked_up_on_their_own() -> None:
    source = quilt(12, steps=3)
    n = 31  # coarser, and out of step with the tiles
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    target = Mesh(100 * np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1), grid_faces(n, n))
    after = texture_coordinates(target, source)
    middle = target.vertices[target.faces].mean(axis=1)[:, :2] / 100
    tile = np.floor(middle * 12)[:, None]
    at = target.vertices[target.faces][..., :2] / 100
    inside = np.clip(at * 12 - tile, 0, 1)
    expected = (tile + 0.5 + 0.8 * (inside - 0.5)) / 12
    sure = np.abs(middle * 12 - np.round(middle * 12)).min(axis=1) > 0.01
    np.testing.assert_allclose(after.corner_uv[sure], expected[sure], atol=1e-4)


def test_the_same_mesh_gets_its_own_coordinates_back() -> None:
    source = quilt(3)
    after = texture_coordinates(Mesh(source.vertices, source.faces), source)
    np.testing.assert_allclose(after.corner_uv, source.corner_uv, atol=1e-5)


def test_closest_places_on_a_sphere() -> None:
    ball = sphere_mesh(50, rows=80, columns=160)
    points = noisy(ball.vertices[::7], 4.0)
    distance, face, weights = closest(triangle_tree(ball), points)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    found = np.einsum("qk,qkj->qj", weights, ball.vertices[ball.faces[face]])
    radial = 50 * points / np.linalg.norm(points, axis=1, keepdims=True)
    assert np.linalg.norm(found - radial, axis=1).max() < 0.3
    gap = np.linalg.norm(found - points, axis=1)
    np.testing.assert_allclose(distance, gap, atol=1e-9)
    assert gap == pytest.approx(np.abs(np.linalg.norm(points, axis=1) - 50), abs=0.06)


def test_colours_are_mixed_across_a_face() -> None:
    triangle = Mesh(
        [[0, 0, 0], [3, 0, 0], [0, 3, 0]], [[0, 1, 2]], colors=[[0, 0, 0], [90, 0, 0], [0, 240, 0]]
    )
    places = np.array([[1.0, 1, 0.5], [0, 0, 9], [1, 0, 0]])
    colors = dressed(Mesh(places, [[0, 1, 2]]), triangle).colors
    # In linear light, as viewers do: a third of 90 and of 240, where sRGB values would give 30, 80.
    np.testing.assert_array_equal(colors, [[52, 147, 0], [0, 0, 0], [52, 0, 0]])


def test_what_lies_mostly_on_filled_surface_is_filled() -> None:
    n = 21
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    plane = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
    source = Mesh(plane, grid_faces(n, n), filled=plane[:, 0] > 10)
    places = np.array([[3.0, 4, 0], [10.4, 7.2, 0.1], [10.6, 7.2, -0.1], [19, 19, 5]])
    bare = Mesh(places, [[0, 1, 2]])
    np.testing.assert_array_equal(dressed(bare, source).filled, [False, False, True, True])
    assert dressed(bare, Mesh(plane, grid_faces(n, n))) is bare
