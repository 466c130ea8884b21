"""Which way is up, when neither relic.toml nor the format says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Annotated

from pydantic import Field

from relicscan.geometry.checks import require_plausible
from relicscan.geometry.frames import AXES, axis, snapped_to_axis, upright
from relicscan.geometry.topology import vector_area_share
from relicscan.relic import UNDECIDED, Relic
from relicscan.stage import stage

#: Formats of surveying instruments, which take +Z for up; modelling formats take +Y.
SURVEY_SUFFIXES = frozenset([".xyz", ".asc", ".txt", ".pts", ".ptx", ".las", ".laz", ".e57"])


@stage(needs=["mesh"], makes=["mesh"], cost=0.05)
def set_upright(
    relic: Relic,
    *,
    min_base_share: Annotated[
        float,
        Field(gt=0, lt=1, description="An unscanned side under this share of the surface is none."),
    ] = 0.02,
    max_base_share: Annotated[
        float,
        Field(gt=0, lt=1, description="Above this share the scan is a sheet and has no base."),
    ] = 0.35,
) -> Relic:
    """Decide what is up: what was declared, else the side it stood on, else assume and warn.

    A relic is not scanned where it stands. The areas of a closed surface, taken as
    vectors, add up to nothing (divergence theorem); what they add up to here is the
    missing base, so the sum points up. Directions within 15 degrees of an axis of the
    source are taken for that axis.
    """
    frame = relic.frame
    if frame.up_basis != UNDECIDED:
        return relic
    declared = relic.metadata.get("scan", {}).get("front")
    front = axis(declared) if declared else None
    mesh = relic.the_mesh()
    require_plausible(mesh.vertices)
    direction, share = vector_area_share(mesh)
    relic = relic.noting(unscanned_side_share=share)
    if min_base_share <= share <= max_base_share:
        up = snapped_to_axis(direction, degrees=15)
        name = next((n for n, a in AXES.items() if tuple(up) == a), None)
        return replace(
            relic,
            frame=replace(
                frame,
                up=name or " ".join(f"{x:.4f}" for x in up),
                up_basis="the side it stood on, which was not scanned",
                R_model_work=upright(up, front),
            ),
        )
    suffixes = {PurePath(s.path).suffix.lower() for s in relic.sources if s.role == "scan"}
    assumed = "+Z" if suffixes and suffixes <= SURVEY_SUFFIXES else "+Y"
    return replace(
        relic,
        frame=replace(
            frame, up=assumed, up_basis="assumed", R_model_work=upright(axis(assumed), front)
        ),
    ).warning(
        f"nothing says which way is up: {assumed} was assumed. "
        'Write up = "+Y" (or another axis) under [scan] in relic.toml'
    )
