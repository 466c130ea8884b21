"""Measured figures inside a page that people write: between marks, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"


def write_section(name: str, text: str, page: Path = PAGE) -> None:
    """Put `text` between the marks of the section `name`, which must be there."""
    begin, end = f"<!-- {name}: begin, by `make {name}` -->", f"<!-- {name}: end -->"
    content = page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    changed, count = pattern.subn(lambda _: f"{begin}\n{text.strip()}\n{end}", content)
    if count != 1:
        raise SystemExit(f"{page} has no section between {begin} and {end}")
    page.write_text(changed, encoding="utf-8", newline="\n")
