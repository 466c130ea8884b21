"""What a page says in a language: the interface's words, texts of relics, numbers and years.

The words lie in `texts/<tag>.toml`, one file a language, and a museum may bring its own in
exhibition.toml. What is missing in a language is said in the next best and marked as such: nothing
is translated, and nothing disappears.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from relicscan.errors import ScanError
from relicscan.metadata.dating import Years
from relicscan.metadata.exports.licences import canonical
from relicscan.metadata.languages import best_text, is_in
from relicscan.stage import did_you_mean

_FOLDER = Path(__file__).parent / "texts"
#: What every key has a text in.
FALLBACK = "en"
#: Tags that say no script and mean one.
_ALSO = {"zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-SG": "zh-Hans"}
#: Scripts and languages that are written from right to left.
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "khw", "ks", "ps", "sd", "syr", "ug", "ur", "yi"]
)
#: What is filled in.
_PLACES = re.compile(r"\{[^{}]*\}|[{}]")
_RTL_SCRIPTS = ("-Arab", "-Hebr", "-Syrc", "-Thaa", "-Nkoo", "-Adlm")


@dataclass(frozen=True)
class Said:
    """A text as it stands on a page: its language, and that language's name where it is another
    than the page's.
    """

    text: str
    tag: str
    other: str | None

    @property
    def lang(self) -> Markup:
        """The attributes of the element that holds it."""
        tag = "" if self.tag == "und" else f' lang="{escape(self.tag)}"'
        return Markup(f'{tag} dir="{direction(self.tag)}"')


def direction(tag: str) -> str:
    """ "ltr" or "rtl"; "auto" where the language is not known."""
    if tag == "und":
        return "auto"
    named = tag.split("-")[0] in _RIGHT_TO_LEFT and "-Latn" not in tag
    return "rtl" if named or any(script in tag for script in _RTL_SCRIPTS) else "ltr"


def comes_with() -> tuple[str, ...]:
    """The languages that the interface is translated into."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@lru_cache
def _table(tag: str) -> dict[str, str]:
    """The words of a language or of the one it is a kind of ("en-GB": "en"); none if there are
    none.
    """
    near = next((known for known in comes_with() if is_in(tag, known)), _ALSO.get(tag))
    if near is None:
        return {}
    return flat(tomllib.loads((_FOLDER / f"{near}.toml").read_text(encoding="utf-8")))


def flat(words: Mapping[str, Any]) -> dict[str, str]:
    """Words by key, those of a table by "table.key"."""
    found: dict[str, str] = {}
    for key, value in words.items():
        if isinstance(value, Mapping):
            found |= {f"{key}.{inner}": text for inner, text in value.items()}
        else:
            found[key] = value
    return found


def languages_of(
    tags: tuple[str, ...], own: Mapping[str, Mapping[str, Any]]
) -> tuple[Language, ...]:
    """The languages of a site in order; `own` has a museum's words by language and key.

    Raises ScanError where these are not words of a page.
    """
    fallback = _table(FALLBACK)
    given = {tag: flat(words) for tag, words in own.items()}
    for tag, words in given.items():
        _check(tag, words, fallback)
    names = {tag: words["language"] for tag, words in given.items() if "language" in words}
    return tuple(
        Language(tag, {**_table(tag), **given.get(tag, {})}, fallback, tags, names) for tag in tags
    )


def _check(tag: str, words: Mapping[str, str], fallback: Mapping[str, str]) -> None:
    """Raise ScanError for a key that no page has, and for places that are not filled in."""
    for key, text in words.items():
        if key not in fallback:
            raise ScanError(
                f"interface.{tag[:40]} has the key {key[:40]!r}, which no page has",
                scan="exhibition.toml",
                remedy=did_you_mean(key, list(fallback), "keys are"),
            )
        if sorted(_PLACES.findall(text)) != sorted(_PLACES.findall(fallback[key])):
            wanted = " and ".join(_PLACES.findall(fallback[key])) or "none"
            raise ScanError(
                f"interface.{tag[:40]}: the text of {key!r} has other places to fill in",
                scan="exhibition.toml",
                remedy=f"its places are {wanted}, as in English: {fallback[key]!r}",
            )


@dataclass(frozen=True)
class Language:
    """A language of the site: its words, and how it writes numbers and years."""

    tag: str
    words: Mapping[str, str]
    fallback: Mapping[str, str]
    order: tuple[str, ...]
    names: Mapping[str, str]

    @property
    def dir(self) -> str:
        return direction(self.tag)

    @property
    def name(self) -> str:
        """Its name in itself."""
        return self.words.get("language", self.tag)

    def plain(self, key: str, **values: object) -> str:
        """The interface's text for a key, for attributes and scripts."""
        text = self.words.get(key) or self.fallback[key]
        return text.format(**values) if values else text

    def of_scripts(self) -> dict[str, str]:
        """What scripts say, by key, places to be filled in left as they are."""
        said = {
            key.partition(".")[2]: self.words.get(key) or text
            for key, text in self.fallback.items()
            if "." in key
        }
        return {"lang": self.tag, **said}

    def t(self, key: str, **values: object) -> Markup:
        """The same for a page: marked as English where there is no other."""
        text = escape(self.plain(key, **values))
        return text if self.words.get(key) else Markup(f'<span lang="en">{text}</span>')

    def labelled(self, key: str, text: str) -> Markup:
        """A label, the mark that this language sets after it, and a text."""
        form = self.words.get("labelled") or self.fallback["labelled"]
        return Markup(escape(form)).format(label=self.t(key), text=text)

    def said(self, texts: Mapping[str, str] | None) -> Said | None:
        """A text of a relic in this language, or else in the next of the site's, or any."""
        found = best_text(texts, (self.tag, *_wider(self.tag), *self.order, FALLBACK))
        if found is None:
            return None
        text, tag = found
        ours = tag == "und" or is_in(tag, self.tag) or is_in(self.tag, tag)
        return Said(text, tag, None if ours else self.name_of(tag))

    def say(self, texts: Mapping[str, str] | None, default: str = "") -> Markup:
        """The same as an element of a page; `default` where there is no text."""
        said = self.said(texts)
        if said is None:
            return escape(default)
        text = f"<span{said.lang}>{escape(said.text)}</span>"
        if said.other is not None:
            text += f' <small class="other">{self.t("in_language", language=said.other)}</small>'
        return Markup(text)

    def text(self, texts: Mapping[str, str] | None, default: str = "") -> str:
        """The same without its language."""
        found = self.said(texts)
        return found.text if found else default

    def name_of(self, tag: str) -> str:
        """What a language calls itself."""
        return self.names.get(tag) or _table(tag).get("language", tag)

    def count(self, number: int) -> str:
        """A whole number, its thousands as written here."""
        return f"{number:,}".replace(",", self.plain("thousands"))

    def number(self, value: float, digits: int = 3) -> str:
        """A number with so many significant digits, its decimals and thousands as written here."""
        decimals = max(0, digits - 1 - _magnitude(value))
        text = f"{value:,.{decimals}f}"
        point, comma = self.plain("decimal_point"), self.plain("thousands")
        return text.replace(",", "\0").replace(".", point).replace("\0", comma)

    def cm(self, mm: float) -> str:
        """A length as visitors read it."""
        unit, per = ("mm", 1.0) if mm < 10 else ("m", 1000.0) if mm >= 3000 else ("cm", 10.0)
        return f"{self.number(mm / per)}\u00a0{unit}"

    def percent(self, share: float) -> str:
        """A share as a percentage."""
        return self.plain("percent", number=self.number(100 * share, 2))

    def size(self, count: int) -> str:
        """A number of bytes."""
        return f"{self.number(count / 1e6)}\u00a0MB" if count >= 1e6 else f"{count // 1000}\u00a0kB"

    def year(self, year: int) -> str:
        """An astronomical year: 0 is 1 BC, -529 is 530 BC. There is no year 0."""
        if year > 0:
            return self.plain("year_ce", year=year)
        return self.plain("year_bce", year=1 - year)

    def years(self, years: Years) -> str:
        """A span of years, open ends told as such."""
        first, last = years
        if first is None and last is not None:
            return self.plain("until", year=self.year(last))
        if last is None and first is not None:
            return self.plain("since", year=self.year(first))
        assert first is not None
        assert last is not None
        if first == last:
            return self.year(first)
        return self.plain("years", first=self.year(first), last=self.year(last))

    def licence(self, uri: str | None) -> str:
        """What a licence or rights statement is called."""
        known = canonical(uri or "") or ""
        if "publicdomain/zero" in known:
            return "CC0 1.0"
        if "publicdomain/mark" in known:
            return self.plain("public_domain")
        if "creativecommons.org/licenses" in known:
            kind, version = known.split("/")[4:6]
            return f"CC {kind.upper()} {version}"
        if "rightsstatements.org" in known:
            return self.plain(f"rights_{known.split('/')[4].split('-')[0].lower()}")
        return uri or ""


def _magnitude(value: float) -> int:
    """The power of ten of a number: 2 of 419.5."""
    return int(f"{value:e}".partition("e")[2]) if value else 0


def _wider(tag: str) -> list[str]:
    """What a tag is a kind of, the nearest first (RFC 4647, section 3.4): "zh" of "zh-Hans"."""
    steps = tag.split("-")
    return ["-".join(steps[:n]) for n in range(len(steps) - 1, 0, -1)]
