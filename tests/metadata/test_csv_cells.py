"""No cell is a formula, and every text comes back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relicscan.metadata.csv_cells import guarded, pictured, unguarded

FIRST = "=+-@\t\r"

#: Mostly texts of the characters that matter here, and some of any others.
TEXTS = st.text(alphabet="'=+-@\t\r\n ＝a1\"") | st.text()


@given(TEXTS)
@example("'=1")
@example("''''")
@example("")
def test_every_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(TEXTS)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(tuple(FIRST))
    assert cell.removeprefix("'") == text or cell == text


@given(st.lists(TEXTS, unique=True))
def test_different_texts_are_different_cells(texts: list[str]) -> None:
    assert len({guarded(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("first", [*FIRST, "\n", "＝", "＋", "－", "＠"])
def test_each_of_the_characters_gets_an_apostrophe(first: str) -> None:
    assert guarded(f"{first}1+1") == f"'{first}1+1"


@pytest.mark.parametrize("text", ["Amphora", "'s-Hertogenbosch", "1-2", "'", " =1", "鼎", "−5"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert guarded(text) == text
    assert unguarded(text) == text


@pytest.mark.parametrize("number", ["-80.0", "-1e-05", "+3", "42"])
def test_a_number_that_was_written_as_one_is_read_as_one(number: str) -> None:
    assert unguarded(number) == number


def test_control_characters_become_pictures() -> None:
    assert pictured("a\x1b[31m\x00\x7f\x9b\tb\r\nc") == "a\u241b[31m\u2400\u2421\ufffd\tb\r\nc"
    assert pictured("鼎 \u202e é") == "鼎 \u202e é"
