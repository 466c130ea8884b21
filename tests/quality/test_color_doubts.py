"""Colours that are wrong are told, with why; those of a good scan are not."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.formats._attributes import colors_8bit
from relicscan.quality.color_doubts import color_doubts


def photographed(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(20, 230, (5000, 3)).astype(np.uint8)


def test_good_colours_leave_no_doubt() -> None:
    assert color_doubts(photographed()) == []
    assert color_doubts(np.zeros((0, 3), np.uint8)) == []


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_few_bits_in_a_field_of_16_are_counted(bits: int) -> None:
    wide = np.random.default_rng(0).integers(0, 1 << bits, (5000, 3)).astype(np.uint16)
    wide[0] = (1 << bits) - 1
    if bits == 8:
        wide[1] = 300  # a single value that does not fit 8 bits, and the reader takes all for 16
    (doubt,) = color_doubts(colors_8bit(wide))
    assert f"as {bits} bits in a field of 16 are" in doubt
    assert "export them as 8 bits" in doubt


def test_eight_bits_in_a_field_of_16_are_read_right_however_they_are_written() -> None:
    good = photographed()
    for wide in (good.astype(np.uint16), good.astype(np.uint16) * 257, good.astype(np.uint16) << 8):
        read = colors_8bit(wide)
        assert np.array_equal(read, good)
        assert color_doubts(read) == []


def test_dark_grey_one_and_clipped() -> None:
    good = photographed()
    (dark,) = color_doubts((good // 10) + np.array([60 * (i < 100) for i in range(5000)])[:, None])
    assert "its colours are dark (half of the points below 12 of 255)" in dark
    (grey,) = color_doubts(np.repeat(good[:, :1], 3, axis=1))
    assert "all grey" in grey
    (one,) = color_doubts(np.full((100, 3), 200, np.uint8))
    assert "one colour (200, 200, 200)" in one
    white = good.copy()
    white[:500] = 255
    assert color_doubts(white) == [
        "10% of its points are pure white: the exposure was too long, or they were not photographed"
    ]
    white[:500] = 0
    (black,) = color_doubts(white)
    assert "10% of its points are pure black" in black
