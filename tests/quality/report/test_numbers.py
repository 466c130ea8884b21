"""Numbers are short, and never say more than was measured or nothing where there is something."""

from __future__ import annotations

import pytest

from relicscan.quality.report import numbers

GAP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (0.04213, "0.0421"), (1.6, "1.60"), (213.4, "213"), (12_731, "12,700"),
        (0.9996, "1.00"), (9.43e-14, "under 0.0001"), (-2.5, "-2.50"),
    ],
)  # fmt: skip
def test_three_digits(value: float, said: str) -> None:
    assert numbers.digits(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 %"), (1, "100 %"), (0.00001, "under 0.01 %"), (0.99999, "over 99.9 %"),
     (0.123, "12 %"), (0.0044, "0.44 %")],
)  # fmt: skip
def test_a_share_is_nothing_or_all_only_where_it_is(value: float, said: str) -> None:
    assert numbers.share(value).replace(GAP, " ") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(1, "1 byte"), (999, "999 bytes"), (1000, "1.00 kB"), (185_856, "186 kB"),
     (3_101_871, "3.10 MB"), (10**12, "1.00 TB")],
)  # fmt: skip
def test_bytes_by_thousands(value: int, said: str) -> None:
    assert numbers.size(value) == said.replace(" ", GAP)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.004, "0.00 s"), (12.34, "12.3 s"), (99.96, "1 min 40 s"), (7500, "2 h 5 min")],
)
def test_times(value: float, said: str) -> None:
    assert numbers.seconds(value).replace(GAP, " ") == said


@pytest.mark.parametrize(
    ("value", "above"), [(0.21, 0.3), (0.3, 0.3), (0.8001, 1.0), (97, 100), (0, 1)]
)
def test_a_scale_ends_at_a_round_number(value: float, above: float) -> None:
    assert numbers.nice_above(value) == above
