"""Reading a picture between its pixels."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.color import srgb_of
from relicscan.geometry.sampling import bilinear, texel_density

CHECKER = np.array([[[0, 0, 0], [255, 255, 255]], [[255, 0, 0], [0, 0, 255]]], dtype=np.uint8)


def test_the_middle_of_a_pixel_is_that_pixel() -> None:
    uv = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    np.testing.assert_array_equal(srgb_of(bilinear(CHECKER, uv)), CHECKER.reshape(-1, 3))


def test_between_two_pixels_is_the_mean_of_their_light() -> None:
    np.testing.assert_allclose(bilinear(CHECKER, np.array([[0.5, 0.25]])), 0.5, atol=1e-6)


def test_outside_of_it_the_picture_repeats() -> None:
    inside = np.random.default_rng(1).random((50, 2))
    for step in ((1, 0), (0, 3), (-2, -5)):
        np.testing.assert_allclose(
            bilinear(CHECKER, inside + step), bilinear(CHECKER, inside), atol=1e-5
        )


def test_the_border_mixes_in_nothing_from_the_other_side() -> None:
    seen = srgb_of(bilinear(CHECKER, np.array([[1.0, 0.0], [0.0, 1.0]])))
    np.testing.assert_array_equal(seen, [[255, 255, 255], [255, 0, 0]])


def test_texel_density_is_the_share_of_the_picture_for_a_unit_of_area() -> None:
    places = np.array([[[0, 0, 0], [4, 0, 0], [0, 4, 0]]], dtype=float)
    uv = np.array([[[0, 0], [0.5, 0], [0, 0.5]]])
    assert texel_density(uv, places) == pytest.approx(0.125 / 8)
    assert texel_density(uv, places * 0) == 0
