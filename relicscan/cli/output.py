"""How all commands talk: answers on stdout, the rest on stderr, colour only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal

from relicscan.errors import Busy, NoRoom, OutputError, PipelineError, RelicscanError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

#: Exit codes of the contract; a relic's own failure is 1, and so is any error not named here.
EXIT_FAILED = 1
EXIT_WRONG = 2
EXIT_INTERRUPTED = 130
EXIT_CODES: tuple[tuple[type[RelicscanError], int], ...] = (
    (PipelineError, EXIT_WRONG),
    (OutputError, EXIT_WRONG),
    (Busy, 11),
    (NoRoom, 12),
)


def answers() -> Console:
    """The console for answers, on stdout."""
    return _console(sys.stdout)


def remarks() -> Console:
    """The console for progress and remarks, on stderr."""
    return _console(sys.stderr)


def _console(stream: Any) -> Console:
    """Tables are as wide as the terminal; in a pipe they have COLUMNS, never an unasked-for 80."""
    from rich.console import Console

    asked = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(asked) if asked.isdecimal() and int(asked) else 160
    return Console(file=stream, width=width, highlight=False)


def say(console: Console, *parts: str | tuple[str, str], indent: int = 0) -> None:
    """A line of parts, plain or with a style; in a pipe one line stays one line."""
    from rich.padding import Padding
    from rich.text import Text

    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    text = Text.assemble(*((printable(words), style) for words, style in styled))
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)


def printable(text: str) -> str:
    """Text with control characters made visible: names of files must not steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def table(*headings: str, right: Collection[str] = ()) -> Table:
    """A table without lines; columns named in `right` hold numbers and keep them whole.

    Other columns are wrapped where the terminal is narrow; nothing is cut off.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading in right else "left"
        made.add_column(heading, justify=justify, overflow="fold", no_wrap=heading in right)
    return made


def cell(text: str, style: str = "") -> Text:
    """A cell of a table, brackets in it being brackets."""
    from rich.text import Text

    return Text(printable(text), style)


def plural(count: int, noun: str) -> str:
    """1 relic, 2 relics."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def print_json(data: Any) -> None:
    """Data on stdout for a script."""
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2, sort_keys=True)
    sys.stdout.write("\n")


def explain(error: RelicscanError) -> int:
    """Say on stderr what is wrong and what would work; returns the exit code."""
    console = remarks()
    stage = f"stage {error.stage}" if error.stage else None
    where = ", ".join(part for part in (error.scan, stage) if part)
    say(console, ("error: ", "bold red"), f"{where}: " if where else "", error.message)
    if error.remedy:
        say(console, ("what would work: ", "bold"), error.remedy)
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_FAILED)


def bytes_in_words(count: float) -> str:
    """A size as people read it: 3.1 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def duration_in_words(seconds: float) -> str:
    """A duration as people read it: 4.2 s, 3 min 10 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
