"""What a report says in words: verdicts, languages, and figures by the names of their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from relicscan.quality.report import numbers

#: Heading and sentence by state and verdict.
VERDICTS = {
    "pass": ("Passed", "Nothing stands against this model."),
    "review": ("To be reviewed", "Somebody should look at this before it is used."),
    "fail": ("Not for use", "The model breaks a limit that it was to keep."),
    "undecided": ("To be reviewed", "No model was made: a question is open that you can answer."),
    "rejected": ("Rejected", "No model was made: the scan, or what is said of it, needs mending."),
    "failed": ("Failed", "No model was made."),
    "crashed": ("Crashed", "No model was made: the process ended before it could say why."),
    "out_of_memory": ("Out of memory", "No model was made: there was not enough memory."),
    "timed_out": ("Timed out", "No model was made: it took longer than it was given."),
}  # fmt: skip

#: How a language calls itself, for those that catalogues use most; others stand by their tag.
_LANGUAGES = {
    "ar": "العربية", "de": "Deutsch", "el": "Ελληνικά", "en": "English", "es": "Español",
    "fa": "فارسی", "fr": "Français", "he": "עברית", "it": "Italiano", "ja": "日本語",
    "ko": "한국어", "la": "Latina", "nl": "Nederlands", "pl": "Polski", "pt": "Português",
    "ru": "Русский", "tr": "Türkçe", "zh": "中文", "zh-Hans": "简体中文", "zh-Hant": "繁體中文",
}  # fmt: skip

#: Endings of keys, and what their figures are in; {unit} is that of the relic.
_ENDINGS = (("_mm2", "{unit}²"), ("_mm", "{unit}"), ("_share", "share"), ("_deg", "°"),
            ("_px", "px"))  # fmt: skip


def language(tag: str) -> str:
    """The name of a language, by itself; its tag where that is all there is to say."""
    return "" if tag == "und" else _LANGUAGES.get(tag, tag)


def heading(name: str) -> str:
    """A stage or gate by its name as people write it: remove_outliers is Remove outliers."""
    words = name.removeprefix("write ").replace("_", " ")
    words = f"write {words}" if name.startswith("write ") else words
    return words[:1].upper() + words[1:]


def figures(found: Mapping[str, Any], unit: str) -> list[str]:
    """Figures of a step as short phrases, without nothings and lists."""
    return [said for key, value in found.items() if (said := _figure(key, value, unit))]


def _figure(key: str, value: Any, unit: str) -> str | None:
    if value is None or value is False or value == 0 or isinstance(value, list | dict):
        return None
    kind = None
    for ending, meaning in _ENDINGS:
        if key.endswith(ending):
            key, kind = key.removesuffix(ending), meaning.format(unit=unit)
            break
    name = re.sub(r"_per_", " per ", key).replace("_", " ")
    if value is True:
        return name
    if isinstance(value, str):
        return f"{name}: {value}"
    if kind == "share":
        return f"{name}: {numbers.share(value)}"
    said = f"{value:,}" if isinstance(value, int) else numbers.digits(value)
    return f"{name}: {said}" + (f"\N{NO-BREAK SPACE}{kind}" if kind else "")


def counts(before: Mapping[str, int], after: Mapping[str, int]) -> str | None:
    """What a step made of points and triangles: "110,000 → 87,170 points"; None where no other."""
    said = []
    for key in ("points", "triangles", "levels"):
        was, now = before.get(key), after.get(key)
        if now is None or now == was:
            continue
        said.append(f"{was:,} → {now:,} {key}" if was else numbers.count(now, key[:-1]))
    return ", ".join(said) or None


def gate_figure(figure: bool | float | None, unit: str | None) -> str:
    """What a gate measured, or a limit of it."""
    if figure is None:
        return "–"
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    if unit == "share":
        return numbers.share(figure)
    return numbers.with_unit(figure, unit) if unit else numbers.digits(figure)


def gate_limit(limit: bool | float | None, wants: str, unit: str | None) -> str:
    """Where a gate's verdict changes: "over 40 %", "under 2 points per mm", "if not"."""
    if limit is None:
        return "–"
    if isinstance(limit, bool):
        return "if not"
    return f"{'over' if wants == 'at_most' else 'under'} {gate_figure(limit, unit)}"
