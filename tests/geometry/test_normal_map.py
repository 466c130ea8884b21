"""Normal maps: a flat level with the relief of the full surface, in the level's own terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import sphere_mesh

from relicscan.geometry.normal_map import normal_map, shares_texels, surface_normals
from relicscan.geometry.topology import vertex_normals
from relicscan.geometry.unwrap import unwrapped
from relicscan.relic import Float32Array, Mesh

SIDE = 64


def sheet(n: int, height: float = 0.0) -> Mesh:
    """A square of 10 x 10 facing +z, u along x and v down along -y, with one bump on it."""
    y, x = np.mgrid[0 : 10 : n * 1j, 0 : 10 : n * 1j]
    z = height * np.exp(-((x - 5) ** 2 + (y - 5) ** 2) / 4)
    vertices = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    at = np.arange(n * n).reshape(n, n)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    faces = np.vstack([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    uv = np.stack([vertices[:, 0] / 10, 1 - vertices[:, 1] / 10], axis=1)
    normals = vertex_normals(vertices, faces).astype(np.float32)
    return Mesh(vertices, faces, normals=normals, corner_uv=uv[faces])


def as_vectors(picture: np.ndarray) -> Float32Array:
    return picture.astype(np.float32) / 127.5 - 1


def test_a_bump_on_a_flat_sheet_is_its_slopes() -> None:
    full = sheet(201, height=1.0)
    found = as_vectors(normal_map(sheet(2), surface_normals(full, SIDE)))
    middle = (np.arange(SIDE) + 0.5) / SIDE * 10
    x, y = np.meshgrid(middle, 10 - middle)
    z = np.exp(-((x - 5) ** 2 + (y - 5) ** 2) / 4)
    slope = np.stack([(x - 5) / 2 * z, (y - 5) / 2 * z, np.ones_like(z)], axis=2)
    expected = slope / np.linalg.norm(slope, axis=2, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=0.01)
    # Red points along u, green up in the picture: to the right of the bump it leans right.
    assert found[SIDE // 2, 42, 0] > 0.2
    assert found[20, SIDE // 2, 1] > 0.2


def test_a_surface_on_itself_needs_no_relief() -> None:
    full = sheet(51, height=1.0)
    picture = normal_map(full, surface_normals(full, SIDE))
    assert np.abs(picture.astype(int) - (127.5, 127.5, 255)).max() <= 1.5


def test_a_map_undone_is_the_full_surface_again() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    full = unwrapped(replace(ball, normals=None), gaps=256).mesh
    full = replace(full, normals=(full.vertices / 50).astype(np.float32))
    own = normal_map(full, surface_normals(full, 128))
    again = surface_normals(full, 128, own)
    drawn = surface_normals(full, 128)
    off = np.degrees(np.arccos(np.clip(np.einsum("hwk,hwk->hw", again, drawn), -1, 1)))
    assert np.quantile(off, 0.99) < 1.0, "an eighth of a degree is one step of 256"


def test_the_scans_own_map_is_taken_into_space() -> None:
    flat = sheet(2)
    tilted = np.zeros((8, 8, 3), dtype=np.uint8)
    tilted[:] = np.rint(127.5 * (np.array([0.6, 0.0, 0.8]) + 1))
    found = surface_normals(flat, SIDE, tilted)
    np.testing.assert_allclose(found, np.broadcast_to((0.6, 0, 0.8), found.shape), atol=0.01)


@pytest.mark.parametrize("times", [1, 2])
def test_places_that_share_texels_are_noticed(times: int) -> None:
    one = sheet(11)
    assert one.corner_uv is not None
    twice = Mesh(
        np.vstack([one.vertices] * times),
        np.vstack([one.faces + i * len(one.vertices) for i in range(times)]),
        corner_uv=np.concatenate([one.corner_uv] * times),
    )
    assert shares_texels(twice) == (times == 2)
