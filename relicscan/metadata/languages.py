"""Texts in several languages: BCP 47 tags and the maps from tag to text.

Tags are checked for their form (RFC 5646 section 2.1) and brought to canonical
case (section 2.1.1); whether a subtag is registered is not asked, so a museum
may use any language. Texts are carried as they are, never interpreted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationError, WithJsonSchema

from relicscan.metadata.fields import FieldError, GivenPath

#: The language of a text that was written without one (ISO 639-2: undetermined).
UNDETERMINED = "und"

# Primary languages of four to eight letters are reserved and unused: "english" is a mistake.
_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?"
    r"(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*(-[a-wyz0-9](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?"
    r"|x(-[a-z0-9]{1,8})+",
    re.IGNORECASE | re.ASCII,
)


def canonical_tag(tag: str) -> str:
    """A BCP 47 tag in canonical case: language lower, Script title, REGION upper.

    Raises ValueError where the tag has not the form of one.
    """
    if len(tag) > 100 or not _TAG.fullmatch(tag):
        raise ValueError(f"{tag[:40]!r} is not a language tag")
    cased: list[str] = []
    after_singleton = False
    for position, subtag in enumerate(tag.lower().split("-")):
        if position and not after_singleton and len(subtag) == 4 and subtag.isalpha():
            subtag = subtag.title()
        elif position and not after_singleton and len(subtag) == 2:
            subtag = subtag.upper()
        after_singleton = after_singleton or len(subtag) == 1
        cased.append(subtag)
    return "-".join(cased)


def is_in(tag: str, language: str) -> bool:
    """Whether a tag is of a language: "en-GB" is of "en" (RFC 4647, section 3.3.1)."""
    return tag == language or tag.startswith(f"{language}-")


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
    for key, text in given.items():
        try:
            tag = canonical_tag(key)
        except ValueError:
            raise FieldError(_no_tag(key), _tag_remedy(key), key) from None
        if tag in texts:
            raise FieldError(f"the language {tag} stands twice", "keep one of the two texts", key)
        if not isinstance(text, str) or not text.strip():
            raise FieldError(
                f"{text!r:.40} is not a text", "write a text in quotes, or leave this key out", key
            )
        texts[tag] = text
    return dict(sorted(texts.items()))


def _no_tag(key: str) -> str:
    return f"{key[:40]!r} is not a language tag"


def _tag_remedy(key: str) -> str:
    tag = key.replace("_", "-")
    if tag != key and _TAG.fullmatch(tag[:100]):
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
                    "propertyNames": {"pattern": "^([A-Za-z]{2,3}|[xX])(-[A-Za-z0-9]{1,8})*$"},
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
    tags: list[str] = []
    for position, tag in enumerate(given):
        try:
            tags.append(canonical_tag(tag))
        except (ValueError, TypeError):
            raise FieldError(_no_tag(str(tag)), _tag_remedy(str(tag)), position) from None
        if tags.count(tags[-1]) > 1:
            raise FieldError(f"the language {tags[-1]} stands twice", "keep one", position)
    return tuple(tags)


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
    for tag, path in texts.items():
        try:
            _GIVEN_FILE.validate_python(path)
        except ValidationError as error:
            raise error.errors()[0]["ctx"]["error"] from None
        if not path.lower().endswith(AUDIO):
            raise FieldError(
                f"{path[:80]!r} is no sound file", "use one of " + ", ".join(AUDIO), tag
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
