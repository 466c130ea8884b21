"""The outcomes of a run as JUnit XML, which CI systems read and show.

A relic is a test case: what does not count as good is a failure, what broke us (a crash, a
defect, a limit) an error. As most readers do, this follows the schema of Ant's JUnit task.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from relicscan.batch.job import Outcome
from relicscan.durable import write_durably

#: What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OUR_PART = ("failed", "crashed", "out_of_memory", "timed_out")


def write_junit(path: Path, outcomes: Sequence[Outcome], *, strict: bool = False) -> None:
    """Write the file; `strict` counts a review as a failure. Raises OutputError."""
    write_durably(path, [junit(outcomes, strict=strict)])


def junit(outcomes: Sequence[Outcome], *, strict: bool = False) -> bytes:
    """The XML document."""
    suite = ElementTree.Element("testsuite", name="relicscan")
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for outcome in outcomes:
        counts["tests"] += 1
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname="relicscan.run",
            name=outcome.id,
            time=f"{0.0 if outcome.unchanged else outcome.seconds:.3f}",
        )
        if not outcome.ok or (strict and outcome.verdict == "review"):
            kind = "error" if outcome.state in _OUR_PART else "failure"
            counts["errors" if kind == "error" else "failures"] += 1
            lines = [text for text, _ in outcome.reasons]
            found = ElementTree.SubElement(
                case,
                kind,
                type=outcome.verdict or outcome.state,
                message=_clean(lines[0] if lines else outcome.state),
            )
            found.text = _clean(
                "\n".join(
                    f"{text}\n  what would work: {remedy}" if remedy else text
                    for text, remedy in outcome.reasons
                )
            )
        elif outcome.unchanged:
            counts["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message="nothing has changed since it was made")
        if outcome.warnings:
            warned = ElementTree.SubElement(case, "system-out")
            warned.text = _clean("\n".join(f"warning: {text}" for text in outcome.warnings))
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.set("time", f"{sum(o.seconds for o in outcomes if not o.unchanged):.3f}")
    ElementTree.indent(suite)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)) + b"\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
