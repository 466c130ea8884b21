"""A ball with an open underside and strays around it, run and delivered; and what pages say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapes import noisy, scan_relic, sphere_points

from relicscan.delivery.outputs import levels_as_they_are, write_master, write_models
from relicscan.delivery.sources import Sources
from relicscan.metadata.manifest import LevelRecord, PipelineRecord, RelicManifest, relic_manifest
from relicscan.metadata.run_record import RunRecord, run_record
from relicscan.pipeline import Pipeline, PlannedStage, stage_by_stage
from relicscan.quality.as_scanned import followed
from relicscan.quality.report import gather
from relicscan.quality.report.measured import Measured
from relicscan.quality.report.page import relic_page
from relicscan.relic import PointCloud, Relic
from relicscan.stage import get_stage

STAGES: dict[str, dict[str, Any]] = {
    "merge_scans": {},
    "remove_outliers": {},
    "estimate_normals": {},
    "reconstruct_surface": {},
    "clean_mesh": {},
    "remove_small_components": {},
    "fill_holes": {},
    "transfer_colors": {},
    "set_upright": {},
    "build_levels": {"ceilings": {"low": 300, "high": 1000}},
    "measure_deviation": {"samples": 5000},
}
STRAYS = 5


def ball(unit: str | None = "mm") -> Relic:
    """5000 points of a sphere of 50 mm without its underside, and STRAYS far off."""
    points = noisy(sphere_points(5000, above=-0.8), 0.1)
    strays = np.array([[0, 0, 80.0 + 9 * i] for i in range(STRAYS)])
    points = np.vstack([points, strays])
    colors = np.tile(np.uint8([180, 90, 40]), (len(points), 1))
    return scan_relic(PointCloud(points, colors=colors), unit=unit)


def run(relic: Relic) -> Relic:
    """The relic after STAGES, as a batch takes it there."""
    planned = [PlannedStage(get_stage(n), get_stage(n).effective(p)) for n, p in STAGES.items()]
    for after in stage_by_stage(relic, Pipeline("test", "", tuple(planned))):
        relic = replace(after, as_scanned=followed(relic, after))
    return relic


@dataclass(frozen=True)
class Made:
    """A relic, its delivered files under `folder`, and what a report is made of."""

    relic: Relic
    folder: Path
    levels: list[LevelRecord]
    manifest: RelicManifest
    measured: Measured

    @property
    def page(self) -> str:
        return relic_page(self.manifest, run_of(self.manifest), self.measured)


def made_of(relic: Relic, folder: Path) -> Made:
    """Deliver a finished relic and measure it, in pictures of a few pixels."""
    master, files = write_master(relic, folder)
    models = write_models(Sources(relic), [levels_as_they_are(relic)], folder)
    manifest = relic_manifest(
        relic,
        state="done",
        verdict="pass",
        reproducible=True,
        pipeline=PipelineRecord(name="test", sha256="0" * 64),
        master=master,
        levels=models.levels,
        files=files,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "VIEW_PX", 48)
        patch.setattr(gather, "SCAN_PX", 48)
        measured = gather.measure(relic, models.levels, [], folder)
    return Made(relic, folder, models.levels, manifest, measured)


def run_of(manifest: RelicManifest, **changed: Any) -> RunRecord:
    """A run.json that fits a manifest: a second for every step."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    given: dict[str, Any] = {
        "state": manifest.state,
        "verdict": manifest.verdict,
        "reasons": manifest.reasons,
        "started": start,
        "finished": start + timedelta(seconds=61),
        "seconds": 61.25,
        "threads": 2,
        "stage_seconds": {"read": 0.5, **{step.stage: 1.0 for step in manifest.steps}},
    }
    return run_record(manifest.id, **{**given, **changed})


@pytest.fixture(scope="session")
def finished() -> Relic:
    return run(ball())


@pytest.fixture(scope="session")
def made(finished: Relic, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_of(finished, tmp_path_factory.mktemp("ball"))


@pytest.fixture(scope="session")
def page(made: Made) -> str:
    return made.page


class Outline(HTMLParser):
    """What a page is made of; `faults` are tags that do not close in order."""

    VOID = frozenset(["meta", "img", "br", "input", "rect"])

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        self.faults += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is read, its white space made plain."""
        return " ".join(" ".join(self.texts).replace("\N{NO-BREAK SPACE}", " ").split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="session")
def outline() -> Callable[[str], Outline]:
    return Outline
