"""Where each key of a TOML text stands, and whether the text is nested beyond reason.

The parser of the standard library forgets the lines of what it has read, and
its time grows with the square of the parts of a key and its stack with the
depth of brackets (a key of 20,000 parts, 40 kB: 6 s). This outline reads the
same text in one linear pass before it, and need not understand values.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

MAX_DEPTH = 32

# Every alternative is possessive and does without a closing quote: no text is read twice.
_TOKEN = re.compile(
    r'''
      (?P<block>"""(?:[^"\\]|\\.|"(?!""))*+"{0,5} | \'\'\'(?:[^']|'(?!''))*+'{0,5})
    | (?P<text>"(?:[^"\\\n]|\\[^\n])*+"? | '[^'\n]*+'?)
    | (?P<comment>\#[^\n]*+)
    | (?P<bare>[A-Za-z0-9_-]++)
    | (?P<mark>[\[\]{}=,.\n])
    ''',
    re.VERBOSE | re.DOTALL,
)

Path = tuple[str | int, ...]


@dataclass
class Outline:
    """`lines`: the line, from 1, of every key and table that stands on a line of its own.

    Elements of arrays of tables count from 0: ("hotspot", 1, "title", "en").
    `too_deep`: the line of a key or bracket nested deeper than MAX_DEPTH, or None.
    """

    lines: dict[Path, int] = field(default_factory=dict)
    too_deep: int | None = None

    def line_of(self, path: Path) -> int:
        """The line of the nearest thing that contains `path`; 1 where nothing does."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def outline(text: str) -> Outline:
    """The outline of a TOML text, valid or not. Never raises."""
    result = Outline()
    tables: dict[Path, int] = {}  # how many elements an array of tables has so far
    table: Path = ()
    key: list[str] = []
    line, dots, depth = 1, 0, 0
    header = ""  # the opening brackets of a table header that is being read
    in_value = False
    for token in _TOKEN.finditer(text):
        kind, word = token.lastgroup, token.group()
        if kind in ("block", "comment"):
            line += word.count("\n")
        elif kind in ("text", "bare"):
            if not in_value:
                key.append(_unquoted(word))
        elif word == "\n":
            line += 1
            dots = 0
            if depth == 0:
                key, header, in_value = [], "", False
        elif word == ".":
            dots += 1
        elif in_value:
            dots = 0
            depth = max(0, depth + {"[": 1, "{": 1, "]": -1, "}": -1}.get(word, 0))
        elif word == "[":
            header += word
        elif word == "]" and header:
            table = _resolved(tuple(key), tables, is_array=header == "[[")
            result.lines.setdefault(table, line)
            key, header = [], ""
        elif word == "=":
            _add_with_parents(result.lines, table, key, line)
            in_value, dots = True, 0
        if max(depth, dots) > MAX_DEPTH and result.too_deep is None:
            result.too_deep = line
    return result


def _unquoted(word: str) -> str:
    if word[0] not in "\"'":
        return word
    if word[0] == '"' and "\\" in word:
        try:
            return str(json.loads(word))  # TOML's escapes are JSON's, and \\U
        except ValueError:
            return word
    return word.strip(word[0])


def _resolved(names: Path, tables: dict[Path, int], *, is_array: bool) -> Path:
    """The path of a table header, with the elements of arrays of tables that it lies in."""
    path: Path = ()
    for position, name in enumerate(names[:MAX_DEPTH]):
        path = (*path, name)
        if is_array and position == len(names) - 1:
            tables[path] = tables.get(path, 0) + 1
        if path in tables:
            path = (*path, tables[path] - 1)
    return path


def _add_with_parents(lines: dict[Path, int], table: Path, key: list[str], line: int) -> None:
    for length in range(1, min(len(key), MAX_DEPTH) + 1):
        lines.setdefault((*table, *key[:length]), line)
