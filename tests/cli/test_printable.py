"""Names of files and words from inside of them reach a terminal without steering it."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from relicscan.cli.output import printable
from relicscan.formats._text import shown

#: All of Unicode, lone surrogates (bytes of names that were no UTF-8) and controls most of all.
texts = st.text(
    st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=50
)
repeatable = settings(derandomize=True, deadline=None, database=None, max_examples=300)


@given(texts)
@repeatable
def test_printable_lets_no_control_through(text: str) -> None:
    said = printable(text)
    unwanted = [c for c in said if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]
    assert unwanted == []
    said.encode("utf-8")
    assert printable(said) == said
    if text.isprintable():
        assert said == text


@given(texts)
@repeatable
def test_what_messages_quote_is_short_and_clean(text: str) -> None:
    said = shown(text)
    assert len(said) <= 60
    assert said.isprintable()
    said.encode("utf-8")
