"""What each stage did, in numbers and in time: relic.json tells the first, run.json the second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relicscan.errors import PipelineError
from relicscan.metadata.manifest import RelicManifest, StepRecord
from relicscan.metadata.run_record import RunRecord
from relicscan.quality.report import words


@dataclass(frozen=True)
class Row:
    """A line of the table of stages; `bar` is its time as a share of the longest."""

    name: str
    means: str
    did: tuple[str, ...]
    skipped: str | None
    changed: tuple[str, ...]
    seconds: float | None
    bar: float


def rows(manifest: RelicManifest, run: RunRecord, unit: str) -> list[Row]:
    """Every stage in the order of the pipeline, between reading and writing."""
    times = dict(run.stage_seconds)
    longest = max(times.values(), default=0) or 1.0
    found = []

    def add(name: str, step: StepRecord | None, seconds: float | None) -> None:
        found.append(
            Row(
                name=words.heading(name),
                means=_means(name) if step else _WRITING.get(name, ""),
                did=() if step is None else _did(step, unit),
                skipped=None if step is None else step.skipped,
                changed=() if step is None else _changed(step),
                seconds=seconds,
                bar=(seconds or 0) / longest,
            )
        )

    if "read" in times:
        add("read", None, times.pop("read"))
    for step in manifest.steps:
        add(step.stage, step, times.pop(step.stage, None))
    for name, seconds in times.items():
        add(name, None, seconds)
    return found


#: What comes before and after the stages.
_WRITING = {
    "read": "Read the scan folder and check every file.",
    "write master": "Write the full mesh.",
    "write models": "Solve and write every level of every target.",
    "write pictures": "Posters and turns for catalogues.",
    "write arrangements": "Pictures of what is undecided.",
    "write report": "Pictures and maps of this report.",
    "validate": "The Khronos validator looks at every model.",
    "gates": "Hold the figures against what the pipeline asks of them.",
}


def _means(name: str) -> str:
    from relicscan.stage import get_stage

    try:
        return get_stage(name).summary
    except PipelineError:  # a stage of another version
        return ""


def _did(step: StepRecord, unit: str) -> tuple[str, ...]:
    if step.skipped:
        return ()
    counted = words.counts(step.before, step.after)
    said = [counted] if counted else []
    if step.undecided:
        said.append(step.undecided)
    return (*said, *words.figures(step.figures, unit))


def _changed(step: StepRecord) -> tuple[str, ...]:
    """Parameters that are not the pipeline's own, with whose they are."""
    return tuple(
        f"{key} = {_value(step.parameters, key)} ({origin})"
        for key, origin in step.overridden.items()
    )


def _value(parameters: dict[str, Any], path: str) -> Any:
    if path in parameters:
        return parameters[path]
    name, _, rest = path.partition(".")
    inner = parameters.get(name)
    return inner.get(rest) if isinstance(inner, dict) else inner


def graph(manifest: RelicManifest) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Placements, those left out first, and pairs of the scans, as register_scans told them.

    Empty where it did not.
    """
    for step in manifest.steps:
        if step.stage == "register_scans" and step.figures.get("placements"):
            placements: Any = step.figures["placements"]
            pairs: Any = step.figures.get("pairs") or []
            ordered = sorted(placements, key=lambda one: "left_out" not in one)
            return ordered, [pair for pair in pairs if pair.get("used")]
    return [], []


def taken_away(manifest: RelicManifest) -> list[tuple[int, str, list[str]]]:
    """Every step that took something away: its place, its name, and what in numbers."""
    found = []
    for place, step in enumerate(manifest.steps):
        if step.skipped or not step.stage.startswith(("remove_", "crop", "reconcile")):
            continue
        said = words.counts(step.before, step.after)
        listed: Any = step.figures.get("surroundings") or []
        parts = [_surrounding(one) for one in listed]
        if said or parts:
            found.append((place, words.heading(step.stage), [*([said] if said else []), *parts]))
    return found


def _surrounding(one: dict[str, Any]) -> str:
    kept = "removed" if one.get("removed") else "kept"
    number = one.get("points", one.get("triangles"))
    what = "points" if "points" in one else "triangles"
    sure = f", {one['confidence']:.0%} sure" if one.get("confidence") is not None else ""
    return f"{one.get('what')}: {number:,} {what} {kept}{sure} ({one.get('basis')})"
