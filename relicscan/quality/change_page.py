"""report.html of a comparison: one file that asks nothing of the outside and prints on paper.

Every figure is from compare.json. Texts are escaped by the template engine: names of files are
strangers' words.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from relicscan.metadata.change_record import ALIGNMENT_WORDS, ChangeRecord
from relicscan.quality.change_maps import ChangePictures

if TYPE_CHECKING:
    from jinja2 import Template

_GAP, _MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


def change_page(
    record: ChangeRecord,
    pictures: ChangePictures,
    files: Mapping[str, bytes],
    *,
    upright: bool = True,
) -> str:
    """The page of a comparison; `files` are its pictures as WebP, by name. upright: up is known."""
    return _template().render(
        record=record,
        sides=list(pictures.sides),
        has_unseen=any(shown.unseen is not None for shown in pictures.sides.values()),
        close_ups=len(pictures.close_ups),
        picture={name: _uri(content) for name, content in files.items()},
        upright=upright,
        alignment_words=ALIGNMENT_WORDS,
        number=number,
        signed=lambda value: number(value, signed=True),
    )


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """Three digits, no exponent: 0.0421, 1.60, 12,700; with a sign where one is asked for."""
    if not value or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{abs(rounded):,.{decimals}f}"
    sign = _MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}"


def _uri(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("relicscan.quality", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    return environment.get_template("change.html")


def _percent(value: Any) -> str:
    return f"{number(100 * value, 2)}{_GAP}%"
