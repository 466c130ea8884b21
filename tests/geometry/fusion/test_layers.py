"""How far the points of a scan may be relied on."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.geometry.fusion import layer_of, same_scan
from relicscan.geometry.fusion.layers import same_places
from relicscan.geometry.neighbours import tree
from relicscan.geometry.registration import View

from .scenes import RADIUS, SPACING, layer, seen_from, towards


@pytest.mark.parametrize("known", [True, False])
def test_points_count_for_less_at_grazing_angles_and_near_the_rim(known: bool) -> None:
    ahead = towards(20)
    points = seen_from(ahead)
    made = layer(points, ahead if known else None)
    assert made.spacing == pytest.approx(SPACING, rel=0.05)
    cosine = points @ ahead / RADIUS
    rim = cosine < 0.27
    assert made.at_rim[rim].all()
    assert made.reliability[rim].max() < 0.15
    inside = cosine > 0.5
    assert not made.at_rim[inside].any()
    assert np.abs(made.reliability - cosine)[inside].max() < (0.12 if known else 0.3)
    assert np.median(made.reliability[cosine > 0.9]) > 0.9


@pytest.mark.parametrize("known", [True, False])
def test_normals_face_whoever_saw_them(known: bool) -> None:
    ahead = towards(200, 30)
    points = seen_from(ahead)
    made = layer(points, ahead if known else None)
    outwards = np.einsum("ij,ij->i", made.normals, points) / RADIUS
    assert (outwards > 0.9).mean() > 0.99


def test_a_dense_scan_is_thinned_and_its_points_know_where_they_belong() -> None:
    points = seen_from(towards(0))
    made = layer(points, most_points=1500)
    assert 700 < len(made.points) < 2200
    assert made.spacing > 1.3 * SPACING
    assert (made.member >= 0).all()
    away = np.linalg.norm(made.points[made.member] - points, axis=1)
    assert away.max() < 2 * made.spacing


def test_points_that_are_not_numbers_belong_nowhere() -> None:
    points = seen_from(towards(0))
    points[7] = np.nan
    points[9] = 1e30
    made = layer(points)
    assert np.flatnonzero(made.member < 0).tolist() == [7, 9]
    assert len(made.points) == len(points) - 2


@pytest.mark.parametrize(
    "points", [np.zeros((0, 3)), np.eye(3), np.full((500, 3), 3.0), np.full((500, 3), np.nan)]
)
def test_of_too_few_points_there_is_no_layer(points: np.ndarray) -> None:
    assert layer_of(View(points)) is None


def test_the_same_scan_is_known_again() -> None:
    points = seen_from(towards(0))
    assert same_scan(layer(points), layer(points.copy()))
    assert not same_scan(layer(points), layer(points + 0.2))
    assert not same_scan(layer(points), layer(points[:-1]))


def test_places_of_two_scans_meet_on_one_surface_only() -> None:
    rng = np.random.default_rng(0)
    flat = np.column_stack([rng.uniform(0, 40, (3000, 2)), rng.normal(0, 0.01, 3000)])
    up = np.array([0.0, 0, 1])
    one, other = layer(flat, up), layer(flat + np.array([0.1, 0, 0.2]), up)
    mine, theirs = same_places(one, other, tree(other.points))
    assert len(mine) > 2900
    apart = np.linalg.norm(one.points[mine] - other.points[theirs], axis=1)
    assert apart.max() <= other.spacing
    back = layer(flat + np.array([0.1, 0, -0.2]), -up)
    assert not len(same_places(one, back, tree(back.points))[0])
