"""How the scans of a relic belong together, as registration finds it: nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relicscan.batch.job import reason_of
from relicscan.errors import Undecided
from relicscan.pipeline import Pipeline, run_stage
from relicscan.relic import Relic

STAGE = "register_scans"

Figures = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Graph:
    """Figures of the stage register_scans, as relic.json has them.

    `placements` tell where each scan is, or why it was left out; `pairs` how two scans lie on
    each other. `note` is why nothing was registered. `undecided` is why a run would make no
    model, `remedy` what would work, and `ways` the titles of the pictures that it would make.
    """

    placements: Figures = ()
    pairs: Figures = ()
    note: str | None = None
    undecided: str | None = None
    remedy: str | None = None
    ways: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def graph_of(relic: Relic, pipeline: Pipeline) -> Graph:
    """Register the scans as a run with `pipeline` would. Raises RelicscanError."""
    planned = next((one for one in pipeline.stages if one.stage.name == STAGE), None)
    if planned is None:
        return Graph(note=f"pipeline {pipeline.name} has no stage {STAGE}: a run places no scans")
    try:
        after = run_stage(relic, planned)
    except Undecided as error:
        undecided, remedy = reason_of(error, relic.id)
        return Graph(
            *_figures(error.figures),
            undecided=undecided,
            remedy=remedy,
            ways=tuple(one.title for one in error.arrangements),
        )
    step = after.history[-1]
    return Graph(
        *_figures(step.figures),
        note=None if "placements" in step.figures else _why_nothing(relic, step.skipped),
        ways=tuple(one.title for one in after.arrangements),
        warnings=step.warnings,
    )


def _figures(figures: Mapping[str, Any]) -> tuple[Figures, Figures]:
    return tuple(figures.get("placements", ())), tuple(figures.get("pairs", ()))


def _why_nothing(relic: Relic, skipped: str | None) -> str:
    if skipped is not None:
        return "poses given: relic.toml says that the scans lie in one frame as they are"
    if all(scan.pose is not None for scan in relic.scans):
        return "poses given: a run keeps them"
    return f"{STAGE} registered nothing"
