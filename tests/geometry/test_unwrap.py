"""Unwrapping: every place of the surface has one of its own in the picture, and its own size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import Array, cube_mesh, sphere_mesh

from relicscan.errors import StageError
from relicscan.geometry.kernels.packing import covered
from relicscan.geometry.topology import face_areas
from relicscan.geometry.transfer import texture_charts
from relicscan.geometry.unwrap import Unwrapped, unwrapped
from relicscan.relic import Mesh

GAPS = 256
SIDE = 2048


def in_texels(found: Unwrapped) -> Array:
    uv = found.mesh.corner_uv
    assert uv is not None
    return uv.astype(float) * SIDE


def signed_areas(triangles: Array) -> Array:
    (ux, uy), (vx, vy) = (
        (triangles[:, 1] - triangles[:, 0]).T,
        (triangles[:, 2] - triangles[:, 0]).T,
    )
    return (ux * vy - uy * vx) / 2


def torus_mesh(n: int = 90, m: int = 45) -> Mesh:
    u, v = np.meshgrid(2 * np.pi * np.arange(n) / n, 2 * np.pi * np.arange(m) / m, indexing="ij")
    r = 40 + 15 * np.cos(v)
    vertices = np.stack([r * np.cos(u), r * np.sin(u), 15 * np.sin(v)], axis=2).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
    a, b = i * m + j, (i + 1) % n * m + j
    c, d = (i + 1) % n * m + (j + 1) % m, i * m + (j + 1) % m
    return Mesh(vertices, np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 3))


SHAPES = {
    "ball": sphere_mesh(rows=60, columns=120),
    "ring": torus_mesh(),
    "cube": cube_mesh(half=20, steps=20),
}


@pytest.fixture(params=SHAPES, scope="module")
def found(request: pytest.FixtureRequest) -> Unwrapped:
    return unwrapped(SHAPES[request.param], gaps=GAPS)


def test_no_two_places_share_one_in_the_picture(found: Unwrapped) -> None:
    uv = found.mesh.corner_uv
    assert uv is not None
    assert 0 <= uv.min() <= uv.max() <= 1
    count = np.zeros((SIDE, SIDE), dtype=np.int32)
    covered(in_texels(found), count)
    assert (count > 1).sum() < 1e-4 * (count > 0).sum()
    assert (count > 0).mean() == pytest.approx(found.used_share, abs=0.01)


def test_all_of_it_is_drawn_at_one_scale(found: Unwrapped) -> None:
    ratio = signed_areas(in_texels(found)) / face_areas(found.mesh)
    ratio /= np.median(ratio)
    assert (ratio < 0.3).mean() < 0.01
    assert np.quantile(ratio, 0.05) > 0.7
    assert np.quantile(ratio, 0.95) < 1.3


def test_charts_are_few_and_lie_apart(found: Unwrapped) -> None:
    chart = texture_charts(found.mesh)
    assert len(np.unique(chart)) == found.charts < 90
    assert found.used_share > 0.5
    corners = in_texels(found)
    step = SIDE // GAPS
    owner = np.full((SIDE, SIDE), -1)
    for one in np.unique(chart):
        count = np.zeros(owner.shape, dtype=np.int32)
        covered(corners[chart == one], count)
        owner[count > 0] = one
    for axis in range(2):
        moved = np.roll(owner, step - 1, axis)
        both = (moved >= 0) & (owner >= 0)
        assert (moved[both] == owner[both]).mean() > 0.9999


def test_a_fine_surface_takes_the_charts_of_a_coarse_one() -> None:
    ball = sphere_mesh(rows=200, columns=400)
    found = unwrapped(ball, gaps=GAPS, coarse_faces=4_000)
    ratio = signed_areas(in_texels(found)) / face_areas(ball)
    assert (ratio <= 0).mean() < 0.02
    assert np.quantile(ratio, 0.95) < 1.3 * np.median(ratio)
    assert found.used_share > 0.68


def test_parts_that_are_not_connected_have_charts_of_their_own() -> None:
    cube = cube_mesh(half=20, steps=4)
    two = Mesh(
        np.vstack([cube.vertices, cube.vertices + 100]),
        np.vstack([cube.faces, cube.faces + len(cube.vertices)]),
    )
    found = unwrapped(two, gaps=GAPS)
    chart = texture_charts(found.mesh)
    half = len(cube.faces)
    assert not set(chart[:half]) & set(chart[half:])


def test_the_same_twice() -> None:
    one, two = (unwrapped(SHAPES["ring"], gaps=GAPS) for _ in range(2))
    np.testing.assert_array_equal(one.mesh.corner_uv, two.mesh.corner_uv)


def test_one_triangle_is_a_chart() -> None:
    found = unwrapped(Mesh(np.eye(3), np.array([[0, 1, 2]])), gaps=GAPS)
    assert found.charts == 1
    assert found.used_share > 0.3


@pytest.mark.parametrize(
    "mesh",
    [
        Mesh(np.zeros((3, 3)), np.zeros((0, 3), dtype=int)),
        Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])),
        Mesh(np.array([[0, 0, 0], [1, 0, 0], [np.nan, 0, 1]]), np.array([[0, 1, 2]])),
    ],
)
def test_what_is_no_surface_is_refused(mesh: Mesh) -> None:
    with pytest.raises(StageError):
        unwrapped(mesh, gaps=GAPS)


def test_a_surface_that_is_its_own_copy_is_cut_at_the_seams_and_stays_closed() -> None:
    ring = torus_mesh(180, 90)
    colors = np.tile(np.array([[10, 200, 30]], dtype=np.uint8), (len(ring.vertices), 1))
    found = unwrapped(replace(ring, colors=colors), gaps=GAPS)
    mesh = found.mesh
    assert len(ring.faces) < len(mesh.faces) < 1.5 * len(ring.faces)
    edges = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=2).reshape(-1, 2))
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert face_areas(mesh).sum() == pytest.approx(face_areas(ring).sum(), rel=1e-9)
    assert mesh.colors is not None
    assert (mesh.colors == colors[0]).all()
    assert found.used_share > 0.66
