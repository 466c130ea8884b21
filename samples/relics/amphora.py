"""A neck amphora in black figure: two hoplites on one side, a ship on the other.

420 mm tall, hollow, mended from sherds with one of them lost and filled in.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from samples.drawing import Field, curve, over, profile, turned_profile
from samples.procedural import ProceduralRelic
from samples.relics.amphora_painting import CIRCUMFERENCE, painting
from samples.sdf import (
    displaced,
    ellipsoid,
    extrusion,
    ripple,
    smooth_cut,
    smooth_union,
    smoothstep,
)

Array = NDArray[np.float64]

_FOOT = [(0, 7), (44, 7), (50, 0), (61, 0), (66, 3), (66.5, 9), (61, 14), (49, 18), (41, 23)]
_BODY = [(38, 29), (41, 37), (58, 66), (88, 118), (114, 170), (130, 222), (131, 252), (118, 288)]
_NECK = [(94, 310), (67, 322), (55, 329), (51.5, 340), (50, 362), (53, 384)]
_LIP = [(58, 394), (68, 399), (73, 404), (74.5, 411), (72, 417), (66, 419.5), (60, 418)]
_INSIDE = [(53, 409), (47, 392), (44.5, 364), (46, 340), (52, 326), (86, 304), (112, 280)]
_INSIDE += [(124.5, 248), (123, 220), (107, 172), (82, 123), (52, 72), (30, 46), (0, 38)]
#: The outer wall by arc length: what the painter unrolls.
OUTER = curve(_FOOT[3:] + _BODY + _NECK + _LIP[:5], closed=False)
_Z = np.maximum.accumulate(OUTER[:, 1] + 1e-6 * np.arange(len(OUTER)))
_ARC = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(OUTER, axis=0), axis=1))])
_SHERDS = 17
_LOST = 8

CLAY, GLOSS = (203, 124, 74), (36, 30, 28)
RED, WHITE, FILL = (122, 42, 38), (226, 214, 190), (196, 150, 112)


@cache
def _wall() -> Field:
    right = curve(_FOOT + _BODY + _NECK + _LIP + _INSIDE, closed=False)
    return turned_profile(right, 40.0)


@cache
def _handle() -> Field:
    """The strap seen from the side: from the shoulder up, and over to the neck below the lip."""
    spine = curve(
        [(99, 303), (107, 322), (107, 346), (97, 368), (77, 380), (50, 381)], closed=False
    )
    ahead = np.gradient(spine, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    half = np.interp(np.linspace(0, 1, len(spine)), [0, 0.15, 0.5, 0.85, 1], [7, 5, 4.6, 5, 7])
    across = np.column_stack([-ahead[:, 1], ahead[:, 0]]) * half[:, None]
    return profile(np.vstack([spine + across, (spine - across)[::-1]]), 30.0)


@cache
def _sherd_centres() -> Array:
    rng = np.random.default_rng(77)
    z = rng.uniform(40, 400, _SHERDS)
    angle = np.arange(_SHERDS) * 2.4 + rng.uniform(-0.4, 0.4, _SHERDS)
    r = np.interp(z, _Z, OUTER[:, 0])
    return np.column_stack([r * np.cos(angle), r * np.sin(angle), z])


def _sherds(points: Array) -> tuple[NDArray[np.int64], Array]:
    """Which sherd a point is on (n,), and how far from the nearest joint (n,) mm."""
    warped = points + 2.5 * np.column_stack([ripple(points, 45, seed, 4) for seed in (5, 6, 7)])
    centres = _sherd_centres()
    squared = (warped**2).sum(axis=1)[:, None] - 2 * warped @ centres.T + (centres**2).sum(axis=1)
    rows, first = np.arange(len(points)), squared.argmin(axis=1)
    nearest = np.sqrt(squared[rows, first])
    squared[rows, first] = np.inf
    return first, (np.sqrt(squared.min(axis=1)) - nearest) / 2


def _handles(points: Array) -> Array:
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    half = 10.5 + 5.0 * smoothstep(z, 330, 300) + 4.0 * smoothstep(x, 75, 50)
    strap = extrusion(_handle()(x, z) + 3.0, np.abs(y) - half + 3.0) - 3.0
    # Three reeds along the strap.
    return strap + 0.9 * (1 - np.abs(np.cos(np.pi * np.clip(y, -10, 10) / 7.2))) ** 2


def _body(points: Array) -> Array:
    return _wall()(np.hypot(points[:, 0], points[:, 1]), points[:, 2])


def _wear(points: Array) -> Array:
    """A hand-thrown wall is never quite round; joints between sherds are slightly open."""
    height = 0.35 * ripple(points, 130, 1, 6)
    r_outer = np.interp(points[:, 2], _Z, OUTER[:, 0])
    inside = smoothstep(r_outer - np.hypot(points[:, 0], points[:, 1]), 2.5, 4.0)
    height += 0.18 * inside * np.sin(points[:, 2] * (2 * np.pi / 5.5))  # the potter's fingers
    sherd, joint = _sherds(points)
    height -= 0.3 * smoothstep(joint, 0.7, 0.1)
    return height - 0.25 * (sherd == _LOST) * smoothstep(joint, 0.2, 1.2)


def _chips(points: Array) -> Array:
    chip = ellipsoid(points, (66, -29, 424), (14, 10, 12))
    foot = ellipsoid(points, (-49, -47, -4), (13, 9, 9))
    return np.minimum(chip, foot) + 0.7 * ripple(points, 9, 11, 8)


def _distance(points: Array) -> Array:
    whole = smooth_union(_body(points), _handles(points), 6.0)
    whole = displaced(whole, points, _wear, 2.0)
    return smooth_cut(whole, _chips(points), 1.0)


def _color(points: Array) -> NDArray[np.uint8]:
    x, y, z = points.T
    r = np.hypot(x, y)
    outer = np.interp(z, _Z, OUTER[:, 0])
    arc = np.interp(z, _Z, _ARC)
    # Angle 0 faces -Y, the front; the seam of the unrolled wall is at the back.
    u = CIRCUMFERENCE * np.arctan2(x, -y) / (2 * np.pi)
    layers = painting()
    ink, red, white, line = (
        np.clip(layers[k](u, arc), 0, 1) for k in ("ink", "red", "white", "line")
    )
    inside = r < outer - 3.0
    ink = np.where(inside, smoothstep(z + ripple(points, 40, 8, 5), 366, 369), ink)
    handle = (_handles(points) < _body(points)) & ~inside
    ink = np.where(handle, 1.0, ink)
    ink = np.where(z < 1.0, 0.0, ink)  # the foot rests on bare clay
    red, white, line = (np.where(inside | handle, 0.0, k) for k in (red, white, line))

    shade = 1 + 0.035 * ripple(points, 60, 20, 20) + 0.02 * ripple(points, 12, 21, 20)
    ink = ink * (
        1 - 0.9 * smoothstep(ripple(points, 16, 22) + 0.4 * ripple(points, 4, 23, 8), 1.75, 2.2)
    )
    rgb = np.broadcast_to(np.array(CLAY, float), (len(points), 3))
    gloss = np.array(GLOSS) + np.outer(smoothstep(ripple(points, 90, 24, 8), 0.6, 1.8), (34, 10, 2))
    rgb = over(rgb, gloss, ink)
    rgb = over(rgb, RED, 0.85 * red)
    rgb = over(rgb, WHITE, white * (1 - smoothstep(ripple(points, 11, 25), 1.0, 1.6)))
    rgb = over(rgb, CLAY, 0.9 * line)
    sherd, joint = _sherds(points)
    rgb = over(rgb, FILL, (sherd == _LOST) * smoothstep(joint, 0.2, 0.8) * (1 - handle))
    rgb = over(rgb, (150, 112, 82), 0.8 * smoothstep(joint, 0.8, 0.3))
    rgb = over(rgb, (214, 146, 96), smoothstep(_chips(points), 1.2, 0.4))
    return np.asarray(np.clip(rgb * shade[:, None], 0, 255).round(), np.uint8)


def amphora() -> ProceduralRelic:
    """420 mm tall, z up, standing on z = 0, the hoplites facing -Y."""
    bounds = np.array([[-136.0, -136.0, -2.0], [136.0, 136.0, 424.0]])
    return ProceduralRelic("amphora", _distance, _color, bounds)
