"""How far triangles are off what they stand for, against triangles."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.quality.expectation import (
    Budget,
    deviation,
    no_finer,
    texels_per_length,
    texture_side,
)

LEVELS = [Budget("low", 40_000), Budget("thumb", 20_000), Budget("high", 150_000)]


def test_noise_and_what_triangles_lose_add_in_squares() -> None:
    assert deviation(0.3, 0.0, 2.0) == pytest.approx(0.3)
    assert deviation(0.3, 0.4 / 0.16, 1.0) == pytest.approx(0.5)
    assert deviation(0.0, 0.1, 4.0) == pytest.approx(2 * deviation(0.0, 0.1, 2.0))


def test_flat_triangles_are_as_far_off_a_paraboloid_as_it_says() -> None:
    side, bent = 2.0, 0.05
    corners = np.array([[0, 0], [side, 0], [side / 2, side * 3**0.5 / 2]])
    weights = np.random.default_rng(0).dirichlet([1, 1, 1], 200_000)
    places = weights @ corners

    def height(at: np.ndarray) -> np.ndarray:
        return bent / 2 * (at**2).sum(axis=1)

    off = weights @ height(corners) - height(places)
    # The bending of a sphere's surface is sqrt(2) times its curvature.
    inscribed, balanced = float(np.sqrt((off**2).mean())), float(off.std())
    unit = 2**0.5 * bent * 3**0.5 / 4 * side**2
    assert (inscribed / unit, balanced / unit) == pytest.approx((0.21, 0.053), rel=0.01)
    assert balanced < deviation(0.0, 2**0.5 * bent, 3**0.5 / 4 * side**2) < inscribed


def test_levels_that_are_no_finer_than_the_one_below() -> None:
    assert no_finer(200_000, LEVELS) == no_finer(40_001, LEVELS) == ()
    assert [one.name for one in no_finer(40_000, LEVELS)] == ["high"]
    assert [one.name for one in no_finer(5000, LEVELS)] == ["low", "high"]
    assert no_finer(5, LEVELS[:1]) == ()


def test_a_picture_is_as_large_as_what_it_shows_and_no_larger_than_it_may_be() -> None:
    sides = [texture_side(points, 2, 512, 4096) for points in (100, 98_304, 98_305, 10**9)]
    assert sides == [512, 512, 1024, 4096]
    assert texture_side(10**9, 2, 512, 256) == 256
    assert texels_per_length(1000, 750_000) == pytest.approx(1.0)
