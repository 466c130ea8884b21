"""The relic that speed and error are measured on: a head vase, 480 mm tall.

It has what makes surfaces hard: undercuts (curls, ears, loops, the hollow of
the cup), a wall of 2 mm, relief finer than the scanner's spacing and large
smooth cheeks. **Frozen**: figures are comparable only as long as not a number
here changes. It uses nothing of the other relics for that reason.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from samples.drawing import Canvas, Field, area, curve, ellipse, line, turned_profile
from samples.procedural import ProceduralRelic
from samples.sdf import (
    ball,
    box,
    displaced,
    ellipsoid,
    extrusion,
    limb,
    ripple,
    round_cone,
    smooth_cut,
    smooth_union,
    smoothstep,
    turned,
    within,
)

Array = NDArray[np.float64]

_HEAD = np.array([0.0, 0.0, 232.0])
_DIADEM_R = 82.0
_FOOT = [(0, 0), (84, 0), (92, 3), (95, 10), (92, 18), (80, 23), (72, 30), (66, 44), (56, 70)]
_FOOT += [(48, 96), (46, 120), (48, 150), (40, 190), (0, 200)]
_CLAY, _BLACK = (206, 136, 92), (44, 36, 34)
_WALL = 2.0  # mm, of the cup
_CUP_IN = [(101, 480), (95, 468), (82, 438), (70, 398), (65, 362), (64, 342), (56, 331), (0, 327)]


@cache
def _foot() -> Field:
    return turned_profile(curve(_FOOT, closed=False), 40.0)


@cache
def _inside() -> Array:
    return curve(_CUP_IN, closed=False)


@cache
def _cup() -> Field:
    """The same thickness everywhere: the inside, and its parallel."""
    ahead = np.gradient(_inside(), axis=0)
    outward = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    outside = _inside() + _WALL * outward
    outside[-1, 0] = 0.0
    lip = _inside()[0] + _WALL * np.array([(0.5, 0.4), (0.9, 0.3)])
    return turned_profile(np.vstack([_inside()[::-1], lip, outside]), 40.0, 0.4)


@cache
def _hollow() -> Field:
    """What the cup would hold, with the air above."""
    return turned_profile(np.vstack([[(0, 540), (101, 540)], _inside()]), 30.0, 0.4)


@cache
def _curls() -> Array:
    """Centres of the curls: even steps of the golden angle over the back and top of the head."""
    k = np.arange(420)
    z = 1 - 2 * (k + 0.5) / len(k)
    angle = k * np.pi * (3 - np.sqrt(5))
    on = np.column_stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z])
    behind_hairline = on[:, 2] > 0.62 - 1.25 * smoothstep(on[:, 1], -0.72, 0.1)
    off_neck = on[:, 2] > -0.58
    at = on * [79.0, 93.0, 100.0]
    off_ears = np.linalg.norm(np.abs(at) * [1, 0, 0] + at * [0, 1, 1] - [76, 4, -6], axis=1) > 29
    return np.asarray(_HEAD + at[behind_hairline & off_neck & off_ears])


def _hair(points: Array) -> Array:
    """Snail curls: balls with a spiral groove, each wound about its own outward axis."""
    from scipy.spatial import cKDTree

    centres = _curls()
    apart, nearest = cKDTree(centres).query(points)
    local = points - centres[nearest]
    axis = centres[nearest] - _HEAD
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    side = np.cross(axis, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    a, b = (local * side).sum(axis=1), (local * np.cross(axis, side)).sum(axis=1)
    across = np.hypot(a, b)
    groove = 0.5 * np.sin(np.arctan2(b, a) + across * (2 * np.pi / 4.2))
    curls = apart - 9.4 - groove * smoothstep(across, 0.8, 2.5) * smoothstep(across, 7.0, 5.2)
    core = ellipsoid(points, _HEAD + np.array([0, 7, 2]), (79, 88, 98))
    core = smooth_union(core, ellipsoid(points, _HEAD + np.array([0, 24, -52]), (60, 56, 34)), 10)
    return smooth_union(curls, np.maximum(core, -28.0 - points[:, 1]), 1.5)


def _face(points: Array) -> Array:
    q = points - _HEAD
    head = ellipsoid(q, (0, 4, 8), (76, 86, 96))
    head = smooth_union(head, ellipsoid(q, (0, -28, -48), (52, 46, 46)), 28)
    head = smooth_union(head, ellipsoid(q, (0, -62, -84), (20, 14, 14)), 14)
    mirrored = np.column_stack([np.abs(q[:, 0]), q[:, 1], q[:, 2]])
    head = smooth_cut(head, ellipsoid(mirrored, (29, -84, 14), (17, 12, 11)), 9)
    head = smooth_union(head, ellipsoid(mirrored, (28, -64.5, 12), (13, 12, 10.5)), 2)
    lids = [(14, -73.5, 8), (21, -77.5, 19), (31, -76, 20.5), (41.5, -66, 11)]
    head = smooth_union(head, limb(mirrored, curve3(lids), 2.0), 2)
    lower = [(14, -73.5, 8), (24, -76.4, 3.5), (34, -72.5, 4), (41.5, -66, 11)]
    head = smooth_union(head, limb(mirrored, curve3(lower), 1.5), 2)
    brow = [(9, -80, 26), (22, -79.5, 35), (38, -70, 35), (50, -56, 25)]
    head = smooth_union(head, limb(mirrored, curve3(brow), 3.0), 5)
    nose = limb(q, [(0, -82, 28), (0, -92, 4), (0, -99, -12)], [5.5, 7.0, 9.0], 5)
    nose = smooth_union(nose, ball(mirrored, (9.5, -90, -14), 6.5), 4)
    nose = smooth_cut(nose, ball(mirrored, (5.2, -95, -21), 2.9), 1.5)
    head = smooth_union(head, nose, 6)
    upper = [(0, -80.5, -36.5), (8, -79.8, -34.8), (17, -76.2, -38), (24, -72.8, -41.5)]
    head = smooth_union(head, limb(mirrored, curve3(upper), 3.6), 4)
    below = [(0, -79.2, -46), (9, -77.6, -45.6), (18, -74.6, -43)]
    head = smooth_union(head, limb(mirrored, curve3(below), 4.4), 4)
    ear = ellipsoid(mirrored, (76, 6, -4), (8, 16, 25), turned(y=8, z=-24))
    ear = smooth_cut(ear, ellipsoid(mirrored, (82, 0, 2), (6.5, 9.5, 15)), 2.5)
    ear = smooth_union(ear, ball(mirrored, (79, 0, -30), 7.0), 3)  # an ear stud
    return smooth_union(head, ear, 4)


def curve3(points: list[tuple[float, float, float]]) -> Array:
    """A smooth curve through points in space."""
    p = np.asarray(points, float)
    flat = [curve(p[:, [0, k]], 3, closed=False)[:, 1] for k in (1, 2)]
    return np.column_stack([curve(p[:, [0, 1]], 3, closed=False)[:, 0], *flat])


def _loops(points: Array) -> Array:
    """Two handles from the lip of the cup, out and down to behind the ears."""
    mirrored = np.column_stack([np.abs(points[:, 0]), points[:, 1], points[:, 2]])
    return within(mirrored, (104, 10, 382), 98, _loop)


def _loop(points: Array) -> Array:
    spine = [
        (92, 0, 463),
        (122, 4, 452),
        (134, 9, 410),
        (124, 14, 360),
        (92, 20, 312),
        (74, 22, 300),
    ]
    path = curve3(spine)
    loop = limb(
        points, path, np.interp(np.linspace(0, 1, len(path)), [0, 0.2, 0.8, 1], [5, 6, 6.5, 10])
    )
    return smooth_union(loop, ball(points, (124, 4, 452), 8.5), 3)


@cache
def _diadem() -> Field:
    """A band of lozenges and pearls between fillets: f(arc, z) in mm."""
    around = 2 * np.pi * _DIADEM_R
    canvas = Canvas((-around / 2, 288), (around / 2, 322), 0.35, periodic=True)
    unit = around / 36
    for k in range(36):
        u = (k + 0.5) * unit - around / 2
        canvas.swell(area([(u - 6, 305), (u, 312), (u + 6, 305), (u, 298)]), 1.6, 3.0)
        canvas.carve(area([(u - 2.6, 305), (u, 308), (u + 2.6, 305), (u, 302)]), 0.9, 1.0)
        for z in (299, 311):
            canvas.swell(area(ellipse((u + unit / 2, z), (2.1, 2.1))), 1.3, 2.1)
    for z in (294, 316):
        canvas.swell(line([(-around, z), (around, z)], 3.0), 1.5, 1.5)
    canvas.soften(0.4)
    return canvas.field()


def _fine(points: Array) -> Array:
    """Relief: flutes on the cup, scales on the foot, the diadem; and the potter's hand."""
    x, y, z = points.T
    r, angle = np.hypot(x, y), np.arctan2(x, -y)
    outside = smoothstep(_hollow()(r, z), 1.0, 1.9)
    flutes = 0.35 * np.cos(48 * angle) * outside * smoothstep(z, 366, 384) * smoothstep(z, 466, 452)
    row = z / 9.0
    scale = np.cos(32 * angle + np.pi * np.floor(row)) * 0.5 + 0.5
    scales = 1.1 * scale * np.sin(np.pi * (row - np.floor(row))) ** 2
    scales = scales * smoothstep(z, 36, 45) * smoothstep(z, 117, 108)
    band = _diadem()(angle * _DIADEM_R, z) * smoothstep(z, 289, 292) * smoothstep(z, 321, 318)
    band = band * smoothstep(np.abs(r - _DIADEM_R - 13), 12, 8)
    return flutes + scales + band + 0.12 * ripple(points, 60, 120, 6)


def _distance(points: Array) -> Array:
    x, y, z = points.T
    r = np.hypot(x, y)
    face = within(points, _HEAD - (0, 4, 10), 122, _face)
    hair = within(points, _HEAD + np.array([0, 2, 8]), 118, _hair)
    whole = smooth_union(face, hair, 2.0)
    band = extrusion(np.hypot(x / 0.92, y) - 93.0, np.abs(z - 305) - 14.0) - 1.5
    crown = extrusion(r - 58.0, np.abs(z - 312) - 22.0) - 4.0
    whole = smooth_union(whole, smooth_union(band, crown, 8.0), 2.0)
    whole = smooth_union(whole, _foot()(r, z), 14.0)
    # The cup is let into the crown; nothing of the head stands inside it.
    whole = np.maximum(whole, 1.0 - _hollow()(r, z))
    whole = smooth_union(whole, _cup()(r, z), 1.5)
    loops = np.maximum(_loops(points), 1.5 - _hollow()(r, z))
    whole = smooth_union(whole, loops, 1.5)
    whole = displaced(whole, points, _fine, 2.0)
    chip = box(points, (86, -60, 486), (14, 9, 16), 6.0) + 0.8 * ripple(points, 12, 121, 8)
    return smooth_cut(
        whole, np.minimum(chip, round_cone(points, (-70, -66, 2), (-50, -80, -2), 9, 7)), 1.0
    )


def _color(points: Array) -> NDArray[np.uint8]:
    x, y, z = points.T
    q = points - _HEAD
    mirrored = np.column_stack([np.abs(q[:, 0]), q[:, 1], q[:, 2]])
    r = np.hypot(x, y)
    face = within(points, _HEAD - (0, 4, 10), 122, _face)
    hair = within(points, _HEAD + np.array([0, 2, 8]), 118, _hair)
    cup = np.minimum(_cup()(r, z), _loops(points))
    band = np.abs(z - 305) - 15.0 + 40.0 * (r < 84)
    parts = np.stack([face, hair, _foot()(r, z), cup, band])
    tones = np.array([_CLAY, _BLACK, (52, 42, 38), (46, 38, 36), (176, 62, 44)], float)
    kind = parts.argmin(axis=0)
    rgb = tones[kind]
    skin = kind == 0
    eye = smoothstep(ellipsoid(mirrored, (28, -74, 12), (11.5, 9, 7.5)), 0.5, -0.5) * skin
    iris = smoothstep(np.hypot(mirrored[:, 0] - 28, mirrored[:, 2] - 12.5), 5.6, 4.6) * eye
    lips = smoothstep(ellipsoid(q, (0, -80, -41), (24, 14, 8)), 0.5, -0.5) * skin
    for tone, cover in (((234, 224, 204), eye), ((60, 40, 34), iris), ((164, 60, 50), lips)):
        rgb = rgb + (np.array(tone) - rgb) * cover[:, None]
    shade = 1 + 0.05 * ripple(points, 50, 122, 20) + 0.03 * ripple(points, 9, 123, 20)
    return np.asarray(np.clip(rgb * shade[:, None], 0, 255).round(), np.uint8)


def benchmark_relic() -> ProceduralRelic:
    """480 mm tall, z up, standing on z = 0, facing -Y. Frozen: see the module."""
    bounds = np.array([[-146.0, -110.0, -2.0], [146.0, 112.0, 482.0]])
    return ProceduralRelic("benchmark", _distance, _color, bounds, steepness=2.0)
