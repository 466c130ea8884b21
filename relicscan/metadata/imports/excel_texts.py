"""Numbers and dates of a workbook as the texts that a person sees in its cells.

A workbook holds numbers in binary and how to show them beside (ISO/IEC 29500-1, 18.8.30 and
18.8.31): 1926.12 may be stored as 1926.1199999999999. Formats of digits, points and plain texts
are followed, without separators of thousands; any other format shows as "General" does. Dates
have no text of their own, only that of a country: they become ISO 8601, as exact as their format.
"""

from __future__ import annotations

import datetime
import decimal
import re
from typing import Any

#: A number has 15 digits in a workbook; "General" shows ten of them, whole numbers aside.
_WHOLE_DIGITS = 15
_SHOWN_DIGITS = 10

_TEXT = r'((?:"[^"]*"|\\.|[ ()/:-])*)'
_DIGITS = re.compile(rf"{_TEXT}([#,]*)(0*)(?:\.(0*)(#*))?(%?){_TEXT}")

_TOO_LONG = (
    "a number of more digits than Excel keeps",
    "format the column as text, and write the number again",
)


def cell_text(value: Any, number_format: str) -> tuple[str, bool, tuple[str, str] | None]:
    """The text of a value, whether it is a date, and what is wrong: (problem, remedy)."""
    if isinstance(value, bool):
        return str(value).upper(), False, None
    if isinstance(value, int | float):
        if abs(value) >= 10**_WHOLE_DIGITS:
            return "", False, _TOO_LONG
        return _number(value, number_format or "General"), False, None
    if isinstance(value, datetime.datetime | datetime.date):
        return _date(value, number_format), True, None
    if isinstance(value, datetime.time):
        return value.isoformat("minutes" if not value.second else "seconds"), True, None
    return str(value), isinstance(value, datetime.timedelta), None


def _number(value: float, number_format: str) -> str:
    positive, _, rest = number_format.partition(";")
    shown = _DIGITS.fullmatch(positive)
    if not shown or not (shown[2] or shown[3] or shown[4]) or (value < 0 and rest):
        return _general(value)
    before, _, zeros, places, more, percent, after = shown.groups(default="")
    exact = decimal.Decimal(repr(value)) * (100 if percent else 1)
    step = decimal.Decimal(1).scaleb(-len(places + more))
    rounded = exact.quantize(step, rounding=decimal.ROUND_HALF_UP)
    whole, _, part = f"{abs(rounded):f}".partition(".")
    while more and len(part) > len(places) and part.endswith("0"):
        part = part[:-1]
    sign = "-" if rounded < 0 else ""
    digits = whole.zfill(len(zeros)) + (f".{part}" if part else "")
    return f"{_plain(before)}{sign}{digits}{percent}{_plain(after)}"


def _general(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return f"{value:.{_SHOWN_DIGITS}g}"


def _plain(text: str) -> str:
    return re.sub(r'"([^"]*)"|\\(.)', lambda found: found[1] or found[2] or "", text)


def _date(value: datetime.date, number_format: str) -> str:
    shown = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", number_format or "").lower()
    day = value.isoformat()[:10]
    if isinstance(value, datetime.datetime) and ("h" in shown or value.time() != datetime.time()):
        return value.isoformat(timespec="minutes" if not value.second else "seconds")
    if "d" in shown or "y" not in shown:
        return day
    return day[:7] if "m" in shown else day[:4]
