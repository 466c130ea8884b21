"""What a run will take, from the size of the scan and the costs that the stages declare.

Seconds come from those costs, which `make bench` measures. Reconstruction makes about
four triangles for each point, until the octree is as deep as it may be; from there on
stages work on triangles. Memory is a straight line through what the samples, a statue
of 238,000 points and the benchmark's million took (0.55 to 1.36 GB): it lies from 8 %
under to 45 % over, the latter for an open relief, which has fewer triangles.
"""

from __future__ import annotations

from dataclasses import dataclass

from relicscan.pipeline import Pipeline
from relicscan.relic import PointCloud, Relic

#: Starting a process and importing what a run needs; reading, writing and checking the files.
START_SECONDS = 2.5
BASE_BYTES, BYTES_PER_POINT, BYTES_PER_TRIANGLE = 250e6, 300, 700
TRIANGLES_PER_POINT = 4
#: Triangles of a surface at octree depth 9; each level deeper has four times as many.
TRIANGLES_AT_DEPTH_9 = 1.1e6


@dataclass(frozen=True)
class Estimate:
    """Seconds on two cores, and peak memory."""

    seconds: float
    memory_bytes: float


def estimate(relic: Relic, pipeline: Pipeline) -> Estimate:
    """What it will take to run a relic as it was read, before its first stage."""
    points = sum(len(s.geometry) for s in relic.scans if isinstance(s.geometry, PointCloud))
    triangles = float(len(relic.mesh.faces)) if relic.mesh is not None else 0.0
    seconds, left = START_SECONDS, float(points)
    for planned, reason in pipeline.plan(relic.products):
        if reason is not None:
            continue
        stage, parameters = planned.stage, planned.parameters
        if "mesh" in stage.makes - stage.needs:
            most = TRIANGLES_AT_DEPTH_9 * 4.0 ** (parameters.get("max_depth", 9) - 9)
            triangles = min(TRIANGLES_PER_POINT * left, most)
        seconds += stage.cost * (triangles or left) / 1e6
        left = min(left, parameters.get("max_points") or left)
    return Estimate(
        seconds=seconds,
        memory_bytes=BASE_BYTES + BYTES_PER_POINT * points + BYTES_PER_TRIANGLE * triangles,
    )
