"""Are pipelines and metadata right? What can be known before a scan is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from relicscan.batch.job import effective_pipeline, reason_of
from relicscan.errors import PipelineError, RelicscanError
from relicscan.pipeline import MESH, POINT_CLOUD, pipeline_names, read_pipeline
from relicscan.scan_folder import TOML, FoundRelic, find_relics


@dataclass(frozen=True)
class Checked:
    """A pipeline with its stages and what it makes models from, or a relic with its scans."""

    kind: Literal["pipeline", "relic"]
    name: str
    ok: bool = True
    error: str | None = None
    remedy: str | None = None
    stages: tuple[str, ...] = ()
    models_from: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    metadata: str | None = None


def check(
    targets: str | Path | Sequence[str | Path] = (), *, overrides: Mapping[str, Any] | None = None
) -> list[Checked]:
    """Check pipelines (names or .toml files) and the relics of scan folders; no scan is read.

    Without targets, the pipelines that come with relicscan. `overrides` are checked against
    each pipeline. Raises PipelineError for a target that does not exist.
    """
    given = [targets] if isinstance(targets, str | Path) else list(targets) or pipeline_names()
    checked: list[Checked] = []
    for target in given:
        path = Path(target)
        if path.exists() and (path.suffix != ".toml" or path.name == TOML):
            checked += [_relic(found, overrides or {}) for found in find_relics([path])]
        else:
            checked.append(_pipeline(str(target), overrides or {}))
    return checked


def _pipeline(name: str, overrides: Mapping[str, Any]) -> Checked:
    try:
        pipeline = read_pipeline(name).with_overrides(overrides, "--set")
    except PipelineError as error:
        text, remedy = reason_of(error, name)
        return Checked("pipeline", name, ok=False, error=text, remedy=remedy)
    kinds = {"point clouds": POINT_CLOUD, "meshes": MESH}
    models = tuple(k for k, products in kinds.items() if pipeline.leads_to("levels", products))
    checked = Checked(
        "pipeline",
        pipeline.name,
        stages=tuple(planned.stage.name for planned in pipeline.stages),
        models_from=models,
    )
    if models:
        return checked
    return Checked(
        "pipeline",
        pipeline.name,
        ok=False,
        error="it makes no models: no stage that makes levels of detail would run",
        remedy="compare it with web.toml: near its end is build_levels",
        stages=checked.stages,
    )


def _relic(found: FoundRelic, overrides: Mapping[str, Any]) -> Checked:
    error: RelicscanError | None = found.error
    if error is None:
        try:
            effective_pipeline(found.stated()[0], None, overrides)
        except RelicscanError as problem:
            error = problem
    text, remedy = (None, None) if error is None else reason_of(error, found.id)
    return Checked(
        "relic",
        found.id,
        ok=error is None,
        error=text,
        remedy=remedy,
        scans=tuple(file.relative_to(found.folder).as_posix() for file in found.files),
        metadata=None if found.toml is None else found.toml.name,
    )
