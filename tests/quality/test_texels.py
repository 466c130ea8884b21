"""Reading a texture at the size of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.quality.texels import Texels

PLAIN = np.arange(256, dtype=np.float32)


def read(pixels: np.ndarray, uv: list[list[float]], halved: int = 0) -> list[list[float]]:
    rgb = np.repeat(np.array(pixels, dtype=np.uint8)[..., None], 3, axis=2)
    found = Texels(rgb, PLAIN).at(np.array(uv, np.float32), np.full(len(uv), halved))
    assert (found == found[:, :1]).all()
    return found[:, 0].tolist()


SQUARES = np.array([[0, 40, 80, 120], [10, 50, 90, 130], [20, 60, 100, 140], [30, 70, 110, 150]])


def test_the_middle_of_a_texel_is_the_texel() -> None:
    assert read(SQUARES, [[0.125, 0.125], [0.875, 0.125], [0.125, 0.875]]) == [0, 120, 30]


def test_between_texels_it_is_bilinear() -> None:
    assert read(SQUARES, [[0.25, 0.125], [0.25, 0.25], [0.3125, 0.5]]) == [20, 25, 45]


def test_it_does_not_reach_over_its_border_and_repeats_beyond() -> None:
    assert read(SQUARES, [[0, 0], [1, 1], [1.125, -0.125]]) == [0, 150, 30]


def test_what_is_not_finite_counts_as_zero() -> None:
    assert read(SQUARES, [[np.nan, 0], [0, np.inf]]) == [0, 0]


@pytest.mark.parametrize(("halved", "expected"), [(1, [25, 125]), (2, [75, 75]), (9, [75, 75])])
def test_halvings_are_means(halved: int, expected: list[float]) -> None:
    assert read(SQUARES, [[0.25, 0.25], [0.75, 0.75]], halved) == expected


def test_each_sample_has_the_size_that_it_asks_for() -> None:
    rgb = np.repeat(SQUARES[..., None], 3, axis=2).astype(np.uint8)
    uv = np.full((3, 2), 0.125, dtype=np.float32)
    assert Texels(rgb, PLAIN).at(uv, np.array([2, 0, 1]))[:, 0].tolist() == [75, 0, 25]
    assert Texels(rgb, PLAIN).at(uv[:0], np.zeros(0, dtype=int)).shape == (0, 3)
