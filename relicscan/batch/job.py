"""What a worker process is told, and what it tells back: plain JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relicscan.scan_folder import FoundRelic

STATES = ("done", "rejected", "failed", "crashed", "out_of_memory", "timed_out")


@dataclass(frozen=True)
class Job:
    """One relic to be run, in one process, into a folder of its own.

    `overrides` maps an origin ("--set", "relic.toml [crop]") to values by "stage.parameter".
    `pipeline` is None where relic.toml may choose.
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

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        data = json.loads(text)
        return cls(**{**data, "files": tuple(data["files"])})


@dataclass(frozen=True)
class Outcome:
    """How a relic ended: what the index, the closing table and the exit code are made from."""

    id: str
    state: str
    verdict: str | None = None
    reasons: tuple[str, ...] = ()
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
