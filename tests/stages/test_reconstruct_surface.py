"""reconstruct_surface: through the points, as fine as they are dense, open where they end."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import (
    Array,
    cloud_relic,
    cup,
    noisy,
    spacing_of,
    sphere_points,
    torus_points,
    volume,
)

from relicscan.errors import ScanError, StageError
from relicscan.geometry.topology import (
    boundary_vertices,
    edges,
    face_components,
    is_watertight,
)
from relicscan.relic import Mesh, PointCloud, Relic
from relicscan.stages.reconstruct_surface import reconstruct_surface

COUNT = 8000
SPACING = spacing_of(COUNT, 4 * np.pi * 50**2)


def ball(points: Array, **parameters: object) -> Relic:
    normals = points / np.linalg.norm(points, axis=1, keepdims=True)
    return reconstruct_surface(cloud_relic(PointCloud(points, normals)), **parameters)


def rms(relic: Relic) -> float:
    off = np.linalg.norm(relic.mesh.vertices, axis=1) - 50
    return float(np.sqrt((off**2).mean()))


def test_a_sphere_is_closed_and_has_its_volume() -> None:
    after = ball(sphere_points(COUNT))
    assert is_watertight(after.mesh.faces)
    assert volume(after.mesh) == pytest.approx(4 / 3 * np.pi * 50**3, rel=1e-4)
    assert rms(after) < 0.02 * SPACING


def test_noise_is_averaged() -> None:
    sigma = 0.2 * SPACING
    assert rms(ball(noisy(sphere_points(COUNT), sigma))) < 0.75 * sigma


def test_a_torus_keeps_its_hole() -> None:
    points, normals = torus_points(10_000)
    mesh = reconstruct_surface(cloud_relic(PointCloud(points, normals))).mesh
    assert len(mesh.vertices) - len(edges(mesh.faces)) + len(mesh.faces) == 0, "Euler: one handle"
    assert volume(mesh) == pytest.approx(2 * np.pi**2 * 40 * 15**2, rel=2e-4)


def test_the_grid_is_as_fine_as_the_points_are_dense() -> None:
    coarse, fine = ball(sphere_points(1200)), ball(sphere_points(4800))
    sizes = coarse.figures["cell_size_mm"], fine.figures["cell_size_mm"]
    assert sizes[0] == pytest.approx(2 * sizes[1], rel=0.03), "4 times the points, half the cell"
    given = ball(sphere_points(4800), cell_size_mm=8.0)
    assert given.figures["cell_size_mm"] == 8.0
    assert volume(given.mesh) == pytest.approx(4 / 3 * np.pi * 50**3, rel=1e-3)
    assert len(given.mesh.faces) < len(fine.mesh.faces) / 2


@pytest.mark.parametrize("above", [0.0, 0.6])
def test_it_ends_where_the_points_end(above: float) -> None:
    points = sphere_points(COUNT, above=above)
    mesh = ball(points).mesh
    rim = mesh.vertices[boundary_vertices(mesh.faces)]
    assert len(rim), "an opening is not closed"
    beyond = 50 * above - rim[:, 2]
    assert (np.abs(beyond) < 0.75 * SPACING).all()
    assert abs(beyond.mean()) < 0.3 * SPACING, "neither cut short nor gone on with"


@pytest.mark.parametrize("wall", [1.0, 1.5])
def test_a_wall_as_thin_as_a_cell_is_whole(wall: float) -> None:
    points, outward = cup(wall=wall, spacing=0.7)
    mesh = reconstruct_surface(cloud_relic(PointCloud(noisy(points, 0.05), outward))).mesh
    assert is_watertight(mesh.faces)
    assert len(mesh.vertices) - len(edges(mesh.faces)) + len(mesh.faces) == 2, "no hole, no bridge"
    assert face_components(mesh.faces).max() == 0


def test_any_number_of_threads_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    points = noisy(sphere_points(COUNT), 0.3)
    meshes = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("RELICSCAN_THREADS", threads)
        meshes.append(ball(points).mesh)
    for mesh in meshes[1:]:
        np.testing.assert_array_equal(mesh.vertices, meshes[0].vertices)
        np.testing.assert_array_equal(mesh.faces, meshes[0].faces)


def test_where_it_lies_does_not_matter() -> None:
    here, there = ball(sphere_points(2000)).mesh, None
    offset = np.array([-1234.5, 987.25, 400.125])
    points = sphere_points(2000)
    there = reconstruct_surface(cloud_relic(PointCloud(points + offset, points / 50))).mesh
    assert volume(Mesh(there.vertices - offset, there.faces)) == pytest.approx(
        volume(here), rel=1e-4
    )


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
