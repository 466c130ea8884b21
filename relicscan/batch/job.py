"""What a worker process is told, and what it tells back: plain JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relicscan.errors import PipelineError, ScanError
from relicscan.metadata.manifest import State, Verdict
from relicscan.pipeline import Pipeline, read_pipeline
from relicscan.scan_folder import FoundRelic

DEFAULT_PIPELINE = "web"


@dataclass(frozen=True)
class Job:
    """One relic to be run, in one process, into a folder of its own.

    `overrides` are the command line's values by "stage.parameter". `pipeline` is None
    where relic.toml may choose.
    """

    id: str
    folder: str
    files: tuple[str, ...]
    toml: str | None
    whole_folder: bool
    pipeline: str | None
    overrides: Mapping[str, Any]
    work: str
    threads: int
    reproducible: bool
    attempt: int = 1

    @classmethod
    def for_relic(cls, found: FoundRelic, **settings: Any) -> Job:
        return cls(
            id=found.id,
            folder=str(found.folder),
            files=tuple(str(f) for f in found.files),
            toml=None if found.toml is None else str(found.toml),
            whole_folder=found.whole_folder,
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
        )

    def effective_pipeline(self, metadata: Mapping[str, Any]) -> Pipeline:
        """The pipeline with what relic.toml and then the command line override, on record.

        Raises ScanError where relic.toml is at fault, PipelineError where the command line is.
        """
        stated = metadata.get("pipeline", {})
        try:
            pipeline = read_pipeline(self.pipeline or stated.get("use", DEFAULT_PIPELINE))
            crop = {f"crop.{key}": value for key, value in metadata.get("crop", {}).items()}
            pipeline = pipeline.with_overrides(crop, "relic.toml [crop]")
            pipeline = pipeline.with_overrides(stated.get("set", {}), "relic.toml [pipeline]")
        except PipelineError as error:
            raise ScanError(
                f"relic.toml does not fit the pipeline: {error.message}",
                scan=self.id,
                stage=error.stage,
                remedy=error.remedy,
            ) from None
        return pipeline.with_overrides(self.overrides, "--set")

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        data = json.loads(text)
        return cls(**{**data, "files": tuple(data["files"])})


@dataclass(frozen=True)
class Outcome:
    """How a relic ended: what the closing table and the exit code are made from.

    `reasons` are pairs of what is wrong and what would work.
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

    @property
    def ok(self) -> bool:
        """Whether the relic does not stand in the way of exit code 0."""
        return self.state == "done" and self.verdict in ("pass", "review")
