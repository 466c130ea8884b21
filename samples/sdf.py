"""Signed distances of simple solids, and how to join them: the clay of `samples.relics`.

Points are (n, 3) float64 in millimetres, distances (n,) float64, negative
inside. The solids here are exact but where their docstring says otherwise; a
smooth union is exact away from the joint and too small by at most its radius / 4
within it.

Distances to spheres swept along a line follow from minimising over the line;
the polynomial smooth minimum is Quilez's ("Smooth minimum", 2013).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def ball(points: Array, centre: ArrayLike, radius: float) -> Array:
    return _length(points - np.asarray(centre)) - radius


def _length(vectors: Array) -> Array:
    """(n,) of vectors (n, 3): np.linalg.norm takes three times as long."""
    return np.sqrt(np.einsum("nk,nk->n", vectors, vectors))


def round_cone(
    points: Array, a: ArrayLike, b: ArrayLike, radius_a: float, radius_b: float
) -> Array:
    """All the balls between one of radius_a at a and one of radius_b at b."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    length = float(np.linalg.norm(end - start))
    axis = (end - start) / length
    along = (points - start) @ axis
    across = _length(points - start - along[:, None] * axis)
    slope = (radius_b - radius_a) / length
    # The nearest ball's centre lies off the foot of the perpendicular, towards the wide end.
    centre = np.clip(along + across * slope / np.sqrt(1 - slope**2), 0.0, length)
    return np.hypot(along - centre, across) - (radius_a + slope * centre)


def limb(points: Array, joints: ArrayLike, radii: ArrayLike, softness: float = 0.0) -> Array:
    """Round cones from joint to joint: joints (k, 3), radii (k,) or one for all."""
    at = np.asarray(joints, float)
    thick = np.broadcast_to(np.asarray(radii, float), len(at))
    parts = [
        round_cone(points, at[i], at[i + 1], thick[i], thick[i + 1]) for i in range(len(at) - 1)
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole = smooth_union(whole, part, softness)
    return whole


def ellipsoid(
    points: Array, centre: ArrayLike, radii: ArrayLike, turn: Array | None = None
) -> Array:
    """First-order distance: exact on the surface, within a few per cent near it.

    `turn` (3, 3) has the ellipsoid's own axes as its columns.
    """
    local = points - np.asarray(centre, float)
    if turn is not None:
        local = local @ turn
    scale = np.asarray(radii, float)
    k0 = _length(local / scale)
    k1 = _length(local / scale**2)
    return (k0 - 1.0) * np.divide(k0, k1, out=np.full_like(k0, scale.min()), where=k1 > 1e-9)


def box(points: Array, centre: ArrayLike, half: ArrayLike, rounding: float = 0.0) -> Array:
    q = np.abs(points - np.asarray(centre, float)) - np.asarray(half, float) + rounding
    return extrusion(*q.T) - rounding


def extrusion(*walls: Array) -> Array:
    """The solid inside all walls, each a distance in a direction square to the others."""
    q = np.stack(walls)
    outside: Array = np.linalg.norm(np.maximum(q, 0.0), axis=0)
    return outside + np.minimum(q.max(axis=0), 0.0)


def torus(points: Array, centre: ArrayLike, major: float, minor: float) -> Array:
    """A ring about the z axis through its centre."""
    local = points - np.asarray(centre, float)
    return np.hypot(np.hypot(local[:, 0], local[:, 1]) - major, local[:, 2]) - minor


def smooth_union(a: Array, b: Array, radius: float) -> Array:
    """The union with a fillet about `radius` wide."""
    if radius <= 0:
        return np.minimum(a, b)
    overlap = np.maximum(radius - np.abs(a - b), 0.0)
    return np.minimum(a, b) - overlap**2 / (4.0 * radius)


def smooth_cut(a: Array, b: Array, radius: float) -> Array:
    """a without b, the edge rounded."""
    return -smooth_union(-a, b, radius)


def smooth_common(a: Array, b: Array, radius: float) -> Array:
    """What lies in both, the edge rounded."""
    return -smooth_union(-a, -b, radius)


def smoothstep(value: Array, low: float, high: float) -> Array:
    """0 below low, 1 above high, a cubic between; low > high falls instead."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def within(
    points: Array, centre: ArrayLike, radius: float, part: Callable[[Array], Array]
) -> Array:
    """A part that lies inside a ball, asked for only within 10 mm of it.

    Farther off the distance to the ball stands for it: less than the truth, so
    nothing is lost as long as fillets are under 10 mm.
    """
    gap = ball(points, centre, radius)
    near = gap < 10.0
    gap[near] = part(points[near])
    return gap


def displaced(
    distance: Array, points: Array, height: Callable[[Array], Array], limit: float
) -> Array:
    """Raise the surface by height(points) mm, at most `limit` either way.

    The height is evaluated only within 3 limits of the surface, and fades out
    towards there, for it is usually the dear part.
    """
    near = np.flatnonzero(np.abs(distance) < 3.0 * limit)
    moved = distance.copy()
    fade = np.clip(3.0 - np.abs(distance[near]) / limit, 0.0, 1.0)
    moved[near] -= fade * np.clip(height(points[near]), -limit, limit)
    return moved


def ripple(points: Array, wavelength: float, seed: int, waves: int = 14) -> Array:
    """A smooth random field of about unit variance: plane waves in random directions.

    Their lengths spread over an octave around `wavelength`, so nothing repeats visibly.
    """
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(waves, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    turns = 2 * np.pi / (wavelength * 2.0 ** rng.uniform(-0.5, 0.5, waves))
    phase = rng.uniform(0, 2 * np.pi, waves)
    return np.sin(points @ (direction * turns[:, None]).T + phase).sum(axis=1) * np.sqrt(
        2.0 / waves
    )


def turned(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    """Rotation (3, 3) by degrees about x, then y, then z."""
    a, b, c = np.radians([x, y, z])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)
