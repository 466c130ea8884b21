"""Our chain: the default pipeline as far as the surface, then one level of detail.

It asks the pipeline for its stages, so it measures whatever `pipelines/web.toml` says.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.chain import Lap
from relicscan.pipeline import Pipeline, read_pipeline, stage_by_stage
from relicscan.relic import FloatArray, IntArray


def load() -> str:
    """Import what the chain stands on, its own modules without compiled loops among it."""
    import numba
    import open3d  # noqa: F401
    import scipy.sparse.csgraph
    import scipy.spatial  # noqa: F401

    import relicscan.scan_folder
    import relicscan.stages

    relicscan.stages.load_all()
    return f"numba {numba.__version__}"


def until(pipeline: Pipeline, *products: str) -> Pipeline:
    """The stages before the first that makes one of the products."""
    for position, planned in enumerate(pipeline.stages):
        if planned.stage.makes.intersection(products):
            return replace(pipeline, stages=pipeline.stages[:position])
    return pipeline


def until_surface(pipeline: Pipeline) -> Pipeline:
    """The stages that make the surface and its colours: no peer unwraps and bakes pictures."""
    return until(pipeline, "atlas", "levels")


def run(scan: Path, triangles: int, lap: Lap) -> tuple[FloatArray, IntArray]:
    """Vertices (n, 3) in the scan's own coordinates and faces (m, 3)."""
    from relicscan.geometry.frames import transformed
    from relicscan.geometry.levels import decimated
    from relicscan.scan_folder import read_relic

    relic = read_relic(scan)
    lap("read")
    for after in stage_by_stage(relic, until_surface(read_pipeline("web"))):
        relic = after
        lap(relic.history[-1].stage)
    mesh = relic.the_mesh()
    level = decimated(mesh, triangles, attributes=mesh)
    T_source_work = np.linalg.inv(relic.frame.T_work_source)
    vertices = transformed(T_source_work, level.vertices)
    lap("decimate")
    return vertices, level.faces
