"""The judge knows the answers on shapes whose distances are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from shapes import sphere_mesh

from bench.judge import judged
from bench.scan import merged_exactly, seen, views_of
from bench.subjects import Subject, of_formula, of_mesh
from relicscan.relic import Mesh
from samples.procedural import ProceduralRelic
from samples.scanner import PLATE

RADIUS = 30.0


def ball() -> Subject:
    """A ball of 30 mm that stands on z = 0."""

    def distance(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(points - [0, 0, RADIUS], axis=1) - RADIUS)

    def color(points: NDArray[np.float64]) -> NDArray[np.uint8]:
        return np.full(points.shape, 128, np.uint8)

    bounds = np.array([[-31.0, -31.0, -1.0], [31.0, 31.0, 61.0]])
    return of_formula("ball", "a ball", ProceduralRelic("ball", distance, color, bounds, 1.0))


@pytest.fixture(scope="module")
def it() -> Subject:
    return ball()


def grown(it: Subject, by: float) -> Mesh:
    middle = np.array([0.0, 0.0, RADIUS])
    return Mesh(middle + (it.surface.vertices - middle) * (1 + by / RADIUS), it.surface.faces)


def test_a_shell_farther_out_is_as_far_as_it_is(it: Subject) -> None:
    figures = judged(grown(it, 0.2), it, it.samples(20_000, 1))
    # Triangles of 1 mm on a ball of 30 mm: their middles lie up to 0.014 mm below it.
    for way in ("to", "back"):
        assert figures[f"{way}_rms"] == pytest.approx(0.2, abs=0.01)
        assert figures[f"{way}_p95"] == pytest.approx(0.2, abs=0.01)
        assert figures[f"{way}_max"] == pytest.approx(0.2, abs=0.02)
    assert figures["triangles"] == len(it.surface.faces)


def test_near_distances_are_the_formulas_and_not_the_triangles(it: Subject) -> None:
    corners = it.surface.vertices[it.surface.faces]
    below = np.linalg.norm(corners.mean(axis=1) - [0, 0, RADIUS], axis=1) - RADIUS
    assert below.min() < -0.003
    found = it.distance(corners.mean(axis=1))
    assert found == pytest.approx(np.abs(below), abs=1e-5)


def test_far_distances_are_right_too(it: Subject) -> None:
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(500, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    points = np.array([0, 0, RADIUS]) + direction * (RADIUS + 12.0)
    assert it.distance(points) == pytest.approx(12.0, abs=0.02)


def test_what_is_missing_shows_one_way_and_what_is_invented_the_other(it: Subject) -> None:
    on_truth = it.samples(20_000, 1)
    top = it.surface.vertices[it.surface.faces].mean(axis=1)[:, 2] > 40
    open_ball = it.surface.take_faces(~top)
    assert judged(open_ball, it, on_truth)["to_max"] > 15
    assert judged(open_ball, it, on_truth)["back_max"] < 0.02
    assert judged(open_ball, it, on_truth[on_truth[:, 2] < 39])["to_max"] < 0.05
    lid = sphere_mesh(5.0)
    vertices = np.vstack([it.surface.vertices, np.add(lid.vertices, [0, 0, 100.0])])
    faces = np.vstack([it.surface.faces, lid.faces + len(it.surface.vertices)])
    with_clutter = judged(Mesh(vertices, faces), it, on_truth)
    assert with_clutter["back_max"] == pytest.approx(45.0, abs=0.1)
    assert with_clutter["to_max"] < 0.05


def test_the_scan_has_just_so_many_points_and_none_of_the_stand_or_the_underside(
    it: Subject,
) -> None:
    views = views_of(it, 20_000)
    cloud = merged_exactly(views, 20_000)
    assert len(cloud) == 20_000
    assert sum((view.kind == PLATE).sum() for view in views) > 0
    off = np.abs(np.linalg.norm(cloud.points - [0, 0, RADIUS], axis=1) - RADIUS)
    assert 0.005 < (off > 0.5).mean() < 0.015  # outliers
    # 0.05 mm along the ray are less across the surface, but where the scanner looks straight on.
    assert 0.03 < np.sqrt(np.mean(off[off < 0.3] ** 2)) < 0.05
    met = np.concatenate([view.truth for view in views])
    assert not seen(np.array([[0.0, 0.0, 0.0]]), met[met[:, 2] > 0], it.surface).any()
    with pytest.raises(ValueError, match="are asked for"):
        merged_exactly(views, 10**9)


def test_a_mesh_is_a_subject_too() -> None:
    mesh = sphere_mesh(20.0)
    it = of_mesh("ball", "a ball", Mesh(np.add(mesh.vertices, [0, 0, 20.0]), mesh.faces))
    on = it.samples(2_000, 1)
    assert np.abs(it.relic.distance(on)).max() < 1e-4
    assert it.distance(on).max() < 1e-4
    assert it.relic.distance(np.array([[0.0, 0, 0.5], [0, 0, -0.5]])) == pytest.approx(
        [-0.5, 0.5], abs=0.02
    )
    cloud = merged_exactly(views_of(it, 5_000), 4_500)
    good = it.distance(cloud.points) < 0.3
    assert 0.98 < good.mean() < 1
