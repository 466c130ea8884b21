"""The page for the morning after: every relic of an output folder, the worst first.

It is made from index.json, relic.json and run.json alone, so every run leaves the report over
all runs before it, also one that was interrupted, and `relicscan report` makes it again. Relics
are read one after the other, and no more rows are kept than a page can show.
"""

from __future__ import annotations

import heapq
import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from relicscan.batch.ledger import entry_on_disk
from relicscan.batch.report_rows import KINDS, Kind, Row, row
from relicscan.durable import write_durably
from relicscan.metadata.identity import id_problem
from relicscan.metadata.index import IndexEntry, read_index, require_output
from relicscan.metadata.page_seal import sealed
from relicscan.metadata.run_record import RunRecord
from relicscan.quality.report import numbers, words
from relicscan.quality.report.page import render_page

REPORT = "report.html"
#: Rows of a page, 23 MB that a browser reads in some seconds. Those left out are the best.
MOST_ROWS = 20_000
#: How many reasons are told at the top, and how many more are folded below them.
FIRST_GROUPS, MOST_GROUPS = 6, 40

#: Where a text names a file of its own, or figures of its own, it may still be the same reason.
_PLACE = re.compile(r"^(?:[^:\s]{1,200}|[^:]{1,200}\.\w{1,5})(?:, stage \w+)?: ")
_OWN = re.compile(
    r"'[^']{1,200}'|“[^”]{1,200}”|(?!(?:relic\.(?:json|toml)|catalogue\.csv|index\.json)\b)"
    r"[^\s'\"(),;:]*\.[A-Za-z][A-Za-z0-9]{1,4}\b|\d[\d,.]*(?<![.,])"
)


@dataclass
class Group:
    """Relics that end for one reason: its text, "…" where they differ, and what would work."""

    number: int
    text: str
    remedy: str | None
    worst: Kind
    count: int = 0
    some: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """Figures over all relics, also those without a row of their own.

    `slowest` and `hungriest` are (id, seconds) and (id, bytes). `groups` are by first reason,
    those of relics that did not end well first. `again` is the command that runs those again.
    """

    relics: int
    counts: dict[Kind, int]
    seconds: float
    slowest: tuple[str, float] | None
    hungriest: tuple[str, int] | None
    finished: datetime | None
    warnings: int
    groups: tuple[Group, ...]
    again: str

    @property
    def bad(self) -> int:
        """How many did not end well."""
        return sum(n for kind, n in self.counts.items() if not is_good(kind))

    @property
    def to_review(self) -> int:
        return self.counts.get("review", 0) + self.counts.get("undecided", 0)


@dataclass(frozen=True)
class Report:
    """The summary and the rows, the worst first; `group_of` is the group's number by id."""

    summary: Summary
    rows: list[Row]
    group_of: dict[str, int]


def is_good(kind: Kind) -> bool:
    """Whether a relic that ended so stands in nobody's way."""
    return kind in ("pass", "review", "undecided")


def gather(
    out: Path, entries: Iterable[IndexEntry] | None = None, *, most_rows: int | None = None
) -> Report:
    """The report over the relics of `entries`, those of index.json if None.

    No more than `most_rows` rows are kept, the worst. Raises OutputError where `out` is no
    output folder, or its index is damaged.
    """
    tally = _Tally(out)
    rows = tally.rows(_entries(out) if entries is None else entries)
    if most_rows is None:
        kept = sorted(rows, key=lambda one: one.badness)
    else:
        kept = heapq.nsmallest(most_rows, rows, key=lambda one: one.badness)
    return Report(tally.summary(), kept, tally.group_of)


def write_report(
    out: Path,
    entries: Iterable[IndexEntry] | None = None,
    *,
    file: Path | None = None,
    unfinished: int = 0,
) -> Report:
    """Write the page, OUT/report.html unless `file` says otherwise, and return what is in it.

    `unfinished` relics of an interrupted run are told. A page that would be the same is not
    written again. Raises OutputError.
    """
    report = gather(out, entries, most_rows=MOST_ROWS)
    file = out / REPORT if file is None else file
    content = sealed(page(report, out, below=file.parent, unfinished=unfinished), None)
    with suppress(OSError):
        if file.read_bytes() == content:
            return report
    write_durably(file, [content])
    return report


def page(report: Report, out: Path, *, below: Path, unfinished: int = 0) -> str:
    """The page as HTML, its links relative to the folder `below`."""
    name = out.resolve().name or str(out)
    return render_page(
        "batch.html",
        script="batch.js",
        styles=("style.css", "batch.css"),
        name=name,
        summary=report.summary,
        rows=report.rows,
        left_out=report.summary.relics - len(report.rows),
        group_of=report.group_of,
        kinds=[kind for kind in KINDS if kind in report.summary.counts],
        words=words.VERDICTS | {"damaged": _DAMAGED},
        tone=_tone,
        first_groups=FIRST_GROUPS,
        most_groups=MOST_GROUPS,
        unfinished=unfinished,
        base=_base(out, below),
        link=quote,
        logs=_logs(out),
        clip=clip,
        cells=_cells,
    )


_DAMAGED = ("Damaged", "What lies in its folder is not what was written there.")


def _tone(kind: Kind) -> str:
    return "good" if kind == "pass" else "look" if is_good(kind) else "bad"


def _cells(one: Row) -> Iterator[tuple[str, float | None, str, str]]:
    """Columns of figures: label, what is sorted by (None comes last), text, and a note."""
    nothing = "–"
    yield "Warnings", one.warnings or None, str(one.warnings or nothing), ""
    if one.deviation_mm is None and one.deviation_share is not None:
        yield "Deviation", None, numbers.share(one.deviation_share), "of diagonal"
    else:
        yield "Deviation", one.deviation_mm, numbers.with_unit(one.deviation_mm, "mm"), ""
    if one.size is None:
        yield "Size", None, nothing, ""
    elif one.scale_known:
        yield "Size", round(max(one.size), 6), numbers.sizes(one.size, "mm"), ""
    else:
        yield "Size", None, numbers.sizes(one.size, "units"), "scale unknown"
    for label, value in (("Triangles", one.triangles), ("Points", one.points)):
        yield label, value, nothing if value is None else f"{value:,}", ""
    seconds, memory = one.seconds, one.memory_bytes
    yield "Time", seconds, nothing if seconds is None else numbers.seconds(seconds), ""
    yield "Memory", memory, nothing if memory is None else numbers.size(memory), ""


def clip(text: str, length: int) -> str:
    """A text of no more than so many characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _base(out: Path, below: Path) -> str:
    """The way from the page to OUT, as the start of an address."""
    if out.resolve() == below.resolve():
        return ""
    try:
        way = PurePath(os.path.relpath(out.resolve(), below.resolve())).as_posix()
    except ValueError:  # on another drive
        return out.resolve().as_uri() + "/"
    return quote(way) + "/"


def _logs(out: Path) -> frozenset[str]:
    """Ids of relics that have a log."""
    with suppress(OSError):
        return frozenset(path.stem for path in (out / ".relicscan" / "logs").glob("*.log"))
    return frozenset()


def _entries(out: Path) -> Iterator[IndexEntry]:
    """Those of index.json, and of what a run that is at work has placed since it was written."""
    require_output(out)
    entries = {entry.id: entry for entry in read_index(out).relics}
    with suppress(OSError):
        journal = (out / ".relicscan" / "journal").read_text("utf-8", errors="replace")
        for placed in dict.fromkeys(journal.splitlines()):
            if id_problem(placed) is None and (entry := entry_on_disk(out, placed)) is not None:
                entries[placed] = entry
    yield from entries.values()


class _Tally:
    """Sums over the rows that pass by."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.counts: Counter[Kind] = Counter()
        self.groups: dict[str, Group] = {}
        self.group_of: dict[str, int] = {}
        self.asked: Counter[str] = Counter()
        self.seconds = 0.0
        self.warnings = 0
        self.slowest: tuple[float, str] | None = None
        self.hungriest: tuple[int, str] | None = None
        self.finished: datetime | None = None

    def rows(self, entries: Iterable[IndexEntry]) -> Iterator[Row]:
        for entry in entries:
            found, run = row(self.out, entry)
            self.counts[found.kind] += 1
            self.warnings += found.warnings or 0
            self._cost(found)
            if found.kind != "pass":
                self._group(found)
            if not is_good(found.kind):
                self.asked[_asked(run, found)] += 1
            yield found

    def _cost(self, one: Row) -> None:
        if one.seconds is not None:
            self.seconds += one.seconds
            self.slowest = max(self.slowest or (0.0, ""), (one.seconds, one.id))
        if one.memory_bytes is not None:
            self.hungriest = max(self.hungriest or (0, ""), (one.memory_bytes, one.id))
        if one.finished is not None:
            self.finished = max(self.finished or one.finished, one.finished)

    def _group(self, one: Row) -> None:
        text, remedy = one.reasons[0] if one.reasons else ("no reason is on record", None)
        text = _PLACE.sub("", text)
        key = _OWN.sub("…", text)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(len(self.groups), text, remedy, one.kind)
        elif group.text != text:
            group.text = key
        if group.remedy != remedy:
            group.remedy = _OWN.sub("…", remedy) if remedy else group.remedy
        group.worst = min(group.worst, one.kind, key=KINDS.index)
        group.count += 1
        if len(group.some) < 3:
            group.some.append(one.id)
        self.group_of[one.id] = group.number

    def summary(self) -> Summary:
        out = self.out.resolve().name or str(self.out)
        asked = self.asked.most_common(1)[0][0] if self.asked else ""
        again = f"relicscan run SCANS -o {shlex.quote(out)}{asked} --retry"
        groups = sorted(
            self.groups.values(), key=lambda g: (is_good(g.worst), -g.count, g.text, g.number)
        )
        return Summary(
            relics=self.counts.total(),
            counts={kind: self.counts[kind] for kind in KINDS if kind in self.counts},
            seconds=round(self.seconds, 3),
            slowest=self.slowest and (self.slowest[1], self.slowest[0]),
            hungriest=self.hungriest and (self.hungriest[1], self.hungriest[0]),
            finished=self.finished,
            warnings=self.warnings,
            groups=tuple(groups),
            again=again,
        )


def _asked(run: RunRecord | None, one: Row) -> str:
    """The options of the run that a relic was last in, as they are typed."""
    parts = []
    if run is not None and run.request is not None:
        if run.request.pipeline is not None:
            parts += ["-p", PurePath(run.request.pipeline).name]
        for name, value in run.request.overrides.items():
            said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            parts += ["--set", f"{name}={said}"]
    if one.reproducible:
        parts.append("--reproducible")
    return "".join(f" {shlex.quote(part)}" for part in parts)


def as_data(report: Report) -> dict[str, Any]:
    """The report for `--json`."""
    summary = report.summary
    return {
        "relics": summary.relics,
        "counts": summary.counts,
        "seconds": summary.seconds,
        "slowest": summary.slowest and {"id": summary.slowest[0], "seconds": summary.slowest[1]},
        "most_memory": summary.hungriest
        and {"id": summary.hungriest[0], "bytes": summary.hungriest[1]},
        "last_finished": summary.finished and summary.finished.isoformat(),
        "warnings": summary.warnings,
        "reasons": [
            {"text": group.text, "remedy": group.remedy, "relics": group.count}
            for group in summary.groups
        ],
        "run_again": summary.again,
        "rows": [_row_data(one) for one in report.rows],
    }


def _row_data(one: Row) -> dict[str, Any]:
    return {
        "id": one.id,
        "result": one.kind,
        "title": one.title[0],
        "kept_earlier": one.kept_earlier,
        "reasons": [{"text": text, "remedy": remedy} for text, remedy in one.reasons],
        "warnings": one.warnings,
        "deviation_rms_mm": one.deviation_mm,
        "deviation_rms_of_diagonal": one.deviation_share,
        "scale_known": one.scale_known,
        "size": one.size,
        "triangles": one.triangles,
        "points": one.points,
        "seconds": one.seconds,
        "peak_memory_bytes": one.memory_bytes,
        "finished": one.finished and one.finished.isoformat(),
    }
