"""Ambient occlusion: known shares of the sky."""

from __future__ import annotations

import numpy as np
from shapes import sphere_mesh

from relicscan.geometry.occlusion import ambient_occlusion
from relicscan.relic import Mesh


def test_a_ball_sees_all_of_its_sky() -> None:
    assert ambient_occlusion(sphere_mesh(rows=40, columns=80)).min() > 0.99


def test_a_hollow_ball_sees_nothing_from_within() -> None:
    ball = sphere_mesh(rows=40, columns=80)
    assert ambient_occlusion(Mesh(ball.vertices, ball.faces[:, ::-1])).max() < 0.02


def plates(n: int = 24) -> Mesh:
    """A wide floor and a wide wall at its edge: 4 x 4 and 4 x 4, at right angles."""
    u, v = np.meshgrid(np.linspace(0, 4, n), np.linspace(-2, 2, n), indexing="ij")
    at = np.arange(n * n).reshape(n, n)
    a, b, c, d = at[:-1, :-1].ravel(), at[1:, :-1].ravel(), at[1:, 1:].ravel(), at[:-1, 1:].ravel()
    up = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    floor = np.stack([u.ravel(), v.ravel(), 0 * u.ravel()], axis=1)
    wall = floor[:, [2, 1, 0]]
    return Mesh(np.vstack([floor, wall]), np.vstack([up, up[:, ::-1] + n * n]))


def test_a_floor_beside_a_wall_sees_half_of_the_sky_and_more_away_from_it() -> None:
    mesh = plates()
    seen = ambient_occlusion(mesh, 2048)
    middle = np.abs(mesh.vertices[:, 1]) < 0.2
    on_floor = (mesh.vertices[:, 2] == 0) & middle
    near = on_floor & (np.abs(mesh.vertices[:, 0] - 0.17) < 0.1)
    # Of a cosine-weighted sky, a wall of infinite height hides half at its foot.
    assert 0.45 < seen[near].mean() < 0.6
    far = on_floor & (mesh.vertices[:, 0] > 3.8)
    assert 0.75 < seen[far].mean() < 0.95
    order = np.argsort(mesh.vertices[on_floor, 0])
    assert (np.diff(seen[on_floor][order])[2:] > -0.02).all(), "it grows with the distance"


def test_the_same_bytes_each_time() -> None:
    mesh = plates()
    np.testing.assert_array_equal(ambient_occlusion(mesh), ambient_occlusion(mesh))
