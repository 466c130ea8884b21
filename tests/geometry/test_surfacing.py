"""Surfaces through points: contours, their cells, and vertices moved onto the points."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapes import Array, noisy, sphere_points, square_points, volume

from relicscan.geometry.kernels import contour
from relicscan.geometry.surfacing import Surface, surface_through
from relicscan.geometry.topology import boundary_edge_count, is_watertight, nonmanifold_edge_count
from relicscan.relic import Mesh


def through(points: Array, normals: Array, **more: float) -> Surface:
    return surface_through(
        points, normals, **{"cell_size_spacings": 1.5, "rim_gap_spacings": 2.0, **more}
    )


@pytest.mark.parametrize("configuration", range(256))
def test_each_crossed_edge_of_a_cell_has_a_sheet_and_no_other(configuration: int) -> None:
    inside = [configuration >> corner & 1 for corner in range(8)]
    edge = 0
    for axis in range(3):
        for corner in range(8):
            if corner >> axis & 1:
                continue
            crossed = inside[corner] != inside[corner | 1 << axis]
            assert (contour.SHEET[configuration, edge] >= 0) == crossed
            edge += 1
    used = set(contour.SHEET[configuration]) - {-1}
    assert used == set(range(contour.SHEETS[configuration]))


def test_what_is_inside_stays_connected() -> None:
    opposite = 1 << 0 | 1 << 3  # two corners across one side of the cell
    assert contour.SHEETS[opposite] == 1
    assert contour.SHEETS[255 - opposite] == 2


def test_two_spheres_that_nearly_touch_stay_two() -> None:
    ball = sphere_points(4000, 20)
    apart = np.array([40.0 + 2.5, 0, 0])
    made = through(np.vstack([ball, ball + apart]), np.vstack([ball, ball]) / 20).mesh
    assert is_watertight(made.faces)
    assert volume(made) == pytest.approx(2 * 4 / 3 * np.pi * 20**3, rel=1e-3)


def test_noise_does_not_make_it_fall_apart() -> None:
    points = noisy(sphere_points(8000), 0.6)  # a third of the spacing
    made = through(points, sphere_points(8000) / 50).mesh
    assert boundary_edge_count(made.faces) == 0
    off = np.linalg.norm(made.vertices, axis=1) - 50
    assert np.sqrt((off**2).mean()) < 0.35


def test_planes_are_flat_and_end_half_a_spacing_beyond_the_last_points() -> None:
    points = square_points(20, 1.0)
    made = through(points, np.tile([0.0, 0.0, 1.0], (len(points), 1)))
    assert np.abs(made.mesh.vertices[:, 2]).max() < 1e-9
    extent = np.ptp(made.mesh.vertices, axis=0)[:2]
    assert extent == pytest.approx([40, 40], abs=0.3)
    assert made.spacing == pytest.approx(1, rel=0.1)
    assert made.cell_size == pytest.approx(1.5 * made.spacing)
    assert 0 < made.cut_share < 0.4


def test_sharp_edges_stay_within_a_third_of_a_cell() -> None:
    side = square_points(20, 0.5)
    points, normals = [], []
    for axis, sign in itertools.product(range(3), (-1, 1)):
        face = np.roll(side + np.array([0, 0, 20.0 * sign]), axis + 1, axis=1)
        points.append(face)
        normals.append(np.tile(sign * np.eye(3)[axis], (len(face), 1)))
    made = through(np.vstack(points), np.vstack(normals)).mesh
    assert is_watertight(made.faces)
    off = np.abs(made.vertices).max(axis=1) - 20
    assert off.max() < 0.2
    assert off.min() > -0.25


def test_points_in_one_place_make_nothing() -> None:
    made = through(np.full((100, 3), 3.0), np.tile([0.0, 0.0, 1.0], (100, 1)))
    assert not len(made.mesh.faces)


def test_a_field_of_random_normals_is_no_crash() -> None:
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(3000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    made = through(rng.uniform(0, 30, (3000, 3)), normals).mesh
    assert isinstance(made, Mesh)
    assert nonmanifold_edge_count(made.faces) < 0.01 * len(made.faces)
