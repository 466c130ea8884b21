"""Baking: each texel knows its place, and what is no surface looks like what is beside it."""

from __future__ import annotations

import numpy as np
from shapes import sphere_mesh

from relicscan.geometry.bake import colors_from_pictures, picture, texels_of
from relicscan.geometry.unwrap import unwrapped
from relicscan.relic import Material, Mesh, Texture

SIDE = 256


def quad() -> Mesh:
    """A square of 10 x 10 that fills the left half of the picture from top to bottom."""
    vertices = np.array([[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]], dtype=float)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    uv = np.array([[0, 1], [0.5, 1], [0.5, 0], [0, 0]])
    return Mesh(vertices, faces, corner_uv=uv[faces])


def test_the_middle_of_each_texel_lies_where_the_coordinates_say() -> None:
    texels = texels_of(quad(), 8)
    assert len(texels.row) == 8 * 4
    x, y = (texels.column + 0.5) / 4 * 10, (1 - (texels.row + 0.5) / 8) * 10
    np.testing.assert_allclose(texels.place, np.stack([x, y, 0 * x], axis=1), atol=1e-6)


def test_texels_of_a_ball_lie_on_it() -> None:
    ball = unwrapped(sphere_mesh(rows=60, columns=120), gaps=64).mesh
    texels = texels_of(ball, SIDE)
    radius = np.linalg.norm(texels.place, axis=1)
    assert 49.8 < radius.min() <= radius.max() <= 50 + 1e-6
    heights = np.histogram(texels.place[:, 2], 10, (-50, 50))[0]
    assert np.ptp(heights) < 0.1 * heights.mean(), "all of it, at one scale"


def test_what_is_no_surface_has_the_colour_of_the_nearest_texel() -> None:
    texels = texels_of(quad(), 8)
    colors = np.stack([texels.row * 30, texels.column * 60, 0 * texels.row], axis=1)
    drawn = picture(texels, colors.astype(np.uint8), 8)
    np.testing.assert_array_equal(drawn[texels.row, texels.column], colors)
    np.testing.assert_array_equal(drawn[:, 4:], np.repeat(drawn[:, 3:4], 4, axis=1))


def test_triangles_between_the_middles_of_texels_have_the_texel_they_lie_in() -> None:
    corner = np.array([[0, 0], [0.2, 0], [0, 0.2]])
    uv = np.stack([corner + at for at in ([5.1, 2.1], [5.6, 2.6], [1, 1])]) / 8
    uv[2] = 1  # a point in the corner: coordinates of an exporter that had none
    mesh = Mesh(np.eye(3), np.tile([0, 1, 2], (3, 1)), corner_uv=uv)
    texels = texels_of(mesh, 8)
    np.testing.assert_array_equal(texels.row, [2, 7])
    np.testing.assert_array_equal(texels.column, [5, 7])
    np.testing.assert_array_equal(texels.face, [0, 2])
    np.testing.assert_allclose(texels.place, 1 / 3, rtol=1e-6)
    drawn = picture(texels, np.array([[200, 0, 0], [0, 0, 200]], dtype=np.uint8), 8)
    assert set(map(tuple, drawn.reshape(-1, 3).tolist())) == {(200, 0, 0), (0, 0, 200)}


def test_nothing_drawn_is_black() -> None:
    bare = Mesh(np.eye(3), np.zeros((0, 3)), corner_uv=np.zeros((0, 3, 2)))
    nothing = texels_of(bare, 8)
    assert not len(nothing.row)
    assert not picture(nothing, np.zeros((0, 3), dtype=np.uint8), 8).any()


def test_the_two_sides_of_a_sheet_keep_their_own_colours() -> None:
    """Without thickness both are equally close to any place, so the face decides."""
    front = quad()
    both = Mesh(
        front.vertices,
        np.vstack([front.faces, front.faces[:, ::-1]]),
        corner_uv=np.concatenate([front.corner_uv, front.corner_uv[:, ::-1] + [0.5, 0]]),
        face_material=np.array([0, 0, 1, 1]),
        materials=(Material("a", (1.0, 0, 0, 1.0)), Material("b", (0, 0, 1.0, 1.0))),
    )
    texels = texels_of(both, 16)
    seen = colors_from_pictures(
        texels.place, both, [None, None], known=(texels.face, texels.weights)
    )
    expected = np.where(texels.column[:, None] < 8, [255, 0, 0], [0, 0, 255])
    np.testing.assert_array_equal(seen, expected)


def test_values_at_texels_are_mixed_like_places() -> None:
    mesh = quad()
    texels = texels_of(mesh, 16)
    np.testing.assert_allclose(texels.mixed(mesh, mesh.vertices), texels.place)
    np.testing.assert_allclose(texels.weights.sum(axis=1), 1)


def test_each_material_is_painted_from_its_own_picture() -> None:
    mesh = quad()
    materials = (
        Material("red", texture=Texture("r", b"", "image/png", 1, 1)),
        Material("half blue", base_color=(0, 0, 0.5, 1)),
    )
    painted = Mesh(
        mesh.vertices,
        mesh.faces,
        corner_uv=mesh.corner_uv,
        face_material=np.array([0, 1]),
        materials=materials,
    )
    red = np.full((4, 4, 3), (200, 10, 20), dtype=np.uint8)
    places = np.array([[9.0, 1, 0], [1.0, 9, 0]])
    seen = colors_from_pictures(places, painted, [red, None])
    np.testing.assert_array_equal(seen, [[200, 10, 20], [0, 0, 188]])
