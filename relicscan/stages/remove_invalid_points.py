"""Points that are not numbers, or that a scanner wrote where it saw nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.errors import ScanError
from relicscan.geometry.checks import plausible, repeated
from relicscan.relic import Relic
from relicscan.stage import stage


@stage(needs=["cloud"], makes=["cloud"], cost=0.4)
def remove_invalid_points(
    relic: Relic,
    *,
    min_points: Annotated[
        int, Field(ge=4, description="Reject a scan with fewer usable points than this.")
    ] = 100,
) -> Relic:
    """Remove points whose coordinates are no plausible numbers, and exact duplicates.

    Normals that are not finite become zero, which means unknown.
    """
    cloud = relic.the_cloud()
    finite = plausible(cloud.points)
    kept = cloud.take(finite) if not finite.all() else cloud
    again = repeated(kept.points)
    duplicates = int(again.sum())
    if duplicates:
        kept = kept.take(~again)
    if len(kept) < min_points:
        raise ScanError(
            f"only {len(kept):,} of {len(cloud):,} points are usable, {min_points} are needed "
            "for a surface",
            remedy="check the export of the scan; `relicscan inspect` shows what the files hold",
        )
    if kept.normals is not None and not np.isfinite(kept.normals).all():
        kept = replace(kept, normals=np.nan_to_num(kept.normals, nan=0, posinf=0, neginf=0))
    invalid = int((~finite).sum())
    noted = replace(relic, cloud=kept).noting(invalid_points=invalid, duplicate_points=duplicates)
    if duplicates > 0.2 * len(cloud):
        noted = noted.warning(
            f"{duplicates:,} of {len(cloud):,} points stand at exactly the same place as another: "
            "the scan may have been exported twice"
        )
    return noted
