"""What is said when a run has ended: the table, the reasons with what would work, the warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from relicscan.cli import output
from relicscan.cli.dashboard import color, in_words

if TYPE_CHECKING:
    from relicscan.batch.job import Outcome

#: Columns under which the closing table leaves out what can be read elsewhere.
NARROW = 80
#: A warning that holds for more relics than this names the first of them.
NAMED_RELICS = 6
#: Of relics that an earlier run finished, more than this are told in one line.
TOLD_UNCHANGED = 20


def closing_table(outcomes: Sequence[Outcome], out: Path) -> None:
    """The answer of a run: a row for each relic, and the counts."""
    console = output.answers()
    numbers = ["points", "triangles", "time", "memory", "warnings"]
    if console.width < NARROW:
        numbers = ["triangles", "time"]
    table = output.table("relic", "result", *numbers, right=numbers)
    unchanged = [o for o in outcomes if o.unchanged and o.ok]
    left_out = {o.id for o in unchanged} if len(unchanged) > TOLD_UNCHANGED else set()
    for o in outcomes:
        if o.id in left_out:
            continue
        all_numbers = {
            "points": f"{o.points:,}" if o.points else "–",
            "triangles": f"{max(o.triangles.values()):,}" if o.triangles else "–",
            "time": output.duration_in_words(o.seconds) if o.seconds else "–",
            "memory": output.bytes_in_words(o.peak_memory_bytes) if o.peak_memory_bytes else "–",
            "warnings": f"{len(o.warnings)}" if o.warnings else "–",
        }
        words = f"{in_words(o)}, unchanged" if o.unchanged else in_words(o)
        result = output.cell(words, color(o))
        table.add_row(o.id, result, *(all_numbers[number] for number in numbers))
    if table.row_count:
        console.print(table)
    counts = Counter((o.verdict or o.state).replace("_", " ") for o in outcomes)
    summary = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    kept = sum(o.unchanged for o in outcomes)
    unchanged_words = f"; {kept:,} unchanged" if kept else ""
    relics = output.plural(len(outcomes), "relic")
    output.say(console, f"{relics} in {out}: {summary}{unchanged_words}")


def say_reasons(outcomes: Sequence[Outcome]) -> None:
    """Why relics are not simply good, and what would work."""
    console = output.remarks()
    for outcome in outcomes:
        for reason, remedy in outcome.reasons:
            about = f"{outcome.id} ({in_words(outcome)}): "
            output.say(console, (about, "bold"), reason)
            if remedy:
                output.say(console, f"what would work: {remedy}", indent=2)


def say_warnings(outcomes: Sequence[Outcome]) -> None:
    """Each warning once, with the relics that it holds for."""
    relics: dict[str, list[str]] = {}
    for outcome in outcomes:
        for warning in outcome.warnings:
            relics.setdefault(warning, []).append(outcome.id)
    console = output.remarks()
    for warning, ids in relics.items():
        more = f" and {len(ids) - NAMED_RELICS} more" if len(ids) > NAMED_RELICS else ""
        about = f"warning for {', '.join(ids[:NAMED_RELICS])}{more}: "
        output.say(console, (about, "yellow"), warning)


def say_unused_roots(inputs: Iterable[Path]) -> None:
    """Catalogues and defaults above what was given, which go unread."""
    from relicscan.metadata.filling import unused_roots

    for path in unused_roots(inputs):
        output.say(
            output.remarks(),
            (f"{path} is not used: ", "yellow"),
            f"it fills in what folders leave out where its own folder is given: {path.parent}",
        )


def say_next(outcomes: Sequence[Outcome], out: Path) -> None:
    """What to do about relics that an earlier run left as they are, or that are in quarantine."""
    console = output.remarks()
    states = ("crashed", "out_of_memory", "timed_out")
    held = [o.id for o in outcomes if o.state in states]
    if held:
        place = out / ".relicscan" / "quarantine"
        output.say(console, f"in {place}: {', '.join(held)}, each with its log and the command")
    still = [o for o in outcomes if o.unchanged and not o.ok]
    if still:
        relics = output.plural(len(still), "relic")
        output.say(console, f"{relics} failed before, with the same scans: --retry tries again")
    if (out / "report.html").is_file():
        output.say(console, f"all of them, the worst first: {out / 'report.html'}")
