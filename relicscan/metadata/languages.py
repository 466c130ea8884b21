"""Texts in several languages: BCP 47 tags and the maps from tag to text.

Tags are checked for their form (RFC 5646 section 2.1) and brought to canonical
case (section 2.1.1); whether a subtag is registered is not asked, so a museum
may use any language. Texts are carried as they are, never interpreted.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from relicscan.metadata.fields import FieldError

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
