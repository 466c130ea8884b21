"""What a run would do, and why: each relic of the input with its standing and its cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relicscan.batch.estimate import Estimate
from relicscan.batch.job import check_makes_levels, default_pipeline
from relicscan.batch.room import check_place
from relicscan.batch.standing import Standing, request_of, standing
from relicscan.batch.survey import survey
from relicscan.metadata.run_record import Request
from relicscan.pipeline import MESH, POINT_CLOUD, read_pipeline
from relicscan.scan_folder import FoundRelic, find_relics


@dataclass(frozen=True)
class Planned:
    """One relic. `why` is None where nothing is to be done; `estimate` None where nothing runs."""

    found: FoundRelic
    standing: Standing
    estimate: Estimate | None = None

    @property
    def id(self) -> str:
        return self.found.id

    @property
    def why(self) -> str | None:
        return self.standing.why


@dataclass(frozen=True)
class Plan:
    """All relics of the input, sorted by id, and what was asked for."""

    relics: tuple[Planned, ...]
    request: Request
    inputs: tuple[Path, ...]

    @property
    def to_run(self) -> list[Planned]:
        """Those for which a process is to be started."""
        return [relic for relic in self.relics if relic.estimate is not None]


def plan(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path = "out",
    *,
    pipeline: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    reproducible: bool = False,
    retry: bool = False,
    rehash: bool = False,
    only: Collection[str] | None = None,
) -> Plan:
    """What `run` would do with the same arguments. Nothing is written, no scan is parsed here.

    Raises PipelineError (also where an input does not exist) and OutputError.
    """
    overrides = overrides or {}
    checked = read_pipeline(pipeline or default_pipeline()).with_overrides(overrides, "--set")
    check_makes_levels(checked, POINT_CLOUD, MESH)
    given = [Path(inputs)] if isinstance(inputs, str | Path) else [Path(path) for path in inputs]
    found = [r for r in find_relics(given) if only is None or r.id in only]
    out = Path(out)
    check_place(out, found)
    request = request_of(pipeline, overrides)
    stands = {
        relic.id: _standing(
            out, relic, request, reproducible=reproducible, retry=retry, rehash=rehash
        )
        for relic in found
    }
    to_run = [r for r in found if stands[r.id].why is not None and r.error is None]
    costs = survey(to_run, pipeline, overrides)
    relics = tuple(Planned(r, stands[r.id], costs.get(r.id)) for r in found)
    return Plan(relics, request, tuple(path.absolute() for path in given))


def _standing(out: Path, relic: FoundRelic, request: Request, **asked: bool) -> Standing:
    if relic.error is not None:
        return Standing("it cannot be used as it is")
    return standing(out, relic, request, **asked)
