"""Scans whose truth is known: a body with no symmetry, seen from sides; and the bunny's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.registration import Registered, View

Array = NDArray[np.float64]


def random_motion(rng: np.random.Generator, reach: float = 200.0) -> Array:
    """A rotation from a random quaternion, and a shift."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    T = np.eye(4)
    T[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    T[:3, 3] = rng.uniform(-reach, reach, 3)
    return T


def moved(points: Array, T: Array) -> Array:
    return points @ T[:3, :3].T + T[:3, 3]


def lump(count: int = 28_000, seed: int = 3) -> tuple[Array, Array]:
    """Points and outward normals (n, 3) of a ball of 100 mm with bumps and dents at random."""
    rng = np.random.default_rng(seed)
    k = np.arange(count)
    z = 1 - (2 * k + 1) / count
    angle = np.pi * (3 - np.sqrt(5)) * k
    ring = np.sqrt(1 - z * z)
    d = np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)
    centers = rng.normal(size=(45, 3))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    heights = rng.uniform(-9, 9, 45)
    widths = rng.uniform(0.12, 0.4, 45)

    def radius(u: Array) -> Array:
        bumps = np.exp(-((1 - u @ centers.T) * 2) / widths**2)
        return np.asarray(50 + bumps @ heights)

    step = 1e-4
    across = np.cross(d, [0.3, 0.5, 0.81])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    along = np.cross(d, across)

    def at(u: Array) -> Array:
        u = u / np.linalg.norm(u, axis=1, keepdims=True)
        return np.asarray(u * radius(u)[:, None])

    normals = np.cross(at(d + step * across) - at(d), at(d + step * along) - at(d))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals *= np.sign((normals * d).sum(axis=1))[:, None]
    return at(d), normals


def seen(points: Array, normals: Array, towards: Array, least: float = 0.25) -> NDArray[np.bool_]:
    """What a scanner far away in a direction sees of a body with no overhangs worth the name."""
    towards = np.asarray(towards, float) / np.linalg.norm(towards)
    return np.asarray((normals @ towards > least) & (points @ towards > 0))


def lump_views(
    directions: list[tuple[float, float, float]], seed: int = 0, noise: float = 0.03
) -> tuple[list[View], list[Array]]:
    """Views of the lump in frames of their own, and T_common_view of each."""
    rng = np.random.default_rng(seed)
    points, normals = lump()
    views, truth = [], []
    for towards in directions:
        which = seen(points, normals, np.array(towards)) & (rng.random(len(points)) < 0.7)
        T = random_motion(rng)
        own = moved(points[which] + rng.normal(0, noise, (which.sum(), 3)), T)
        views.append(View(own))
        truth.append(np.linalg.inv(T))
    return views, truth


def vase_views(
    count: int, width_deg: float, *, painted: bool, seed: int = 0
) -> tuple[list[View], list[Array]]:
    """Sectors of a painted surface of revolution, each turned and moved at random."""
    rng = np.random.default_rng(seed)
    n = 50_000
    z = rng.uniform(0, 160, n)
    angle = rng.uniform(-np.pi, np.pi, n)
    radius = 45 + 12 * np.sin(z / 26) + 4 * np.sin(z / 9)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)
    spots = rng.uniform([-np.pi, 0], [np.pi, 160], (70, 2))
    sizes = rng.uniform(4, 11, 70)
    paint = np.zeros(n)
    for (a, h), size in zip(spots, sizes, strict=True):
        turn = (angle - a + np.pi) % (2 * np.pi) - np.pi
        paint += np.hypot(turn * 45, z - h) < size
    colors = np.where(paint[:, None] > 0, [60.0, 30.0, 20.0], [210.0, 150.0, 90.0])
    views, truth = [], []
    for k in range(count):
        middle = 2 * np.pi * k / count
        off = (angle - middle + np.pi) % (2 * np.pi) - np.pi
        which = (np.abs(off) < np.radians(width_deg) / 2) & (rng.random(n) < 0.6)
        T = random_motion(rng)
        own = moved(points[which] + rng.normal(0, 0.03, (which.sum(), 3)), T)
        shade = colors[which] + rng.normal(0, 3, (which.sum(), 3))
        views.append(View(own, colors=np.clip(shade, 0, 255) if painted else None))
        truth.append(np.linalg.inv(T))
    return views, truth


def bunny_views(
    shared: Path, seed: int, thin: int, names: tuple[str, ...] | None = None
) -> tuple[list[View], list[Array], list[str]]:
    """The bunny's range scans in mm, every `thin`-th point, turned, moved and shuffled."""
    from relicscan.scan_folder import read_scan

    folder = shared / "scans" / "ms_stanford_bunny" / "data"
    rng = np.random.default_rng(seed)
    lines = [line.split() for line in (folder / "bun.conf").read_text().splitlines()]
    found = []
    for words in lines:
        if not words or words[0] != "bmesh":
            continue
        name = words[1].removesuffix(".ply")
        if names is not None and name not in names:
            continue
        tx, ty, tz, x, y, z, w = (float(word) for word in words[2:])
        x, y, z = -x, -y, -z
        T = np.eye(4)
        T[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        T[:3, 3] = 1000 * np.array([tx, ty, tz])
        geometry = read_scan(folder / words[1])[0].geometry
        points = geometry.points if hasattr(geometry, "points") else geometry.vertices
        M = random_motion(rng)
        found.append((View(moved(1000 * np.array(points)[::thin], M)), T @ np.linalg.inv(M), name))
    order = rng.permutation(len(found))
    views, truth, called = zip(*(found[k] for k in order), strict=True)
    return list(views), list(truth), list(called)


def errors(registered: Registered, views: list[View], truth: list[Array]) -> dict[int, float]:
    """Median distance of each placed view's points from where they belong, group by group.

    After the group is aligned as a whole by least squares, outliers left out, so that a view
    in the wrong place does not hide by moving the others.
    """
    result: dict[int, float] = {}
    for group in registered.groups:
        found, right = [], []
        for k in group:
            T = registered.placements[k].T_common_view
            assert T is not None
            found.append(moved(views[k].points[::7], T))
            right.append(moved(views[k].points[::7], truth[k]))
        a, b = np.concatenate(found), np.concatenate(right)
        kept = np.ones(len(a), dtype=bool)
        for _ in range(6):
            ca, cb = a[kept].mean(axis=0), b[kept].mean(axis=0)
            U, _, Vt = np.linalg.svd((b[kept] - cb).T @ (a[kept] - ca))
            R = U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt
            off = np.linalg.norm((a - ca) @ R.T + cb - b, axis=1)
            kept = off <= 3 * np.median(off) + 1e-9
        parts = np.split(off, np.cumsum([len(f) for f in found])[:-1])
        result |= {k: float(np.median(part)) for k, part in zip(group, parts, strict=True)}
    return result
