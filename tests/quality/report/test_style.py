"""Text can be read: contrast by WCAG 2.1 (1.4.3, level AA), on pale screens and on dark ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import relicscan.quality.report as report
from relicscan.color import LINEAR_OF_SRGB

STYLE = (Path(report.__file__).parent / "templates" / "style.css").read_text("utf-8")
PALE, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * c for c in color[1:])
    light = LINEAR_OF_SRGB[[int(digits[i : i + 2], 16) for i in (0, 2, 4)]]
    return float(light @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colors", [PALE, DARK], ids=["pale", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((text, ground) for text in ("ink", "soft", "link") for ground in ("paper", "card")),
        *((text, f"{text}-wash") for text in ("good", "look", "bad")),
        *(("ink", f"{tone}-wash") for tone in ("good", "look", "bad")),
    ],
)
def test_text_stands_out_from_its_ground(colors: dict[str, str], text: str, ground: str) -> None:
    low, high = sorted(luminance(colors[name]) for name in (text, ground))
    assert (high + 0.05) / (low + 0.05) >= 4.5
