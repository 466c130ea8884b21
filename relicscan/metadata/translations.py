"""Which texts are wanting in which language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from relicscan.metadata.languages import UNDETERMINED, LanguageMap
from relicscan.metadata.relic_toml import RelicToml

#: How many fields a warning names.
_NAMED = 6


def missing_texts(toml: RelicToml) -> dict[str, list[str]]:
    """Fields by language (sorted) whose text is there, but not in that language.

    The languages are those that the relic says it speaks, else those of its title. Texts by
    language of a list are named with their place, from 1: "hotspot 2 title".
    """
    wanted = toml.languages or tuple(sorted(toml.object.title or {}))
    missing: dict[str, list[str]] = {tag: [] for tag in wanted if tag != UNDETERMINED}
    for name, texts in _texts(toml, ""):
        for tag in missing:
            if tag not in texts:
                missing[tag].append(name)
    return {tag: names for tag, names in sorted(missing.items()) if names}


def translation_warnings(toml: RelicToml) -> list[str]:
    """One sentence for each language in which texts are wanting."""
    warnings = []
    for tag, names in missing_texts(toml).items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        named = ", ".join(names[:_NAMED])
        warnings.append(f"no text in {tag} for {named}{more}")
    return warnings


def _texts(table: Any, path: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, info in type(table).model_fields.items():
        value, here = getattr(table, name), f"{path}.{name}".lstrip(".")
        if value is None:
            continue
        if hasattr(value, "model_fields_set"):
            yield from _texts(value, here)
        elif isinstance(value, Sequence) and value and hasattr(value[0], "model_fields_set"):
            for number, one in enumerate(value, start=1):
                for inside, texts in _texts(one, ""):
                    yield f"{here} {number} {inside}", texts
        elif info.annotation == (LanguageMap | None):
            yield here, value
