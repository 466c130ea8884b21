"""Are pipelines and metadata right? What can be known before a scan is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from relicscan.batch.job import effective_pipeline, reason_of
from relicscan.errors import PipelineError, RelicscanError
from relicscan.metadata.publishable import why_not_published
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.translations import translation_warnings
from relicscan.pipeline import MESH, POINT_CLOUD, pipeline_names, read_pipeline
from relicscan.scan_folder import TOML, FoundRelic, find_relics, rows_of_nothing


@dataclass(frozen=True)
class Checked:
    """A pipeline with its stages and what it makes models from, a relic with its scans, or the
    catalogue of a root.

    `notes` are what metadata leaves open, and rows that are of no relic: it can be run all the
    same.
    """

    kind: Literal["pipeline", "relic", "catalogue"]
    name: str
    ok: bool = True
    error: str | None = None
    remedy: str | None = None
    stages: tuple[str, ...] = ()
    models_from: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    metadata: str | None = None
    notes: tuple[str, ...] = ()


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
            relics = find_relics([path])
            checked += [_relic(found, overrides or {}) for found in relics]
            checked += _catalogue(path.absolute(), relics) if path.is_dir() else []
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
    notes: tuple[str, ...] = ()
    if error is None:
        try:
            stated, _ = found.stated()
            effective_pipeline(stated, None, overrides)
            notes = tuple(_left_open(RelicToml.model_validate(stated)))
        except RelicscanError as problem:
            error = problem
    text, remedy = (None, None) if error is None else reason_of(error, found.id)
    said_in = [found.toml.name] if found.toml else []
    return Checked(
        "relic",
        found.id,
        ok=error is None,
        error=text,
        remedy=remedy,
        scans=tuple(file.relative_to(found.folder).as_posix() for file in found.files),
        metadata=", ".join([*said_in, *(one.source for one in found.filled)]) or None,
        notes=notes,
    )


def _catalogue(root: Path, relics: Sequence[FoundRelic]) -> list[Checked]:
    name, notes = rows_of_nothing(root, relics)
    return [] if name is None else [Checked("catalogue", name, notes=tuple(notes))]


def _left_open(toml: RelicToml) -> Iterator[str]:
    yield from translation_warnings(toml)
    if why_not_published(toml):
        yield "no rights.digital.uri: it can be run, and not published"
