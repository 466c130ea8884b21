"""What is missing in which language."""

from __future__ import annotations

from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.translations import missing_texts, translation_warnings

STATED = {
    "object": {"title": {"en": "Bowl", "de": "Schale"}, "material": {"en": "clay"}},
    "hotspot": [
        {"id": "a", "position": [0, 0, 0], "title": {"en": "A", "de": "A"}, "text": {"en": "x"}}
    ],
}


def test_the_languages_of_the_title_are_wanted_of_every_text() -> None:
    missing = missing_texts(RelicToml.model_validate(STATED))
    assert missing == {"de": ["object.material", "hotspot 1 text"]}


def test_languages_that_a_relic_says_it_speaks() -> None:
    toml = RelicToml.model_validate({**STATED, "languages": ["en", "fr"]})
    assert list(missing_texts(toml)) == ["fr"]
    assert len(missing_texts(toml)["fr"]) == 4
    assert translation_warnings(toml) == [
        "no text in fr for object.title, object.material, hotspot 1 title, hotspot 1 text"
    ]


def test_a_text_of_no_language_is_none_of_those_wanted() -> None:
    toml = RelicToml.model_validate({"languages": ["en"], "object": {"maker": "unknown"}})
    assert missing_texts(toml) == {"en": ["object.maker"]}


def test_a_title_of_no_language_wants_nothing() -> None:
    assert missing_texts(RelicToml.model_validate({"object": {"title": "x"}})) == {}


def test_a_long_list_is_cut_short() -> None:
    spots = [{"id": f"h{i}", "position": [0, 0, i], "title": {"en": "x"}} for i in range(9)]
    toml = RelicToml.model_validate({"languages": ["fr"], "hotspot": spots})
    assert translation_warnings(toml)[0].endswith("hotspot 6 title and 3 more")
