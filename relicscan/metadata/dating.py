"""Dates in EDTF (ISO 8601-2:2019), and the years they reach over.

Years are astronomical: 0 is 1 BC, -529 is 530 BC. Nothing is ever read out of prose.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

#: Dates of more characters are no dates: the parser takes seconds for them.
MOST_CHARACTERS = 200

_UNKNOWN = ("", "..")


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


@lru_cache(maxsize=10_000)  # the parser takes 5 ms, and catalogues repeat dates
def _reach(date: str) -> tuple[int, int]:
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException

    try:
        found = parse_edtf(date)
        first, last = found.lower_strict(), found.upper_strict()
        return int(first.tm_year), int(last.tm_year)
    # The parser raises whatever its parts raise where a date is well-formed and impossible.
    except (EDTFParseException, ValueError, TypeError, AttributeError, OverflowError):
        raise ValueError(f"{date[:60]!r} is not a date in EDTF") from None


def in_words(year: int) -> str:
    """An astronomical year as a plain text of no language: "530 BCE", "1926"."""
    return str(year) if year > 0 else f"{1 - year} BCE"
