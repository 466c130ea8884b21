"""What a worker process is told, and what it tells back: plain JSON both ways."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relicscan.errors import PipelineError, RelicscanError, ScanError
from relicscan.metadata.filling import Filled
from relicscan.metadata.manifest import State, Verdict
from relicscan.pipeline import Pipeline, pipeline_names, read_pipeline
from relicscan.scan_folder import FoundRelic
from relicscan.stage import did_you_mean


def default_pipeline() -> str:
    """The pipeline that is run where neither a command nor relic.toml names one: `web`.

    The environment variable RELICSCAN_PIPELINE names another (on every machine of a cluster).
    """
    return os.environ.get("RELICSCAN_PIPELINE") or "web"


@dataclass(frozen=True)
class Job:
    """One relic to be run, in one process, into a folder of its own.

    `overrides` are the command line's values by "stage.parameter". `pipeline` is None
    where relic.toml may choose. `cache` is the folder of stage results, if there is one.
    `memory_bytes` and `time_limit_s` are what the process may take before it is ended;
    None is without limit. `request` is what a finished relic is compared with later:
    see `relicscan.batch.standing`.
    """

    id: str
    folder: str
    files: tuple[str, ...]
    toml: str | None
    whole_folder: bool
    filled: tuple[tuple[str, Mapping[str, Any]], ...]
    pipeline: str | None
    overrides: Mapping[str, Any]
    work: str
    threads: int
    reproducible: bool
    request: Mapping[str, Any]
    cache: str | None = None
    memory_bytes: int | None = None
    time_limit_s: float | None = None
    attempt: int = 1

    @classmethod
    def for_relic(cls, found: FoundRelic, **settings: Any) -> Job:
        return cls(
            id=found.id,
            folder=str(found.folder),
            files=tuple(str(f) for f in found.files),
            toml=None if found.toml is None else str(found.toml),
            whole_folder=found.whole_folder,
            filled=found.filled,
            **settings,
        )

    def found(self) -> FoundRelic:
        """The relic as `find_relics` described it."""
        return FoundRelic(
            self.id,
            Path(self.folder),
            tuple(Path(f) for f in self.files),
            None if self.toml is None else Path(self.toml),
            self.whole_folder,
            tuple(Filled(source, stated) for source, stated in self.filled),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        data = json.loads(text)
        return cls(**{**data, "files": tuple(data["files"]), "filled": tuple(data["filled"])})


def effective_pipeline(
    metadata: Mapping[str, Any], pipeline: str | None, overrides: Mapping[str, Any]
) -> Pipeline:
    """The pipeline of a relic, with what its relic.toml and then the command line override.

    `metadata` is what relic.toml states; `pipeline` None lets it choose. Raises ScanError
    where relic.toml is at fault, PipelineError where the command line is.
    """
    stated = metadata.get("pipeline", {})
    home = {"support": "remove_surroundings"}
    crop = {f"{home.get(k, 'crop')}.{k}": v for k, v in metadata.get("crop", {}).items()}
    try:
        chosen = _read_chosen(stated.get("use")) if pipeline is None else read_pipeline(pipeline)
        chosen = chosen.with_overrides(crop, "relic.toml [crop]")
        chosen = chosen.with_overrides(stated.get("set", {}), "relic.toml [pipeline]")
    except PipelineError as error:
        where = f"stage {error.stage}: " if error.stage else ""
        raise ScanError(
            f"it does not fit the pipeline: {where}{error.message}",
            scan="relic.toml",
            remedy=error.remedy,
        ) from None
    return chosen.with_overrides(overrides, "--set")


def _read_chosen(name: str | None) -> Pipeline:
    """A relic.toml may choose among the pipelines of relicscan; files are the command line's."""
    names = pipeline_names()
    if name is not None and name not in names:
        raise PipelineError(
            f"use = '{name}' is not the name of a pipeline",
            remedy=did_you_mean(name, names, "the pipelines are"),
        )
    return read_pipeline(name or default_pipeline())


def asks_for_report(pipeline: str | None) -> bool:
    """Whether a run with that pipeline makes reports, also of a relic whose own is not known."""
    try:
        return read_pipeline(pipeline or default_pipeline()).report
    except PipelineError:
        return False


def check_makes_levels(pipeline: Pipeline, *kinds: Iterable[str]) -> None:
    """Raise PipelineError unless one of these kinds of scan (sets of products) becomes a model."""
    if any(pipeline.leads_to("levels", products) for products in kinds):
        return
    raise PipelineError(
        f"pipeline '{pipeline.name}' makes no model of it: no stage that makes levels of detail "
        "would run",
        remedy="compare it with web.toml: a point cloud needs reconstruct_surface, and every scan "
        "build_levels",
    )


def reason_of(error: RelicscanError, relic_id: str) -> tuple[str, str | None]:
    """What is wrong, with the file and the stage it happened in, and what would work."""
    scan = error.scan if error.scan != relic_id else None
    stage = f"stage {error.stage}" if error.stage else None
    where = ", ".join(part for part in (scan, stage) if part)
    return (f"{where}: {error.message}" if where else error.message), error.remedy


@dataclass(frozen=True)
class Outcome:
    """How a relic ended: what the closing table and the exit code are made from.

    `reasons` are pairs of what is wrong and what would work. `kept_earlier` says that the
    model of an earlier run stays, since this one made none; `unchanged` that nothing was run,
    since an earlier run ended so with the same scans. `lasting` is false where the same scans
    may fare better the next time, a full disk or a share that had gone being to blame.
    """

    id: str
    state: State
    verdict: Verdict | None = None
    reasons: tuple[tuple[str, str | None], ...] = ()
    warnings: tuple[str, ...] = ()
    triangles: Mapping[str, int] = field(default_factory=dict)
    points: int = 0
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    attempts: int = 1
    kept_earlier: bool = False
    unchanged: bool = False
    lasting: bool = True

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Outcome:
        """The outcome that a worker sent as JSON."""
        reasons = tuple((text, remedy) for text, remedy in data["reasons"])
        return cls(**{**data, "reasons": reasons, "warnings": tuple(data["warnings"])})

    @property
    def ok(self) -> bool:
        """Whether the relic does not stand in the way of exit code 0."""
        return self.state == "done" and self.verdict in ("pass", "review")
