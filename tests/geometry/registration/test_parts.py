"""The parts of registration on shapes and motions that are known."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.geometry.registration.evidence import Evidence, tally
from relicscan.geometry.registration.growth import Growth, pairs_that_pull
from relicscan.geometry.registration.merging import no_symmetry
from relicscan.geometry.registration.pairs import Candidate, refined_pair
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


def test_a_joint_fit_pulls_on_the_strongest_and_on_some_of_all_others() -> None:
    # A ring of 40, each meeting its ten neighbours on either side, the nearer the more.
    meets = {
        (min(a, b), max(a, b)): 1000 - 50 * d
        for a in range(40)
        for d in range(1, 11)
        for b in [(a + d) % 40]
    }
    pulling = pairs_that_pull(meets, 6)
    assert set(pulling) < set(meets)
    assert len(pulling) <= 40 * 6
    for view in range(40):
        own = {min((a - b) % 40, (b - a) % 40) for a, b in pulling if view in (a, b)}
        assert own >= {1, 10}
    assert set(pairs_that_pull(meets, 40)) == set(meets)


class Grown(Growth):
    """Growth that joins scan 9 to the largest group when it is asked about it alone."""

    asked: list[list[tuple[int, int]]]
    joins = True

    def grow(self, candidates: list[Candidate], *, given: bool = False) -> None:  # type: ignore[override]
        self.asked.append([(c.target, c.source) for c in candidates])
        if self.joins and len(self.groups[self.group_of(9)]) == 1:
            name = self.group_of(0)
            self.groups[name] = {**self.groups[name], **self.groups.pop(self.group_of(9))}


def between_scans(*pairs: tuple[int, int]) -> list[Candidate]:
    seen = Evidence((0.5, 0.5), 0.0, 0.1, 0.0, 1000, 1000, None)
    return [Candidate(a, b, np.eye(4), 10, seen) for a, b in pairs]


@pytest.mark.parametrize("joins", [True, False])
def test_scans_that_fit_only_each_other_are_asked_alone(joins: bool) -> None:
    main = {view: np.eye(4) for view in range(7)}
    pair = {8: np.eye(4), 9: 2 * np.eye(4)}
    growth = Grown([], frozenset(), {0: dict(main), 1: dict(pair)}, {(0, 1): 200, (8, 9): 300})
    growth.asked, growth.joins = [], joins
    growth.reconsider(between_scans((8, 9), (3, 9), (4, 5)))
    assert growth.asked[0] == [(3, 9)]
    if joins:
        assert sorted(growth.groups[growth.group_of(9)]) == [0, 1, 2, 3, 4, 5, 6, 9]
        assert growth.groups[growth.group_of(8)].keys() == {8}
        assert (8, 9) not in growth.meets
    else:
        assert growth.groups[growth.group_of(8)].keys() == {8, 9}
        assert growth.meets == {(0, 1): 200, (8, 9): 300}


def test_groups_that_are_not_small_or_were_given_stay() -> None:
    main = {view: np.eye(4) for view in range(4)}
    growth = Grown([], frozenset(), {0: main, 1: {8: np.eye(4), 9: np.eye(4)}})
    growth.asked = []
    growth.reconsider(between_scans((3, 9)))
    assert growth.asked == []
    seven = {view: np.eye(4) for view in range(7)}
    growth = Grown([], frozenset({8}), {0: seven, 1: {8: np.eye(4), 9: np.eye(4)}})
    growth.asked = []
    growth.reconsider(between_scans((3, 9)))
    assert growth.asked == []


def test_a_symmetry_is_denied_by_what_does_not_fit_itself(
    neighbours: tuple[list[Prepared], np.ndarray],
) -> None:
    (a, b), T = neighbours
    best = weighed([a, b], {0: np.eye(4)}, {1: T})
    turn = np.eye(4)
    turn[:3, :3] = rotation(np.array([0.0, 0.0, 0.5]))
    other = weighed([a, b], {0: np.eye(4)}, {1: turn @ T})
    assert no_symmetry([a, b], {0: np.eye(4)}, best, other)
    views, truth = vase_views(3, 170, painted=False)
    c, d = ready(views[:2])
    U = between(c, truth[0], d, truth[1])
    up = (truth[0] @ shift(c.center))[:3, :3].T @ [0, 0, 1]
    center = inverse(truth[0] @ shift(c.center))[:3, 3]
    turn[:3, :3] = rotation(0.5 * up)
    turn[:3, 3] = center - turn[:3, :3] @ center
    still = {0: np.eye(4)}
    turned = weighed([c, d], still, {1: turn @ U})
    assert not no_symmetry([c, d], still, weighed([c, d], still, {1: U}), turned)
