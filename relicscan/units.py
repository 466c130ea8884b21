"""Units of length: the one place that says how many millimetres each of them has.

Inch and foot are the international ones (25.4 mm exactly, since 1959). The US
survey foot is 1200/3937 m; over a survey coordinate of 1,000 km the two feet
differ by 2 m, which is why they have two names here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from relicscan.errors import ScanError

#: Millimetres in one unit, by the names that relic.toml and the manifests use.
UNITS: Mapping[str, float] = MappingProxyType(
    {
        "mm": 1.0,
        "cm": 10.0,
        "dm": 100.0,
        "m": 1000.0,
        "in": 25.4,
        "ft": 304.8,
        "us-ft": 1_200_000 / 3937,
    }
)

#: Codes of the same units in UN/CEFACT Recommendation 20.
UNECE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "mm": "MMT",
        "cm": "CMT",
        "dm": "DMT",
        "m": "MTR",
        "in": "INH",
        "ft": "FOT",
        "us-ft": "M51",
    }
)

#: Other spellings found in file headers, WKT and relic.toml files; lower case, words by one space.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "millimeter": "mm",
        "millimeters": "mm",
        "millimetre": "mm",
        "millimetres": "mm",
        "centimeter": "cm",
        "centimeters": "cm",
        "centimetre": "cm",
        "centimetres": "cm",
        "decimeter": "dm",
        "decimeters": "dm",
        "decimetre": "dm",
        "decimetres": "dm",
        "meter": "m",
        "meters": "m",
        "metre": "m",
        "metres": "m",
        "inch": "in",
        "inches": "in",
        "foot": "ft",
        "feet": "ft",
        "international foot": "ft",
        "foot (international)": "ft",
        "us ft": "us-ft",
        "ftus": "us-ft",
        "foot us": "us-ft",
        "us foot": "us-ft",
        "us survey foot": "us-ft",
        "us survey feet": "us-ft",
    }
)


def find_unit(name: str) -> str | None:
    """The name in UNITS that a spelling stands for, or None; case, `_` and `-` do not matter."""
    spelling = re.sub(r"[\s_-]+", " ", name.strip().lower())
    return spelling if spelling in UNITS else ALIASES.get(spelling)


def mm_per_unit(name: str) -> float:
    """How many millimetres one unit has. Raises ScanError naming the units there are."""
    unit = find_unit(name)
    if unit is None:
        raise ScanError(
            f"{name[:40]!r} is not a unit of length that relicscan knows",
            remedy="use one of " + ", ".join(UNITS),
        )
    return UNITS[unit]
