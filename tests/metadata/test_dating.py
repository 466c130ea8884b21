"""Years of EDTF dates: BC right, open periods open, prose refused."""

from __future__ import annotations

import pytest
from edtf import parse_edtf

from relicscan.metadata.dating import calendar_dates, iso_dates, plain_dates, years_of


@pytest.mark.parametrize(
    ("edtf", "years"),
    [
        ("-0529/-0519", (-529, -519)),
        ("-0499~", (-499, -499)),
        ("-7999", (-7999, -7999)),
        ("-5999/-5000", (-5999, -5000)),
        ("Y-10000", (-10000, -10000)),
        ("-05XX", (-599, -500)),
        ("-05XX/-04XX", (-599, -400)),
        ("0000", (0, 0)),
        ("1575~", (1575, 1575)),
        ("192X", (1920, 1929)),
        ("2024-05-01", (2024, 2024)),
        ("1500?/1600~", (1500, 1600)),
        ("../1500", (None, 1500)),
        ("1500/..", (1500, None)),
        ("-0500~/", (-500, None)),
        ("[1667,1668,1670..1672]", (1667, 1672)),
    ],
)
def test_years(edtf: str, years: tuple[int | None, int | None]) -> None:
    assert years_of(edtf) == years


@pytest.mark.parametrize(
    "date",
    ["1500", "-0529", "0001", "0530~", "-7999?", "9999%", "192X", "-052X", "19XX", "-05XX", "00XX",
     "000X", "-000X", "-00XX"],
)  # fmt: skip
def test_the_quick_way_says_what_the_parser_says(date: str) -> None:
    found = parse_edtf(date)
    years = (found.lower_strict().tm_year, found.upper_strict().tm_year)
    assert years_of(date) == years


@pytest.mark.parametrize(
    "not_edtf",
    ["", "/", "../..", "530 BC", "um 1575", "公元前530年", "1600/1500", "2024-13-45",
     "1500/1600/1700", "1500" * 100, "Y", "-", "circa 500 BC"],
)  # fmt: skip
def test_what_is_no_date(not_edtf: str) -> None:
    with pytest.raises(ValueError, match=r"EDTF|begins|ends|characters"):
        years_of(not_edtf)


@pytest.mark.parametrize(
    ("edtf", "dates"),
    [
        ("-0529/-0519", ("-0529", "-0519", True)),
        ("2026-05-01", ("2026-05-01", "2026-05-01", True)),
        ("1575~", ("1575", "1575", False)),
        ("-05XX", ("-0599", "-0500", False)),
        ("2001-21", ("2001", "2001", False)),
        ("0000", ("0000", "0000", True)),
        ("1900/..", ("1900", None, False)),
        ("Y-17000", ("-17000", "-17000", False)),
        ("Y12000", ("+12000", "+12000", False)),
    ],
)
def test_dates_are_iso_8601(edtf: str, dates: tuple[str | None, str | None, bool]) -> None:
    assert iso_dates(edtf) == dates


@pytest.mark.parametrize(
    ("edtf", "plain", "in_calendar"),
    [
        ("1926-05", ("1926-05", "1926-05"), True),
        ("1926/1930-12-31", ("1926", "1930-12-31"), True),
        ("-0529", ("-0529", "-0529"), False),
        ("0000/0001", ("0000", "0001"), False),
        ("0001", ("0001", "0001"), True),
        ("1575~", None, False),
        ("1500/..", None, False),
        ("192X", None, False),
        ("2001-21", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_plain_dates_and_those_of_the_calendar(
    edtf: str | None, plain: tuple[str, str] | None, in_calendar: bool
) -> None:
    assert plain_dates(edtf) == plain
    assert calendar_dates(edtf) == (plain if in_calendar else None)
