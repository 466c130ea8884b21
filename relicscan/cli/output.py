"""How all commands talk: answers on stdout, the rest on stderr, colour only on a terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from relicscan.errors import Busy, NoRoom, OutputError, PipelineError, RelicscanError

if TYPE_CHECKING:
    from rich.console import Console

#: Exit codes of the contract; a relic's own failure is 1, and so is any error not named here.
EXIT_FAILED = 1
EXIT_CODES: tuple[tuple[type[RelicscanError], int], ...] = (
    (PipelineError, 2),
    (OutputError, 2),
    (Busy, 11),
    (NoRoom, 12),
)


def answers() -> Console:
    """The console for answers, on stdout: tables are cut to the terminal, never to 80 in a pipe."""
    return _console(sys.stdout)


def remarks() -> Console:
    """The console for progress and remarks, on stderr."""
    return _console(sys.stderr)


def _console(stream: Any) -> Console:
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else 160, highlight=False)


def print_json(data: Any) -> None:
    """Data on stdout for a script."""
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2, sort_keys=True)
    sys.stdout.write("\n")


def explain(error: RelicscanError) -> int:
    """Say on stderr what is wrong and what would work; returns the exit code."""
    from rich.text import Text

    console = remarks()
    where = ", ".join(
        part for part in (error.scan, f"stage {error.stage}" if error.stage else None) if part
    )
    console.print(
        Text.assemble(("error: ", "bold red"), f"{where}: " if where else "", error.message)
    )
    if error.remedy:
        console.print(Text.assemble(("what would work: ", "bold"), error.remedy))
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
