"""What other scans contradict goes; what one scan alone shows stays."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import square_points

from relicscan.geometry.fusion import contradicted, layer_of

from .scenes import SPACING, Array, fringe, layer, seen_from, towards, view

FRONT = towards(0)
#: Together they look face on at all of the rim of a scan from the front.
ROUND = [towards(90), towards(270), towards(0, 90), towards(0, -90)]


def removed(
    scans: list[Array], directions: list[Array] | None = None, most_points: int = 250_000
) -> list[np.ndarray]:
    """Masks of what goes; where nobody knows where scanners stood without directions."""
    known = directions or [None] * len(scans)
    views = [view(points, ahead) for points, ahead in zip(scans, known, strict=True)]
    return contradicted([layer_of(one, most_points) for one in views], scans)


def with_fringe() -> tuple[Array, np.ndarray]:
    """A scan from the front, and which of its points are its fringe."""
    points = seen_from(FRONT)
    flying = fringe(points, FRONT)
    return np.vstack([points, flying]), np.arange(len(points) + len(flying)) >= len(points)


@pytest.mark.parametrize("known", [True, False])
def test_a_fringe_goes_where_others_look_at_it_face_on(known: bool) -> None:
    points, flying = with_fringe()
    scans = [points, *(seen_from(ahead, 1 + k) for k, ahead in enumerate(ROUND))]
    gone = removed(scans, [FRONT, *ROUND] if known else None)
    assert gone[0][flying].mean() > 0.95
    assert gone[0][~flying].mean() < 0.005
    assert all(mask.mean() < 0.005 for mask in gone[1:])


def test_of_a_thinned_scan_as_well() -> None:
    points, flying = with_fringe()
    scans = [points, *(seen_from(ahead, 1 + k) for k, ahead in enumerate(ROUND))]
    gone = removed(scans, [FRONT, *ROUND], most_points=1500)
    assert gone[0][flying].mean() > 0.6
    assert gone[0][~flying].mean() < 0.01


def test_what_one_scan_alone_shows_stays_rim_and_fringe() -> None:
    points, flying = with_fringe()
    left, right = points[:, 1] < -10, points[:, 1] > 10
    gone, _ = removed([points, seen_from(towards(90), 1)], [FRONT, towards(90)])
    assert not gone[left].any()
    assert gone[right & flying].mean() > 0.6


def test_scans_that_do_not_meet_keep_everything() -> None:
    points, _ = with_fringe()
    gone = removed([points, seen_from(-FRONT, 1)], [FRONT, -FRONT])
    assert not any(mask.any() for mask in gone)


@pytest.mark.parametrize("apart", [0.3, 1.0])
def test_two_good_layers_a_little_apart_both_stay(apart: float) -> None:
    """More apart than the tolerance, even: then they are placed so, and neither is a stray."""
    aside = towards(40)
    scans = [seen_from(FRONT), seen_from(aside, 1) * (1 + apart * SPACING / 50)]
    gone = removed(scans, [FRONT, aside])
    assert all(mask.mean() < 0.005 for mask in gone)


UP = np.array([0.0, 0, 1])


def sheet(across: float, height: float, seed: int) -> Array:
    """Points of a level square, 1.5 mm apart or nearly so."""
    rng = np.random.default_rng(seed)
    points = square_points(across / 2, SPACING)
    points[:, 2] += rng.normal(height, 0.02, len(points))
    points[:, :2] += rng.uniform(-0.4, 0.4, (len(points), 2))
    return points


def test_both_sides_of_a_thin_wall_stay() -> None:
    """Though the better points of one reach around all that the other shows."""
    scans = [sheet(30, 0.0, 0), sheet(60, -2 * SPACING, 1)]
    assert not any(mask.any() for mask in removed(scans, [UP, -UP]))


def test_what_a_scan_shows_round_a_corner_stays() -> None:
    """It is all rim, and off the plane of what another scan shows beside it: but not around it."""
    flat, both = sheet(60, 0.0, 0), sheet(60, 0.0, 1)
    round_it = both[both[:, 0] > 0]
    round_it = round_it[round_it[:, 0] < 2.5 * SPACING]
    x, y, z = round_it.T
    both = np.vstack([both, np.column_stack([30 + x / 2, y, z - 0.87 * x])])
    assert not any(mask.any() for mask in removed([flat, both], [UP, towards(0, 60)]))


def test_the_same_scan_twice_is_no_second_opinion() -> None:
    points, _ = with_fringe()
    points[::40] *= 1.04  # strays that a second scan would contradict
    assert not any(mask.any() for mask in removed([points, points.copy()], [FRONT, FRONT]))
    others = [seen_from(ahead, 1 + k) for k, ahead in enumerate(ROUND)]
    once = removed([points, *others], [FRONT, *ROUND])
    twice = removed([points, points.copy(), *others], [FRONT, FRONT, *ROUND])
    assert once[0].any()
    np.testing.assert_array_equal(twice[0], twice[1])
    np.testing.assert_array_equal(twice[0], once[0])


def test_a_wider_tolerance_removes_less() -> None:
    points, flying = with_fringe()
    scans = [points, *(seen_from(ahead, 1 + k) for k, ahead in enumerate(ROUND))]
    layers = [layer(s, ahead) for s, ahead in zip(scans, [FRONT, *ROUND], strict=True)]
    assert contradicted(layers, scans, 0.5)[0][flying].mean() > 0.95
    assert not contradicted(layers, scans, 3.0)[0].any()


def test_scans_without_a_layer_have_no_say_and_lose_nothing() -> None:
    points, _ = with_fringe()
    few = seen_from(towards(90), 1)[:30]
    gone = removed([points, few])
    assert not gone[0].any()
    assert not gone[1].any()
    assert contradicted([], []) == []
