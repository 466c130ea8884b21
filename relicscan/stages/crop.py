"""Leaving out what is not the relic: a box around it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.frames import transformed
from relicscan.geometry.topology import without_unreferenced
from relicscan.relic import FloatArray, Mesh, PointCloud, Relic
from relicscan.stage import stage

Corner = tuple[float, float, float]


@stage(needs=["geometry"], makes=["geometry"], cost=0.05)
def crop(
    relic: Relic,
    *,
    min: Annotated[
        Corner | None, Field(description="Lowest corner to keep, in source coordinates.")
    ] = None,
    max: Annotated[
        Corner | None, Field(description="Highest corner to keep, in source coordinates.")
    ] = None,
) -> Relic:
    """Keep what lies in a box, in source coordinates and after poses.

    Of a mesh the triangles stay that lie in it entirely. Nothing is cropped unless asked.
    """
    outside = 0
    if relic.cloud is not None:
        kept = _in_box(relic, relic.cloud.points, min, max)
        outside += len(kept) - int(kept.sum())
        relic = replace(relic, cloud=_cropped_cloud(relic.cloud, kept))
    if relic.mesh is not None:
        kept = _in_box(relic, relic.mesh.vertices, min, max)
        outside += len(kept) - int(kept.sum())
        relic = replace(relic, mesh=_cropped_mesh(relic.mesh, kept))
    return relic.noting(points_outside_box=outside)


def _in_box(
    relic: Relic, points: FloatArray, low: Corner | None, high: Corner | None
) -> NDArray[np.bool_]:
    inside = np.ones(len(points), dtype=bool)
    if low is not None or high is not None:
        source = transformed(np.linalg.inv(relic.frame.T_work_source), points)
        inside &= (source >= (low or (-np.inf,) * 3)).all(axis=1)
        inside &= (source <= (high or (np.inf,) * 3)).all(axis=1)
    return inside


def _cropped_cloud(cloud: PointCloud, kept: NDArray[np.bool_]) -> PointCloud:
    if not kept.any():
        raise _nothing_left()
    return cloud if kept.all() else cloud.take(kept)


def _cropped_mesh(mesh: Mesh, kept: NDArray[np.bool_]) -> Mesh:
    whole = np.asarray(kept[mesh.faces].all(axis=1))
    if not whole.any():
        raise _nothing_left()
    return mesh if whole.all() else without_unreferenced(mesh.take_faces(whole))


def _nothing_left() -> ScanError:
    return ScanError(
        "cropping leaves nothing",
        remedy="compare [crop] in relic.toml with the extent that `relicscan inspect` shows",
    )
