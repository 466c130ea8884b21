"""What a picture of a model of `models` shows, as numbers that have a known value."""

from __future__ import annotations

import numpy as np

from tests.engines.models import CELL_MM, CELLS_MM, FRAME_MM, RADIUS_MM

#: The pages' magenta, which no model has.
BACKGROUND = (255, 0, 255)

#: Share of light from all round that a matt dielectric (roughness 0.9, seen head-on) returns as
#: sheen: 0.04 * 0.507 - 0.0017, the split-sum approximation (Karis 2014) that three.js uses.
#: model-viewer lights with an environment and so shows it; diffuse light alone has none.
SHEEN = {"model-viewer": 0.0186}


def share_of_model(picture: np.ndarray) -> float:
    """The share of pixels that are not background."""
    off = np.abs(picture.astype(int) - BACKGROUND).max(axis=2)
    return float((off > 8).mean())


def paint_differences(picture: np.ndarray, painted: np.ndarray, engine: str) -> np.ndarray:
    """How far each quarter of the sphere is from its paint (4, 3) uint8 sRGB: CIEDE2000, (4,).

    Measured on the mean of a square of a fifth of the radius around the middle of each quarter.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    around = [(-1, 1), (1, 1), (-1, -1), (1, -1)]
    middles = [(x * RADIUS_MM * 0.4, y * RADIUS_MM * 0.4) for x, y in around]
    shown = np.array([_mean(picture, at, RADIUS_MM / 5) for at in middles])
    sheen = SHEEN.get(engine, 0)
    wanted = _srgb(sheen + (1 - sheen) * _linear(painted / 255))
    difference: np.ndarray = deltaE_ciede2000(rgb2lab(shown), rgb2lab(wanted))
    return difference


def slopes(picture: np.ndarray) -> dict[str, np.ndarray]:
    """By relief, how much brighter it is on the right and on its upper side, (2,) in -1..1.

    The difference of light on the two sides by its sum.
    """
    found = {}
    for name, (x, y) in CELLS_MM.items():
        aside = CELL_MM * 0.25
        right, left, upper, lower = (
            _linear(_mean(picture, at, CELL_MM / 8)).mean()
            for at in [(x + aside, y), (x - aside, y), (x, y + aside), (x, y - aside)]
        )
        found[name] = np.array([(right - left) / (right + left), (upper - lower) / (upper + lower)])
    return found


def _mean(picture: np.ndarray, at_mm: tuple[float, float], side_mm: float) -> np.ndarray:
    """The mean colour, sRGB in 0..1, of a square around a place of the model's front."""
    height, width = picture.shape[:2]
    px_per_mm = height / FRAME_MM
    column, row = width / 2 + at_mm[0] * px_per_mm, height / 2 - at_mm[1] * px_per_mm
    half = side_mm * px_per_mm / 2
    rows, columns = (slice(round(c - half), round(c + half)) for c in (row, column))
    mean: np.ndarray = picture[rows, columns].reshape(-1, 3).mean(axis=0) / 255
    return mean


def _linear(srgb: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, on floats in 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
