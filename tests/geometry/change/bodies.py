"""A body of 200 mm without symmetry, as scans of it would be: noisy, chipped, holed, anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.topology import face_areas, vertex_normals
from relicscan.relic import Mesh
from tests.shapes import rotation

Array = NDArray[np.float64]
Edit = Callable[[Array, Array], Array]

NOISE_MM = 0.05


def radii(directions: Array, phase: float = 0.0) -> Array:
    """How far the body reaches (n,) in unit directions (n, 3)."""
    x, y, z = directions.T
    bumps = 0.12 * np.sin(3 * x + 1 + phase) + 0.10 * np.cos(4 * y * x + 2 * z + 2 * phase)
    bumps += 0.08 * np.sin(5 * z + y - phase) + 0.05 * np.sin(7 * y + 2 * x + 3 * phase)
    return np.asarray(80 * (1 + bumps))


@lru_cache
def _ball(subdivisions: int) -> tuple[Array, NDArray[np.int32]]:
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    return np.asarray(ball.vertices), np.asarray(ball.faces, dtype=np.int32)


def smooth_body(subdivisions: int = 6, phase: float = 0.0) -> Mesh:
    """The body itself."""
    directions, faces = _ball(subdivisions)
    return Mesh(directions * radii(directions, phase)[:, None], faces)


@dataclass(frozen=True)
class Chip:
    """A hollow about the place in a direction: a paraboloid, or with a flat bottom."""

    direction: tuple[float, float, float]
    radius: float
    depth: float
    flat: bool = False

    @property
    def center(self) -> Array:
        """Its middle on the surface (3,)."""
        unit = np.array(self.direction) / np.linalg.norm(self.direction)
        return np.asarray(unit * radii(unit[None])[0])

    def depths(self, vertices: Array) -> Array:
        """What is taken from vertices (n, 3) of the body: (n,)."""
        share = np.linalg.norm(vertices - self.center, axis=1) / self.radius
        return np.asarray(np.where(share < 1, self.depth * (1 if self.flat else 1 - share**2), 0))

    def truth(self, body: Mesh) -> tuple[float, float]:
        """Area and volume of what is taken from the body."""
        depth = self.depths(body.vertices)
        normals = vertex_normals(body.vertices, body.faces)
        chipped = body.vertices - depth[:, None] * normals
        area = (face_areas(body) * (depth > 0)[body.faces].mean(axis=1)).sum()
        return float(area), enclosed(body.vertices, body) - enclosed(chipped, body)


def enclosed(vertices: Array, mesh: Mesh) -> float:
    a, b, c = (vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.einsum("nd,nd->", a, np.cross(b, c)) / 6)


def pose(seed: int = 5) -> Array:
    """A motion (4, 4) to somewhere else."""
    random = np.random.default_rng(seed)
    T = np.eye(4)
    T[:3, :3] = rotation(random.normal(size=3), 137.0)
    T[:3, 3] = random.uniform(-500, 500, 3)
    return T


def scanned(
    body: Mesh,
    seed: int,
    *,
    chips: tuple[Chip, ...] = (),
    hole: Chip | None = None,
    noise_mm: float = NOISE_MM,
    T: Array | None = None,
) -> Mesh:
    """The body as a scan of it: noise along the normals, chips, a hole, in another frame."""
    normals = vertex_normals(body.vertices, body.faces)
    height = np.random.default_rng(seed).normal(0, noise_mm, len(normals))
    height = height - sum(chip.depths(body.vertices) for chip in chips)
    vertices = body.vertices + height[:, None] * normals
    faces = body.faces
    if hole is not None:
        inside = np.linalg.norm(body.vertices - hole.center, axis=1) < hole.radius
        faces = faces[~inside[faces].any(axis=1)]
    if T is not None:
        vertices = vertices @ T[:3, :3].T + T[:3, 3]
    return Mesh(vertices, faces)
