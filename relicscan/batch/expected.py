"""What a run is expected to make of a relic: figures of a quick look, held against its pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relicscan.batch.estimate import Estimate, Size, estimate
from relicscan.pipeline import Pipeline
from relicscan.quality.expectation import (
    Budget,
    Expected,
    deviation,
    no_finer,
    texels_per_length,
    texture_side,
)
from relicscan.quality.together import Together
from relicscan.relic import Relic


def expected_of(relic: Relic, seen: Together | None, pipeline: Pipeline) -> Expected | None:
    """The expectation of a relic whose clouds were `seen` together; None where nothing tells it."""
    levels = _budgets(pipeline)
    if relic.mesh is not None:
        triangles = len(relic.mesh.faces)
        whole = triangles <= max((one.triangles for one in levels), default=triangles)
        return Expected(
            triangles,
            rms_mm=0.0 if whole and relic.frame.scale_known else None,
            rms_of_diagonal=0.0 if whole else None,
            coarse=no_finer(triangles, levels),
        )
    if seen is None:
        return None
    cost = estimate(Size(points=seen.points), pipeline)
    if not cost.triangles:
        return None
    finest = min(cost.triangles, max((one.triangles for one in levels), default=cost.triangles))
    # Triangles are as large as where points are as dense as they typically are.
    rms = deviation(seen.noise, seen.bending, seen.spacing**2 * seen.points / finest)
    mm = relic.frame.mm_per_unit
    side = _texture_side(relic, pipeline, cost)
    return Expected(
        triangles=round(cost.triangles),
        rms_mm=None if mm is None else rms * mm,
        rms_of_diagonal=rms / seen.diagonal if seen.diagonal > 0 else None,
        texture_side=side,
        texels_per_mm=(
            texels_per_length(side, seen.area * mm * mm)
            if side is not None and mm is not None and seen.area > 0
            else None
        ),
        coarse=no_finer(cost.triangles, levels),
    )


def _parameters(pipeline: Pipeline, stage: str) -> Mapping[str, Any]:
    found = (one.parameters for one in pipeline.stages if one.stage.name == stage)
    return next(found, {})


def _budgets(pipeline: Pipeline) -> list[Budget]:
    """The levels that the pipeline's targets ask for, else those that it builds, coarse to fine."""
    if pipeline.targets:
        # Levels that stand in a row are compared, so it is the target with the most of them.
        target = max(pipeline.targets, key=lambda one: len(one.level))
        levels = [
            Budget(f"{target.name}/{one.name}", one.max_triangles)
            for one in target.level
            if one.max_triangles
        ]
    else:
        ceilings = _parameters(pipeline, "build_levels").get("ceilings", {})
        levels = [Budget(name, triangles) for name, triangles in ceilings.items()]
    return sorted(levels, key=lambda one: one.triangles)


def _texture_side(relic: Relic, pipeline: Pipeline, cost: Estimate) -> int | None:
    """The side of the picture of colours; None where the scan has none, or nothing bakes it."""
    from relicscan.stages.bake_textures import LEAST_SIDE, TEXELS_PER_POINT

    baking = _parameters(pipeline, "bake_textures")
    if not baking or all(scan.geometry.colors is None for scan in relic.scans):
        return None
    return texture_side(cost.points, TEXELS_PER_POINT, LEAST_SIDE, baking["max_side"])
