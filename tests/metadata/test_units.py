"""The lengths of units, by their legal definitions, and the spellings that find them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from relicscan.errors import ScanError
from relicscan.units import ALIASES, UNECE_CODES, UNITS, find_unit, mm_per_unit


def test_definitions() -> None:
    assert mm_per_unit("m") == 1000
    assert mm_per_unit("in") == 25.4
    assert mm_per_unit("ft") == 304.8 == pytest.approx(12 * mm_per_unit("in"), rel=1e-15)
    # The Mendenhall order of 1893: 1 m is 39.37 US survey inches, exactly.
    assert mm_per_unit("us-ft") == float(Fraction(1000) / (Fraction(3937, 100) / 12))
    assert mm_per_unit("us-ft") != mm_per_unit("ft")


def test_spellings_of_other_programs() -> None:
    assert [find_unit(s) for s in ("Metre", "MM", " inches ", "Foot_US", "US survey foot")] == [
        "m",
        "mm",
        "in",
        "us-ft",
        "us-ft",
    ]
    assert set(ALIASES.values()) <= set(UNITS)
    assert all(find_unit(name) == name for name in UNITS)
    assert not set(ALIASES) & set(UNITS)


@pytest.mark.parametrize("name", ["", "parsec", "mmm", "\x1b[31m", "1000"])
def test_unknown_units_are_refused_by_name(name: str) -> None:
    assert find_unit(name) is None
    with pytest.raises(ScanError) as caught:
        mm_per_unit(name)
    assert repr(name) in caught.value.message
    assert "us-ft" in (caught.value.remedy or "")


def test_every_unit_has_a_code_of_its_own() -> None:
    assert set(UNECE_CODES) == set(UNITS)
    assert len(set(UNECE_CODES.values())) == len(UNITS)
