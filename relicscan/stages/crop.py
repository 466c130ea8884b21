"""Leaving out what is not the relic: a box, and the plate under it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.checks import plausible
from relicscan.geometry.frames import find_support, transformed
from relicscan.geometry.neighbours import point_spacing
from relicscan.geometry.topology import without_unreferenced
from relicscan.relic import FloatArray, Mesh, PointCloud, Relic
from relicscan.stage import stage

Corner = tuple[float, float, float]


@stage(needs=["geometry"], makes=["geometry"], cost=0.7)
def crop(
    relic: Relic,
    *,
    min: Annotated[
        Corner | None, Field(description="Lowest corner to keep, in source coordinates.")
    ] = None,
    max: Annotated[
        Corner | None, Field(description="Highest corner to keep, in source coordinates.")
    ] = None,
    support: Annotated[
        Literal["keep", "remove"],
        Field(description="What becomes of the plate that the relic stood on."),
    ] = "keep",
    support_margin_spacings: Annotated[
        float,
        Field(gt=0, description="Points this close to the plate go with it, in point spacings."),
    ] = 2.5,
) -> Relic:
    """Keep what lies in a box, and leave out the plate that the relic stood on.

    The box is in source coordinates, after poses. Nothing is cropped unless asked;
    where a plate is seen and kept, a warning says so.
    """
    points = relic.cloud.points if relic.cloud is not None else relic.the_mesh().vertices
    inside = _in_box(relic, points, min, max)
    seen = points[inside & plausible(points)]
    relic = relic.noting(points_outside_box=len(points) - int(inside.sum()))
    spacing = point_spacing(seen)
    plate = find_support(seen, 2 * spacing, relic.seed)
    if support == "keep" and plate is not None:
        relic = relic.warning(
            f"{plate.share:.0%} of the points lie on a plane under the rest, perhaps the plate "
            'it stood on. Write support = "remove" under [crop] in relic.toml to leave it out'
        )
    if support == "remove" and plate is None:
        relic = relic.warning(
            'relic.toml asks for support = "remove", but no plate was found under the relic'
        )

    def kept(points: FloatArray) -> NDArray[np.bool_]:
        inside = _in_box(relic, points, min, max)
        if support == "remove" and plate is not None:
            inside &= plate.height(points) >= support_margin_spacings * spacing
        return inside

    if support == "remove" and plate is not None:
        relic = relic.noting(points_on_support=int(inside.sum() - kept(points).sum()))
    if relic.cloud is not None:
        relic = replace(relic, cloud=_cropped_cloud(relic.cloud, kept(relic.cloud.points)))
    if relic.mesh is not None:
        relic = replace(relic, mesh=_cropped_mesh(relic.mesh, kept(relic.mesh.vertices)))
    return relic


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
