"""Texts in several languages: BCP 47 tags and the maps from tag to text.

Tags are checked for their form (RFC 5646, section 2.1) and brought to canonical form (section 4.5),
so that one language has one tag: "iw" is "he". Whether a subtag is registered is not asked, so a
museum may use any language; a script is kept even where it goes without saying. Texts are carried
as they are, never interpreted.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationError, WithJsonSchema

from relicscan.metadata.fields import FieldError, GivenPath
from relicscan.metadata.language_registry import EXTENDED, LANGUAGES, REGIONS, TAGS, VARIANTS

#: The language of a text that was written without one (ISO 639-2: undetermined).
UNDETERMINED = "und"

# Primary languages of four to eight letters are reserved and unused: "english" is a mistake.
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?P<extended>(-[a-z]{3}){0,3})(-(?P<script>[a-z]{4}))?"
    r"(-(?P<region>[a-z]{2}|\d{3}))?(?P<variants>(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*)"
    r"(?P<extensions>(-[a-wyz0-9](-[a-z0-9]{2,8})+)*)(?P<private>(-x(-[a-z0-9]{1,8})+)?)"
    r"|x(-[a-z0-9]{1,8})+",
    re.IGNORECASE | re.ASCII,
)
_EXTENSION = re.compile(r"-[a-z0-9](?:-[a-z0-9]{2,8})+", re.ASCII)


def canonical_tag(tag: str) -> str:
    """A BCP 47 tag in canonical form (RFC 5646, section 4.5) and case (section 2.1.1).

    Deprecated tags and subtags give way to what the registry prefers, an extended language stands
    by itself ("zh-yue" is "yue"), extensions are in their order: language lower, Script title,
    REGION upper. Nothing else is changed or left out. Raises ValueError where the tag has not the
    form of one.
    """
    lower = tag.lower() if tag.isascii() else tag
    if lower in TAGS:
        return TAGS[lower]
    found = _TAG.fullmatch(lower) if len(tag) <= 100 else None
    if not found:
        raise ValueError(f"{tag[:40]!r} is not a language tag")
    if found["language"] is None:
        return lower
    language, extended = found["language"], found["extended"]
    if EXTENDED.get(extended[1:]) == language:
        language, extended = extended[1:], ""
    subtags = [LANGUAGES.get(language, language) + extended]
    if found["script"]:
        subtags.append(found["script"].title())
    if found["region"]:
        subtags.append(REGIONS.get(found["region"], found["region"].upper()))
    variants = [VARIANTS.get(variant, variant) for variant in found["variants"].split("-")[1:]]
    subtags += dict.fromkeys(variants)  # none stands twice (section 2.2.5)
    extensions = sorted(_EXTENSION.findall(found["extensions"]), key=lambda extension: extension[1])
    return "-".join(subtags) + "".join(extensions) + found["private"]


def is_in(tag: str, language: str) -> bool:
    """Whether a canonical tag is of a language: "en-GB" is of "en" (RFC 4647, section 3.3.1).

    "yue" is of "zh" as well, as "zh-yue": the extlang form of RFC 5646, section 4.5.
    """
    macrolanguage = EXTENDED.get(tag.partition("-")[0])
    written = (tag, f"{macrolanguage}-{tag}") if macrolanguage else (tag,)
    return any(form == language or form.startswith(f"{language}-") for form in written)


def best_text(
    texts: Mapping[str, str] | None, languages: Sequence[str] = ("en",)
) -> tuple[str, str] | None:
    """One text and its tag, for what takes one only: in the first of `languages` that is there,
    else the first of all; None without any.
    """
    if not texts:
        return None
    wanted = (tag for language in languages for tag in sorted(texts) if is_in(tag, language))
    tag = next(wanted, next(iter(texts)))
    return texts[tag], tag


def one_text(texts: Mapping[str, str] | None) -> str | None:
    """The text of `best_text`, in English if there is one."""
    best = best_text(texts)
    return best[0] if best else None


def _language_map(given: Any) -> dict[str, str]:
    if isinstance(given, str):
        given = {UNDETERMINED: given}
    if not isinstance(given, dict) or not given:
        raise FieldError(
            "a text, or texts by language, is wanted here",
            'write the text in quotes, or one line per language: title.en = "…", title.de = "…"',
        )
    texts: dict[str, str] = {}
    written: dict[str, str] = {}
    for key, text in given.items():
        try:
            tag = canonical_tag(key)
        except ValueError:
            raise FieldError(_no_tag(key), _tag_remedy(key), key) from None
        if tag in texts:
            problem = _twice(tag, written[tag], key)
            raise FieldError(problem, "keep one of the two texts", key)
        if not isinstance(text, str) or not text.strip():
            raise FieldError(
                f"{text!r:.40} is not a text", "write a text in quotes, or leave this key out", key
            )
        texts[tag], written[tag] = text, key
    return dict(sorted(texts.items()))


def _twice(tag: str, one: str, other: str) -> str:
    written = f", as {one} and as {other}" if one != other else ""
    return f"the language {tag} stands twice{written}"


def _no_tag(key: str) -> str:
    return f"{key[:40]!r} is not a language tag"


def _tag_remedy(key: str) -> str:
    tag = key.replace("_", "-")
    with contextlib.suppress(ValueError):
        if tag != key:
            return f"write it with '-': {canonical_tag(tag)}"
    return "use BCP 47 tags such as en, de, fr, it, zh-Hans, pt-BR"


#: Texts by canonical language tag, sorted; a plain text is taken as {"und": text}.
LanguageMap = Annotated[
    dict[str, str],
    BeforeValidator(_language_map),
    WithJsonSchema(
        {
            "description": "A text, or texts by BCP 47 language tag.",
            "anyOf": [
                {"type": "string", "pattern": r"\S"},
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": "^([A-Za-z]{2,3}|[iIxX])(-[A-Za-z0-9]{1,8})*$"},
                    "additionalProperties": {"type": "string", "pattern": r"\S"},
                },
            ],
        }
    ),
]


def _languages(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not given:
        raise FieldError(
            "a list of languages is wanted here", 'for example languages = ["zh-Hans", "en"]'
        )
    written: dict[str, str] = {}
    for position, tag in enumerate(given):
        try:
            if not isinstance(tag, str):
                raise ValueError("it is no text")
            canonical = canonical_tag(tag)
        except ValueError:
            raise FieldError(_no_tag(str(tag)), _tag_remedy(str(tag)), position) from None
        if canonical in written:
            raise FieldError(_twice(canonical, written[canonical], tag), "keep one", position)
        written[canonical] = tag
    return tuple(written)


#: Languages that every text is to be given in, in the order they are offered.
Languages = Annotated[
    tuple[str, ...],
    BeforeValidator(_languages),
    WithJsonSchema(
        {
            "description": "Languages that texts are to be given in: what is missing is told.",
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": True,
        }
    ),
]


def _spoken_files(given: Any) -> dict[str, str]:
    texts = _language_map(given)
    keys = {canonical_tag(key): key for key in given} if isinstance(given, dict) else {}
    for tag, path in texts.items():
        try:
            _GIVEN_FILE.validate_python(path)
        except ValidationError as error:
            raise error.errors()[0]["ctx"]["error"] from None
        if not path.lower().endswith(AUDIO):
            raise FieldError(
                f"{path[:80]!r} is no sound file",
                "use one of " + ", ".join(AUDIO),
                *([keys[tag]] if tag in keys else []),
            )
    return texts


#: What browsers of all makes play.
AUDIO = (".mp3", ".m4a")
_GIVEN_FILE: TypeAdapter[str] = TypeAdapter(GivenPath)
#: Sound files of the scan folder by language.
SpokenFiles = Annotated[
    dict[str, str],
    BeforeValidator(_spoken_files),
    WithJsonSchema(
        {
            "description": "Sound files of the scan folder by BCP 47 language tag.",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "string", "pattern": r"\.([mM][pP]3|[mM]4[aA])$"},
        }
    ),
]
