"""Numbers as people read them: three digits, a unit, no more."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: What is between a number and its unit.
_GAP = "\N{NO-BREAK SPACE}"


def digits(value: float, count: int = 3) -> str:
    """`count` significant digits: 0.0421, 1.60, 213, 12,700; what is smaller than 0.0001 is under
    it: figures of lengths are no finer.
    """
    if not value or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    rounded = float(f"{value:.{count}g}")
    if abs(rounded) < 1e-4:
        return "under 0.0001"
    decimals = max(0, count - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def count(value: int, one: str, several: str | None = None) -> str:
    """1 point, 12,700 points."""
    return f"{value:,}{_GAP}{one if value == 1 else several or one + 's'}"


def size(value: int) -> str:
    """Bytes by powers of a thousand: 620 bytes, 12.3 kB, 1.60 MB."""
    if value < 1000:
        return count(value, "byte")
    power = min(4, int(math.log10(value) / 3 + 1e-9))
    return f"{digits(value / 1000**power)}{_GAP}{'kMGT'[power - 1]}B"


def share(value: float) -> str:
    """0 %, 0.3 %, 12 %; never 0 % of something, nor 100 % of less."""
    percent = 100 * value
    if percent == 0 or percent == 100:
        return f"{percent:.0f}{_GAP}%"
    if percent < 0.01:
        return f"under 0.01{_GAP}%"
    if percent < 99.95:
        return f"{digits(percent, 2)}{_GAP}%"
    return f"over 99.9{_GAP}%"


def seconds(value: float) -> str:
    """0.04 s, 12.3 s, 3 min 20 s, 2 h 5 min."""
    if value < 99.95:
        return f"{value:.{1 if value >= 0.095 else 2}f}{_GAP}s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{_GAP}h {minutes}{_GAP}min"
    return f"{minutes}{_GAP}min {rest}{_GAP}s"


def with_unit(value: float | None, unit: str, none: str = "–") -> str:
    """A number and its unit, or `none`."""
    return none if value is None else f"{digits(value)}{_GAP}{unit}"


def sizes(values: Sequence[float], unit: str) -> str:
    """245 × 221 × 279 mm."""
    return f"{' × '.join(digits(v) for v in values)}{_GAP}{unit}"


def nice_above(value: float) -> float:
    """The least of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is not below a value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return float(f"{next(s for s in steps if s * power >= value * (1 - 1e-9)) * power:.6g}")
