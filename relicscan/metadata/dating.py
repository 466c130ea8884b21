"""Dates in EDTF (ISO 8601-2:2019), and the years they reach over.

Years are astronomical: 0 is 1 BC, -529 is 530 BC. Nothing is ever read out of prose.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: Dates of more characters are no dates: the parser takes seconds for them.
MOST_CHARACTERS = 200

_UNKNOWN = ("", "..")

#: A year, a decade or a century, sure or not: what most catalogues have, and the parser takes 5 ms.
_YEARS = re.compile(r"(-?)(?!0000)([0-9]{4}|[0-9]{3}X|[0-9]{2}XX)([~?%]?)")
_DAY = r"-?[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?"
_PLAIN = re.compile(rf"({_DAY})(?:/({_DAY}))?")


class Years(NamedTuple):
    """From the first year to the last, both included; None where a period is open or unknown."""

    first: int | None
    last: int | None


def years_of(edtf: str) -> Years:
    """The years that a date or period may mean: "-05XX" is -599 to -500.

    Raises ValueError, with a sentence, where it is not EDTF or ends before it begins.
    """
    if len(edtf) > MOST_CHARACTERS:
        raise ValueError(f"a date of {len(edtf):,} characters")
    begin, slash, end = edtf.partition("/")
    if "/" in end:
        raise ValueError(f"{edtf!r} is not a date in EDTF")
    if not slash:
        return Years(*_reach(edtf))
    if begin in _UNKNOWN and end in _UNKNOWN:
        raise ValueError(f"{edtf!r} begins and ends nowhere")
    first = None if begin in _UNKNOWN else _reach(begin)[0]
    last = None if end in _UNKNOWN else _reach(end)[1]
    if first is not None and last is not None and first > last:
        raise ValueError(f"{edtf!r} ends before it begins")
    return Years(first, last)


@lru_cache(maxsize=10_000)
def _reach(date: str) -> tuple[int, int]:
    if (simple := _YEARS.fullmatch(date)) and not (simple[3] and "X" in date):
        ends = sorted(int(simple[1] + simple[2].replace("X", digit)) for digit in "09")
        return ends[0], ends[1]
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException

    try:
        found = parse_edtf(date)
        first, last = found.lower_strict(), found.upper_strict()
        return int(first.tm_year), int(last.tm_year)
    # The parser raises whatever its parts raise where a date is well-formed and impossible.
    except (EDTFParseException, ValueError, TypeError, AttributeError, OverflowError):
        raise ValueError(f"{date[:60]!r} is not a date in EDTF") from None


def plain_dates(edtf: str | None) -> tuple[str, str] | None:
    """The first and the last day, month or year, where a date or period says no more than these;
    both the same of a single date. EDTF and ISO 8601-1 write them alike: 0000 is 1 BC in both.
    """
    found = _PLAIN.fullmatch(edtf or "")
    return (found[1], found[2] or found[1]) if found else None


def calendar_dates(edtf: str | None) -> tuple[str, str] | None:
    """The same in the years 1 to 9999, the only ones that `Date` of schema.org takes."""
    dates = plain_dates(edtf)
    if dates is None or any(date.startswith(("-", "0000")) for date in dates):
        return None
    return dates


def iso_dates(edtf: str) -> tuple[str | None, str | None, bool]:
    """The first and the last date of an EDTF date in ISO 8601-1, and whether that is all it says.

    Plain dates stay as they are; of others ("1575~", "-05XX", "2001-21") these are the years that
    they reach over, and what they say of doubt is not in them. None where a period is open.
    """
    if plain := plain_dates(edtf):
        return *plain, True
    first, last = years_of(edtf)
    return _iso_year(first), _iso_year(last), False


def _iso_year(year: int | None) -> str | None:
    """Four digits at least; years before 0000 and after 9999 have a sign (ISO 8601, 4.1.2.4)."""
    if year is None:
        return None
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04d}"
