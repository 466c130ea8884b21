"""The parts of registration on shapes and motions that are known."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.geometry.registration.evidence import tally
from relicscan.geometry.registration.growth import Growth
from relicscan.geometry.registration.pairs import refined_pair
from relicscan.geometry.registration.poses import (
    apart,
    inverse,
    is_rigid,
    rotation,
    screw,
    shift,
    turns_about,
)
from relicscan.geometry.registration.results import _hanging_together
from relicscan.geometry.registration.views import Prepared, Scale, View, prepared, scale_of
from relicscan.geometry.registration.ways import LEAST_STIFFNESS, weighed

from .scenes import lump_views, moved, random_motion, vase_views


def ready(views: list[View]) -> list[Prepared]:
    scale = scale_of(views)
    assert isinstance(scale, Scale)
    made = [prepared(view, scale) for view in views]
    assert all(isinstance(one, Prepared) for one in made)
    return made  # type: ignore[return-value]


def between(a: Prepared, T_a: np.ndarray, b: Prepared, T_b: np.ndarray) -> np.ndarray:
    """T_a_b in the frames that preparing moved to the middle."""
    return inverse(T_a @ shift(a.center)) @ T_b @ shift(b.center)


@pytest.fixture(scope="module")
def neighbours() -> tuple[list[Prepared], np.ndarray]:
    views, truth = lump_views([(1, 0, 0.2), (0.6, 0.8, 0.2)], seed=2)
    made = ready(views)
    return made, between(made[0], truth[0], made[1], truth[1])


def test_motions_are_undone_and_screws_are_what_they_say() -> None:
    T = random_motion(np.random.default_rng(1))
    assert is_rigid(T)
    assert not is_rigid(np.diag([1.0, 1, -1, 1]))
    assert not is_rigid(2 * T)
    np.testing.assert_allclose(T @ inverse(T), np.eye(4), atol=1e-12)
    quarter = screw(np.array([0, 0, np.pi / 2]), np.zeros(3), np.array([5.0, 0, 0]))
    np.testing.assert_allclose(moved(np.array([[6.0, 0, 7]]), quarter), [[5, 1, 7]], atol=1e-12)
    along = screw(np.array([0, 0, np.pi]), np.array([0, 0, 3.0]), np.zeros(3))
    np.testing.assert_allclose(moved(np.array([[1.0, 0, 0]]), along), [[-1, 0, 3]], atol=1e-12)
    sheer = screw(np.zeros(3), np.array([1.0, 2, 3]), np.ones(3))
    np.testing.assert_allclose(sheer, shift(np.array([1.0, 2, 3])))


def test_turns_keep_the_axis_of_the_motion_they_are_made_from() -> None:
    T = random_motion(np.random.default_rng(3))
    third = T @ screw(np.array([0, 0, 2 * np.pi / 3]), np.zeros(3), np.zeros(3)) @ inverse(T)
    axis = moved(np.array([[0.0, 0, -40], [0, 0, 60]]), T)
    (half,) = turns_about(third, (180,))
    np.testing.assert_allclose(moved(axis, half), axis, atol=1e-9)
    off = moved(np.array([[10.0, 0, 0]]), T)
    np.testing.assert_allclose(moved(off, half), moved(np.array([[-10.0, 0, 0]]), T), atol=1e-9)
    assert turns_about(shift(np.array([1.0, 0, 0])), (180,)) == []


def test_apart_is_how_far_points_of_a_ball_move() -> None:
    turned = np.eye(4)
    turned[:3, :3] = rotation(np.array([0, 0, 0.1]))
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200_000, 3))
    points *= 50 / np.sqrt((points**2).sum(axis=1).mean())
    rms = np.sqrt(((moved(points, turned) - points) ** 2).sum(axis=1).mean())
    assert apart(turned, np.eye(4), np.zeros(3), 50.0) == pytest.approx(rms, rel=0.01)


def test_evidence_tells_right_from_wrong(
    neighbours: tuple[list[Prepared], np.ndarray],
) -> None:
    (a, b), T = neighbours
    right = tally(a, b, T).evidence()
    assert right.holds
    assert right.beside < 0.05
    assert right.conflict < 0.001
    assert min(right.overlap) > 0.2
    nudged = tally(a, b, shift(np.array([0.0, 2.0, 6.0])) @ T).evidence()
    assert not nudged.holds
    far = tally(a, b, shift(np.array([0.0, 0.0, 4000.0])) @ T).evidence()
    assert (far.on, far.judged) == (0, 0)
    assert not far.holds


def test_a_wall_in_the_line_of_sight_is_a_conflict(
    neighbours: tuple[list[Prepared], np.ndarray],
) -> None:
    (a, b), T = neighbours
    assert a.sight is not None
    in_front = tally(a, b, shift(25 * a.sight.axes[2]) @ T).evidence()
    behind = tally(a, b, shift(-25 * a.sight.axes[2]) @ T)
    assert in_front.conflict > 0.3
    assert behind.sums[0, 4] < 0.1 * behind.sums[0, 5]  # what a saw through holds none of b


def test_where_a_scan_was_seen_from_is_found() -> None:
    directions = [(1, 0, 0.2), (0, 1, 0.1), (0.3, -0.5, 0.8), (-1, 0.2, -0.4)]
    views, truth = lump_views(directions, seed=6)
    for made, T, towards in zip(ready(views), truth, directions, strict=True):
        assert made.sight is not None
        found = T[:3, :3] @ made.sight.axes[2]
        assert found @ towards / np.linalg.norm(towards) > np.cos(np.radians(15))
        assert (made.fine.normals @ made.sight.axes[2] > 0).mean() > 0.97


def test_a_body_seen_from_all_sides_has_no_sight() -> None:
    from .scenes import lump

    (made,) = ready([View(lump()[0])])
    assert made.sight is None


def test_a_rough_placement_is_refined(neighbours: tuple[list[Prepared], np.ndarray]) -> None:
    (a, b), T = neighbours
    rough = screw(np.array([0.03, -0.02, 0.04]), np.array([1.0, -1.5, 1.0]), T[:3, 3]) @ T
    fine = refined_pair(a, b, rough)
    assert fine is not None
    assert apart(rough, T, np.zeros(3), 40.0) > 2
    assert apart(fine, T, np.zeros(3), 40.0) < 0.2


def test_what_surfaces_do_not_hold_is_measured(
    neighbours: tuple[list[Prepared], np.ndarray],
) -> None:
    (a, b), T = neighbours
    assert weighed([a, b], {0: np.eye(4)}, {1: T}).stiffness > LEAST_STIFFNESS
    views, truth = vase_views(3, 170, painted=False)
    c, d = ready(views[:2])
    U = between(c, truth[0], d, truth[1])
    way = weighed([c, d], {0: np.eye(4)}, {1: U})
    assert way.evidence.holds
    assert way.stiffness < LEAST_STIFFNESS
    # The loosest motion is a turn about the vase's axis.
    axis = (truth[0] @ shift(c.center))[:3, :3] @ way.hold.axes[0][:3]
    assert abs(axis[2]) / np.linalg.norm(axis) > 0.99


def test_parts_that_a_removed_view_held_together_part() -> None:
    growth = Growth([], frozenset(), {0: {}})
    growth.meets = dict.fromkeys([(0, 1), (1, 2), (3, 4), (2, 3)], 200)
    assert _hanging_together(growth, {0, 1, 2, 3, 4}) == [[0, 1, 2, 3, 4]]
    assert _hanging_together(growth, {0, 1, 3, 4}) == [[0, 1], [3, 4]]
    growth.pinned = frozenset({0, 4})
    assert _hanging_together(growth, {0, 1, 3, 4}) == [[0, 1, 3, 4]]
