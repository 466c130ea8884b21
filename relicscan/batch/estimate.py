"""What a run will take, from the size of the scan and the costs that the stages declare.

The costs are measured (`make bench`), the memory is a straight line fitted to the
samples and to a million points: Open3D itself, then the points, then what Poisson
reconstruction holds of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from relicscan.pipeline import Pipeline
from relicscan.relic import PointCloud, Relic

#: Starting a process and importing what a run needs; reading, writing and checking the files.
START_SECONDS = 2.5
BASE_BYTES = 450e6
BYTES_PER_POINT = 2_000
BYTES_PER_TRIANGLE = 600


@dataclass(frozen=True)
class Estimate:
    """Seconds on two cores, and peak memory."""

    seconds: float
    memory_bytes: float


def estimate(relic: Relic, pipeline: Pipeline) -> Estimate:
    """What it will take to run a relic as it was read, before its first stage."""
    points = sum(len(s.geometry) for s in relic.scans if isinstance(s.geometry, PointCloud))
    triangles = len(relic.mesh.faces) if relic.mesh is not None else 0
    seconds, left = START_SECONDS, max(points, triangles)
    for planned, reason in pipeline.plan(relic.products):
        if reason is None:
            seconds += planned.stage.cost * left / 1e6
            left = min(left, planned.parameters.get("max_points") or left)
    return Estimate(
        seconds=seconds,
        memory_bytes=BASE_BYTES + BYTES_PER_POINT * points + BYTES_PER_TRIANGLE * triangles,
    )
