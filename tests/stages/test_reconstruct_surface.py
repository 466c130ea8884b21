"""reconstruct_surface: closed, through the points, as fine as they are dense."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import Array, cloud_relic, noisy, spacing_of, sphere_points, torus_points, volume

from relicscan.errors import ScanError, StageError
from relicscan.geometry.topology import edges, is_watertight
from relicscan.relic import PointCloud, Relic
from relicscan.stages.reconstruct_surface import reconstruct_surface

COUNT = 8000
SPACING = spacing_of(COUNT, 4 * np.pi * 50**2)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "1")


def ball(points: Array, **parameters: object) -> Relic:
    normals = points / np.linalg.norm(points, axis=1, keepdims=True)
    return reconstruct_surface(cloud_relic(PointCloud(points, normals)), **parameters)


def rms(relic: Relic) -> float:
    off = np.linalg.norm(relic.mesh.vertices, axis=1) - 50
    return float(np.sqrt((off**2).mean()))


def test_a_sphere_is_closed_and_has_its_volume() -> None:
    after = ball(sphere_points(COUNT))
    assert is_watertight(after.mesh.faces)
    assert volume(after.mesh) == pytest.approx(4 / 3 * np.pi * 50**3, rel=1e-3)
    assert rms(after) < 0.02 * SPACING


def test_noise_is_averaged() -> None:
    sigma = 0.2 * SPACING
    assert rms(ball(noisy(sphere_points(COUNT), sigma))) < 0.75 * sigma


def test_a_torus_keeps_its_hole() -> None:
    points, normals = torus_points(10_000)
    mesh = reconstruct_surface(cloud_relic(PointCloud(points, normals))).mesh
    assert len(mesh.vertices) - len(edges(mesh.faces)) + len(mesh.faces) == 0, "Euler: one handle"
    assert volume(mesh) == pytest.approx(2 * np.pi**2 * 40 * 15**2, rel=1e-3)


def test_the_octree_is_as_deep_as_the_points_are_dense() -> None:
    coarse, fine = ball(sphere_points(1200)), ball(sphere_points(4800))
    depths = coarse.figures["octree_depth"], fine.figures["octree_depth"]
    assert depths == (5, 6), "4 times the points, half the cell"
    limited = ball(sphere_points(4800), max_depth=4)
    assert limited.figures["octree_depth"] == 4
    assert rms(limited) > 3 * rms(fine)


def test_the_spacing_is_recorded() -> None:
    assert ball(sphere_points(COUNT)).figures["point_spacing_mm"] == pytest.approx(
        SPACING, rel=0.03
    )


def test_points_without_a_known_normal_do_not_count() -> None:
    points = sphere_points(COUNT)
    normals = points / 50
    normals[::2] = 0
    half = reconstruct_surface(cloud_relic(PointCloud(points, normals))).mesh
    assert volume(half) == pytest.approx(4 / 3 * np.pi * 50**3, rel=2e-3)
    with pytest.raises(ScanError, match="0 points with a normal"):
        reconstruct_surface(cloud_relic(PointCloud(points, 0 * normals)))


@pytest.mark.parametrize(
    ("points", "error", "words"),
    [
        (sphere_points(40), ScanError, "40 points .* too few"),
        (np.full((500, 3), 7.0), ScanError, "in one place or on one line"),
        (np.outer(np.arange(500.0), [1, 2, 3]), ScanError, "in one place or on one line"),
        (np.where(np.arange(1500).reshape(-1, 3) == 7, np.nan, 1), StageError, "not numbers"),
    ],
    ids=["few", "one place", "one line", "NaN"],
)
def test_what_would_crash_native_code_is_refused(
    points: Array, error: type[Exception], words: str
) -> None:
    cloud = PointCloud(points, np.tile([0, 0, 1], (len(points), 1)))
    with pytest.raises(error, match=words):
        reconstruct_surface(cloud_relic(cloud))
