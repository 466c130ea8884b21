"""Outlines in the plane, and fields drawn from them: profiles, painting and relief.

A closed curve becomes a signed distance; stamped on a `Canvas` that distance
becomes paint with soft edges, or relief with rounded ones. A finished canvas
is read at any point as a cubic B-spline, so that surfaces displaced by it are
smooth. Everything is NumPy: the same pixels on every machine, whatever the
version of an imaging library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def curve(points: ArrayLike, per_span: int = 8, closed: bool = True) -> Array:
    """A smooth curve through the points (k, 2): Catmull and Rom (1974), centripetal-like."""
    p = np.asarray(points, float)
    if not closed:
        p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    count = len(p) if closed else len(p) - 3
    t = np.linspace(0, 1, per_span, endpoint=False)[:, None]
    spans = []
    for i in range(count):
        if closed:
            a, b, c, d = (p[(i + k) % len(p)] for k in (-1, 0, 1, 2))
        else:
            a, b, c, d = p[i : i + 4]
        # Tangents no longer than the span itself: long neighbours must not make loops.
        span = np.linalg.norm(c - b)
        m0, m1 = (
            (v * min(1.0, span / (np.linalg.norm(v) + 1e-9))) for v in ((c - a) / 2, (d - b) / 2)
        )
        h = (2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2, t**3 - t**2)
        spans.append(h[0] * b + h[1] * m0 + h[2] * c + h[3] * m1)
    if not closed:
        spans.append(p[-2][None])
    return np.vstack(spans)


def placed(
    points: ArrayLike,
    at: ArrayLike = (0, 0),
    scale: float = 1.0,
    turn: float = 0.0,
    flip: bool = False,
) -> Array:
    """Points (k, 2) mirrored left to right, scaled, turned by degrees, then moved to `at`."""
    p = np.asarray(points, float) * (np.array([-scale, scale]) if flip else scale)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return p @ np.array([[c, s], [-s, c]]) + np.asarray(at, float)


def ellipse(at: ArrayLike, radii: ArrayLike, turn: float = 0.0, sides: int = 40) -> Array:
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    return placed(
        np.column_stack([np.cos(angle), np.sin(angle)]) * np.asarray(radii, float), at, 1.0, turn
    )


@dataclass(frozen=True)
class Shape:
    """A signed distance in the plane (negative inside) with the box it lies in.

    distance(u (a,), v (b,), reach) -> (a, b) over a grid, both axes rising: true up
    to `reach` either way, and no less than that beyond it.
    """

    distance: Callable[[Array, Array, float], Array]
    low: Array
    high: Array


def area(outline: ArrayLike) -> Shape:
    """Inside of a closed polygon (k, 2), by even-odd crossing."""
    corners = np.asarray(outline, float)

    def distance(u: Array, v: Array, reach: float) -> Array:
        inside = np.zeros((len(u), len(v)), bool)
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            first, last = np.searchsorted(v, sorted((a[1], b[1])))
            crossing = a[0] + (v[first:last] - a[1]) * ((b[0] - a[0]) / (b[1] - a[1] or 1.0))
            inside[:, first:last] ^= u[:, None] < crossing
        return np.where(inside, -1.0, 1.0) * _outline_distance(corners, u, v, reach)

    return Shape(distance, corners.min(axis=0), corners.max(axis=0))


def _outline_distance(corners: Array, u: Array, v: Array, reach: float) -> Array:
    """Unsigned: to the two edges beside the nearest vertex, once no edge is over 1 mm long."""
    from scipy.spatial import cKDTree

    ahead = np.roll(corners, -1, axis=0)
    pieces = np.maximum(np.ceil(np.linalg.norm(ahead - corners, axis=1)).astype(int), 1)
    share = np.concatenate([np.arange(k) / k for k in pieces])[:, None]
    vertices = np.repeat(corners, pieces, 0) * (1 - share) + np.repeat(ahead, pieces, 0) * share
    at = np.stack(np.meshgrid(u, v, indexing="ij"), -1).reshape(-1, 2)
    nearest = cKDTree(vertices).query(at, distance_upper_bound=reach + 0.5)[1]
    near = nearest < len(vertices)
    k, at = nearest[near], at[near]
    before, here, after = vertices[k - 1], vertices[k], vertices[(k + 1) % len(vertices)]
    distance = np.full(len(near), reach)
    distance[near] = np.minimum(_to_segment(at, before, here)[0], _to_segment(at, here, after)[0])
    return distance.reshape(len(u), len(v))


def line(points: ArrayLike, width: ArrayLike) -> Shape:
    """A stroke along points (k, 2); `width` is one number, or one for each point (tapered)."""
    p = np.asarray(points, float)
    half = np.broadcast_to(np.asarray(width, float) / 2, len(p))

    def distance(u: Array, v: Array, reach: float) -> Array:
        at = np.stack(np.meshgrid(u, v, indexing="ij"), -1).reshape(-1, 2)
        best = np.full(len(at), np.inf)
        for a, b, wa, wb in zip(p[:-1], p[1:], half[:-1], half[1:], strict=True):
            gap, along = _to_segment(at, a, b)
            best = np.minimum(best, gap - (wa + (wb - wa) * along))
        return best.reshape(len(u), len(v))

    margin = float(half.max())
    return Shape(distance, p.min(axis=0) - margin, p.max(axis=0) + margin)


def _to_segment(at: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Distance (n,) from points (n, 2) to segments a-b, and how far along (0..1) the foot is."""
    edge, offset = b - a, at - a
    along = (offset * edge).sum(axis=-1) / np.maximum((edge**2).sum(axis=-1), 1e-12)
    along = np.clip(along, 0.0, 1.0)
    foot = offset - along[:, None] * edge
    return np.hypot(foot[:, 0], foot[:, 1]), along


@dataclass(frozen=True)
class Field:
    """A finished canvas: f(u, v) (n,) by cubic B-splines, the nearest edge's value outside."""

    coefficients: Array
    low: Array
    step: float
    period: float | None = None

    def __call__(self, u: Array, v: Array) -> Array:
        from scipy.ndimage import map_coordinates

        if self.period is not None:
            u = (
                self.low[0]
                + _WRAP * self.step
                + np.mod(u - self.low[0] - _WRAP * self.step, self.period)
            )
        at = np.stack([(u - self.low[0]) / self.step, (v - self.low[1]) / self.step])
        return np.asarray(
            map_coordinates(self.coefficients, at, order=3, mode="nearest", prefilter=False)
        )


_WRAP = 16  # samples repeated either side of a periodic canvas: the spline's reach, and room


class Canvas:
    """Numbers on a grid in the plane, u to the right and v up, in mm."""

    def __init__(
        self,
        low: ArrayLike,
        high: ArrayLike,
        step: float,
        *,
        value: float = 0.0,
        periodic: bool = False,
    ) -> None:
        """`periodic` joins the right edge to the left: the wall of a vessel unrolled."""
        self.low = np.asarray(low, float)
        self.period = float(np.asarray(high, float)[0] - self.low[0]) if periodic else None
        size = np.asarray(high, float) - self.low
        if periodic:
            self.step = size[0] / round(size[0] / step)
            shape = (round(size[0] / self.step), int(np.ceil(size[1] / self.step)) + 1)
        else:
            self.step = step
            shape = (int(np.ceil(size[0] / step)) + 1, int(np.ceil(size[1] / step)) + 1)
        self.values = np.full(shape, value)

    def grid(self) -> tuple[Array, Array]:
        """u (a, 1) and v (1, b) of the samples."""
        a, b = self.values.shape
        return (
            (self.low[0] + self.step * np.arange(a))[:, None],
            (self.low[1] + self.step * np.arange(b))[None, :],
        )

    def measured(
        self, shape: Shape, reach: float, margin: float = 0.0
    ) -> tuple[tuple[NDArray[np.intp], ...], Array]:
        """A window on `values` round a shape's box, `margin` mm wider, and the distances in it."""
        wider = margin + 2 * self.step
        first = np.floor((shape.low - wider - self.low) / self.step).astype(int)
        last = np.ceil((shape.high + wider - self.low) / self.step).astype(int) + 1
        columns = np.arange(first[0], last[0])
        rows = np.arange(max(first[1], 0), min(last[1], self.values.shape[1]))
        if self.period is None:
            columns = columns[(columns >= 0) & (columns < len(self.values))]
        u, v = (self.low[k] + self.step * at for k, at in enumerate((columns, rows)))
        return np.ix_(columns % len(self.values), rows), shape.distance(u, v, reach)

    def paint(self, shape: Shape, value: float = 1.0) -> None:
        """Cover with a value; the edge is one sample wide."""
        window, d = self.measured(shape, self.step, self.step)
        self.values[window] += (value - self.values[window]) * self.covered(d)

    def covered(self, d: Array) -> Array:
        """How much of a sample (0..1) paint covers whose edge is at distance d."""
        return np.clip(0.5 - d / self.step, 0.0, 1.0)

    def carve(self, shape: Shape, depth: float, bevel: float) -> None:
        """A groove or V-cut: full depth `bevel` mm within the shape, none outside."""
        window, d = self.measured(shape, bevel)
        self.values[window] -= depth * np.clip(-d / bevel, 0, 1)

    def lower(self, shape: Shape, floor: float, bevel: float) -> None:
        """Sink to `floor`, by a slope `bevel` mm wide within the shape."""
        window, d = self.measured(shape, bevel)
        self.values[window] = np.minimum(self.values[window], floor * np.clip(-d / bevel, 0, 1))

    def swell(self, shape: Shape, height: float, round_mm: float, base: float = 0.0) -> None:
        """Raise like a cushion: from `base` at the rim up to `height`, round_mm from the rim."""
        window, d = self.measured(shape, round_mm)
        self.values[window] = cushion(self.values[window], d, height, round_mm, base)

    def soften(self, sigma_mm: float) -> None:
        """Blur: what wear does to edges, and what keeps relief within the spline's reach."""
        from scipy.ndimage import gaussian_filter

        modes = ["wrap" if self.period is not None else "nearest", "nearest"]
        self.values = gaussian_filter(self.values, sigma_mm / self.step, mode=modes)

    def field(self) -> Field:
        from scipy.ndimage import spline_filter

        values, low = self.values, self.low.copy()
        if self.period is not None:
            values = np.concatenate([values[-_WRAP:], values, values[:_WRAP]])
            low[0] -= _WRAP * self.step
        # "mirror" is what map_coordinates assumes of the coefficients next to an edge.
        return Field(spline_filter(values, order=3, mode="mirror"), low, self.step, self.period)


def cushion(old: Array, d: Array, height: float, round_mm: float, base: float = 0.0) -> Array:
    """Heights raised within a shape (distance d < 0) as `Canvas.swell` does."""
    t = np.clip(-d / round_mm, 0.0, 1.0)
    new = base + (height - base) * np.sqrt(1.0 - (1.0 - t) ** 2)
    return np.where(d < 0, np.maximum(old, new), old)


def profile(outline: ArrayLike, margin: float, step: float = 0.5) -> Field:
    """The signed distance to a closed outline as a field, `margin` mm beyond its box.

    Between samples the spline is within 0.001 mm of the true distance where the
    outline's curvature radius is over 2 steps.
    """
    shape = area(outline)
    return _distances(Canvas(shape.low - margin, shape.high + margin, step), shape, margin)


def turned_profile(right: ArrayLike, margin: float, step: float = 0.5) -> Field:
    """As `profile`, for a solid of revolution: f(r, z) of the solid whose section has the
    outline `right` (k, 2), r >= 0, from the axis round to the axis again.
    """
    half = np.asarray(right, float)
    shape = area(np.vstack([half, half[::-1] * [-1, 1]]))
    # The axis is no wall, so the section goes on a little to its left.
    canvas = Canvas((-8 * step, shape.low[1] - margin), shape.high + margin, step)
    return _distances(canvas, shape, margin)


def _distances(canvas: Canvas, shape: Shape, margin: float) -> Field:
    window, d = canvas.measured(shape, np.inf, margin + canvas.step)
    canvas.values[window] = d
    return canvas.field()


def over(below: Array, color: ArrayLike, cover: ArrayLike) -> Array:
    """Colours (n, 3) with a colour (or (n, 3) of them) laid over by a share (n,) of 0..1."""
    return below + (np.asarray(color, float) - below) * np.asarray(cover, float)[:, None]
