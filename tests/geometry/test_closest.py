"""The closest place on a mesh: against every triangle in turn, degenerate ones too."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import Array, sphere_mesh

from relicscan.errors import StageError
from relicscan.geometry.closest import closest, triangle_tree
from relicscan.relic import Mesh


def soup(count: int, seed: int) -> Mesh:
    """Random triangles, some of them without area or in one place."""
    random = np.random.default_rng(seed)
    corners = random.normal(0, 10, (count, 1, 3)) + random.normal(0, 1, (count, 3, 3))
    corners[::5, 2] = corners[::5, 0] + 0.3 * (corners[::5, 1] - corners[::5, 0])
    corners[::7, 1] = corners[::7, 0]
    corners[::11] = corners[::11, :1]
    return Mesh(corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))


def least_distance(place: Array, mesh: Mesh) -> float:
    """By what sides and planes are: the foot on each plane if it is inside, else the sides."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    found = np.inf
    for p, q in ((a, b), (b, c), (c, a)):
        side = q - p
        length = (side**2).sum(axis=1)
        along = np.divide(
            ((place - p) * side).sum(axis=1), length, where=length > 0, out=length * 0
        )
        foot = p + np.clip(along, 0, 1)[:, None] * side
        found = min(found, float(np.linalg.norm(foot - place, axis=1).min()))
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1)
    flat = size < 1e-12
    normal[~flat] /= size[~flat, None]
    height = ((place - a) * normal).sum(axis=1)
    foot = place - height[:, None] * normal
    inside = ~flat
    for p, q in ((a, b), (b, c), (c, a)):
        inside &= (np.cross(q - p, foot - p) * normal).sum(axis=1) >= 0
    return min(found, float(np.abs(height[inside]).min(initial=np.inf)))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 50, 700])
def test_no_triangle_is_closer(count: int) -> None:
    mesh = soup(count, seed=count)
    places = np.random.default_rng(1).normal(0, 15, (200, 3))
    places[:20] = mesh.vertices[np.arange(20) % len(mesh.vertices)]
    distance, face, weights = closest(triangle_tree(mesh), places)
    np.testing.assert_allclose(
        distance, [least_distance(place, mesh) for place in places], atol=1e-9
    )
    there = np.einsum("qk,qkd->qd", weights, mesh.vertices[mesh.faces[face]])
    np.testing.assert_allclose(np.linalg.norm(there - places, axis=1), distance, atol=1e-9)
    assert weights.min() > -1e-12
    np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_far_from_the_origin_it_is_as_exact() -> None:
    ball = sphere_mesh(50, rows=40, columns=80)
    offset = np.array([4_512_345.0, -812_345.0, 99.0])
    places = 1.1 * ball.vertices
    here = closest(triangle_tree(ball), places)[0]
    there = closest(triangle_tree(Mesh(ball.vertices + offset, ball.faces)), places + offset)[0]
    np.testing.assert_allclose(there, here, atol=1e-8)


def test_any_number_of_threads_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ball = sphere_mesh(50, rows=40, columns=80)
    places = np.random.default_rng(2).normal(0, 50, (50_000, 3))
    places[:1000] = 0  # all triangles are about as far
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("RELICSCAN_THREADS", threads)
        found.append(closest(triangle_tree(ball), places))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("mesh", "places", "words"),
    [
        (Mesh(np.zeros((3, 3)), np.empty((0, 3), int)), np.zeros((1, 3)), "no triangles"),
        (Mesh([[np.nan, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]), np.zeros((1, 3)), "numbers"),
        (Mesh(np.eye(3), [[0, 1, 2]]), np.full((1, 3), np.inf), "numbers"),
    ],
)
def test_what_cannot_be_searched(mesh: Mesh, places: Array, words: str) -> None:
    with pytest.raises(StageError, match=words):
        closest(triangle_tree(mesh), places)
