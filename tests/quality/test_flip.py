"""FLIP here against FLIP of its authors, and against what it must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from relicscan.quality.flip import PIXELS_PER_DEGREE, flip, perceived


def ours(
    a: NDArray[np.uint8], b: NDArray[np.uint8], ppd: float = PIXELS_PER_DEGREE
) -> NDArray[Any]:
    everywhere = np.ones(a.shape[:2], dtype=bool)
    return flip(perceived(a, ppd), perceived(b, ppd), everywhere).reshape(a.shape[:2])


def scenes() -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    noise = gaussian_filter(rng.random((90, 120, 3)), (3, 3, 0))
    a = np.round(255 * (noise - noise.min()) / np.ptp(noise)).astype(np.uint8)
    hole = a.copy()
    hole[40:60, 30:70] = 0
    rough = np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8)
    soft = np.round(gaussian_filter(a.astype(float), (2, 2, 0))).astype(np.uint8)
    grey = np.full_like(a, 128)
    red = grey.copy()
    red[45:] = (255, 0, 0)
    return {"hole": (a, hole), "noise": (a, rough), "blur": (a, soft), "colours": (grey, red)}


@pytest.mark.parametrize("name", ["hole", "noise", "blur", "colours"])
@pytest.mark.parametrize("ppd", [PIXELS_PER_DEGREE, 40.0])
def test_the_same_as_the_authors_have_it(name: str, ppd: float) -> None:
    authors = pytest.importorskip("flip_evaluator")
    a, b = scenes()[name]
    given = (a / np.float32(255), b / np.float32(255))
    theirs = authors.evaluate(*given, "LDR", True, False, False, {"ppd": ppd})[0][..., 0]
    assert theirs.mean() > 0.01
    assert np.abs(ours(a, b, ppd) - theirs).max() < 1e-4


def test_nothing_differs_from_itself_and_order_does_not_matter() -> None:
    for a, b in scenes().values():
        assert ours(a, a).max() == 0
        assert np.array_equal(ours(a, b), ours(b, a))
        assert 0 < ours(a, b).max() <= 1


def test_black_to_white_is_the_most_there_is() -> None:
    black = np.zeros((40, 40, 3), dtype=np.uint8)
    assert ours(black, 255 - black).min() > 0.95
    grey = np.full_like(black, 128)
    assert ours(grey, grey + 1).max() < 0.03


def test_only_what_is_asked_for() -> None:
    a, b = scenes()["hole"]
    mask = np.zeros(a.shape[:2], dtype=bool)
    mask[50, 30:50] = True
    part = flip(perceived(a), perceived(b), mask)
    assert np.array_equal(part, ours(a, b)[mask])
