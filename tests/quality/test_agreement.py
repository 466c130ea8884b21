"""Placed scans of one sphere agree; one that is moved does not, and is the one that is named."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from quality.test_patches import ball

from relicscan.quality.agreement import Placed, apart, misplaced
from relicscan.quality.patches import patches_of

NOISE = 0.05


def views(moved: float = 0.0, count: int = 3, unit: float = 1.0) -> list[Placed]:
    """A sphere of radius 50 from some sides, each more than half of it; the first one moved."""
    found = []
    for number in range(count):
        rng = np.random.default_rng(number)
        turn = 2 * np.pi * number / count
        towards = np.array([np.cos(turn), np.sin(turn), 0.0])
        points = ball(12_000, 50.0, seed=number)
        points = points[points @ towards > -10] + 0.0
        points += rng.normal(0, NOISE, points.shape)
        T = np.eye(4)
        if number == 0:
            T[:3, 3] = moved * towards
        T[:3, :3] *= 1 / unit
        patches = patches_of(points * unit)
        assert patches is not None
        spacing, noise = patches.typical_spacing, patches.noise
        found.append(Placed(f"view {number}", points * unit, T, spacing, noise))
    return found


def test_scans_in_their_places_agree_within_their_noise() -> None:
    found = apart(views())
    assert len(found) == 6
    for one in found:
        assert one.agree
        # Half of what scatters by sigma is less than 0.67 sigma off, and a plane through points
        # that reach 3 from their middle lies 3^2 / 4 / 50 beneath a sphere.
        assert one.median == pytest.approx(np.hypot(0.67 * NOISE, 0.045), rel=0.25)


def test_one_that_is_moved_is_in_every_pair_that_does_not_agree() -> None:
    found = misplaced(views(moved=2.0))
    named = Counter(name for one in found for name in (one.scan, one.other))
    assert named.most_common(1)[0] == ("view 0", 2)
    assert len(found) == 2
    assert found[0].median > found[0].expected


def test_units_of_scans_may_differ() -> None:
    mixed = [views(unit=1.0)[0], views(unit=0.001)[1]]
    plain = views()[:2]
    for one, other in zip(apart(mixed), apart(plain), strict=True):
        assert one.median == pytest.approx(other.median, rel=1e-6)
        assert one.expected == pytest.approx(other.expected, rel=1e-6)
    assert misplaced([views(moved=2.0)[0], views(unit=0.001)[1]])


def test_scans_that_show_nothing_in_common_are_not_compared() -> None:
    first, second, _ = views()
    halves = [
        Placed("left", first.points[first.points[:, 0] > 30], np.eye(4), 1.5, NOISE),
        Placed("right", second.points[second.points[:, 0] < -30], np.eye(4), 1.5, NOISE),
    ]
    assert apart(halves) == []
