"""The interface's words: the same keys in every language, written as each language is; numbers,
years, texts of relics and licences as a page says them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from relicscan.errors import ScanError
from relicscan.metadata.dating import Years
from relicscan.site import words
from relicscan.site.words import FALLBACK, Language, comes_with, direction, flat, languages_of

TEXTS = Path(words.__file__).parent / "texts"
VIEWER_WORDS = Path(words.__file__).parent / "viewer" / "words.js"
TRANSLATED = ("de", "fr", "it", "zh-Hans")


def in_language(tag: str, own: Mapping[str, Any] | None = None, *others: str) -> Language:
    return languages_of((tag, *others), {tag: own} if own else {})[0]


def table(tag: str) -> dict[str, str]:
    return flat(tomllib.loads((TEXTS / f"{tag}.toml").read_text(encoding="utf-8")))


def places(text: str) -> list[str]:
    """The places to be filled in, those with attributes or formats as they are written."""
    return sorted(
        f"{name}!{conversion}:{spec}" if conversion or spec else name
        for _, name, spec, conversion in Formatter().parse(text)
        if name is not None
    )


# The files


def test_it_comes_with_these_languages() -> None:
    assert comes_with() == ("de", "en", "fr", "it", "zh-Hans")


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_language_has_the_keys_of_english_in_its_order(tag: str) -> None:
    assert list(table(tag)) == list(table(FALLBACK))


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_text_has_the_places_of_the_english_one(tag: str) -> None:
    english = table(FALLBACK)
    assert {key: places(text) for key, text in table(tag).items()} == {
        key: places(text) for key, text in english.items()
    }


@pytest.mark.parametrize("tag", [FALLBACK, *TRANSLATED])
def test_no_text_is_empty_or_has_spaces_around_it(tag: str) -> None:
    separators = ("thousands", "decimal_point")
    odd = {k: t for k, t in table(tag).items() if (k not in separators and t.strip() != t) or not t}
    assert not odd


@pytest.mark.parametrize("tag", TRANSLATED)
def test_comments_stand_where_the_english_ones_do(tag: str) -> None:
    def lines(name: str) -> list[str]:
        text = (TEXTS / f"{name}.toml").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if not line or line[0] in "#["]

    assert lines(tag) == lines(FALLBACK)


def test_the_languages_name_themselves() -> None:
    assert {tag: table(tag)["language"] for tag in comes_with()} == {
        "de": "Deutsch",
        "en": "English",
        "fr": "Français",
        "it": "Italiano",
        "zh-Hans": "简体中文",
    }


@pytest.mark.parametrize("tag", [FALLBACK, *TRANSLATED])
def test_labels_below_icons_are_one_or_two_short_words(tag: str) -> None:
    longest = 10 if tag != "zh-Hans" else 4
    labels = [text for key, text in table(tag).items() if key.startswith("act_")]
    assert len(labels) >= 10
    assert not [text for text in labels if len(text.split()) > 2]
    assert not [word for text in labels for word in text.split() if len(word) > longest]


@pytest.mark.parametrize("tag", [FALLBACK, *TRANSLATED])
def test_apostrophes_and_quotes_are_typographic(tag: str) -> None:
    assert not {key: text for key, text in table(tag).items() if re.search("['\"`]", text)}


def test_french_has_narrow_spaces_before_high_punctuation() -> None:
    french = table("fr")
    assert not {key: text for key, text in french.items() if re.search(r"[^\u202f][;:!?%]", text)}
    assert french["percent"] == "{number}\u202f%"


def test_chinese_punctuation_is_full_width() -> None:
    sentences = {k: t for k, t in table("zh-Hans").items() if k not in ("thousands", "percent")}
    half = r"[\u4e00-\u9fff}][,;:?!(]|[,;:?!)][\u4e00-\u9fff{]|[\u4e00-\u9fff]\.$"
    assert not {key: text for key, text in sentences.items() if re.search(half, text)}


@pytest.mark.parametrize("key", ["any", "no_date", "autoplay", "notes", "clock"])
def test_scripts_say_as_the_page_does_what_both_say(key: str) -> None:
    for tag in comes_with():
        assert table(tag)[f"script.{key}"] == table(tag)[key]


def test_what_scripts_say_has_every_key_once() -> None:
    english = in_language("en")
    inner = [key for key in english.fallback if "." in key]
    assert sorted(english.of_scripts()) == sorted(["lang", *(key.split(".")[1] for key in inner)])


def test_the_viewer_by_itself_has_the_keys_and_places_of_english() -> None:
    source = VIEWER_WORDS.read_text(encoding="utf-8").partition("};")[0]
    own = dict(re.findall(r"^  (\w+): '(.*)',$", source, re.MULTILINE))
    assert own.pop("lang") == "en"
    english = {k.split(".")[1]: t for k, t in table("en").items() if k.startswith("viewer.")}
    assert {k: places(t) for k, t in own.items()} == {k: places(t) for k, t in english.items()}


# Numbers, lengths, shares


@pytest.mark.parametrize(
    ("tag", "number"),
    [
        ("en", "1,234,567.89"),
        ("zh-Hans", "1,234,567.89"),
        ("de", "1.234.567,89"),
        ("fr", "1\u202f234\u202f567,89"),
        ("it", "1.234.567,89"),
    ],
)
def test_a_number_is_written_as_the_language_does(tag: str, number: str) -> None:
    assert in_language(tag).number(1_234_567.891, 9) == number


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0.00"), (0.04195, "0.0420"), (41.94, "41.9"), (419.4, "419"), (4194.4, "4,194")],
)
def test_a_number_has_three_significant_digits_and_every_digit_before_the_point(
    value: float, written: str
) -> None:
    assert in_language("en").number(value) == written


@pytest.mark.parametrize(
    ("mm", "written"),
    [
        (0.84, "0.840\u00a0mm"),
        (9.9, "9.90\u00a0mm"),
        (10.0, "1.00\u00a0cm"),
        (419.4, "41.9\u00a0cm"),
        (2999.0, "300\u00a0cm"),
        (3000.0, "3.00\u00a0m"),
        (12_340.0, "12.3\u00a0m"),
    ],
)
def test_a_length_is_in_the_unit_that_visitors_read(mm: float, written: str) -> None:
    assert in_language("en").cm(mm) == written
    assert in_language("de").cm(mm) == written.replace(".", ",")


def test_a_share_is_a_percentage() -> None:
    said = {tag: in_language(tag).percent(0.0042) for tag in comes_with()}
    assert said == {
        "de": "0,42\u00a0%",
        "en": "0.42%",
        "fr": "0,42\u202f%",
        "it": "0,42%",
        "zh-Hans": "0.42%",
    }


# Years


@pytest.mark.parametrize(
    ("tag", "bce", "turn", "ce"),
    [
        ("en", "530 BC", "1 BC", "1"),
        ("zh-Hans", "公元前530年", "公元前1年", "公元1年"),
        ("de", "530 v. Chr.", "1 v. Chr.", "1"),
        ("fr", "530 av. J.-C.", "1 av. J.-C.", "1"),
        ("it", "530 a.C.", "1 a.C.", "1"),
    ],
)
def test_astronomical_years_are_told_as_people_count(
    tag: str, bce: str, turn: str, ce: str
) -> None:
    language = in_language(tag)
    assert [language.year(year) for year in (-529, 0, 1)] == [bce, turn, ce]


@pytest.mark.parametrize(
    ("tag", "span", "until", "since"),
    [
        ("en", "530 BC – 14", "until 14", "from 530 BC"),
        ("zh-Hans", "公元前530年至公元14年", "公元14年及以前", "公元前530年及以后"),
        ("de", "530 v. Chr. bis 14", "bis 14", "ab 530 v. Chr."),
        ("fr", "530 av. J.-C. – 14", "jusqu’en 14", "à partir de 530 av. J.-C."),
        ("it", "530 a.C. – 14", "14 o prima", "530 a.C. o dopo"),
    ],
)
def test_spans_of_years_and_their_open_ends(tag: str, span: str, until: str, since: str) -> None:
    language = in_language(tag)
    assert language.years(Years(-529, 14)) == span
    assert language.years(Years(None, 14)) == until
    assert language.years(Years(-529, None)) == since
    assert language.years(Years(-529, -529)) == language.year(-529)


# What is missing


def test_a_language_without_translation_speaks_english_marked_as_such() -> None:
    spanish = in_language("es")
    assert spanish.t("home") == '<span lang="en">Home</span>'
    assert spanish.t("relics_count", count=7) == '<span lang="en">7 objects</span>'
    assert spanish.plain("home") == "Home"
    assert (spanish.name, spanish.dir) == ("es", "ltr")
    assert in_language("de").t("home") == "Startseite"


def test_a_museum_brings_its_own_words_and_the_rest_stays_marked() -> None:
    own = {"home": "Inicio", "language": "Español", "viewer": {"close": "Cerrar"}}
    spanish = in_language("es", own)
    assert (spanish.t("home"), spanish.name) == ("Inicio", "Español")
    assert spanish.t("menu") == '<span lang="en">Menu</span>'
    assert spanish.of_scripts()["close"] == "Cerrar"
    assert spanish.of_scripts()["loading"] == "Loading"
    assert spanish.of_scripts()["lang"] == "es"


def test_own_words_come_before_those_it_comes_with() -> None:
    german = in_language("de", {"home": "Anfang"})
    assert (german.t("home"), german.t("menu")) == ("Anfang", "Menü")


def test_own_words_are_escaped() -> None:
    assert in_language("es", {"home": "<b>Casa</b>"}).t("home") == "&lt;b&gt;Casa&lt;/b&gt;"


def test_values_are_escaped() -> None:
    assert in_language("en").t("model_of", title="<i>") == "3D model of &lt;i&gt;"


@pytest.mark.parametrize("own", [{"hme": "Inicio"}, {"viewer": {"clse": "Cerrar"}}])
def test_a_key_that_no_page_has_is_refused_with_the_near_one(own: Mapping[str, Any]) -> None:
    with pytest.raises(ScanError, match="which no page has") as refused:
        in_language("es", own)
    assert "home" in str(refused.value) or "viewer.close" in str(refused.value)


def test_a_kind_of_a_language_has_its_words_unmarked() -> None:
    assert in_language("de-AT").t("home") == "Startseite"
    assert in_language("en-GB").t("home") == "Home"


def test_scripts_fill_in_places_themselves() -> None:
    assert in_language("it").of_scripts()["found_count"] == "Risultati: {count}"


# Texts of relics

TITLE = {"de": "Krug", "en": "Jug", "fr": "Cruche"}


def test_a_text_is_said_in_the_page_s_language() -> None:
    said = in_language("fr", None, "de", "en").said(TITLE)
    assert said is not None
    assert (said.text, said.tag, said.other) == ("Cruche", "fr", None)
    assert said.lang == ' lang="fr" dir="ltr"'


def test_else_in_the_next_language_of_the_site_and_this_is_named() -> None:
    said = in_language("it", None, "fr", "de").said(TITLE)
    assert said is not None
    assert (said.text, said.tag, said.other) == ("Cruche", "fr", "Français")


def test_else_in_english_else_in_any() -> None:
    italian = in_language("it")
    english = italian.said(TITLE)
    assert english is not None
    assert (english.text, english.other) == ("Jug", "English")
    greek = italian.said({"el": "Οινοχόη"})
    assert greek is not None
    assert (greek.text, greek.tag, greek.other) == ("Οινοχόη", "el", "el")


def test_a_kind_of_the_page_s_language_is_not_marked() -> None:
    said = in_language("de").said({"de-AT": "Krug"})
    assert said is not None
    assert (said.tag, said.other) == ("de-AT", None)


def test_a_text_of_no_known_language_is_not_marked_and_finds_its_direction_itself() -> None:
    said = in_language("en").said({"und": "Hydria"})
    assert said is not None
    assert (said.other, said.lang) == (None, ' dir="auto"')


def test_without_a_text_nothing_is_said() -> None:
    assert in_language("en").said(None) is None
    assert in_language("en").said({}) is None
    assert in_language("en").text(None, "untitled") == "untitled"


def test_a_tag_is_escaped_in_attributes() -> None:
    assert words.Said("x", '"><b>', None).lang == ' lang="&#34;&gt;&lt;b&gt;" dir="ltr"'


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        *[(tag, "rtl") for tag in ("ar", "he", "fa", "ar-EG", "ur", "yi", "ku-Arab", "uz-Arab-AF")],
        *[(tag, "ltr") for tag in ("en", "zh-Hans", "ar-Latn", "arn", "he-Latn", "ku", "fas-Latn")],
        ("und", "auto"),
    ],
)
def test_direction_of_writing(tag: str, written: str) -> None:
    assert direction(tag) == written


def test_a_text_from_right_to_left_says_so() -> None:
    said = in_language("en").said({"he": "כד"})
    assert said is not None
    assert said.lang == ' lang="he" dir="rtl"'


# Licences


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.de", "CC BY-NC-SA 4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "Public domain"),
        ("http://rightsstatements.org/vocab/InC/1.0/", "In copyright"),
        ("http://rightsstatements.org/vocab/InC-EDU/1.0/", "In copyright"),
        ("https://rightsstatements.org/page/CNE/1.0/?language=en", "Copyright not evaluated"),
        ("https://museum.example/terms", "https://museum.example/terms"),
        (None, ""),
    ],
)
def test_licences_have_names(uri: str | None, name: str) -> None:
    assert in_language("en").licence(uri) == name


@pytest.mark.parametrize("statement", ["InC", "InC-NC", "NoC-US", "NoC-OKLR", "CNE", "UND", "NKC"])
@pytest.mark.parametrize("tag", TRANSLATED)
def test_rights_statements_are_named_in_each_language(tag: str, statement: str) -> None:
    uri = f"http://rightsstatements.org/vocab/{statement}/1.0/"
    named = in_language(tag).licence(uri)
    assert named
    assert named != in_language("en").licence(uri)


def test_names_of_licences_are_those_of_the_language() -> None:
    german = in_language("de")
    assert german.licence("http://creativecommons.org/publicdomain/mark/1.0/") == "Gemeinfrei"
    assert german.licence("http://rightsstatements.org/vocab/InC/1.0/") == "Urheberrechtsschutz"
    assert german.licence("https://creativecommons.org/licenses/by/4.0/") == "CC BY 4.0"
