"""Marks on pictures of changes: their numbers, and a ruler."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from relicscan.geometry import o3d
from relicscan.quality.camera import Camera
from relicscan.relic import BoolArray, ByteArray, FloatArray

_INK, _PAPER = (38, 36, 33, 255), (255, 255, 255, 255)

#: Of the shorter side: a letter, and how far a number stands beside what it is of.
_LETTER, _BESIDE = 1 / 24, 1 / 12

#: What is nearer to the camera than a place by more than this hides it: of the relic's radius.
_HIDES = 0.02

#: A ruler is no longer than this share of the picture.
_LONGEST = 0.4


def visible(scene: Any, camera: Camera, places: FloatArray) -> BoolArray:
    """Which places (n, 3) on or near the surface of a scene for rays nothing hides."""
    if not len(places):
        return np.zeros(0, dtype=bool)
    ways = places - camera.position
    far = np.linalg.norm(ways, axis=1)
    rays = np.hstack([np.broadcast_to(camera.position, ways.shape), ways / far[:, None]])
    tensor = o3d.load().core.Tensor(rays.astype(np.float32))
    met = scene.cast_rays(tensor)["t_hit"].numpy()
    return np.asarray(met > far - _HIDES)


def with_numbers(image: ByteArray, numbers: Mapping[int, tuple[float, float]]) -> ByteArray:
    """The picture (h, w, 4) with a number beside each place (column, row), none over another."""
    from PIL import Image, ImageDraw, ImageFont

    sheet = Image.fromarray(image)
    draw = ImageDraw.Draw(sheet)
    height, width = image.shape[:2]
    size = max(8, round(min(width, height) * _LETTER))
    away, radius = min(width, height) * _BESIDE, 0.8 * size
    font = ImageFont.load_default(size)
    taken: list[tuple[float, float]] = []
    for number, (x, y) in numbers.items():
        ways = [(away * math.cos(a), away * math.sin(a)) for a in np.arange(8) * math.pi / 4 - 0.8]
        spots = [(x + dx, y + dy) for dx, dy in ways]
        free = [
            (a, b)
            for a, b in spots
            if radius < a < width - radius
            and radius < b < height - radius
            and all(math.hypot(a - c, b - d) > 2.2 * radius for c, d in taken)
        ]
        a, b = (free or spots)[0]
        taken.append((a, b))
        draw.line((x, y, a, b), fill=_INK, width=max(1, size // 12))
        draw.ellipse((a - radius, b - radius, a + radius, b + radius), fill=_PAPER, outline=_INK)
        draw.text((a, b), str(number), fill=_INK, font=font, anchor="mm")
    return np.asarray(sheet)


def with_ruler(image: ByteArray, mm_per_px: float) -> ByteArray:
    """The picture (h, w, 4) with a bar of so many round millimetres, in the middle of it."""
    from PIL import Image, ImageDraw, ImageFont

    sheet = Image.fromarray(image)
    draw = ImageDraw.Draw(sheet)
    height, width = image.shape[:2]
    most = _LONGEST * width * mm_per_px
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    size = max(8, round(min(width, height) * _LETTER))
    left, bottom = size, height - size
    right = left + length / mm_per_px
    font = ImageFont.load_default(size)
    box = (left - size / 2, bottom - 1.9 * size, right + size / 2, bottom + size / 2)
    draw.rectangle(box, fill=_PAPER)
    draw.rectangle((left, bottom - size / 4, right, bottom), fill=_INK)
    middle = ((left + right) / 2, bottom - 0.9 * size)
    draw.text(middle, f"{length:g} mm", fill=_INK, font=font, anchor="mm")
    return np.asarray(sheet)
