"""Light as a photographer of objects sets it: key, fill and rim softboxes under a bright ceiling.

Every softbox is a handful of directions; what of them a point of the relic sees
gives soft shadows and ambient occlusion in one (the same integral: Zhukov,
Iones & Kronin, An Ambient Light Illumination Model, 1998). Visibility varies
slowly, so it is found on a coarser grid and carried to the pixels across depth
and normals alike (Kopf, Cohen, Lischinski & Uyttendaele, Joint Bilateral
Upsampling, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry import o3d as bridge
from relicscan.relic import Float32Array, FloatArray

#: azimuth from the camera to the right, elevation, half angle (degrees), directions, power, colour.
#: A wide warm key from the upper left, a cooler fill from the right, a rim from behind.
_SOFTBOXES = (
    (-52.0, 40.0, 22.0, 24, 1.00, (1.00, 0.97, 0.93)),
    (60.0, 12.0, 35.0, 8, 0.17, (0.94, 0.97, 1.00)),
    (165.0, 48.0, 22.0, 8, 0.30, (0.97, 0.98, 1.00)),
)
_SKY_DIRECTIONS, _SKY_POWER = 28, 0.30
_FLOOR_DIRECTIONS, _FLOOR_POWER, _FLOOR_COLOR = 8, 0.09, (1.00, 0.97, 0.94)

#: Directions along a side of the table of irradiance: it is 0.2 % off at most.
_TABLE_SIDE = 129

#: Rays start so far off the surface, in units of the relic's radius: 0.2 % clears the facets of
#: a smooth-shaded mesh, and what it hides of contact shadows is under a pixel.
_LIFT = 2e-3


@dataclass(frozen=True, eq=False)
class Lights:
    """Directions towards the light (k, 3), unit, and their linear RGB irradiance (k, 3)."""

    directions: Float32Array
    power: Float32Array

    def irradiance(self, normals: Float32Array) -> Float32Array:
        """Light that a white matt surface with normals (n, 3) would send back: (n, 3).

        Read from a table of directions; a shorter normal gives less light in proportion.
        """
        out = np.empty((len(normals), 3), dtype=np.float32)

        def some(start: int, stop: int) -> None:
            out[start:stop] = _read(self._table, normals[start:stop])

        threads.in_blocks(some, len(normals))
        return out

    @cached_property
    def _table(self) -> Float32Array:
        """Irradiance (side, side, 3) of the directions of an octahedron unfolded to a square."""
        at = np.linspace(-1, 1, _TABLE_SIDE)
        x, z = (a.ravel() for a in np.meshgrid(at, at))
        y = 1 - np.abs(x) - np.abs(z)
        folded = y < 0
        x, z = (
            np.where(folded, (1 - np.abs(z)) * np.copysign(1, x), x),
            np.where(folded, (1 - np.abs(x)) * np.copysign(1, z), z),
        )
        x, y, z = np.stack([x, y, z]) / np.sqrt(x * x + y * y + z * z)
        # Sums over directions in one order, which BLAS does not promise.
        total = np.zeros((3, len(x)))
        for (dx, dy, dz), power in zip(self.directions, self.power, strict=True):
            total += power[:, None] * np.maximum(dx * x + dy * y + dz * z, 0)
        return total.T.astype(np.float32).reshape(_TABLE_SIDE, _TABLE_SIDE, 3)

    def visible_share(
        self, scene: Any, points: Float32Array, normals: Float32Array
    ) -> Float32Array:
        """Share 0..1 (n,) of the light that reaches points (n, 3) past the scene's triangles."""
        tensor = bridge.load().core.Tensor
        strength = self.power.mean(axis=1)
        reaching = np.zeros(len(points), dtype=np.float32)
        unshaded = np.full(len(points), 1e-6, dtype=np.float32)
        rays = np.empty((len(points), 6), dtype=np.float32)
        rays[:, :3] = points + _LIFT * normals
        for direction, weight in zip(self.directions, strength, strict=True):
            cosine = normals @ direction
            facing = np.flatnonzero(cosine > 0)
            rays[:, 3:] = direction
            free = ~scene.test_occlusions(tensor(rays[facing])).numpy()
            light = weight * cosine[facing]
            unshaded[facing] += light
            reaching[facing] += light * free
        return reaching / unshaded


def studio(azimuth_deg: float) -> Lights:
    """The lights around a camera at that azimuth: they go with it, so every side is well lit."""
    directions, power = [], []

    def add(cap: FloatArray, total: float, color: tuple[float, float, float]) -> None:
        directions.append(cap)
        power.append(np.tile(np.array(color) * total / len(cap), (len(cap), 1)))

    for azimuth, elevation, half_angle, count, total, color in _SOFTBOXES:
        a, e = np.radians(azimuth_deg + azimuth), np.radians(elevation)
        centre = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        add(_cap(centre, half_angle, count), total, color)
    up = np.array([0.0, 1.0, 0.0])
    add(_cap(up, 85.0, _SKY_DIRECTIONS), _SKY_POWER, (1.0, 1.0, 1.0))
    add(_cap(-up, 80.0, _FLOOR_DIRECTIONS), _FLOOR_POWER, _FLOOR_COLOR)
    lights = Lights(np.vstack(directions).astype(np.float32), np.vstack(power).astype(np.float32))
    # Exposed for a surface that faces halfway between the camera and the key light.
    key = directions[0].mean(axis=0)
    a = np.radians(azimuth_deg)
    facing = key + np.array([np.sin(a), 0.0, np.cos(a)])
    facing = (facing / np.linalg.norm(facing)).astype(np.float32)
    return Lights(lights.directions, lights.power / lights.irradiance(facing[None]).mean())


def _read(table: Float32Array, normals: Float32Array) -> Float32Array:
    """Values (n, 3) of a table over the octahedron (Meyer, Suessmuth, Sussner, Stamminger &
    Greiner, On Floating-Point Normal Vectors, 2010) at normals (n, 3), times their length.
    """
    side = len(table) - 1
    x, y, z = (np.ascontiguousarray(normals[:, axis]) for axis in range(3))
    length = np.sqrt(x * x + y * y + z * z)
    shorten = 1 / np.maximum(np.abs(x) + np.abs(y) + np.abs(z), np.float32(1e-12))
    x, z = x * shorten, z * shorten
    folded = np.flatnonzero(y < 0)
    fx, fz = x[folded], z[folded]
    x[folded] = (1 - np.abs(fz)) * np.copysign(1, fx)
    z[folded] = (1 - np.abs(fx)) * np.copysign(1, fz)
    column, row = (x + 1) * np.float32(side / 2), (z + 1) * np.float32(side / 2)
    left = np.minimum(column.astype(np.int32), side - 1)
    top = np.minimum(row.astype(np.int32), side - 1)
    across, down = (column - left)[:, None], (row - top)[:, None]
    flat, at = table.reshape(-1, 3), top * (side + 1) + left
    above, below = (
        np.take(flat, start, axis=0) * (1 - across) + np.take(flat, start + 1, axis=0) * across
        for start in (at, at + side + 1)
    )
    return np.asarray((above * (1 - down) + below * down) * length[:, None])


def _cap(centre: FloatArray, half_angle_deg: float, count: int) -> FloatArray:
    """Evenly spread unit vectors (count, 3) on a spherical cap (a golden-angle spiral)."""
    i = np.arange(count) + 0.5
    height = 1 - i / count * (1 - np.cos(np.radians(half_angle_deg)))
    radius = np.sqrt(1 - height**2)
    turn = i * np.pi * (3 - np.sqrt(5))
    side = np.cross(centre, [1.0, 0.0, 0.0] if abs(centre[0]) < 0.9 else [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    across = np.cross(centre, side)
    return np.asarray(
        (radius * np.cos(turn))[:, None] * side
        + (radius * np.sin(turn))[:, None] * across
        + height[:, None] * centre
    )


def interreflected(share: Float32Array, linear_rgb: Float32Array) -> Float32Array:
    """The share (n,) per colour channel (n, 3), with light bounced between the sides of hollows.

    A cubic in the share, fitted to path-traced interreflection (Jimenez, Wu, Pesce &
    Jarabo, Practical Realtime Strategies for Accurate Indirect Occlusion, 2016).
    Without it the hollows of a pale relic are as black as those of a dark one.
    """
    x = share[:, None]
    a = 2.0404 * linear_rgb - 0.3324
    b = -4.7951 * linear_rgb + 0.6417
    c = 2.7552 * linear_rgb + 0.6903
    return np.asarray(np.maximum(x, ((x * a + b) * x + c) * x), dtype=np.float32)


def upsampled(
    coarse: Float32Array,
    coarse_depth: Float32Array,
    coarse_normals: Float32Array,
    pixels: NDArray[np.intp],
    depth: Float32Array,
    normals: Float32Array,
    width: int,
    factor: int,
) -> Float32Array:
    """A field of a coarse grid (h, w) at fine pixels (n,), mixed only from the same surface.

    `pixels` are flat indices into a grid `factor` times as fine and `width` wide;
    depth (n,) and normals (n, 3) belong to them; the relic's radius is one.
    A coarse cell that saw nothing has an infinite depth.
    """
    h, w = coarse.shape
    row = (pixels // width + 0.5) / factor - 0.5
    column = (pixels % width + 0.5) / factor - 0.5
    r0, c0 = np.floor(row).astype(np.intp), np.floor(column).astype(np.intp)
    fr, fc = (row - r0).astype(np.float32), (column - c0).astype(np.float32)
    # What the coarse grid missed altogether, thin things and rims, gets what is usual.
    hit = np.isfinite(coarse_depth)
    usual = float(coarse[hit].mean(dtype=np.float64)) if hit.any() else 1.0
    total = np.full(len(pixels), 1e-12, dtype=np.float32)
    value = np.full(len(pixels), 1e-12 * usual, dtype=np.float32)
    flat_normals = coarse_normals.reshape(-1, 3)
    for dr, dc in ((0, 0), (0, 1), (1, 0), (1, 1)):
        at = np.clip(r0 + dr, 0, h - 1) * w + np.clip(c0 + dc, 0, w - 1)
        weight = (fr if dr else 1 - fr) * (fc if dc else 1 - fc) + np.float32(1e-3)
        gap = (coarse_depth.ravel()[at] - depth) * np.float32(60)  # e-fold at 1/60 radius
        alike = np.einsum("ij,ij->i", flat_normals[at], normals)
        weight = weight * np.exp(-np.minimum(gap * gap, 50)) * np.maximum(alike, 0.01) ** 4
        total += weight
        value += weight * coarse.ravel()[at]
    return value / total
