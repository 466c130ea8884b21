"""A relic.toml from what a relic states: TOML 1.0 that reads back as the very same.

Texts stand in double quotes on one line, with JSON's escapes, which are TOML's; what an editor
does not show or would let turn the line around (control characters, bidirectional overrides) is
escaped too. Tables and keys keep the order that they are given in, so the bytes are always the
same.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: Zero-width joiners, without which Persian, Hindi and many emoji are written wrongly.
_NEEDED = "\u200c\u200d"


def toml_text(stated: Mapping[str, Any], head: Sequence[str] = ()) -> str:
    """The text of a relic.toml that says `stated`, below the comment lines of `head`.

    Raises ValueError for what TOML cannot hold: a text that is not Unicode, None, other types.
    """
    blocks = ["".join(f"# {_shown(line)}\n" for line in head)]
    blocks.append("".join(_lines({k: v for k, v in stated.items() if not _is_table(v)})))
    for key, value in stated.items():
        if isinstance(value, Mapping):
            blocks += _table(key, value)
        elif _is_table(value):
            blocks += _array(_key(key), value)
    return "\n".join(block for block in blocks if block)


def quoted(text: str) -> str:
    """A TOML basic string. Raises ValueError for a text that is not Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{text[:60]!r} is not Unicode") from None
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _table(key: str, table: Mapping[str, Any]) -> Iterator[str]:
    own = {k: v for k, v in table.items() if not _is_array(v)}
    if (lines := "".join(_lines(own))) or not table:
        yield f"[{_key(key)}]\n{lines}"
    for name, value in table.items():
        if _is_array(value):
            yield from _array(f"{_key(key)}.{_key(name)}", value)


def _array(name: str, tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for table in tables:
        yield f"[[{name}]]\n{''.join(_lines(table))}"


def _lines(table: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in table.items():
        name = f"{above}{_key(key)}"
        if value and isinstance(value, Mapping):
            yield from _lines(value, f"{name}.")
        else:
            yield f"{name} = {_value(value)}\n"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    raise ValueError(f"{value!r:.60} cannot stand in a relic.toml")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else quoted(key)


def _is_array(value: Any) -> bool:
    return bool(value) and isinstance(value, list | tuple) and isinstance(value[0], Mapping)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or _is_array(value)


def _escaped(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    if not hidden or character in _NEEDED:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _shown(line: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
