"""Ids: valid on every system, the same on every file system, never shared."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relicscan.metadata.identity import (
    MAX_LENGTH,
    check_unique,
    id_problem,
    relic_id_from_path,
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["Amphora 12"], "amphora-12"),
        (["greek", "Amphora (left half)"], "greek-amphora-left-half"),
        (["Große Schüssel"], "grosse-schussel"),
        (["Œuvre", "Tête d'Éros"], "oeuvre-tete-d-eros"),
        (["Łódź", "Smørrebrød"], "lodz-smorrebrod"),
        (["scan_01__front"], "scan_01_front"),
        (["--a--", "_b_"], "a_b"),
        (["CON"], "relic-con"),
        (["lpt1"], "relic-lpt1"),
        (["Ⅻ", "½"], "xii-1-2"),
    ],
)
def test_slug(parts: list[str], expected: str) -> None:
    assert relic_id_from_path(parts) == expected


def test_what_ascii_cannot_say_stays_apart() -> None:
    vessels = [["青铜鼎"], ["青铜觚"], ["Αμφορέας"], ["Амфора"], ["鼎 12"], ["...."], []]
    ids = [relic_id_from_path(parts) for parts in vessels]
    assert len(set(ids)) == len(ids)
    assert ids[0].startswith("relic-")
    assert ids[4].startswith("12-")
    assert all(id_problem(i) is None for i in ids)


def test_composed_and_decomposed_names_are_one() -> None:
    name = "Tête d'Éros 鼎 ガラス"
    assert relic_id_from_path([unicodedata.normalize("NFD", name)]) == relic_id_from_path(
        [unicodedata.normalize("NFC", name)]
    )


def test_long_paths_keep_their_end_and_stay_apart() -> None:
    first, second = (relic_id_from_path([c * 300, "vase"]) for c in "ab")
    assert len(first) <= MAX_LENGTH
    assert "vase" in first
    assert first != second


names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=150)
repeatable = settings(derandomize=True, deadline=None, database=None, max_examples=300)


@given(st.lists(names, max_size=4))
@repeatable
def test_any_path_gives_a_valid_id(parts: list[str]) -> None:
    """Surrogates (bytes that were no UTF-8) included."""
    relic_id = relic_id_from_path(parts)
    assert id_problem(relic_id) is None
    for form in ("NFC", "NFD"):
        assert relic_id_from_path([unicodedata.normalize(form, part) for part in parts]) == relic_id


few_letters = st.text(st.sampled_from("aAé1鼎觚Жж -."), max_size=3)


@given(few_letters, few_letters)
@repeatable
def test_names_that_ascii_cannot_say_keep_their_ids_apart(one: str, other: str) -> None:
    """Only what differs in case, accents and punctuation may share an id, and is then refused."""
    if relic_id_from_path([one]) == relic_id_from_path([other]):
        letters = [
            [c for c in unicodedata.normalize("NFKD", name.lower()) if c.isalnum()]
            for name in (one, other)
        ]
        assert letters[0] == letters[1]


@pytest.mark.parametrize(
    "bad",
    [
        "", "A", "é", "a b", "-a", ".a", "a/b", "..", "a.", "con", "nul.txt", "com0", "a" * 101,
        "index.json", "report.html", "lido.xml", "index.json.sig", "relics.csv", "a\n",
    ],
)  # fmt: skip
def test_bad_ids_have_a_reason(bad: str) -> None:
    assert id_problem(bad)


@pytest.mark.parametrize("good", ["a", "0", "amphora_2.left-half", "a" * 100, "console", "com"])
def test_good_ids_have_none(good: str) -> None:
    assert id_problem(good) is None


def test_shared_ids_name_every_folder() -> None:
    a, b, c = Path("x/a"), Path("y/a"), Path("z/c")
    errors = check_unique({"vase": [b, a], "cup": [c]})
    assert len(errors) == 1
    assert errors[0].scan == "vase"
    assert f"{a}, {b}" in errors[0].message
    assert 'id = "…"' in (errors[0].remedy or "")
