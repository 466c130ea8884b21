"""The truth about every level: how far it is from the scan, both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from relicscan.geometry.deviation import SAMPLES, deviations
from relicscan.relic import Relic
from relicscan.stage import stage

#: More of the scan's points than this in no level, and something of the relic may be missing.
MUCH_LEFT_OUT = 0.02


@stage(needs=["mesh", "levels"], makes=["levels"], cost=1.2)
def measure_deviation(
    relic: Relic,
    *,
    samples: Annotated[
        int,
        Field(ge=1000, le=10_000_000, description="Places that each way is measured at."),
    ] = SAMPLES,
) -> Relic:
    """Measure how far each level of detail is from the cleaned scan, both ways.

    From the scan's points to the level's triangles, and from places all over the level to
    the surface that the points span there (for a scanned mesh: to its triangles). What was
    filled is left out; what of the scan is in no level is counted apart. The figures are in
    relic.json with each level.
    """
    measured = deviations(
        [level.mesh for level in relic.levels],
        relic.the_mesh(),
        relic.cloud,
        samples=samples,
        seed=relic.seed,
    )
    levels = tuple(
        replace(level, deviation=deviation)
        for level, deviation in zip(relic.levels, measured, strict=True)
    )
    relic = replace(relic, levels=levels)
    left_out, beyond = measured[0].left_out_share, measured[0].left_out_beyond
    if beyond is None:
        return relic
    relic = relic.noting(left_out_share=left_out, left_out_beyond_mm=beyond)
    if left_out > MUCH_LEFT_OUT:
        return relic.warning(
            f"{left_out:.1%} of the cleaned scan's points are in no level of detail: look at the "
            "model for missing parts, and at what remove_small_components has removed"
        )
    return relic
