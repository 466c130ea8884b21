"""Leaving out what is not the relic: a box, and the plate under it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.frames import find_support, transformed
from relicscan.geometry.neighbours import point_spacing
from relicscan.relic import FloatArray, Relic
from relicscan.stage import stage

Corner = tuple[float, float, float]


@stage(needs=["geometry"], makes=["geometry"], cost=0.3)
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
    inside = np.ones(len(points), dtype=bool)
    if min is not None or max is not None:
        source = transformed(np.linalg.inv(relic.frame.T_work_source), points)
        inside &= (source >= (min or (-np.inf,) * 3)).all(axis=1)
        inside &= (source <= (max or (np.inf,) * 3)).all(axis=1)
    boxed = int((~inside).sum())
    relic = relic.noting(points_outside_box=boxed)
    if relic.cloud is not None:
        relic, inside = _without_support(relic, points, inside, support, support_margin_spacings)
    if not inside.any():
        raise ScanError(
            "cropping leaves nothing",
            remedy="compare [crop] in relic.toml with the extent that `relicscan inspect` shows",
        )
    if inside.all():
        return relic
    if relic.cloud is not None:
        return replace(relic, cloud=relic.cloud.take(inside))
    mesh = relic.the_mesh()
    return replace(relic, mesh=mesh.take_faces(np.asarray(inside[mesh.faces].all(axis=1))))


def _without_support(
    relic: Relic,
    points: FloatArray,
    inside: NDArray[np.bool_],
    support: str,
    margin_spacings: float,
) -> tuple[Relic, NDArray[np.bool_]]:
    spacing = point_spacing(points[inside])
    plane = find_support(points[inside], 2 * spacing, relic.seed)
    if support == "keep":
        if plane is not None:
            relic = relic.warning(
                f"{plane.share:.0%} of the points lie on a plane under the rest, perhaps the plate "
                'it stood on. Write support = "remove" under [crop] in relic.toml to leave it out'
            )
        return relic, inside
    if plane is None:
        return relic.warning(
            'relic.toml asks for support = "remove", but no plate was found under the relic'
        ), inside
    on_plate = inside & (plane.height(points) < margin_spacings * spacing)
    return relic.noting(points_on_support=int(on_plate.sum())), inside & ~on_plate
