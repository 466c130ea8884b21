"""A seated drummer: a laughing storyteller of painted earthenware, 180 mm tall.

No two sides alike: one knee is up, one arm is in the air, the drum is under the
other. So partial scans of it have one right way to fit, and few wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from samples.drawing import curve, over
from samples.procedural import ProceduralRelic
from samples.sdf import (
    ball,
    displaced,
    ellipsoid,
    extrusion,
    limb,
    ripple,
    round_cone,
    smooth_common,
    smooth_cut,
    smooth_union,
    smoothstep,
    torus,
    turned,
    within,
)

Array = NDArray[np.float64]

_HEAD = np.array([3.0, -6.0, 147.0])
_TILT = turned(x=-6, y=9, z=10)  # the head's own axes: back, to its left, and turned a little
_DRUM = np.array([-42.0, -25.0, 64.0])
_DRUM_TURN = turned(x=58, z=-28)


def _in_head(points: Array) -> Array:
    return (points - _HEAD) @ _TILT


def _drum(points: Array) -> Array:
    local = (points - _DRUM) @ _DRUM_TURN
    r, along = np.hypot(local[:, 0], local[:, 1]), np.abs(local[:, 2])
    barrel = extrusion(r - 21.0 + 0.012 * along**2, along - 12.0) - 2.0
    hoop = np.hypot(r - 22.2, along - 9.0) - 1.9
    studs = np.arctan2(local[:, 1], local[:, 0]) * (18 / (2 * np.pi))
    stud = np.hypot((studs - np.round(studs)) * (2 * np.pi * 22.5 / 18), along - 9.0)
    return smooth_union(smooth_union(barrel, hoop, 1.0), np.hypot(stud, r - 23.0) - 1.6, 0.8)


def _legs(points: Array) -> Array:
    folded = limb(points, [(-16, 4, 24), (-55, -24, 19), (-14, -47, 15)], [21, 16.5, 10.5], 7)
    raised = limb(points, [(18, 4, 26), (43, -30, 58), (46, -38, 17)], [21, 15.5, 11.5], 7)
    return smooth_union(folded, raised, 5)


def _feet(points: Array) -> Array:
    left = ellipsoid(points, (2, -52, 13), (16, 9, 6.5), turned(z=14))
    right = ellipsoid(points, (48, -51, 13), (9, 19, 6.5), turned(z=6))
    toes = [ball(points, (42 + 3.1 * k, -66 - 2.4 * np.sin(k), 12), 3.0) for k in range(5)]
    for toe in toes:
        right = smooth_union(right, toe, 1.5)
    return np.minimum(left, right)


def _trunk(points: Array) -> Array:
    hips = ellipsoid(points, (0, 10, 30), (44, 35, 27))
    belly = ellipsoid(points, (1, -5, 62), (35, 32, 33))
    chest = ellipsoid(points, (1, 4, 94), (33, 25, 25))
    shoulders = round_cone(points, (-27, 5, 107), (29, 4, 110), 13.0, 13.0)
    trunk = smooth_union(smooth_union(hips, belly, 10), smooth_union(chest, shoulders, 9), 12)
    return smooth_cut(trunk, ball(points, (1, -39.5, 58), 3.6), 3.0)  # the navel


def _sleeves(points: Array) -> Array:
    left = limb(points, [(-30, 5, 106), (-60, 4, 82), (-56, -22, 74)], [13.5, 12, 11], 6)
    right = limb(points, [(31, 4, 109), (62, 2, 112), (66, -14, 136)], [13.5, 12, 11.5], 6)
    for cuff, at, mouth in (
        (0, (-55, -26, 73), (-54, -34, 71)),
        (1, (66.5, -16, 140), (67, -20, 147)),
    ):
        hollow = round_cone(points, at, mouth, 6.5, 9.5)
        if cuff:
            right = smooth_cut(right, hollow, 1.5)
        else:
            left = smooth_cut(left, hollow, 1.5)
    return np.minimum(left, right)


def _hands(points: Array) -> Array:
    left = limb(points, [(-57, -18, 74), (-53, -34, 72), (-50, -42, 76)], [6.5, 5.5, 6.0], 3)
    for k in range(4):
        knuckle = np.array([-55 + 4.0 * k, -45 + 0.8 * k, 80 - 0.7 * k])
        left = smooth_union(
            left, round_cone(points, knuckle - [0, 0, 4], knuckle - [0, 6, -2.5], 2.7, 2.2), 1.5
        )
    right = limb(points, [(66, -12, 134), (67, -21, 151)], [6.5, 6.0], 3)
    right = smooth_union(right, ellipsoid(points, (66.5, -24, 156), (7.5, 7, 7.5)), 3)
    for k in range(4):
        at = np.array([60.5 + 0.5 * k, -29.5 - 0.6 * k, 161 - 3.6 * k])
        right = smooth_union(
            right, round_cone(points, at, at + np.array([9, -2.0, 0]), 2.6, 2.5), 1.2
        )
    return np.minimum(left, right)


def _stick(points: Array) -> Array:
    stick = round_cone(points, (72, -28, 162), (45, -42, 148), 2.6, 2.6)
    return smooth_union(stick, ellipsoid(points, (43, -43, 147), (5.5, 4.2, 4.2), turned(y=27)), 2)


def _skull(q: Array) -> Array:
    skull = ellipsoid(q, (0, 2, 2), (23.5, 24.5, 26.5))
    skull = smooth_union(skull, ellipsoid(q, (0, -8, -12), (18.5, 15.5, 15)), 8)
    for side in (-1, 1):
        skull = smooth_union(skull, ball(q, (side * 11.5, -17.5, -5.0), 8.0), 5)
    return smooth_union(skull, ellipsoid(q, (0, -19.0, -23.5), (7.5, 6.0, 5.0)), 4)


@cache
def _on_face(drawn: tuple[tuple[float, float], ...], smooth: int = 3) -> Array:
    """A curve drawn on the face, seen from the front: (x, z) pairs to points on the skull."""
    x, z = curve(drawn, smooth, closed=False).T
    y = np.full(len(x), -30.0)
    for _ in range(60):  # sphere tracing from the front
        y = y + 0.8 * _skull(np.column_stack([x, y, z]))
    return np.column_stack([x, y, z])


def _mirrored(drawn: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple((-x, z) for x, z in drawn)


_BROW = ((3.6, 11.2), (8.5, 14.6), (13.5, 14.2), (18.0, 9.6))
_EYE = ((5.0, 2.6), (8.2, 5.4), (12.2, 5.6), (16.0, 2.4))  # closed with laughing
_CHEEK = ((6.6, -4.2), (11.4, -7.2), (14.2, -12.6))
_CORNERS = (((17.6, 3.4), (21.0, 6.4)), ((17.8, 1.8), (21.6, 2.0)), ((17.4, 0.4), (20.6, -2.4)))
_FURROWS = (((-8.5, 17.0), (0.0, 18.0), (8.5, 17.0)), ((-6.5, 20.0), (0.0, 20.8), (6.5, 20.0)))
_LIPS = ((-10.6, -9.4), (-5.6, -11.6), (0.0, -12.2), (5.6, -11.6), (10.6, -9.4), (8.2, -15.4))
_LIPS += ((3.6, -18.8), (0.0, -19.4), (-3.6, -18.8), (-8.2, -15.4), (-10.6, -9.4))


def _head(points: Array) -> Array:
    q = _in_head(points)
    head = smooth_union(_skull(q), round_cone(q, (0, 6, -20), (-3, 10, -40), 12.5, 14.0), 6)
    for side in (-1, 1):
        brow = _on_face(_BROW if side > 0 else _mirrored(_BROW))
        head = smooth_union(head, limb(q, brow, np.full(len(brow), 1.1), 0.5), 2.0)
        ear = ellipsoid(q, (side * 23.5, 2, -1), (3.6, 6.5, 10.5), turned(y=side * 8))
        ear = smooth_cut(ear, ellipsoid(q, (side * 27, -0.5, 1.5), (3.0, 3.6, 6.0)), 1.2)
        head = smooth_union(head, ear, 2.0)
    nose = limb(q, [(0, -22.8, 7.5), (0, -27.0, -1.0)], [2.2, 3.7], 1)
    for side in (-1, 1):
        nose = smooth_union(nose, ball(q, (side * 3.8, -24.0, -2.0), 2.8), 1.5)
    head = smooth_union(head, nose, 2.5)
    lips = limb(q, _on_face(_LIPS), np.full(len(_on_face(_LIPS)), 1.3), 0.5)
    head = smooth_union(head, lips, 2.0)
    head = smooth_cut(head, _mouth(q), 0.9)
    return smooth_union(head, ellipsoid(q, (0.5, -17.0, -18.0), (5.0, 5.2, 2.2)), 1.0)  # the tongue


def _mouth(q: Array) -> Array:
    """Wide open, straight above and round below."""
    return smooth_common(
        ellipsoid(q, (0, -22.5, -10.4), (9.6, 6.5, 8.0)), q[:, 2] + 11.9 - 0.012 * q[:, 0] ** 2, 1.5
    )


def _creases(q: Array) -> Array:
    """Depth in mm of what a pointed stick drew in the face: eyes, laughter, a furrowed brow."""
    lines = [(_EYE, 1.1, 1.7), (_CHEEK, 0.7, 1.8)] + [(corner, 0.5, 1.2) for corner in _CORNERS]
    lines += [(_mirrored(drawn), deep, wide) for drawn, deep, wide in lines]
    lines += [(furrow, 0.5, 1.6) for furrow in _FURROWS]
    depth = np.zeros(len(q))
    for drawn, deep, wide in lines:
        depth = np.maximum(depth, deep * smoothstep(_stroke(q, drawn), wide, 0.2))
    return depth


def _stroke(q: Array, drawn: tuple[tuple[float, float], ...]) -> Array:
    """Distance from a line on the face."""
    at = _on_face(drawn)
    return limb(q, at, np.zeros(len(at)))


def _hair(points: Array) -> Array:
    q = _in_head(points)
    cap = ellipsoid(q, (0, 3.0, 3.4), (24.9, 25.3, 26.8))
    hairline = 20.0 - 0.95 * (q[:, 1] + 20) - 0.012 * q[:, 0] ** 2
    cap = np.maximum(cap, (hairline - q[:, 2]) * 0.75)
    comb = np.sin(np.arctan2(q[:, 0], q[:, 1] - 4) * 34)
    cap = cap - 0.22 * comb * smoothstep(np.hypot(q[:, 0], q[:, 1] - 5), 7, 16)
    knot = smooth_union(
        ellipsoid(q, (-2, 6, 33), (10.5, 9.5, 8.5)),
        round_cone(q, (-1, 5, 24), (-2, 6, 31), 8.5, 6.5),
        2,
    )
    return smooth_union(cap, knot, 2.5)


def _bands(points: Array) -> Array:
    q = _in_head(points)
    tie = torus(q, (-1.4, 5.4, 27.4), 7.6, 1.9)
    ribbon = limb(q, [(5, 11, 27), (11, 16, 24), (15, 19, 15)], [1.5, 2.4, 1.3], 1)
    across = points[:, 2] - 80.0 - 0.05 * points[:, 0] + 0.05 * points[:, 1]
    belt = extrusion(_trunk(points) - 1.0, np.abs(across) - 3.4) - 1.2
    knot = ellipsoid(points, (11, -32, 79), (5.5, 4, 4.5))
    ends = limb(points, [(12, -33, 77), (17, -36.5, 66), (14, -37.5, 55)], [2.6, 3.6, 2.6], 2)
    other = limb(points, [(12, -33, 77), (22, -32.5, 70), (26, -29.5, 62)], [2.6, 3.4, 2.4], 2)
    tied = smooth_union(smooth_union(ends, other, 4.0), knot, 3.0)
    return np.minimum(np.minimum(tie, ribbon), smooth_union(belt, tied, 1.0))


def _collar(points: Array) -> Array:
    """Two borders of the robe, crossing on the chest, open over the belly."""
    left = limb(
        points,
        [(1, 21, 119), (-14, 14, 120), (-19, -3, 118), (-12, -20, 104), (8, -28, 83)],
        [3, 3.2, 3.4, 3.4, 3.2],
        3,
    )
    right = limb(
        points,
        [(1, 21, 119), (17, 14, 121), (22, -3, 119), (14, -20.5, 104), (-5, -29, 86)],
        [3, 3.2, 3.4, 3.2, 3.0],
        3,
    )
    return np.minimum(left, right)


def _plinth(points: Array) -> Array:
    q = points - (-2.0, -10.0, 4.0)
    # Round one way, flattened by 12 % the other: its rim distance is good to as much.
    rim = np.hypot(q[:, 0] * 0.94, q[:, 1] * 1.06) - 61.0
    return extrusion(rim + 1.6, np.abs(q[:, 2]) - 2.4) - 1.6


_BARE, _ROBE, _RED, _BLACK, _HIDE, _CLAY = range(6)
_PARTS: list[tuple[Callable[[Array], Array], int, float]] = [
    # part, its paint, the fillet with which it joins what comes before it
    (_plinth, _CLAY, 0.0),
    (_trunk, _ROBE, 3.0),
    (_legs, _ROBE, 7.0),
    (lambda p: within(p, (24, -52, 13), 46, _feet), _BARE, 2.5),
    (lambda p: within(p, _DRUM, 31, _drum), _HIDE, 1.5),
    (_sleeves, _ROBE, 6.0),
    (_hands, _BARE, 1.5),
    (lambda p: within(p, (57, -35, 155), 24, _stick), _CLAY, 1.2),
    (lambda p: within(p, _HEAD - (0, 0, 7), 44, _head), _BARE, 3.0),
    (lambda p: within(p, _HEAD + np.array([0, 3, 8]), 41, _hair), _BLACK, 0.8),
    (lambda p: within(p, (1, -3, 102), 40, _collar), _RED, 1.2),
    (_bands, _RED, 1.2),
]


def _in_face(points: Array) -> Array:
    q = _in_head(points)
    depth = np.zeros(len(q))
    face = (q[:, 1] < -4) & (np.linalg.norm(q, axis=1) < 36)
    depth[face] = _creases(q[face])
    return depth


def _folds(points: Array) -> Array:
    """Cloth gathers at elbows and over the knees; the fired clay is uneven everywhere."""
    x, y, z = points.T
    cloth = smoothstep(z, 10, 18) * smoothstep(z, 128, 118)
    bare = smoothstep(ball(points, (1, -38, 62), 20.0), 0.0, 7.0)
    phase = 0.16 * z + 0.33 * x * np.sign(x) + 1.3 * ripple(points, 55, 60, 5)
    fold = np.sin(phase + 0.25 * y) * smoothstep(np.abs(x), 22, 34)
    height = 0.75 * cloth * bare * fold
    height += 0.03 * ripple(points, 8, 61, 8) + 0.25 * ripple(points, 40, 62, 6)
    return height - _in_face(points)


def _distance(points: Array) -> Array:
    whole = _PARTS[0][0](points)
    for part, _, fillet in _PARTS[1:]:
        whole = smooth_union(whole, part(points), fillet)
    whole = displaced(whole, points, _folds, 1.6)
    # A chip out of the plinth, and one off the ribbon's edge.
    chip = ball(points, (50, 38, 10), 11.0) + 0.8 * ripple(points, 9, 63, 8)
    return smooth_cut(whole, chip, 1.0)


def _color(points: Array) -> NDArray[np.uint8]:
    apart = np.stack([part(points) for part, _, _ in _PARTS])
    paint = np.array([kind for _, kind, _ in _PARTS])[apart.argmin(axis=0)]
    belly = (ellipsoid(points, (1, -36, 60), (21, 16, 19)) < 0) & (paint == _ROBE)
    paint = np.where(belly, _BARE, paint)
    tones = np.array(
        [
            (206, 142, 104),
            (208, 190, 152),
            (166, 52, 40),
            (52, 44, 42),
            (190, 150, 98),
            (172, 110, 80),
        ],
        float,
    )
    rgb = tones[paint]
    q = _in_head(points)
    rosy = np.maximum(
        smoothstep(ball(q, (-13, -24, -5), 6.0), 2.0, -4.0),
        smoothstep(ball(q, (13, -24, -5), 6.0), 2.0, -4.0),
    )
    rgb = over(rgb, (206, 96, 80), 0.7 * rosy * (paint == _BARE))
    near = np.flatnonzero((paint == _BARE) & (q[:, 1] < -4) & (np.linalg.norm(q, axis=1) < 36))
    face = q[near]
    lines = np.minimum(*(_stroke(face, eye) for eye in (_EYE, _mirrored(_EYE)))) - 1.1
    for brow in (_BROW, _mirrored(_BROW)):
        lines = np.minimum(lines, _stroke(face, brow) - 1.5)
    rgb[near] = over(rgb[near], (56, 40, 36), smoothstep(lines, 0.4, -0.3))
    lips = np.minimum(_stroke(face, _LIPS) - 1.5, _mouth(face) - 0.8)
    rgb[near] = over(rgb[near], (168, 58, 48), smoothstep(lips, 0.5, -0.4))
    rgb = over(rgb, (150, 44, 36), _drum_red(points) * (paint == _HIDE))
    # Pigment has fallen off most where hands and soil rubbed it: the clay shows.
    worn = ripple(points, 45, 70, 10) + 0.6 * ripple(points, 9, 71) + 0.4 * ripple(points, 3.5, 74)
    worn = smoothstep(worn, 0.9, 1.9)
    rgb = over(rgb, tones[_CLAY], 0.85 * worn * (paint != _BARE))
    shade = 1 + 0.04 * ripple(points, 16, 72, 20) + 0.02 * ripple(points, 7, 73, 20)
    return np.asarray(np.clip(rgb * shade[:, None], 0, 255).round(), np.uint8)


def _drum_red(points: Array) -> Array:
    """The drum's barrel is red, its heads are hide with a red spot."""
    local = (points - _DRUM) @ _DRUM_TURN
    r, along = np.hypot(local[:, 0], local[:, 1]), np.abs(local[:, 2])
    spot = smoothstep(np.abs(r - 9.0), 2.6, 1.8)
    return np.where(along < 12.6, smoothstep(r, 19.5, 20.2), spot)


def figurine() -> ProceduralRelic:
    """180 mm tall, z up, standing on z = 0, facing -Y."""
    bounds = np.array([[-78.0, -76.0, -2.0], [82.0, 54.0, 192.0]])
    return ProceduralRelic("figurine", _distance, _color, bounds)
