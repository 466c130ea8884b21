"""BCP 47: form, case and canonical form by RFC 5646."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from relicscan.metadata import language_registry as registry
from relicscan.metadata.languages import (
    LanguageMap,
    Languages,
    SpokenFiles,
    best_text,
    canonical_tag,
    is_in,
    one_text,
)

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
    ("given", "canonical"),
    [
        # Section 4.5, step 3: primary languages, regions and variants that are deprecated.
        ("iw", "he"),
        ("IW-il", "he-IL"),
        ("in-Latn-ID", "id-Latn-ID"),
        ("ji", "yi"),
        ("mo", "ro"),
        ("de-DD-1901", "de-DE-1901"),
        ("my-bu", "my-MM"),
        ("ja-Latn-heploc", "ja-Latn-alalc97"),
        ("ja-Latn-alalc97-heploc", "ja-Latn-alalc97"),
        # Extended languages stand by themselves, and what follows them stays.
        ("zh-yue", "yue"),
        ("zh-cmn", "cmn"),
        ("zh-cmn-hans-cn", "cmn-Hans-CN"),
        ("zh-yue-Hant-HK-x-temple", "yue-Hant-HK-x-temple"),
        ("ar-arb", "arb"),
        ("sgn-ase", "ase"),
        # Both at once: the registry has ajp as an extended language and as a deprecated one.
        ("ar-ajp", "apc"),
        # Step 2: grandfathered and redundant tags, as a whole.
        ("i-klingon", "tlh"),
        ("I-LUX", "lb"),
        ("zh-cmn-Hans", "cmn-Hans"),
        ("zh-min-nan", "nan"),
        ("zh-guoyu", "cmn"),
        ("no-bok", "nb"),
        ("art-lojban", "jbo"),
        ("en-gb-OED", "en-GB-oxendict"),
        ("sgn-DE", "gsg"),
        ("sgn-be-fr", "sfb"),
        # Step 1: extensions by their singletons; private use comes last.
        ("en-b-warble-a-babble-x-b-a", "en-a-babble-b-warble-x-b-a"),
        ("de-u-co-phonebk-t-iw", "de-t-iw-u-co-phonebk"),
    ],
)
def test_canonical_form(given: str, canonical: str) -> None:
    assert canonical_tag(given) == canonical
    assert canonical_tag(canonical) == canonical


@pytest.mark.parametrize(
    "kept",
    [
        # A script that goes without saying, macrolanguages and what they encompass, regions that
        # exist, and what CLDR replaces but the registry does not.
        "zh-Hans", "zh-Hant-HK", "zh-CN", "zh", "cmn", "de-Latn", "en-Latn-GB", "sh", "sr-Latn",
        "no", "tl", "arb", "ms", "es-419",
        # Deprecated, and nothing is preferred: whose it was cannot be said.
        "sr-YU", "nl-AN", "ru-SU", "hy-arevmda", "zh-min", "cel-gaulish", "i-default", "i-mingo",
        # An extended language after a language that is not its own is no registered one.
        "en-yue", "zh-arb", "zh-yue-cmn", "de-abc",
        # In private use and in extensions subtags mean something else.
        "x-iw", "en-x-iw-dd", "de-DE-x-dd", "x-i-klingon",
        "sgn-DE-x-house", "qaa-Qaaa-QM-x-southern",
    ],
)  # fmt: skip
def test_nothing_else_is_changed(kept: str) -> None:
    assert canonical_tag(kept) == kept
    assert canonical_tag(kept.upper()) == kept


def test_the_registry_leads_to_canonical_tags_in_one_step() -> None:
    whole = {old: new for old, new in registry.TAGS.items() if old != new.lower()}
    for old, new in {**whole, **registry.LANGUAGES}.items():
        assert canonical_tag(old) == canonical_tag(new) == new != old
    for old, new in registry.REGIONS.items():
        assert canonical_tag(f"und-{old}") == canonical_tag(f"und-{new}") == f"und-{new}"
    for extended, prefix in registry.EXTENDED.items():
        alone = canonical_tag(extended)
        assert canonical_tag(f"{prefix}-{extended}") == alone == canonical_tag(alone)
    # As many as the registry has; of 25 redundant tags six follow from extended languages.
    assert len(registry.TAGS) == 26 + 25 - 6
    assert (len(registry.LANGUAGES), len(registry.EXTENDED)) == (108, 256)
    assert (len(registry.REGIONS), len(registry.VARIANTS)) == (6, 1)


def test_what_is_in_a_language() -> None:
    assert is_in("en", "en")
    assert is_in("en-GB", "en")
    assert is_in("yue-Hant-HK", "zh")
    assert is_in("yue-Hant-HK", "yue")
    assert is_in("arb", "ar")
    assert not is_in("yue", "zh-Hant")
    assert not is_in("enm", "en")
    assert not is_in("zh", "yue")
    assert not is_in("en", "en-GB")


@pytest.mark.parametrize(
    "bad", ["i-museum", "i-klingon-x-a", "i-\u212alingon", "en-GB-oed-x-a", "sgn-BE-XX", "i", "x"]
)
def test_what_is_no_grandfathered_tag(bad: str) -> None:
    """\u212a is the sign of the kelvin, whose small letter is k."""
    with pytest.raises(ValueError, match="not a language tag"):
        canonical_tag(bad)


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


@pytest.mark.parametrize(
    ("one", "other", "tag"),
    [("iw", "he", "he"), ("he", "iw", "he"), ("zh-yue", "yue", "yue"), ("EN", "en", "en")],
)
def test_one_language_stands_once_however_it_is_written(one: str, other: str, tag: str) -> None:
    said = f"the language {tag} stands twice, as {one} and as {other}"
    with pytest.raises(ValidationError, match=said):
        MAP.validate_python({one: "a", other: "b"})
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Languages).validate_python([one, other])


@pytest.mark.parametrize("bad", [3, True, float("nan"), None, ["en"], {"en": 1}])
def test_a_language_that_is_no_text(bad: object) -> None:
    """nan is a number of TOML, and as a text the tag of Min Nan Chinese."""
    with pytest.raises(ValidationError, match="is not a language tag"):
        TypeAdapter(Languages).validate_python([bad])
    assert TypeAdapter(Languages).validate_python(["iw", "nan"]) == ("he", "nan")


def test_sound_files_by_language() -> None:
    spoken = TypeAdapter(SpokenFiles)
    assert spoken.validate_python({"iw": "a.mp3", "en": "b.mp3"}) == {"en": "b.mp3", "he": "a.mp3"}
    assert spoken.validate_python("a.mp3") == {"und": "a.mp3"}
    for bad in ({"iw": "a.exe"}, "a.exe"):
        with pytest.raises(ValidationError, match="no sound file"):
            spoken.validate_python(bad)


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
