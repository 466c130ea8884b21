"""pipelines/web.toml on what the virtual scanner sees: walls, rims and handles keep their kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from shapes import Array, boundary_loops, scan_relic

from relicscan.batch.job import default_pipeline
from relicscan.geometry.topology import edges, is_watertight
from relicscan.pipeline import read_pipeline, run_pipeline
from relicscan.relic import Mesh
from samples.procedural import ProceduralRelic
from samples.scanner import Instrument, Scene, merged, scan_around, stations_around

CALM = Instrument(range_noise_mm=0.03, outlier_share=0.002)


def made(
    distance: Callable[[Array], Array],
    low: Sequence[float],
    high: Sequence[float],
    elevations: Sequence[float],
    edge_mm: float,
) -> Mesh:
    """The mesh, in the coordinates of the relic, that the chain makes of scans all around."""

    def color(points: Array) -> Array:
        return np.full(points.shape, 150, dtype=np.uint8)

    relic = ProceduralRelic("shape", distance, color, np.array([low, high], dtype=float), 1.0)
    poses = stations_around(relic, 8, 300.0, elevations)
    views = scan_around(Scene(relic, edge_mm=edge_mm), poses, 60_000, CALM, seed=3)
    web = read_pipeline(default_pipeline()).with_overrides(
        {"build_levels.ceilings": {"thumb": 20_000}}, "test"
    )
    after = run_pipeline(scan_relic(merged(views)), web)
    mesh = after.levels[0].mesh
    return Mesh(mesh.vertices - after.frame.T_work_source[:3, 3], mesh.faces)


def euler(mesh: Mesh) -> int:
    return len(mesh.vertices) - len(edges(mesh.faces)) + len(mesh.faces)


def test_a_wall_of_one_and_a_half_millimetres_keeps_both_sides() -> None:
    def tube(p: Array) -> Array:
        q = np.stack([np.abs(np.hypot(p[:, 0], p[:, 1]) - 30) - 0.75, np.abs(p[:, 2] - 20) - 20])
        return np.linalg.norm(np.maximum(q, 0), axis=0) + np.minimum(q.max(axis=0), 0)

    mesh = made(tube, (-32, -32, -1), (32, 32, 41), (-50, -25, 25, 50), 0.6)
    assert is_watertight(mesh.faces)
    assert euler(mesh) == 0, "open at both ends"
    assert np.abs(tube(mesh.vertices)).max() < 0.5
    radius = np.hypot(*mesh.vertices[:, :2].T)
    between = np.abs(mesh.vertices[:, 2] - 20) < 15
    assert (np.abs(radius[between] - 30) > 0.5).all(), "two sides, and nothing between them"


def test_a_base_that_nobody_saw_stays_open() -> None:
    def dome(p: Array) -> Array:
        return np.maximum(np.linalg.norm(p, axis=1) - 30, -p[:, 2])

    mesh = made(dome, (-31, -31, -1), (31, 31, 31), (10, 35, 60), 1.5)
    (rim,) = boundary_loops(mesh.faces)
    assert np.abs(mesh.vertices[rim][:, 2]).max() < 1.5
    assert euler(mesh) == 1


def test_a_ring_keeps_its_hole() -> None:
    def ring(p: Array) -> Array:
        return np.hypot(np.hypot(p[:, 0], p[:, 1]) - 30, p[:, 2]) - 8

    mesh = made(ring, (-39, -39, -9), (39, 39, 9), (-60, -20, 20, 60), 1.5)
    assert is_watertight(mesh.faces)
    assert euler(mesh) == 0
    assert np.abs(ring(mesh.vertices)).max() < 0.3
