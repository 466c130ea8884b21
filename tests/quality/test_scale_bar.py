"""The same figure has the same colour on the bar as on the surface, and losses are not gains."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.color import LINEAR_OF_SRGB
from relicscan.quality.scale_bar import QUIET, UNSEEN, SignedScale, bar

SCALE = SignedScale(5.0)


def test_losses_are_blue_and_gains_are_red() -> None:
    loss, gain = SCALE.colors(np.array([-5.0, 5.0])).astype(int)
    assert loss.tolist() == [0, 18, 97]
    assert gain.tolist() == [89, 0, 8]
    faint = SCALE.colors(np.array([-0.01, 0.01])).astype(int)
    assert faint[0, 2] - faint[0, 0] > 20
    assert faint[1, 0] - faint[1, 2] > 20


def test_more_is_darker_on_both_sides() -> None:
    sizes = np.linspace(0.01, 5, 50)
    for sign in (-1, 1):
        light = LINEAR_OF_SRGB[SCALE.colors(sign * sizes)] @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(light) <= 1e-6).all()


def test_what_lies_beyond_has_the_last_colour() -> None:
    assert np.array_equal(SCALE.colors(np.array([-80.0])), SCALE.colors(np.array([-5.0])))


@pytest.mark.parametrize("limit", [0.02, 0.1, 0.5, 1.0, 3.0, 5.0, 200.0])
def test_ticks_are_round_apart_and_end_at_the_limit(limit: float) -> None:
    ticks = SignedScale(limit).ticks
    assert ticks[-1] == limit
    assert 2 <= len(ticks) <= 5
    assert all(float(f"{tick:.1g}") == tick for tick in ticks[:-1])
    assert (np.diff(SignedScale(limit).position(np.array(ticks))) > 0.16).all()


def test_the_bar_has_the_colours_of_the_scale() -> None:
    image = bar(SCALE, 640)
    column = image[:, 30, :3].astype(int)
    for value in (-5.0, -1.0, 1.0, 5.0):
        wanted = SCALE.colors(np.array([value])).astype(int)
        assert np.abs(column - wanted).max(axis=1).min() <= 3  # its outline covers the last row
    everything = image[..., :3].reshape(-1, 3)
    for meaning in (QUIET, UNSEEN[0]):
        assert (everything == meaning).all(axis=1).any()
