"""Where a picture is taken from: a camera on a sphere around the relic, fitted to its outline.

The frame is the delivered model's: +Y up, +Z front. Azimuth 0 looks at the
front, 90 stands on the +X side, elevation 90 looks straight down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import Float32Array, FloatArray

#: A short telephoto, as catalogues use: perspective without a bulging front.
FIELD_OF_VIEW_DEG = 26.0

#: Free border around the relic, as a share of the picture.
MARGIN = 0.07


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole: position (3,), axes (3, 3) with rows right, up, backwards; slope of half a side.

    `slope` is the tangent of half the field of view along the shorter side of the picture.
    """

    position: FloatArray
    axes: FloatArray
    width_px: int
    height_px: int
    slope: float

    @property
    def focal_px(self) -> float:
        """Pixels for a slope of one."""
        return min(self.width_px, self.height_px) / 2 / self.slope

    def rays(self, pixels_per_pixel: float = 1.0) -> Float32Array:
        """Origins and unit directions (h, w, 6) through the centres of a finer or coarser grid."""
        h, w = self.grid(pixels_per_pixel)
        focal = self.focal_px * pixels_per_pixel
        x = (np.arange(w) + 0.5 - w / 2) / focal
        y = (h / 2 - np.arange(h) - 0.5) / focal
        directions = (
            x[None, :, None] * self.axes[0] + y[:, None, None] * self.axes[1] - self.axes[2]
        )
        directions /= np.linalg.norm(directions, axis=2, keepdims=True)
        rays = np.empty((h, w, 6), dtype=np.float32)
        rays[..., :3], rays[..., 3:] = self.position, directions
        return rays

    def grid(self, pixels_per_pixel: float) -> tuple[int, int]:
        """Height and width of a grid so many times as fine as the picture."""
        return (
            max(1, round(self.height_px * pixels_per_pixel)),
            max(1, round(self.width_px * pixels_per_pixel)),
        )

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Column, row (both px, 0 at the outer edge) and depth along the view of points (n, 3)."""
        x, y, back = ((points - self.position) @ self.axes.T).T
        depth = -back
        with np.errstate(divide="ignore", invalid="ignore"):
            column = self.width_px / 2 + self.focal_px * x / depth
            row = self.height_px / 2 - self.focal_px * y / depth
        return column, row, depth


def fit_camera(
    points: NDArray[np.floating],
    *,
    width_px: int,
    height_px: int,
    azimuth_deg: float,
    elevation_deg: float,
    fit: Literal["view", "turntable"] = "view",
) -> Camera:
    """The nearest camera in that direction which has all points (n, 3) in the picture.

    "turntable" keeps the distance the same for every azimuth, so that the relic
    turns around its vertical axis and does not breathe.
    """
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    back = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )
    right = np.array([np.cos(azimuth), 0.0, -np.sin(azimuth)])
    axes = np.stack([right, np.cross(back, right), back])
    slope = float(np.tan(np.radians(FIELD_OF_VIEW_DEG / 2)))
    shorter = min(width_px, height_px)
    slopes = slope * (1 - 2 * MARGIN) * np.array([width_px, height_px]) / shorter

    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2.0
    inner = np.asarray(points - centre, dtype=np.float64)
    if fit == "turntable":
        inner = np.vstack([inner @ _about_y(a).T for a in np.linspace(0, 2 * np.pi, 25)[:-1]])
    seen = inner @ axes.T
    depth = seen[:, 2]
    distance, shift = 0.0, np.zeros(2)
    for axis, t in enumerate(slopes):
        # |s - c| <= t (d - z) for every point, solved for the least d and its c.
        upper = (seen[:, axis] + t * depth).max()
        lower = (-seen[:, axis] + t * depth).max()
        distance = max(distance, (upper + lower) / (2 * t))
        shift[axis] = (upper - lower) / 2
    extent = float(np.linalg.norm(high - low)) or 1.0
    distance = max(distance, float(depth.max()) + 0.05 * extent)
    return Camera(
        position=centre + np.array([*shift, distance]) @ axes,
        axes=axes,
        width_px=width_px,
        height_px=height_px,
        slope=slope,
    )


def _about_y(angle: float) -> FloatArray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
