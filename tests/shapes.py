"""Shapes whose surface is known exactly: clouds as a scanner would give them, and meshes.

Lengths are millimetres. Everything random is seeded, so every run sees the same points.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import Frame, Mesh, PointCloud, Relic, Scan

Array = NDArray[np.float64]
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
MM = Frame(unit="mm", unit_basis="declared in relic.toml")


def cloud_relic(cloud: PointCloud, **fields: object) -> Relic:
    """A relic in millimetres that is past merging."""
    return Relic(id="test", cloud=cloud, frame=MM, **fields)  # type: ignore[arg-type]


def scan_relic(*clouds: PointCloud, unit: str | None = "mm", **fields: object) -> Relic:
    """A relic as reading leaves it: scans in their own frames, nothing merged."""
    scans = tuple(Scan(f"scan {i}", cloud, unit=unit) for i, cloud in enumerate(clouds))
    frame = MM if unit == "mm" else Frame(unit=unit)
    return Relic(id="test", scans=scans, frame=frame, **fields)  # type: ignore[arg-type]


def mesh_relic(mesh: Mesh, **fields: object) -> Relic:
    return Relic(id="test", mesh=mesh, frame=MM, **fields)  # type: ignore[arg-type]


def sphere_points(count: int, radius: float = 50.0, above: float = -1.0) -> Array:
    """Points (n, 3) spread evenly (Fibonacci lattice) where z > above * radius."""
    z = 1 - (2 * np.arange(count) + 1) / count
    ring = np.sqrt(1 - z**2)
    angle = GOLDEN_ANGLE * np.arange(count)
    points = radius * np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)
    return np.asarray(points[z > above])


def spacing_of(count: int, area: float) -> float:
    """The side of the square that each of `count` points has to itself."""
    return float(np.sqrt(area / count))


def square_points(half: float, spacing: float) -> Array:
    """A grid (n, 3) in the plane z = 0 over [-half, half] squared, off the borders."""
    steps = round(2 * half / spacing)
    line = (np.arange(steps) + 0.5) * (2 * half / steps) - half
    x, y = np.meshgrid(line, line)
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)


def box_points(half: float, spacing: float) -> tuple[Array, Array]:
    """Points and outward normals (n, 3) on the six sides of a cube."""
    side = square_points(half, spacing)
    points, normals = [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            turned = np.roll(side, axis + 1, axis=1)
            turned[:, axis] = sign * half
            points.append(turned)
            normals.append(np.tile(sign * np.eye(3)[axis], (len(side), 1)))
    return np.vstack(points), np.vstack(normals)


def torus_points(count: int, ring: float = 40.0, tube: float = 15.0) -> tuple[Array, Array]:
    """Points and outward normals (n, 3) spread over a torus around the z axis, by area."""
    rng = np.random.default_rng(1)
    v = rng.uniform(0, 2 * np.pi, 3 * count)
    v = v[rng.uniform(0, ring + tube, len(v)) < ring + tube * np.cos(v)][:count]
    u = GOLDEN_ANGLE * np.arange(len(v))
    normals = np.stack([np.cos(v) * np.cos(u), np.cos(v) * np.sin(u), np.sin(v)], axis=1)
    middle = ring * np.stack([np.cos(u), np.sin(u), np.zeros(len(u))], axis=1)
    return middle + tube * normals, normals


def revolved(profile: list[tuple[float, float]], spacing: float) -> tuple[Array, Array]:
    """Points and normals (n, 3) of a profile of (radius, z) turned around the z axis.

    The normals lie to the right of the profile's direction: outside, where it runs
    upwards on the outer wall.
    """
    points, normals = [], []
    turn = 0.0
    for (r0, z0), (r1, z1) in itertools.pairwise(profile):
        length = float(np.hypot(r1 - r0, z1 - z0))
        rows = max(1, round(length / spacing))
        right = np.array([z1 - z0, r0 - r1]) / length
        for t in (np.arange(rows) + 0.5) / rows:
            r, z = r0 + t * (r1 - r0), z0 + t * (z1 - z0)
            n = max(1, round(2 * np.pi * r / spacing))
            turn += GOLDEN_ANGLE
            angle = turn + 2 * np.pi * np.arange(n) / n
            c, s = np.cos(angle), np.sin(angle)
            points.append(np.stack([r * c, r * s, np.full(n, z)], axis=1))
            normals.append(np.stack([right[0] * c, right[0] * s, np.full(n, right[1])], axis=1))
    return np.vstack(points), np.vstack(normals)


def cup(
    radius: float = 40.0, height: float = 70.0, wall: float = 2.0, spacing: float = 1.0
) -> tuple[Array, Array]:
    """An open cup with a thin wall, seen from all sides: points and outward normals (n, 3)."""
    r, inner, h = radius, radius - wall, height
    return revolved([(0, 0), (r, 0), (r, h), (inner, h), (inner, wall), (0, wall)], spacing)


def rotation(axis: Array, degrees: float) -> Array:
    """The rotation (3, 3) about an axis (3,) by the right hand (Rodrigues)."""
    x, y, z = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    a = np.radians(degrees)
    return np.eye(3) + np.sin(a) * K + (1 - np.cos(a)) * (K @ K)


def noisy(points: Array, sigma: float, seed: int = 0) -> Array:
    return points + np.random.default_rng(seed).normal(0, sigma, points.shape)


def grid_faces(rows: int, columns: int, *, wrap: bool = False) -> NDArray[np.int32]:
    """Triangles (m, 3) over a grid of vertices in row order; `wrap` closes each row to a ring."""
    i, j = np.meshgrid(
        np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij"
    )
    i, j = i.ravel(), j.ravel()
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j
    return np.vstack([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def sphere_mesh(radius: float = 50.0, rows: int = 40, columns: int = 80) -> Mesh:
    """A closed sphere of rings between two poles, faces outwards."""
    polar = np.pi * np.arange(1, rows) / rows
    around = 2 * np.pi * np.arange(columns) / columns
    t, a = np.meshgrid(polar, around, indexing="ij")
    rings = np.stack([np.sin(t) * np.cos(a), np.sin(t) * np.sin(a), np.cos(t)], -1).reshape(-1, 3)
    n = len(rings)
    faces = grid_faces(rows - 1, columns, wrap=True)[:, ::-1]
    j = np.arange(columns)
    k = (j + 1) % columns
    top = np.stack([np.full(columns, n), j, k], axis=1)
    bottom = np.stack([np.full(columns, n + 1), n - columns + k, n - columns + j], axis=1)
    vertices = radius * np.vstack([rings, [[0, 0, 1], [0, 0, -1]]])
    return Mesh(vertices, np.vstack([faces, top, bottom]))


def cube_mesh(half: float = 10.0, steps: int = 12) -> Mesh:
    """A closed cube, each side a grid; vertices on edges are shared. Faces outwards."""
    line = np.linspace(-half, half, steps + 1)
    x, y = np.meshgrid(line, line)
    side = np.stack([x.ravel(), y.ravel(), np.full(x.size, half)], axis=1)
    faces = grid_faces(steps + 1, steps + 1)
    vertices, triangles = [], []
    for axis in range(3):
        for flip in (False, True):
            turned = np.roll(side, axis + 1, axis=1)
            if flip:
                turned = turned * np.where(np.arange(3) == axis, -1, 1)
            triangles.append((faces[:, ::-1] if flip else faces) + len(side) * len(vertices))
            vertices.append(turned)
    every = np.vstack(vertices)
    unique, inverse = np.unique(np.round(every, 9) + 0.0, axis=0, return_inverse=True)
    return Mesh(unique, inverse.reshape(-1)[np.vstack(triangles)])


def cone_mesh(radius: float = 30.0, height: float = 120.0, columns: int = 90) -> Mesh:
    """A cone around the z axis without its base: it stood on the rim at z = 0."""
    rows = 40
    t = np.arange(rows) / rows
    a = 2 * np.pi * np.arange(columns) / columns
    z, angle = np.meshgrid(t, a, indexing="ij")
    r = radius * (1 - z)
    rings = np.stack([r * np.cos(angle), r * np.sin(angle), height * z], -1).reshape(-1, 3)
    j = np.arange(columns)
    tip = np.stack([(rows - 1) * columns + j, (rows - 1) * columns + (j + 1) % columns], axis=1)
    faces = np.vstack(
        [grid_faces(rows, columns, wrap=True), np.c_[tip, np.full(columns, len(rings))]]
    )
    return Mesh(np.vstack([rings, [[0, 0, height]]]), faces)


def volume(mesh: Mesh) -> float:
    """Enclosed volume by the divergence theorem; negative when inside out."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def boundary_loops(faces: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Vertices of each closed loop of boundary edges. Fails where a boundary branches."""
    directed = np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    known = {(int(a), int(b)) for a, b in directed}
    follows: dict[int, int] = {}
    for a, b in directed[: len(directed)]:
        if (int(b), int(a)) not in known:
            assert int(a) not in follows, f"the boundary branches at vertex {a}"
            follows[int(a)] = int(b)
    loops = []
    while follows:
        start, at = follows.popitem()
        loop = [start]
        while at != start:
            loop.append(at)
            at = follows.pop(at)
        loops.append(np.array(loop))
    return loops
