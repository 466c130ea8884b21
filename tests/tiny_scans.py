"""Small scans with known answers, for the tests of pipelines, folders, batch and command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relicscan.formats.ply import write_cloud, write_mesh
from relicscan.relic import Mesh, PointCloud


def sphere(
    count: int = 3000, radius_mm: float = 50.0, noise_mm: float = 0.05, seed: int = 0
) -> PointCloud:
    """Coloured points (count, 3), evenly spread over a sphere with a bump at +X, with noise."""
    i = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    out = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    bump = 1 + 0.2 * np.exp(-((out - [1, 0, 0]) ** 2).sum(axis=1) / 0.05)
    noise = np.random.default_rng(seed).normal(0, noise_mm, (count, 3))
    colors = (out * 100 + 128).astype(np.uint8)
    return PointCloud(out * bump[:, None] * radius_mm + noise, colors=colors)


def plane(side: int = 100, spacing: float = 1.0, noise: float = 0.0, seed: int = 0) -> PointCloud:
    """side x side points on a tilted grid of that spacing, with noise along its normal."""
    u, v = np.meshgrid(np.arange(side) * spacing, np.arange(side) * spacing)
    w = np.random.default_rng(seed).normal(0, noise, u.shape) if noise else np.zeros_like(u)
    flat = np.stack([u.ravel(), v.ravel(), w.ravel()], axis=1)
    turn, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))
    return PointCloud(flat @ turn.T)


def box(side_mm: float = 40.0) -> Mesh:
    """A closed cube of 12 triangles."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    faces = [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
    return Mesh(corners * side_mm, np.array(faces))


def write_ply(path: Path, geometry: PointCloud | Mesh, *, double: bool = False) -> Path:
    """A PLY at `path`, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(geometry, Mesh):
        write_mesh(path, geometry, double=double)
    else:
        write_cloud(path, geometry, double=double)
    return path


def write_toml(folder: Path, text: str = '[scan]\nunit = "mm"\nup = "+Z"\n') -> Path:
    """A relic.toml in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "relic.toml"
    path.write_text(text, encoding="utf-8")
    return path


def volume(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> float:
    """What a closed surface encloses (divergence theorem)."""
    a, b, c = (np.asarray(vertices, float)[faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)
