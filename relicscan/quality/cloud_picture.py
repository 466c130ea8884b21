"""Pictures of point clouds: each point a disc as wide as the spacing, painted from far to near.

Depth is made visible by darkening what lies behind its neighbours in the picture
(eye-dome lighting: Boucheny, Interactive Scientific Visualization of Large
Datasets, 2009), which needs no normals; where there are normals, light is added.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB
from relicscan.geometry.neighbours import nearest, point_spacing, spacing_at, tree
from relicscan.geometry.normals import fit_planes
from relicscan.quality.appearance import STONE
from relicscan.quality.camera import Camera
from relicscan.quality.canvas import SUPERSAMPLING, Canvas, tone_mapped
from relicscan.quality.light import Lights
from relicscan.relic import Float32Array, FloatArray, PointCloud

#: More points than samples in a picture are not seen: an even part of them is drawn.
MAX_POINTS = 2_000_000

#: A disc reaches into its neighbours' by half of the spacing, so that no gap is left between four.
_RADIUS_OF_SPACING = 0.8

#: In samples. The least covers the one sample that a point falls on; lone points stay points.
_MIN_RADIUS, _MAX_RADIUS = 0.71, 16.0

_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))

#: Normals for a picture come from so many points at most.
_NORMALS_FROM = 200_000

#: Eye-dome lighting: strength, and the distance to the neighbours in pixels.
_DOME_STRENGTH, _DOME_PX = 4.0, 1.5


def draw_cloud(
    cloud: PointCloud, camera: Camera, canvas: Canvas, lights: Lights | None, clay: bool
) -> None:
    """Put a cloud on the canvas; `lights` None shows its colours as they are.

    The cloud and the camera are in a frame in which the cloud has about radius one.
    """
    splats = _Splats(cloud, camera, canvas)
    index = tree(cloud.points)
    typical = point_spacing(cloud.points)
    # Twice: what shows at first is few enough to ask each for its own spacing, which in
    # photogrammetry varies tenfold over one object.
    shown = np.unique(splats.seen(np.full(len(cloud), typical)))
    shown = shown[shown >= 0]
    spacing = np.full(len(cloud), typical)
    spacing[shown] = np.minimum(spacing_at(cloud.points[shown], cloud.points, index), 4 * typical)
    seen = splats.without_pinholes(splats.seen(spacing), typical)
    covered = np.flatnonzero(seen >= 0)
    points = seen[covered]

    plain = clay or cloud.colors is None
    colors: Float32Array
    if clay or cloud.colors is None:
        colors = np.tile(np.array(STONE, dtype=np.float32), (len(points), 1))
    else:
        colors = np.asarray(LINEAR_OF_SRGB[cloud.colors[points]])
    if lights is not None:
        distances = np.full(canvas.height * canvas.width, np.inf, dtype=np.float32)
        distances[covered] = splats.depth[points]
        dome = _eye_dome(distances.reshape(canvas.height, canvas.width)).ravel()[covered]
        colors = colors * dome[:, None]
        normals = cloud.normals
        if normals is None and plain:  # nothing else shows the form
            normals = _some_normals(cloud.points, shown)
        if normals is not None:
            light = _lit(normals[points], cloud.points[points], camera, lights)
            colors = tone_mapped(colors * light)
    canvas.paint(covered, colors)


def _some_normals(points: FloatArray, shown: NDArray[np.integer]) -> Float32Array:
    """Normals (n, 3) of arbitrary sign for the points shown, the others zero."""
    even = np.arange(0, len(points), max(1, len(points) // _NORMALS_FROM))
    if len(even) < 3:
        return np.zeros((len(points), 3), dtype=np.float32)
    estimated = fit_planes(points[even]).normals
    normals = np.zeros((len(points), 3), dtype=np.float32)
    normals[shown] = estimated[nearest(tree(points[even]), points[shown])[1]]
    return normals


class _Splats:
    """Discs facing the camera, painted from far to near."""

    def __init__(self, cloud: PointCloud, camera: Camera, canvas: Canvas) -> None:
        column, row, depth = camera.project(cloud.points)
        self.depth = depth.astype(np.float32)
        self.column, self.row = column * SUPERSAMPLING, row * SUPERSAMPLING
        self.samples_per_slope = camera.focal_px * SUPERSAMPLING
        self.width, self.height = canvas.width, canvas.height
        order = np.argsort(-depth, kind="stable")
        self.order = order[depth[order] > 0]

    def seen(self, spacing: FloatArray) -> NDArray[np.int32]:
        """Number of the point seen at each sample (height * width,), -1 for none.

        Painter's algorithm: NumPy assigns in order, so of several points on one
        sample the last, nearest one stays.
        """
        radius = _RADIUS_OF_SPACING * spacing / self.depth * self.samples_per_slope
        radius = np.clip(radius, _MIN_RADIUS, _MAX_RADIUS)[self.order]
        x, y = self.column[self.order], self.row[self.order]
        seen = np.full(self.height * self.width, -1, dtype=np.int32)
        start = 0
        while start < len(self.order):
            # A chunk has one stencil, as large as its largest disc.
            reach = int(np.ceil(radius[start : start + 50_000].max()))
            part = slice(start, start + min(50_000, max(1, 4_000_000 // (2 * reach + 1) ** 2)))
            offsets = np.arange(-reach, reach + 1, dtype=np.int32)
            at_x = np.floor(x[part, None]).astype(np.int32) + offsets
            at_y = np.floor(y[part, None]).astype(np.int32) + offsets
            dx = (at_x + 0.5 - x[part, None]) ** 2
            dy = (at_y + 0.5 - y[part, None]) ** 2
            dx[(at_x < 0) | (at_x >= self.width)] = np.inf
            dy[(at_y < 0) | (at_y >= self.height)] = np.inf
            inside = dy[:, :, None] + dx[:, None, :] <= (radius[part] ** 2)[:, None, None]
            who, iy, ix = np.nonzero(inside)
            at = at_y[who, iy] * self.width + at_x[who, ix]
            seen[at] = self.order[part][who]
            start = part.stop
        return seen

    def without_pinholes(self, seen: NDArray[np.int32], spacing: float) -> NDArray[np.int32]:
        """Fill samples through which one looks at something far behind their neighbours.

        Where at least six of eight neighbours are nearer by three spacings, and the
        hole is less than twice the spacing wide, it is chance: the cloud is too
        coarse to know of an opening there.
        """
        grid = seen.reshape(self.height, self.width)
        gap = 3 * spacing
        middle = float(np.median(self.depth[self.order])) if len(self.order) else 1.0
        widest = min(_MAX_RADIUS, spacing / middle * self.samples_per_slope)
        for step in (s for s in (1, 2, 4, 8, 16) if s == 1 or s <= widest):
            depth = np.where(grid >= 0, self.depth[grid], np.float32(np.inf))
            nearer = np.zeros(grid.shape, dtype=np.int8)
            closest = depth.copy()
            filled = grid.copy()
            for dy, dx in _AROUND:
                other = _shifted(depth, dy * step, dx * step)
                nearer += other < depth - gap
                better = other < closest
                closest[better] = other[better]
                filled[better] = _shifted(grid, dy * step, dx * step)[better]
            grid = np.where(nearer >= 6, filled, grid)
        return grid.ravel()


def _shifted(grid: NDArray[Any], dy: int, dx: int) -> NDArray[Any]:
    """The grid (h, w) moved so that each place holds its neighbour's value; edges repeat."""
    h, w = grid.shape
    rows = np.clip(np.arange(h) + dy, 0, h - 1)
    columns = np.clip(np.arange(w) + dx, 0, w - 1)
    return np.asarray(grid[rows][:, columns])


def _eye_dome(depth: Float32Array) -> Float32Array:
    """Factor (h, w) that darkens samples behind their neighbours; depth is infinite where empty."""
    step = round(_DOME_PX * SUPERSAMPLING)
    behind = np.zeros_like(depth)
    with np.errstate(invalid="ignore"):
        for dy, dx in _AROUND:
            gap = depth - _shifted(depth, dy * step, dx * step)
            behind += np.clip(np.nan_to_num(gap, posinf=0, neginf=0), 0, 0.08)
    return np.asarray(np.exp(-_DOME_STRENGTH * behind))


def _lit(normals: Float32Array, points: FloatArray, camera: Camera, lights: Lights) -> Float32Array:
    """Light (n, 3) on points with normals, turned to the camera; 0.9 where a normal is unknown."""
    towards = np.einsum("nd,nd->n", normals, (camera.position - points).astype(np.float32)) < 0
    light = lights.irradiance(np.where(towards[:, None], -normals, normals))
    unknown = ~normals.any(axis=1)
    light[unknown] = 0.9
    return light
