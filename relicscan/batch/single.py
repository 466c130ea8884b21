"""One stage on one file, without a batch: for trying parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.delivery.glb import write_glb
from relicscan.delivery.outputs import GENERATOR
from relicscan.errors import OutputError, PipelineError, ScanError
from relicscan.formats.ply import write_cloud, write_mesh
from relicscan.geometry.frames import transformed
from relicscan.pipeline import PlannedStage, run_stage
from relicscan.relic import FloatArray, Mesh, Relic, Step
from relicscan.scan_folder import find_relic, read_relic
from relicscan.stage import get_stage


def run_stage_on(
    name: str, source: str | Path, target: str | Path, parameters: Mapping[str, Any] | None = None
) -> tuple[Step, list[Path]]:
    """Run a stage on the one relic in `source`; returns what it did and the files written.

    Point clouds are merged first, as every pipeline does. A stage that makes levels
    writes one file for each, named after `target`. Raises RelicscanError.
    """
    target = Path(target)
    planned = PlannedStage(get_stage(name), get_stage(name).effective(parameters or {}))
    if target.suffix.lower() not in (".ply", ".glb"):
        raise PipelineError(
            f"{target.name} is neither a .ply nor a .glb", remedy="end its name in .ply or .glb"
        )
    if not target.absolute().parent.is_dir():
        raise OutputError(
            f"there is no folder {target.parent}", scan=str(target), remedy="make it first"
        )
    found = find_relic(source)
    relic = read_relic(found)
    if any(target.resolve() == (found.folder / s.path).resolve() for s in relic.sources):
        raise OutputError(
            "this is one of the files of the scan, which are read-only",
            scan=str(target),
            remedy="write to another file",
        )
    if relic.scans and "scans" not in planned.stage.needs:
        merge = get_stage("merge_scans")
        relic = run_stage(relic, PlannedStage(merge, merge.effective({})))
    relic = run_stage(relic, planned)
    step = relic.history[-1]
    if step.skipped and planned.stage.needs - relic.products:
        raise ScanError(
            f"{step.skipped}, which {name} needs",
            scan=relic.id,
            stage=name,
            remedy="run a stage that makes it first: see `relicscan stages`",
        )
    return step, _write(relic, target)


def _write(relic: Relic, target: Path) -> list[Path]:
    if relic.levels:
        paths = [target.with_name(f"{target.stem}-{v.name}{target.suffix}") for v in relic.levels]
        for path, level in zip(paths, relic.levels, strict=True):
            _write_mesh(relic, level.mesh, path)
        return paths
    if relic.mesh is not None:
        _write_mesh(relic, relic.mesh, target)
    elif target.suffix.lower() == ".glb":
        raise PipelineError(
            "a GLB holds meshes, and the result is a point cloud", remedy="end its name in .ply"
        )
    else:
        cloud = relic.the_cloud()
        back = np.linalg.inv(relic.frame.T_work_source)
        viewpoints = cloud.viewpoints
        if viewpoints is not None:
            viewpoints = transformed(back, viewpoints)
        placed = replace(cloud, points=transformed(back, cloud.points), viewpoints=viewpoints)
        write_cloud(target, placed, [GENERATOR], double=_needs_double(placed.points))
    return [target]


def _write_mesh(relic: Relic, mesh: Mesh, path: Path) -> None:
    if path.suffix.lower() == ".glb":
        T_model_work = np.eye(4)
        T_model_work[:3, :3] = relic.frame.R_model_work / 1000
        write_glb(path, mesh, T_model_mesh=T_model_work, generator=GENERATOR, name=relic.id)
        return
    back = np.linalg.inv(relic.frame.T_work_source)
    placed = replace(mesh, vertices=transformed(back, mesh.vertices))
    write_mesh(path, placed, [GENERATOR], double=_needs_double(placed.vertices))


def _needs_double(points: FloatArray) -> bool:
    """Whether single precision would blur these coordinates by over a millionth of their extent."""
    if not len(points):
        return False
    extent = float(np.ptp(points, axis=0).max())
    return float(np.abs(points).max()) * 2**-24 > 1e-6 * extent
