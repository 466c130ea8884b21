"""Cells of a CSV file that no spreadsheet takes for a formula, and back.

A spreadsheet computes a cell that begins with one of a few characters, and a formula may send
the sheet away or start a program. OWASP, "CSV Injection": put an apostrophe before it. Here the
way back is exact: a text that begins with apostrophes and then such a character gets one more,
so that taking one away always gives the text that was there before.
"""

from __future__ import annotations

import re

# OWASP's list: = + - @, tab, carriage return, line feed, and the full-width forms of the first
# four, which Excel takes for them in some languages.
_FORMULA = r"[=+\-@\t\r\n＝＋－＠]"
_DANGEROUS = re.compile(rf"'*{_FORMULA}")
_GUARDED = re.compile(rf"'+{_FORMULA}")


def guarded(text: str) -> str:
    """The text as a cell that stays a text."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` made this cell of; any other cell is as it stands."""
    return text[1:] if _GUARDED.match(text) else text


def pictured(text: str) -> str:
    """The text with pictures of its control characters (␛ U+241B for ESC), but for those of lines
    and tabs: a terminal obeys them, and no table can be read back with a NUL in it.
    """
    return text.translate(_PICTURES)


_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"}
_PICTURES |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
