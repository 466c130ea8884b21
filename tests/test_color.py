"""sRGB and linear light: there and back without a change, means that are means of light."""

from __future__ import annotations

import numpy as np

from relicscan.color import LINEAR_OF_SRGB, srgb_of


def test_every_value_comes_back() -> None:
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(srgb_of(LINEAR_OF_SRGB[values]), values)


def test_the_table_is_iec_61966_2_1() -> None:
    light = np.linspace(0, 1, 100_001)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    off = np.abs(srgb_of(light).astype(float) - 255 * srgb)
    assert off.max() < 0.5001, "to the nearest of 256"


def test_what_is_no_light_is_clipped() -> None:
    np.testing.assert_array_equal(srgb_of(np.array([-0.2, 0, 1, 7.5])), [0, 0, 255, 255])


def test_half_the_light_is_188_and_not_128() -> None:
    assert srgb_of(LINEAR_OF_SRGB[np.array([0, 255])].mean()) == 188
