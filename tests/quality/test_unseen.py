"""The lid that a cloud misses, of shapes whose lid is known."""

from __future__ import annotations

import numpy as np
import pytest
from quality.test_patches import ball

from relicscan.quality.unseen import unseen_side


def test_a_whole_sphere_misses_nothing() -> None:
    found = unseen_side(ball(20_000, 50.0))
    assert found is not None
    assert found.share < 0.01


@pytest.mark.parametrize("direction", np.concatenate([np.eye(3), -np.eye(3)]))
def test_a_sphere_that_stood_on_a_table_misses_a_disc_below(direction: np.ndarray) -> None:
    points = ball(20_000, 50.0)
    found = unseen_side(points[points @ direction < 25])
    assert found is not None
    disc, cap = np.pi * (50**2 - 25**2), 2 * np.pi * 50 * 75
    assert found.share == pytest.approx(disc / (disc + cap), rel=0.05)
    assert np.array(found.direction) @ direction > 0.99


def test_a_cup_that_was_seen_inside_and_out_misses_nothing() -> None:
    outer, inner = ball(30_000, 50.0), ball(20_000, 45.0, seed=1)
    cup = np.concatenate([outer[outer[:, 2] < 0], inner[inner[:, 2] < 0]])
    normals = np.concatenate([outer[outer[:, 2] < 0] / 50, -inner[inner[:, 2] < 0] / 45])
    found = unseen_side(cup, normals=normals)
    assert found is not None
    assert found.share < 0.06  # its rim
    alone = unseen_side(outer[outer[:, 2] < 0], normals=outer[outer[:, 2] < 0] / 50)
    assert alone is not None
    assert alone.share == pytest.approx(1 / 3, rel=0.05)


def test_where_it_was_seen_from_decides_what_is_outside() -> None:
    points = ball(10_000, 50.0)
    half = points[points[:, 2] > 0]
    inside = unseen_side(half, viewpoints=np.zeros_like(half))
    assert inside is not None
    assert inside.direction[2] > 0.99  # a dome seen from within faces down, and misses its outside


def test_a_few_points_and_a_cloud_without_surface_say_nothing() -> None:
    assert unseen_side(np.zeros((20, 3))) is None
    assert unseen_side(np.random.default_rng(0).normal(size=(3000, 3))) is None
