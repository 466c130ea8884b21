"""What is wrong with colours, before they are baked into a model.

Readers scale 8 bits in a field of 16, and 16 bits, by the greatest value of a file. A file that
has 10 or 12 bits in a field of 16, or a single value above 255 among those of 8, comes out nearly
black: how bright its brightest value is then tells how many bits there were.
"""

from __future__ import annotations

import numpy as np

from relicscan.relic import ByteArray

#: Points whose colours are looked at.
MOST = 200_000
#: Brightest values that fewer bits in a field of 16 come to: 65535 of the field is 255.
_BITS = ((1, 8), (4, 10), (16, 12), (64, 14))
#: A median as dark as this is under-exposed: museum lighting puts white at 200 and more, and dark
#: bronze at 40.
DARK_MEDIAN = 25
#: White or black beyond what the camera could hold: where more than this share is so.
CLIPPED = 0.05
#: Red, green and blue no further apart than this at any point are one value.
_GREY = 2


def color_doubts(colors: ByteArray) -> list[str]:
    """Doubts about colours (n, 3), in words, with what would work."""
    if not len(colors):
        return []
    some = colors[:: max(1, len(colors) // MOST)].astype(np.int16)
    brightest = int(colors.max())
    bits = next((bits for most, bits in _BITS if brightest <= most), None)
    if bits is not None:
        return [
            f"its colours are nearly black (brightest value {brightest} of 255), as {bits} bits in "
            "a field of 16 are: export them as 8 bits, or scaled to the whole of 16"
        ]
    if (some == some[0]).all():
        red, green, blue = (int(value) for value in some[0])
        return [
            f"all points have one colour ({red}, {green}, {blue}), which says nothing: export the "
            "colours that were photographed, or leave them out"
        ]
    doubts = []
    if (np.ptp(some, axis=1) <= _GREY).all():
        doubts.append(
            "its colours are all grey: if they are the scanner's intensity, export the "
            "photographed colours"
        )
    luma = some @ np.array([0.2126, 0.7152, 0.0722])
    middle = float(np.median(luma))
    if middle < DARK_MEDIAN:
        doubts.append(
            f"its colours are dark (half of the points below {middle:.0f} of 255): expose longer, "
            "or brighten them before the export"
        )
    white, black = float((some == 255).all(axis=1).mean()), float((some == 0).all(axis=1).mean())
    if white > CLIPPED:
        doubts.append(
            f"{white:.0%} of its points are pure white: the exposure was too long, or they were "
            "not photographed"
        )
    if black > CLIPPED:
        doubts.append(
            f"{black:.0%} of its points are pure black: they were not photographed, or in full "
            "shadow"
        )
    return doubts
