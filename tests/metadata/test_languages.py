"""BCP 47: form and case by RFC 5646."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from relicscan.metadata.languages import LanguageMap, best_text, canonical_tag, one_text

MAP = TypeAdapter(LanguageMap)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("EN", "en"),
        ("zh-hans", "zh-Hans"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("pt-br", "pt-BR"),
        ("es-419", "es-419"),
        ("sl-Rozaj-BISKE", "sl-rozaj-biske"),
        ("de-CH-1996", "de-CH-1996"),
        ("zh-cmn-hans-cn", "zh-cmn-Hans-CN"),
        # RFC 5646 section 2.1.1: two letters after a singleton stay small.
        ("EN-CA-X-CA", "en-CA-x-ca"),
        ("ja-latn-hepburn", "ja-Latn-hepburn"),
        ("X-Museum", "x-museum"),
        ("grc", "grc"),
    ],
)
def test_canonical_case(given: str, canonical: str) -> None:
    assert canonical_tag(given) == canonical
    assert canonical_tag(canonical) == canonical


@pytest.mark.parametrize(
    "bad", ["", "e", "english", "zh_Hans", "en-", "-en", "en--US", "dé", "en-x", "en us", "e1",
            "en\n", "a" * 200, "en" + "-x" + "-abcdefgh" * 50]
)  # fmt: skip
def test_what_is_no_tag(bad: str) -> None:
    with pytest.raises(ValueError, match="not a language tag"):
        canonical_tag(bad)


def test_texts_are_kept_as_they_are() -> None:
    texts = {
        "ar": "\u202eأمفورا\u202c",
        "en": "<script>alert(1)</script>  =HYPERLINK()\n\x1b[31m ",
        "zh-Hans": "𠮷 双耳瓶",
    }
    assert MAP.validate_python(texts) == texts


def test_keys_are_canonical_and_sorted() -> None:
    assert list(MAP.validate_python({"zh-HANS": "瓶", "EN": "jar"})) == ["en", "zh-Hans"]


def test_a_text_without_language_is_undetermined() -> None:
    assert MAP.validate_python("vase") == {"und": "vase"}


@pytest.mark.parametrize(
    "bad", [{}, "", "  ", {"en": ""}, {"en": "\t\n"}, {"en": 3}, {"english": "x"},
            {"en": "a", "EN": "b"}, ["x"], 3, None]
)  # fmt: skip
def test_what_is_no_language_map(bad: object) -> None:
    with pytest.raises(ValidationError):
        MAP.validate_python(bad)


def test_the_best_text_is_in_the_first_of_the_languages_that_is_there() -> None:
    assert best_text({"de": "ja", "en": "yes"}) == ("yes", "en")
    assert best_text({"de": "ja", "en-US": "yep", "en-GB": "yes"}) == ("yes", "en-GB")
    assert best_text({"de": "ja", "enf": "no"}) == ("ja", "de")
    assert best_text({"de": "ja"}, ("fr", "it")) == ("ja", "de")
    assert best_text({"de": "ja", "zh-Hans-CN": "是"}, ("fr", "zh-Hans")) == ("是", "zh-Hans-CN")
    assert best_text({}) is best_text(None) is one_text(None) is None
    assert one_text({"de": "ja"}) == "ja"
