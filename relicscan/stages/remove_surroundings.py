"""What the scanner saw besides the relic: plates, walls, loose parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.checks import plausible, require_faces
from relicscan.geometry.topology import without_unreferenced
from relicscan.relic import UNDECIDED, FloatArray, Mesh, PointCloud, Relic
from relicscan.stage import stage

if TYPE_CHECKING:
    from relicscan.geometry.surroundings import Surrounding, Surroundings, Wishes

Wish = Literal["judge", "remove", "keep"]

#: A mesh is judged by so many points on it at least.
MESH_SAMPLES = 60_000


@stage(needs=["geometry"], makes=["geometry"], cost=0.7)
def remove_surroundings(
    relic: Relic,
    *,
    support: Annotated[
        Wish, Field(description="What becomes of the plate or table that the relic stood on.")
    ] = "judge",
    walls: Annotated[
        Wish, Field(description="What becomes of walls and backdrops behind the relic.")
    ] = "judge",
    loose_parts: Annotated[
        Wish, Field(description="What becomes of small parts that float apart from the relic.")
    ] = "judge",
    min_confidence: Annotated[
        float,
        Field(ge=0, le=1, description="Judge: remove what is no part of the relic so surely."),
    ] = 0.7,
    support_margin_spacings: Annotated[
        float,
        Field(gt=0, description="Points this close to a plate or wall go with it, at the least."),
    ] = 1.0,
) -> Relic:
    """Remove plates, walls and loose parts that are surely not the relic; tell of the others.

    The relic is the largest connected part that is not flat. A plate reaches beyond it
    on all sides, is even, and nothing of the relic is beneath it; the relic stands on it
    and is not merely relief. The confidence is the product of these signs, each from 0
    to 1: see `relicscan.geometry.standing`. What is less sure than `min_confidence`
    stays, with a warning. "remove" does with little confidence what was asked for;
    "keep" removes nothing. Loose parts are small, far from the relic for the density
    of the scan, and outside of its outline.
    """
    from relicscan.geometry.surroundings import Wishes

    wishes = Wishes(support, walls, loose_parts, min_confidence, support_margin_spacings)
    if relic.mesh is not None:
        return _from_mesh(relic, relic.mesh, wishes)
    return _from_cloud(relic, relic.the_cloud(), wishes)


def _from_cloud(relic: Relic, cloud: PointCloud, wishes: Wishes) -> Relic:
    seen = _seen(relic, cloud.points, cloud.colors, wishes)
    kept = ~seen.gone
    if not kept.any():
        raise _nothing_left()
    relic = relic if kept.all() else replace(relic, cloud=cloud.take(kept))
    return _told(relic, seen, [int(found.items.sum()) for found in seen.found], "points", wishes)


def _from_mesh(relic: Relic, mesh: Mesh, wishes: Wishes) -> Relic:
    from relicscan.geometry.face_samples import samples_on_faces

    require_faces(mesh)
    points, face = samples_on_faces(mesh, MESH_SAMPLES)
    usable = plausible(points)
    points, face = points[usable], face[usable]
    colors = None if mesh.colors is None else mesh.colors[mesh.faces[face, 0]]
    seen = _seen(relic, points, colors, wishes)

    def mostly(which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        m = len(mesh.faces)
        there = np.bincount(face, minlength=m)
        return np.asarray((2 * np.bincount(face, which, m) > there) & (there > 0))

    gone = mostly(seen.gone)
    if gone.all():
        raise _nothing_left()
    if gone.any():
        relic = replace(relic, mesh=without_unreferenced(mesh.take_faces(~gone)))
    counts = [int(mostly(found.items).sum()) for found in seen.found]
    return _told(relic, seen, counts, "triangles", wishes)


def _seen(
    relic: Relic, points: FloatArray, colors: NDArray[np.uint8] | None, wishes: Wishes
) -> Surroundings:
    from relicscan.geometry.surroundings import find_surroundings

    up = relic.frame.R_model_work[1] if relic.frame.up_basis != UNDECIDED else None
    return find_surroundings(points, wishes, up=up, colors=colors, seed=relic.seed)


def _told(relic: Relic, seen: Surroundings, counts: list[int], unit: str, wishes: Wishes) -> Relic:
    listed: list[dict[str, Any]] = [
        {
            "what": found.what,
            "removed": found.removed,
            unit: count,
            "area_mm2": float(f"{found.area:.4g}"),
            "confidence": round(found.confidence, 3),
            "basis": found.basis,
        }
        for found, count in zip(seen.found, counts, strict=True)
    ]
    removed = sum(n for found, n in zip(seen.found, counts, strict=True) if found.removed)
    relic = relic.noting(**{f"{unit}_removed": removed, "surroundings": listed})
    return relic.warning(*_warnings(seen, counts, unit, wishes))


def _warnings(seen: Surroundings, counts: list[int], unit: str, wishes: Wishes) -> Iterator[str]:
    how = {
        "plate": ("the plate it stood on", 'support = "{}" under [crop]', wishes.support),
        "wall": ("a wall behind it", 'set."remove_surroundings.walls" = "{}" under [pipeline]',
                 wishes.walls),
    }  # fmt: skip
    for what, (name, key, wish) in how.items():
        doubtful = [
            (found, count)
            for found, count in zip(seen.found, counts, strict=True)
            if found.what == what and not found.removed
        ]
        if wish == "judge" and doubtful:
            found, count = max(doubtful, key=lambda pair: pair[0].confidence)
            yield (
                f"{count:,} {unit} lie on a plane that may be {name} and were kept: "
                f"{found.confidence:.0%} sure, since {found.doubt}. Write {key.format('remove')} "
                'in relic.toml to leave it out, or "keep" if it belongs to the relic'
            )
        if wish == "remove" and not any(f.what == what and f.removed for f in seen.found):
            yield f"relic.toml asks for {key.format(wish)}, but no {what} was found"
    yield from _of_parts(seen, wishes)


def _of_parts(seen: Surroundings, wishes: Wishes) -> Iterator[str]:
    kept: list[Surrounding] = [f for f in seen.found if f.what == "loose part" and not f.removed]
    if wishes.loose_parts == "judge" and kept:
        yield (
            f"parts that stand apart from the largest one were kept ({len(kept)} in all, the first "
            f"with {kept[0].basis}). If they do not belong to the relic, give a box around it with "
            "min and max under [crop] in relic.toml"
        )


def _nothing_left() -> ScanError:
    return ScanError(
        "nothing but surroundings is left",
        remedy='write set."remove_surroundings.support" = "keep" under [pipeline] in relic.toml',
    )
