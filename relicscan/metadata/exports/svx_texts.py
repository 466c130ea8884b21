"""Texts for Voyager: by its names for the nine languages that it knows, and as HTML where it sets
them as HTML.

A text in another language is left out. A text in no language stands where Voyager kept its texts
before it had languages: `title` beside `titles`, `lead` beside `leads`.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from relicscan.metadata.exports.table import flat
from relicscan.metadata.languages import UNDETERMINED, is_in

#: source/client/schema/common.ts: ELanguageType.
_LANGUAGES = ("en", "es", "de", "nl", "ja", "fr", "it", "haw", "ar")


def voyager_language(tag: str) -> str | None:
    """Voyager's name for a language: "EN" for "en" and for "en-GB"; None for Chinese."""
    return next((name.upper() for name in _LANGUAGES if is_in(tag, name)), None)


def voyager_languages(texts: Mapping[str, str]) -> dict[str, str]:
    """Voyager's names for the languages of a text, by tag, each once: of "en" and "en-GB", which
    are both EN to it, the first.
    """
    tags: dict[str, str] = {}
    for tag in texts:
        name = voyager_language(tag)
        if name and name not in tags:
            tags[name] = tag
    return {tag: name for name, tag in tags.items()}


def said(
    one: str, by_language: str, texts: Mapping[str, str] | None, *, as_html: bool = False
) -> dict[str, Any]:
    """A text under the name that Voyager has for one, and for one in each language."""
    texts = texts or {}
    shown = {tag: escape(text, quote=False) if as_html else text for tag, text in texts.items()}
    found: dict[str, Any] = {}
    if UNDETERMINED in shown:
        found[one] = shown[UNDETERMINED]
    if known := voyager_languages(texts):
        found[by_language] = {name: shown[tag] for tag, name in known.items()}
    return found


def by_path(table: Any, name: str) -> dict[str, Any]:
    """What a table of relic.toml states, each a single text as Voyager's editor shows it:
    "object.material@EN".
    """
    found: dict[str, Any] = {}
    for _, path, value in flat(table, name):
        field, at, tag = path.partition("@")
        if not at or tag == UNDETERMINED:
            found[field] = value
        elif language := voyager_language(tag):
            found.setdefault(f"{field}@{language}", value)
    return found
