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


#: Slices of a relic that is turned about its axis: thinner than a pixel is not seen.
_SLICES = 500

#: Rows and columns of a picture.
Part = tuple[slice, slice]


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

    def rays(self, pixels_per_pixel: float = 1.0, part: Part | None = None) -> Float32Array:
        """Origins and unit directions (h, w, 6) through the centres of a finer or coarser grid,
        or of those of its rows and columns that are asked for.
        """
        h, w = self.grid(pixels_per_pixel)
        focal = self.focal_px * pixels_per_pixel
        rows, columns = part or (slice(0, h), slice(0, w))
        x = ((np.arange(w) + 0.5 - w / 2) / focal)[columns]
        y = ((h / 2 - np.arange(h) - 0.5) / focal)[rows]
        shorten = (1 / np.sqrt(1 + x**2 + y[:, None] ** 2)).astype(np.float32)
        across = (x[:, None] * self.axes[0]).astype(np.float32)
        down = (y[:, None] * self.axes[1] - self.axes[2]).astype(np.float32)
        rays = np.empty((len(y), len(x), 6), dtype=np.float32)
        rays[..., :3] = self.position
        for axis in range(3):
            rays[..., 3 + axis] = (down[:, None, axis] + across[None, :, axis]) * shorten
        return rays

    def box(self, points: FloatArray) -> Part:
        """Rows and columns of the picture that points (n, 3) may be seen in, at least one each."""
        column, row, depth = self.project(points)
        limits = []
        for at, size in ((row, self.height_px), (column, self.width_px)):
            low, high = 0, size
            if (depth > 0).all():
                low, high = np.clip([np.floor(at.min()), np.ceil(at.max())], 0, size).astype(int)
                low = min(low, size - 1)
            limits.append(slice(int(low), int(max(high, low + 1))))
        return limits[0], limits[1]

    def pixel_rays(self, part: Part) -> Float32Array:
        """Origins and directions (h, w, 4, 6) of the four quarters of pixels in a part of the
        picture, in one another's order whatever the part; directions are not unit.
        """
        rows, columns = part
        x = (np.arange(2 * columns.start, 2 * columns.stop) + 0.5 - self.width_px) / 2
        y = (self.height_px - np.arange(2 * rows.start, 2 * rows.stop) - 0.5) / 2
        across = (x[:, None] / self.focal_px * self.axes[0]).astype(np.float32)
        down = (y[:, None] / self.focal_px * self.axes[1] - self.axes[2]).astype(np.float32)
        h, w = len(y) // 2, len(x) // 2
        rays = np.empty((h, w, 2, 2, 6), dtype=np.float32)
        rays[..., :3] = self.position
        np.add(down.reshape(h, 1, 2, 1, 3), across.reshape(1, w, 1, 2, 3), out=rays[..., 3:])
        return rays.reshape(h, w, 4, 6)

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
    inner: FloatArray = np.asarray(points - centre, dtype=np.float64)
    if fit == "turntable":
        inner = _turned_about_y(inner)
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


def _turned_about_y(points: FloatArray) -> FloatArray:
    """All that points (n, 3) pass in a turn about the y axis, as far out as anything reaches."""
    radius = np.hypot(points[:, 0], points[:, 2])
    low, high = points[:, 1].min(), points[:, 1].max()
    slice_of = ((points[:, 1] - low) / ((high - low) or 1.0) * _SLICES).astype(np.intp)
    widest = np.zeros(_SLICES + 1)
    np.maximum.at(widest, slice_of, radius)
    bottom, top = np.full(_SLICES + 1, np.inf), np.full(_SLICES + 1, -np.inf)
    np.minimum.at(bottom, slice_of, points[:, 1])
    np.maximum.at(top, slice_of, points[:, 1])
    used = np.isfinite(bottom)
    r = np.tile(widest[used], 2)[:, None]
    y = np.r_[bottom[used], top[used]][:, None]
    angle = np.linspace(0, 2 * np.pi, 73)[:-1]
    rings = np.stack(np.broadcast_arrays(r * np.cos(angle), y, r * np.sin(angle)), axis=-1)
    return np.asarray(rings.reshape(-1, 3))
