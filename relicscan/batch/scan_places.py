"""Where the scans of an output folder lie: what its runs were given, on this machine.

OUT/.relicscan/scans.json keeps it, the last first. A path means something on one machine alone
and is nobody else's business, so no manifest holds it, and no report: .relicscan is not handed on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from relicscan.durable import write_durably
from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.vouched import open_regular
from relicscan.scan_folder import FoundRelic, find_relics

PLACES = Path(".relicscan", "scans.json")
#: Somebody who runs each scan folder by itself has that many; the oldest are forgotten first.
MOST_PLACES = 10_000
_MOST_BYTES = 100_000_000

Scans = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Place:
    """Files, folders and roots as they were given together, and the relics found there, by id."""

    roots: tuple[Path, ...]
    relics: dict[str, FoundRelic]


def remember(out: Path, inputs: Sequence[Path]) -> None:
    """Keep what a run was given. Without it somebody has to name the scans: it fails no run."""
    before = remembered(out)
    now = list(dict.fromkeys([*map(Path.absolute, inputs), *before]))[:MOST_PLACES]
    if now != before:
        with suppress(OutputError):
            text = json.dumps([str(path) for path in now], indent=2)
            write_durably(out / PLACES, [text.encode()])


def remembered(out: Path) -> list[Path]:
    """What runs into `out` were given, the last first; nothing where nobody knows."""
    try:
        with open_regular(out / PLACES) as stream:
            paths = json.loads(stream.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(paths, list):
        return []
    named = [Path(path) for path in paths if isinstance(path, str) and "\0" not in path]
    return [path for path in named if path.is_absolute()]


def places(
    out: Path,
    scans: Scans | None,
    ids: Collection[str],
    note: Callable[[str], None] = lambda _: None,
) -> list[Place]:
    """Where the relics `ids` are to be looked for: `scans`, else where runs have read them.

    `scans` are one place, and have to exist: raises PipelineError. None looks in what is
    remembered, each by itself, and `note` hears which relics are in none. A relic that is in
    several is that of the last run.
    """
    if scans is not None:
        given = [scans] if isinstance(scans, str | Path) else scans
        roots = tuple(Path(root) for root in given)
        return [Place(roots, {r.id: r for r in find_relics(roots)})] if roots else []
    found, left = [], set(ids)
    for root in remembered(out):
        if not left:
            break
        with suppress(PipelineError):  # it is not there, or not now
            here = {r.id: r for r in find_relics([root]) if r.id in left}
            if here:
                left -= here.keys()
                found.append(Place((root,), here))
    if left:
        first = ", ".join(sorted(left)[:3]) + (", …" if len(left) > 3 else "")
        why = (
            "they are not where a run read them"
            if remembered(out)
            else "where they lie is not known"
        )
        note(f"scans were not read of {len(left):,} ({first}): {why}; --scans names the folder")
    return found
