"""A ball that scanners stand round, with the errors that range scanners make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from shapes import sphere_points

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.fusion import Layer, layer_of
from relicscan.geometry.registration import View

Array = NDArray[np.float64]

RADIUS = 50.0
SPACING = 1.5
POINTS = round(4 * np.pi * RADIUS**2 / SPACING**2)


def towards(azimuth_deg: float, elevation_deg: float = 0.0) -> Array:
    """A direction (3,)."""
    a, e = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])


def seen_from(direction: Array, seed: int = 0, noise: float = 0.03, least: float = 0.25) -> Array:
    """What a scanner far off in a direction sees of the ball: points (n, 3)."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))  # no two scans meet the same places
    points = sphere_points(POINTS) @ turn
    points = points[points @ direction > least * RADIUS]
    return np.asarray(points * (1 + rng.normal(0, noise, (len(points), 1)) / RADIUS))


def fringe(points: Array, direction: Array, beyond: float = 2 * SPACING) -> Array:
    """Points (f, 3) that fly off the rim of a scan, away from the ball."""
    cosine = points @ direction / np.linalg.norm(points, axis=1)
    rim = points[cosine < 0.29]
    return np.asarray(rim * (1 + beyond / RADIUS))


def view(points: Array, direction: Array | None = None) -> View:
    """Points as a scanner 2 m away has them, or one of which nobody knows where it stood."""
    return View(points, viewpoint=None if direction is None else 2000 * direction)


def layer(points: Array, direction: Array | None = None, **given: int) -> Layer:
    """The layer of a scan that has one."""
    made = layer_of(view(points, direction), **given)
    assert made is not None
    return made


def paint(points: Array, seed: int = 0, noise: float = 2.0) -> NDArray[np.uint8]:
    """The colours (n, 3) of the ball at points, as a camera with some noise has them."""
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    waves = np.sin(unit @ np.array([[7.0, 3, 1], [2, 8, 3], [1, 4, 9]]))
    rng = np.random.default_rng(100 + seed)
    return np.asarray(
        np.clip(128 + 40 * waves + rng.normal(0, noise, waves.shape), 0, 255), np.uint8
    )


def under(colors: NDArray[np.uint8], gain: Array | float) -> NDArray[np.uint8]:
    """Colours (n, 3) with more or less light."""
    return srgb_of(LINEAR_OF_SRGB[colors] * gain)
