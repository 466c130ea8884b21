"""Tangents: known planes in glTF's convention, mirrored images, and nothing without a direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relicscan.geometry.tangents import corner_tangents
from relicscan.relic import Mesh

FACES = np.array([[0, 1, 2], [0, 2, 3]])
#: A square in the plane of x and y, seen from +z, and the image upright on it: v runs down.
SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)
UPRIGHT = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], dtype=float)


def plane(uv: np.ndarray, R: np.ndarray | None = None) -> Mesh:
    R = np.eye(3) if R is None else R
    normals = np.tile(R @ [0, 0, 1], (4, 1))
    return Mesh(SQUARE @ R.T, FACES, normals=normals, corner_uv=uv[FACES])


def bitangents(mesh: Mesh, tangents: np.ndarray) -> np.ndarray:
    """As section 3.7.2.1 of glTF 2.0 has it."""
    assert mesh.normals is not None
    return np.cross(mesh.normals[mesh.faces], tangents[..., :3]) * tangents[..., 3:]


def rotation(seed: int) -> np.ndarray:
    Q, R = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    Q = Q * np.sign(np.diag(R))
    return Q if np.linalg.det(Q) > 0 else -Q


@pytest.mark.parametrize(
    ("uv", "tangent", "handedness"),
    [
        (UPRIGHT, [1, 0, 0], 1),
        (UPRIGHT[[1, 2, 3, 0]], [0, -1, 0], 1),  # turned by a quarter
        (UPRIGHT * [-1, 1], [-1, 0, 0], -1),  # mirrored from left to right
        (UPRIGHT * [1, -1], [1, 0, 0], -1),  # upside down and mirrored
        (UPRIGHT * 7 - 3, [1, 0, 0], 1),  # repeated
    ],
)
def test_red_points_along_u_and_green_up_in_the_image(
    uv: np.ndarray, tangent: list[float], handedness: int
) -> None:
    for seed in range(3):
        R = rotation(seed)
        mesh = plane(uv, R)
        tangents = corner_tangents(mesh)
        assert tangents.shape == (2, 3, 4)
        assert tangents.dtype == np.float32
        np.testing.assert_allclose(
            tangents[..., :3], np.broadcast_to(R @ tangent, (2, 3, 3)), atol=1e-6
        )
        assert (tangents[..., 3] == handedness).all()
        # Green is +Y: where v falls, which is up in the image. By differences of positions and uv:
        edges = (SQUARE @ R.T)[[1, 3]] - (SQUARE @ R.T)[0]
        up = np.linalg.solve(uv[[1, 3]] - uv[0], edges)[1] * -1
        np.testing.assert_allclose(
            bitangents(mesh, tangents),
            np.broadcast_to(up / np.linalg.norm(up), (2, 3, 3)),
            atol=1e-6,
        )


def test_a_mirrored_half_keeps_its_own_hand() -> None:
    """Left and right of a seam share positions and texture coordinates, as symmetric things do."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [-1, 0, 0], [-1, 1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 5], [0, 5, 4]])
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0], [1, 1], [1, 0]], dtype=float)
    normals = np.tile([0.0, 0.0, 1.0], (6, 1))
    tangents = corner_tangents(
        Mesh(vertices.astype(float), faces, normals=normals, corner_uv=uv[faces])
    )
    assert (tangents[:2, :, 3] == 1).all()
    assert (tangents[2:, :, 3] == -1).all()
    np.testing.assert_allclose(tangents[:2, :, 0], 1, atol=1e-6)
    np.testing.assert_allclose(tangents[2:, :, 0], -1, atol=1e-6)


def cylinder(n: int = 48) -> Mesh:
    """Around +z, u once around, with a seam: its tangents are known everywhere."""
    angle = 2 * np.pi * np.arange(n) / n
    ring = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(n)])
    vertices = np.vstack([ring, ring + np.array([0, 0, 2])])
    i = np.arange(n)
    j = (i + 1) % n
    faces = np.vstack([np.column_stack([i, j, j + n]), np.column_stack([i, j + n, i + n])])
    u, step = i / n, 1 / n
    lower = np.stack([np.column_stack([u, u * 0 + 1]), np.column_stack([u + step, u * 0 + 1])], 1)
    upper = lower * [1, 0]
    uv = np.concatenate(
        [
            np.stack([lower[:, 0], lower[:, 1], upper[:, 1]], 1),
            np.stack([lower[:, 0], upper[:, 1], upper[:, 0]], 1),
        ]
    )
    return Mesh(vertices, faces, normals=np.vstack([ring, ring]), corner_uv=uv)


def test_tangents_go_around_a_cylinder_and_seams_do_not_show() -> None:
    mesh = cylinder()
    tangents = corner_tangents(mesh)
    x, y, _ = np.moveaxis(mesh.vertices[mesh.faces], 2, 0)
    around = np.stack([-y, x, np.zeros_like(x)], axis=2)
    seam = np.isin(mesh.corner_uv[..., 0], [0.0, 1.0])
    np.testing.assert_allclose(tangents[~seam][:, :3], around[~seam], atol=1e-5)
    # On either side of the seam only half the neighbourhood counts, and the normal decides.
    np.testing.assert_allclose(tangents[seam][:, :3], around[seam], atol=1e-5)
    upward = np.broadcast_to([0.0, 0.0, 1.0], around.shape)
    np.testing.assert_allclose(bitangents(mesh, tangents), upward, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_size_and_place_do_not_matter(scale: float) -> None:
    mesh = cylinder()
    moved = replace(mesh, vertices=mesh.vertices * scale + np.array([3, 4, 5]) * scale)
    np.testing.assert_allclose(corner_tangents(moved), corner_tangents(mesh), atol=1e-4)


@pytest.mark.parametrize(
    "uv",
    [
        np.zeros((4, 2)),  # a point
        UPRIGHT * [1, 0],  # a line
        UPRIGHT * 1e-30,
    ],
)
def test_without_a_direction_there_is_still_some_tangent(uv: np.ndarray) -> None:
    for seed in range(5):
        mesh = plane(uv, rotation(seed))
        tangents = corner_tangents(mesh)
        assert np.isfinite(tangents).all()
        np.testing.assert_allclose(np.linalg.norm(tangents[..., :3], axis=2), 1, atol=1e-5)
        along = np.einsum("fcx,fcx->fc", tangents[..., :3], mesh.normals[mesh.faces])
        np.testing.assert_allclose(along, 0, atol=1e-3)
        assert set(np.unique(tangents[..., 3])) <= {-1.0, 1.0}


def test_random_triangles_have_unit_tangents_at_right_angles() -> None:
    rng = np.random.default_rng(3)
    n = 300
    normals = rng.normal(size=(n, 3))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    mesh = Mesh(
        rng.normal(size=(n, 3)),
        rng.integers(0, n, (2000, 3)),
        normals=normals,
        corner_uv=rng.integers(0, 3, (2000, 3, 2)) / 2,
    )
    tangents = corner_tangents(mesh)
    np.testing.assert_allclose(np.linalg.norm(tangents[..., :3], axis=2), 1, atol=1e-3)
    along = np.einsum("fcx,fcx->fc", tangents[..., :3], mesh.normals[mesh.faces])
    np.testing.assert_allclose(along, 0, atol=1e-3)
    assert np.array_equal(tangents, corner_tangents(mesh))


def test_what_it_cannot_do_is_said() -> None:
    mesh = plane(UPRIGHT)
    with pytest.raises(ValueError, match="normals and corner_uv"):
        corner_tangents(replace(mesh, normals=None))
    with pytest.raises(ValueError, match="normals and corner_uv"):
        corner_tangents(replace(mesh, corner_uv=None))
    with pytest.raises(ValueError, match="finite"):
        corner_tangents(replace(mesh, corner_uv=np.full((2, 3, 2), np.nan)))
    with pytest.raises(ValueError, match="finite"):
        corner_tangents(replace(mesh, vertices=np.full((4, 3), np.inf)))
    empty = Mesh(SQUARE, np.zeros((0, 3)), normals=mesh.normals, corner_uv=np.zeros((0, 3, 2)))
    assert corner_tangents(empty).shape == (0, 3, 4)
