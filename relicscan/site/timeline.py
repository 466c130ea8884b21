"""The timeline: relics by the middle of their dating, in bands of equal length, empty ones too.

Bands begin where people count from: 1 to 200, 200 to 1 BC. There is no year 0, so astronomical
years, in which 0 is 1 BC, are counted from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from relicscan.metadata.dating import Years
from relicscan.site.gather import Shown

#: Lengths of a band in years: the first that makes no more bands than MOST.
_LENGTHS = (10, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000)
MOST = 24
TICKS = 4
_WIDTH, _HEIGHT = 1000.0, 110.0


@dataclass(frozen=True)
class Band:
    """Years from `first` on, and the relics of that time; the bar's place in an axis of 1000."""

    first: int
    last: int
    relics: tuple[Shown, ...]
    x: float
    width: float
    height: float

    @property
    def years(self) -> Years:
        return Years(self.first, self.last)


@dataclass(frozen=True)
class Timeline:
    """Bands in order, the years they reach over, ticks of the axis, and what has no date."""

    all: tuple[Band, ...] = ()
    undated: tuple[Shown, ...] = ()
    ticks: tuple[int, ...] = ()
    span: Years | None = field(default=None)

    @property
    def bands(self) -> tuple[Band, ...]:
        """Those with something in them."""
        return tuple(band for band in self.all if band.relics)


def middle(years: Years) -> int:
    """Where a relic stands: in the middle of its dating, or at the end that is known."""
    known = [year for year in years if year is not None]
    return (known[0] + known[-1]) // 2


def timeline_of(relics: Sequence[Shown]) -> Timeline:
    """The timeline of relics."""
    dated = sorted(
        ((middle(relic.years), relic) for relic in relics if relic.years),
        key=lambda item: (item[0], item[1].id),
    )
    undated = tuple(relic for relic in relics if not relic.years)
    if not dated:
        return Timeline(undated=undated)
    first, last = dated[0][0], dated[-1][0]
    length = next(
        (one for one in _LENGTHS if (last - 1) // one - (first - 1) // one < MOST), _LENGTHS[-1]
    )
    begin, end = (first - 1) // length, (last - 1) // length + 1
    if end - begin > TICKS:
        begin -= -(end - begin) % TICKS  # as many bands between ticks everywhere
    numbers = range(begin, end)
    inside: dict[int, list[Shown]] = {number: [] for number in numbers}
    for year, relic in dated:
        inside[(year - 1) // length].append(relic)
    most = max(map(len, inside.values()))
    width = _WIDTH / len(numbers)
    bands = tuple(
        Band(
            first=number * length + 1,
            last=(number + 1) * length,
            relics=tuple(inside[number]),
            x=round(i * width, 2),
            width=round(width, 2),
            height=round(max(6.0, _HEIGHT * len(inside[number]) / most), 1),
        )
        for i, number in enumerate(numbers)
    )
    ticks = tuple(band.first for band in bands[:: max(1, len(bands) // TICKS)])
    there = [band for band in bands if band.relics]
    return Timeline(bands, undated, ticks, Years(there[0].first, there[-1].last))
