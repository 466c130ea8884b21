"""What is there, what a run would cost and what looks wrong, before anything is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from relicscan.batch.estimate import Size, estimate
from relicscan.batch.expected import expected_of
from relicscan.batch.graph import Graph, graph_of
from relicscan.batch.job import default_pipeline, effective_pipeline, reason_of
from relicscan.errors import RelicscanError
from relicscan.geometry.frames import transformed
from relicscan.pipeline import read_pipeline
from relicscan.quality.doubts import what_looks_wrong
from relicscan.quality.expectation import Expected
from relicscan.quality.inspection import Measured, measure_scan
from relicscan.quality.together import together
from relicscan.relic import UNDECIDED, KnownDistance, Relic, Scan, SourceFile
from relicscan.scan_folder import FoundRelic, find_relics, read_relic


@dataclass(frozen=True)
class Inspection:
    """What was understood of one relic; with an `error` and its `remedy`, little else.

    `up` None is decided from the shape when it is run.
    """

    relic: str
    folder: str
    error: str | None = None
    remedy: str | None = None
    scans: tuple[Measured, ...] = ()
    files: tuple[SourceFile, ...] = ()
    unit: str | None = None
    unit_basis: str | None = None
    mm_per_unit: float | None = None
    distances: tuple[KnownDistance, ...] = ()
    distance_rms_mm: float | None = None
    up: str | None = None
    up_basis: str | None = None
    pipeline: str | None = None
    estimated_seconds: float = 0.0
    estimated_memory_bytes: int = 0
    expected: Expected | None = None
    doubts: tuple[str, ...] = field(default=())
    graph: Graph | None = None


def inspect(
    inputs: str | Path | Sequence[str | Path],
    *,
    pipeline: str | None = None,
    graph: bool = False,
) -> Iterator[Inspection]:
    """Read and measure the relics in scan files, scan folders and roots, one after the other.

    `pipeline` is the one whose cost is estimated; None takes what a run would. With `graph`,
    scans without poses are registered, to tell how they belong together. Raises PipelineError
    where it is wrong or an input does not exist; what is wrong with a relic
    is in its Inspection.
    """
    read_pipeline(pipeline or default_pipeline())
    given = [Path(inputs)] if isinstance(inputs, str | Path) else [Path(path) for path in inputs]
    return (_inspected(found, pipeline, graph) for found in find_relics(given))


def _inspected(found: FoundRelic, pipeline: str | None, graph: bool) -> Inspection:
    inspection = Inspection(found.id, str(found.folder))
    try:
        relic = read_relic(found)
        chosen = effective_pipeline(relic.metadata, pipeline, {})
        joined = graph_of(relic, chosen) if graph and len(relic.scans) > 1 else None
    except RelicscanError as error:
        text, remedy = reason_of(error, found.id)
        return replace(inspection, error=text, remedy=remedy)
    measured = [measure_scan(scan) for scan in _scans_of(relic)]
    scans = [one for one, _ in measured]
    seen = together(relic, [patches for _, patches in measured]) if relic.mesh is None else None
    cost = estimate(Size.of(relic), chosen)
    expected = expected_of(relic, seen, chosen)
    decided = relic.frame.up_basis != UNDECIDED
    return replace(
        inspection,
        scans=tuple(scans),
        files=relic.sources,
        unit=relic.frame.unit,
        unit_basis=relic.frame.unit_basis,
        mm_per_unit=relic.frame.mm_per_unit,
        distances=relic.frame.distances,
        distance_rms_mm=relic.frame.distance_rms_mm,
        up=relic.frame.up if decided else None,
        up_basis=relic.frame.up_basis if decided else None,
        pipeline=chosen.name,
        estimated_seconds=round(cost.seconds, 1),
        estimated_memory_bytes=round(cost.memory_bytes),
        expected=expected,
        doubts=tuple(what_looks_wrong(relic, scans, seen, expected)),
        graph=joined,
    )


def _scans_of(relic: Relic) -> Sequence[Scan]:
    """The scans as their files hold them; a mesh has already been taken to the working frame."""
    if relic.mesh is None:
        return relic.scans
    back = np.linalg.inv(relic.frame.T_work_source)
    mesh = replace(relic.mesh, vertices=transformed(back, relic.mesh.vertices))
    (file,) = (source.path for source in relic.sources if source.role == "scan")
    frame, name = relic.frame, Path(file).stem
    measured = frame.measured_mm_per_unit
    return [Scan(name, mesh, file=file, unit=frame.unit, measured_mm_per_unit=measured)]
