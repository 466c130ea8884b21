"""Equal steps look equal: lightness falls in a straight line, whatever the eye sees of hues."""

from __future__ import annotations

import numpy as np

from relicscan.color import LINEAR_OF_SRGB
from relicscan.quality.colormap import css, css_gradient, sequential


def lightness(colors: np.ndarray) -> np.ndarray:
    """Oklab lightness (n,) of sRGB (n, 3), from its definition."""
    cones = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    light = np.cbrt(LINEAR_OF_SRGB[colors].astype(float) @ cones.T)
    return np.asarray(light @ [0.2104542553, 0.7936177850, -0.0040720468])


def test_lightness_falls_in_equal_steps() -> None:
    light = lightness(sequential(np.linspace(0, 2, 33), 2.0))
    steps = np.diff(light)
    assert (steps < 0).all()
    assert np.abs(steps - steps.mean()).max() < 0.006  # as fine as bytes are
    assert light[0] > 0.9
    assert light[-1] < 0.35


def test_what_is_beyond_has_the_last_colour_and_what_is_unknown_the_first() -> None:
    first, last, beyond, unknown = sequential(np.array([0, 3, 9, np.nan]), 3.0)
    assert (beyond == last).all()
    assert (unknown == first).all()
    assert (first != last).any()


def test_css_has_the_same_ends() -> None:
    ends = [css(color) for color in sequential(np.array([0.0, 1.0]), 1.0)]
    gradient = css_gradient()
    assert gradient.startswith(f"linear-gradient(to right, {ends[0]}, ")
    assert gradient.endswith(f", {ends[1]})")
