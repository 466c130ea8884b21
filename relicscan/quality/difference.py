"""How different a level looks from the master, measured on pictures of both.

    cameras = views(master, R_model_work, size_px=512)
    reference = Reference(pictures(look(master, cameras), master))
    seen = look(level, cameras)              # once for a geometry
    difference(reference, pictures(seen, level))   # once for each set of textures on it

FLIP (Andersson et al. 2020: see `flip`) is the measure: what somebody sees who flips between the
two on a screen. PSNR stands beside it because everybody knows it, and says less: it takes a
shift of half a pixel for damage and banding for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from relicscan import threads
from relicscan.quality.flip import PIXELS_PER_DEGREE, Perceived, flip, perceived
from relicscan.quality.looking import Look, Pictures, Views, look, pictures, surface_of, views
from relicscan.relic import ByteArray

__all__ = [
    "Difference",
    "Look",
    "PictureDifference",
    "Pictures",
    "Reference",
    "Views",
    "difference",
    "look",
    "pictures",
    "shaded_flip",
    "surface_of",
    "views",
]

#: As far as FLIP looks around a pixel, in degrees of sight.
_REACH_DEG = 0.14


@dataclass(frozen=True)
class PictureDifference:
    """`flip` is the mean over all pixels where either model is seen, 0 (none) to 1.

    `psnr_db` is 10 log10(255^2 / mean squared error) of their 8-bit sRGB values, None where
    the pictures are the same.
    """

    flip: float
    psnr_db: float | None


@dataclass(frozen=True)
class Difference:
    """Of lit pictures and of plain colours, over `pixels` pixels of all views together."""

    shaded: PictureDifference
    albedo: PictureDifference
    pixels: int


@dataclass(frozen=True, eq=False)
class Reference:
    """A master's pictures, and how an eye takes them in at so many pixels per degree of sight.

    67 is the default of FLIP's authors: a screen of 3840 pixels over 0.7 m, seen from 0.7 m.
    """

    pictures: Pictures
    pixels_per_degree: float = PIXELS_PER_DEGREE
    _perceived: dict[tuple[int, ...], Perceived] = field(default_factory=dict)

    def perceived(self, picture: int, view: int, rows: slice, columns: slice) -> Perceived:
        """The part of a shaded (0) or albedo (1) picture, filtered once."""
        key = (picture, view, rows.start, rows.stop, columns.start, columns.stop)
        if key not in self._perceived:
            whole = (self.pictures.shaded, self.pictures.albedo)[picture][view]
            self._perceived[key] = perceived(whole[rows, columns], self.pixels_per_degree)
        return self._perceived[key]


def difference(reference: Reference, test: Pictures) -> Difference:
    """The rendered difference of a model from the master, over pictures of the same views.

    A pixel counts where either of them is seen: what a level lacks, or has too much, is seen
    against mid grey. Raises ValueError if the pictures are not of the same views.
    """
    shaded, albedo = (_compared(reference, test, picture) for picture in (0, 1))
    return Difference(shaded[0], albedo[0], shaded[1])


def shaded_flip(reference: Reference, test: Pictures) -> float:
    """`difference(...).shaded.flip` alone, in half the time."""
    return _compared(reference, test, 0)[0].flip


def _compared(reference: Reference, test: Pictures, picture: int) -> tuple[PictureDifference, int]:
    """Of the shaded (0) or albedo (1) pictures, over so many pixels of all views."""
    master = reference.pictures
    if [p.shape for p in master.shaded] != [p.shape for p in test.shaded]:
        raise ValueError("the pictures to compare are not of the same views")

    def of_view(view: int) -> tuple[float, int, int]:
        rows, columns = _part(reference, test, view)
        seen = (master.seen[view] | test.seen[view])[rows, columns]
        a, b = ((p.shaded, p.albedo)[picture][view][rows, columns] for p in (master, test))
        squares = _squares(a[seen], b[seen])
        if squares == 0:  # and so is what lies beside them
            return 0.0, 0, int(seen.sum())
        filtered = reference.perceived(picture, view, rows, columns)
        found = flip(filtered, perceived(b, reference.pixels_per_degree), seen)
        return float(found.sum(dtype=np.float64)), squares, int(seen.sum())

    results = threads.each(of_view, range(len(master.shaded)))
    flips, squares, pixels = (sum(values) for values in zip(*results, strict=True))
    psnr = 10 * np.log10(255**2 * 3 * pixels / squares) if squares else None
    found = PictureDifference(flips / max(1, pixels), None if psnr is None else float(psnr))
    return found, int(pixels)


def _part(reference: Reference, test: Pictures, view: int) -> tuple[slice, slice]:
    """What has to be looked at: both models, and as far around them as FLIP looks.

    Beyond is background in both pictures, which repeating the border continues.
    """
    around = int(np.ceil(_REACH_DEG * reference.pixels_per_degree)) + 2
    ours, theirs = reference.pictures.boxes[view], test.boxes[view]
    part = []
    for a, b, size in zip(ours, theirs, test.seen[view].shape, strict=True):
        # A level that stays near the master needs nothing of the master's anew.
        low, high = a.start - around, a.stop + around
        if b.start < a.start - 2 or b.stop > a.stop + 2:
            low, high = 0, size
        part.append(slice(max(0, low), min(size, high)))
    return part[0], part[1]


def _squares(a: ByteArray, b: ByteArray) -> int:
    """Sum of the squared differences."""
    apart = a.ravel().astype(np.int32) - b.ravel()
    return int(np.dot(apart.astype(np.float64), apart))
