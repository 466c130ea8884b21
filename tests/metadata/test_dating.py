"""Years of EDTF dates: BC right, open periods open, prose refused."""

from __future__ import annotations

import pytest

from relicscan.metadata.dating import in_words, years_of


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
    "not_edtf",
    ["", "/", "../..", "530 BC", "um 1575", "公元前530年", "1600/1500", "2024-13-45",
     "1500/1600/1700", "1500" * 100, "Y", "-", "circa 500 BC"],
)  # fmt: skip
def test_what_is_no_date(not_edtf: str) -> None:
    with pytest.raises(ValueError, match=r"EDTF|begins|ends|characters"):
        years_of(not_edtf)


def test_years_in_words() -> None:
    assert [in_words(year) for year in (-529, 0, 1, 1926)] == ["530 BCE", "1 BCE", "1", "1926"]
