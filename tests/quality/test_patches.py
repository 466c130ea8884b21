"""Density, noise and bending of shapes whose own are known."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_scans import plane

from relicscan.quality.patches import patches_of
from relicscan.relic import FloatArray


def ball(count: int, radius: float, seed: int = 0) -> FloatArray:
    """Points (count, 3) at random on a sphere."""
    out = np.random.default_rng(seed).normal(size=(count, 3))
    return np.asarray(radius * out / np.linalg.norm(out, axis=1, keepdims=True))


def test_a_sphere_is_bent_by_its_radius_and_as_large_as_it_is() -> None:
    found = patches_of(ball(40_000, 50.0))
    assert found is not None
    assert found.typical_bending == pytest.approx(np.sqrt(2) / 50, rel=0.02)
    assert found.area == pytest.approx(4 * np.pi * 50**2, rel=0.05)
    assert found.noise < 0.001
    assert found.sparse_share(2.5) == 0


def test_another_frame_and_unit_change_nothing_of_the_surface() -> None:
    T = np.diag([10.0, 10.0, 10.0, 1.0])
    T[:3, 3] = 7
    found = patches_of(plane(60, spacing=1.0, noise=0.1).points)
    assert found is not None
    moved = found.under(T)
    assert moved.typical_spacing == pytest.approx(10 * found.typical_spacing)
    assert moved.noise == pytest.approx(10 * found.noise)
    assert moved.typical_bending == pytest.approx(found.typical_bending / 10)
    assert moved.area == pytest.approx(100 * found.area)
    assert moved.places[0] == pytest.approx(10 * found.places[0] + 7)


def test_the_sparse_part_of_a_surface_is_told_by_its_area_not_by_its_points() -> None:
    rng = np.random.default_rng(0)
    dense = np.column_stack([rng.uniform(0, 70, (70 * 100 * 4, 1)), rng.uniform(0, 100, 28_000)])
    sparse = np.column_stack([rng.uniform(70, 100, (190, 1)), rng.uniform(0, 100, 190)])
    flat = np.concatenate([dense, sparse])  # 0.5 and 4 apart
    found = patches_of(np.column_stack([flat, np.zeros(len(flat))]))
    assert found is not None
    assert found.sparse_share(2.5) == pytest.approx(0.3, abs=0.06)
    assert found.sparse(2.5)[:, 0].min() > 60
    assert found.sparse_share(20) == 0


def test_strays_are_no_surface() -> None:
    out = np.random.default_rng(2).uniform(1.02, 1.4, (200, 1))
    points = np.concatenate([ball(20_000, 50.0), out * ball(200, 50.0, seed=1)])
    found, clean = patches_of(points), patches_of(points[:20_000])
    assert found is not None
    assert clean is not None
    assert found.area == pytest.approx(clean.area, rel=0.1)


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.zeros((500, 3)), np.eye(3)])
def test_too_few_points_or_one_place_say_nothing(points: FloatArray) -> None:
    assert patches_of(points) is None
