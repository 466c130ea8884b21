"""Colours for losses and gains, and the bar that says which colour is how many millimetres.

Crameri's "vik" (Scientific colour maps 8.0.1, doi:10.5281/zenodo.1243862, MIT licence;
Crameri, Shephard & Heron, The misuse of colour in science communication, 2020): perceptually
even, and told apart by the colour-blind. Losses are blue, gains are red. The scale goes with the
square root, so that 0.3 mm is seen beside 5 mm; what was found is never as pale as nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import ByteArray

_VIK = (
    *("001261", "023a7b", "116496", "5496b7", "a7c9da", "ece5e0"),
    *("e1b8a0", "cd8961", "b75a26", "852206", "590008"),
)
_STOPS = np.array([[int(stop[k : k + 2], 16) for k in (0, 2, 4)] for stop in _VIK], dtype=float)

#: sRGB of what is under the level of detection, and the stripes of what cannot be compared
#: (yellow of Okabe & Ito 2008: neither end of the scale has it).
QUIET = (178, 176, 172)
UNSEEN = ((240, 228, 66), (122, 112, 20))

#: So much of each half of the scale lies between nothing and the smallest change.
_AWAY = 0.16

_INK, _PAPER = (52, 50, 47, 255), (255, 255, 255, 255)


@dataclass(frozen=True)
class SignedScale:
    """Colours from -limit, a loss, to +limit, a gain; what lies beyond has the last colour."""

    limit: float
    unit: str = "mm"

    def colors(self, values: NDArray[np.floating]) -> ByteArray:
        """sRGB (n, 3) of signed values (n,)."""
        at = 0.5 + self.position(values) / 2
        where = at * (len(_STOPS) - 1)
        steps = np.arange(len(_STOPS))
        return np.stack(
            [np.round(np.interp(where, steps, column)) for column in _STOPS.T], axis=1
        ).astype(np.uint8)

    def position(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where values (n,) lie on the bar, -1 to 1."""
        size = np.sqrt(np.clip(np.abs(values) / (self.limit or 1.0), 0, 1))
        return np.asarray(np.sign(values) * (_AWAY + (1 - _AWAY) * size))

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round values of one side, ascending, that can be told apart on the bar."""
        steps = [
            float(f"{m * 10.0**e:.1g}")
            for e in range(math.floor(math.log10(self.limit)) - 3, 12)
            for m in (1, 2, 5)
            if m * 10.0**e < self.limit
        ]
        kept = [self.limit]
        for step in reversed(steps):
            near = abs(float(self.position(np.array([step]))[0] - self.position(
                np.array([kept[0]]))[0]))  # fmt: skip
            if near >= 0.17 and step >= self.limit / 60:
                kept.insert(0, step)
        return tuple(kept)


def bar(scale: SignedScale, height_px: int = 640, width_px: int = 210) -> ByteArray:
    """The colour bar upright (h, w, 4), with its numbers and what the other colours mean."""
    from PIL import Image, ImageDraw, ImageFont

    size = max(6, height_px // 38)
    font = ImageFont.load_default(size)
    sheet = Image.new("RGBA", (width_px, height_px), _PAPER)
    draw = ImageDraw.Draw(sheet)
    left, right, top, bottom = size, 3 * size, 3 * size, height_px - round(7.5 * size)
    at = np.linspace(1, -1, bottom - top)
    away = np.clip((np.abs(at) - _AWAY) / (1 - _AWAY), 0, 1)
    rows = scale.colors(np.sign(at) * np.maximum(away**2, 1e-12) * scale.limit)
    rows[np.abs(at) < _AWAY] = QUIET
    band = np.repeat(rows[:, None], right - left, axis=1)
    sheet.paste(Image.fromarray(band), (left, top))
    draw.rectangle((left, top, right, bottom), outline=_INK)
    draw.text((left, top - 1.6 * size), f"gain, {scale.unit}", fill=_INK, font=font, anchor="lm")
    draw.text((left, bottom + 1.3 * size), f"loss, {scale.unit}", fill=_INK, font=font, anchor="lm")
    for tick in scale.ticks:
        for value in (tick, -tick):
            share = (1 - float(scale.position(np.array([value]))[0])) / 2
            y = top + share * (bottom - top)
            draw.line((right, y, right + size / 2, y), fill=_INK)
            draw.text((right + 0.8 * size, y), f"{value:+g}", fill=_INK, font=font, anchor="lm")
    for row, (text, fill) in enumerate(
        (("no change found", QUIET), ("nothing to compare", UNSEEN[0]))
    ):
        y = bottom + round((3 + 2 * row) * size)
        box = (left, y, left + round(1.4 * size), y + round(1.4 * size))
        draw.rectangle(box, fill=fill, outline=_INK)
        if fill == UNSEEN[0]:
            draw.line((box[0], box[3], box[2], box[1]), fill=UNSEEN[1], width=4)
        middle = (left + 2 * size, y + 0.7 * size)
        draw.text(middle, text, fill=_INK, font=font, anchor="lm")
    return np.asarray(sheet)
