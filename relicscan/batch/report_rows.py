"""One relic as the report over the batch tells it: what index.json, relic.json and run.json say.

A relic.json is believed where it is the file that the index lists. One that is not, or cannot be
read, costs its relic the figures, and is itself what stands against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from relicscan.errors import OutputError
from relicscan.metadata.canonical import MAX_BYTES, bytes_sha256, parse_json
from relicscan.metadata.index import IndexEntry
from relicscan.metadata.manifest import LevelRecord, RelicManifest
from relicscan.metadata.run_record import RunRecord, read_run
from relicscan.metadata.vouched import open_regular
from relicscan.quality.report import curator
from relicscan.quality.report.measured import shown_levels

#: "damaged" is a relic whose manifest cannot be believed; "undecided" a review without a model.
Kind = Literal[
    "damaged", "failed", "crashed", "out_of_memory", "timed_out", "rejected", "fail",
    "undecided", "review", "pass",
]  # fmt: skip
#: From the worst to the best.
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]

#: Pictures of a model that may stand for it, the smallest file first.
_PICTURES = ("preview/turn-0.webp", "preview/poster-grey.webp", "preview/poster.webp")
_RESTORE = "restore it from a copy, or delete the relic's folder and run its scans again"


@dataclass(frozen=True, slots=True)
class Row:
    """A relic and its figures, None where there is none; paths are below its folder.

    `deviation_mm` is the root mean square from the scan to the finest model, `deviation_share`
    the same over the diagonal. `size` (height, width, depth) is in mm where `scale_known`, else
    in units of which the longest side has 1000. `title` and `titles` are (text, language tag).
    `kept_earlier`: the last run made no model, and the figures are those of an earlier one.
    """

    id: str
    kind: Kind
    title: tuple[str, str]
    titles: tuple[tuple[str, str], ...] = ()
    kept_earlier: bool = False
    reasons: tuple[tuple[str, str | None], ...] = ()
    warnings: int | None = None
    deviation_mm: float | None = None
    deviation_share: float | None = None
    scale_known: bool = False
    size: tuple[float, float, float] | None = None
    triangles: int | None = None
    points: int | None = None
    seconds: float | None = None
    memory_bytes: int | None = None
    finished: datetime | None = None
    picture: str | None = None
    page: str | None = None
    reproducible: bool = False

    @property
    def badness(self) -> tuple[Any, ...]:
        """What rows are sorted by, the worst first."""
        return (
            KINDS.index(self.kind),
            -len(self.reasons),
            -(self.warnings or 0),
            -(self.deviation_share or 0.0),
            self.id,
        )


def row(out: Path, entry: IndexEntry) -> tuple[Row, RunRecord | None]:
    """The row of a relic that the index lists, and its run.json if there is one."""
    folder = out / entry.id
    run = _run(folder, entry)
    found: dict[str, Any] = {"id": entry.id, "title": (entry.id, "")}
    if run is not None:
        found |= {
            "seconds": run.seconds,
            "memory_bytes": run.peak_memory_bytes,
            "finished": run.finished,
        }
    try:
        manifest = _manifest(folder, entry)
    except OutputError as error:
        reasons: Sequence[tuple[str, str | None]] = ((error.message, error.remedy),)
        return Row(kind="damaged", reasons=tuple(reasons), **found), run
    if run is not None and run.state == entry.state:
        # The validator of a machine may stand against a model: run.json alone says so.
        verdict = run.verdict
        reasons = [(reason.text, reason.remedy) for reason in run.reasons]
    else:
        verdict = entry.verdict
        reasons = [] if entry.reason is None else [(entry.reason, entry.remedy)]
    kind: Any = verdict or entry.state
    if kind == "review" and manifest.master is None:
        kind = "undecided"
    return Row(
        kind=kind,
        reasons=tuple(reasons),
        kept_earlier=entry.from_earlier_run,
        **(found | _figures(folder, manifest)),
    ), run


def _figures(folder: Path, manifest: RelicManifest) -> dict[str, Any]:
    first, *others = curator.titles(manifest)
    found: dict[str, Any] = {
        "title": (first.text, first.tag),
        "titles": tuple((one.text, one.tag) for one in others),
        "warnings": len(manifest.warnings),
        "scale_known": manifest.scale_known,
        "points": max((step.before.get("points", 0) for step in manifest.steps), default=0) or None,
        "picture": _picture(manifest),
        "page": "report.html" if (folder / "report.html").is_file() else None,
        "reproducible": manifest.reproducible,
    }
    if manifest.levels:
        finest = shown_levels(manifest.levels)[0]
        there = finest.deviation.scan_to_level if finest.deviation else None
        found |= {
            "triangles": finest.triangles,
            "size": _size(finest),
            "deviation_mm": there.rms_mm if there else None,
            "deviation_share": there.rms_of_diagonal if there else None,
        }
    return found


def _size(level: LevelRecord) -> tuple[float, float, float]:
    low, high = level.bounds_m
    width, height, depth = (1000 * (b - a) for a, b in zip(low, high, strict=True))
    return height, width, depth


def _picture(manifest: RelicManifest) -> str | None:
    paths = {file.path for file in manifest.files}
    candidates = (*_PICTURES, *(one.path for one in manifest.arrangements))
    return next((path for path in candidates if path in paths), None)


def _manifest(folder: Path, entry: IndexEntry) -> RelicManifest:
    """A relic.json that is what the index lists. Raises OutputError."""
    try:
        with open_regular(folder / "relic.json") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise OutputError("its relic.json is missing", remedy=_RESTORE) from None
    except OSError as error:
        said = error.strerror or error
        raise OutputError(f"its relic.json cannot be read ({said})", remedy=_RESTORE) from None
    if bytes_sha256(content) != entry.sha256:
        raise OutputError(
            "its relic.json has changed: it is not the file that index.json lists", remedy=_RESTORE
        )
    try:
        return parse_json(content, RelicManifest, scan="relic.json")
    except OutputError as error:
        raise OutputError(f"its relic.json is {error.message}", remedy=error.remedy) from None


def _run(folder: Path, entry: IndexEntry) -> RunRecord | None:
    """The record of the last run; None where it is missing, damaged or of another relic."""
    try:
        run = read_run(folder / "run.json")
    except OutputError:
        return None
    return run if run.id == entry.id else None
