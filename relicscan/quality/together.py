"""The scans of a relic as one cloud, where they have a place, for a look at all of the object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relicscan.geometry.frames import transformed
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.surroundings import Wishes, find_surroundings
from relicscan.quality.agreement import Apart, Placed, misplaced
from relicscan.quality.patches import Patches, patches_of
from relicscan.quality.unseen import Unseen, unseen_side
from relicscan.relic import UNDECIDED, BoolArray, PointCloud, Relic, Scan

#: Of partial scans that nothing places yet: how many show a place of the object, on the average.
#: The six of the sample figurine do 2.3 times, the ten of the bunny 4.
_OVERLAID = 2.0

#: Points that surroundings are looked for among, and the share of strays at either end of a side.
SAMPLE, STRAYS = 60_000, 0.001


@dataclass(frozen=True, eq=False)
class Together:
    """All clouds of a relic, in the unit of its source, without what a run surely removes.

    How many points there are, how far apart and how noisy; how bent the surface is and how
    large; `patches`, the box's `sides` (3,) and what is `unseen` are None where scans have no
    place yet. `misplaced` are scans that do not lie on each other.
    """

    points: int
    spacing: float
    noise: float
    bending: float
    area: float
    diagonal: float
    sides: tuple[float, float, float] | None = None
    patches: Patches | None = None
    unseen: Unseen | None = None
    misplaced: tuple[Apart, ...] = ()


def together(relic: Relic, patches: Sequence[Patches | None]) -> Together | None:
    """The clouds of a relic, with what `measure_scan` found of each; None without any usable."""
    clouds = [
        (scan, scan.geometry, found)
        for scan, found in zip(relic.scans, patches, strict=True)
        if isinstance(scan.geometry, PointCloud) and found is not None
    ]
    if not clouds:
        return None
    if len(clouds) > 1 and relic.has("scans.apart") and any(s.pose is None for s, _, _ in clouds):
        return _apart(relic, [(scan, found) for scan, _, found in clouds])
    whole = _merged(relic, [(scan, cloud) for scan, cloud, _ in clouds])
    one, _, its_own = clouds[0]
    found = its_own.under(relic.frame.T_source_scan(one))
    merged = found if len(clouds) == 1 else patches_of(whole.points)
    if merged is None:
        return None
    # A cell of `surroundings` needs some points, and for a table it takes no more than these.
    few = whole.take(np.arange(0, len(whole), -(-len(whole) // SAMPLE)))
    there = _without_surroundings(relic, few)
    left = merged.kept(there[nearest(tree(few.points), merged.places)[1]])
    few = few.take(there)
    # A few strays would stretch the box, and a run removes them.
    low, high = np.quantile(few.points, [STRAYS, 1 - STRAYS], axis=0)
    x, y, z = (float(side) for side in high - low)
    return Together(
        points=left.points,
        spacing=left.typical_spacing,
        noise=left.noise,
        bending=left.typical_bending,
        area=left.area,
        diagonal=float(np.linalg.norm([x, y, z])),
        sides=(x, y, z),
        patches=left,
        unseen=unseen_side(few.points, normals=few.normals, viewpoints=few.viewpoints),
        misplaced=_misplaced(relic, clouds),
    )


def _without_surroundings(relic: Relic, cloud: PointCloud) -> BoolArray:
    """Mask (n,) of what a run would leave of a cloud; all of it where that is nothing."""
    up = relic.frame.R_model_work[1] if relic.frame.up_basis != UNDECIDED else None
    gone = find_surroundings(
        cloud.points, Wishes(), up=up, colors=cloud.colors, seed=relic.seed
    ).gone
    return np.ones(len(cloud), bool) if gone.all() else ~gone


def _apart(relic: Relic, clouds: Sequence[tuple[Scan, Patches]]) -> Together:
    """What scans without a place tell: of where they overlap nothing is known."""
    sizes = [relic.frame.units_in(scan) for scan, _ in clouds]
    found = [patches for _, patches in clouds]
    points = sum(one.points for one in found)
    areas = [one.area * size**2 for one, size in zip(found, sizes, strict=True)]
    area = max(max(areas), sum(areas) / _OVERLAID)
    boxes = [np.ptp(one.places, axis=0) * size for one, size in zip(found, sizes, strict=True)]
    pairs = list(zip(found, sizes, strict=True))
    return Together(
        points=points,
        spacing=float(np.sqrt(area / points)),
        noise=float(np.median([one.noise * size for one, size in pairs])),
        bending=float(np.median([one.typical_bending / size for one, size in pairs])),
        area=area,
        diagonal=max(float(np.linalg.norm(box)) for box in boxes),
    )


def _merged(relic: Relic, clouds: Sequence[tuple[Scan, PointCloud]]) -> PointCloud:
    """Finite points in the source's frame; normals, viewpoints and colours if all have them."""
    points, colors, normals, viewpoints = [], [], [], []
    for scan, cloud in clouds:
        T, there = relic.frame.T_source_scan(scan), cloud.take(cloud.finite)
        points.append(transformed(T, there.points))
        if there.colors is not None:
            colors.append(there.colors)
        if there.normals is not None:
            normals.append(there.normals @ (T[:3, :3] / np.linalg.norm(T[:3, 0])).T)
        if there.viewpoints is not None:
            viewpoints.append(transformed(T, there.viewpoints.astype(np.float64)))

    def of_all(parts: list[Any]) -> Any:
        return np.concatenate(parts) if len(parts) == len(clouds) else None

    return PointCloud(
        np.concatenate(points), of_all(normals), of_all(colors), viewpoints=of_all(viewpoints)
    )


def _misplaced(
    relic: Relic, clouds: Sequence[tuple[Scan, PointCloud, Patches]]
) -> tuple[Apart, ...]:
    if len(clouds) < 2:
        return ()
    return tuple(
        misplaced(
            [
                Placed(
                    scan.name,
                    cloud.points[cloud.finite],
                    relic.frame.T_source_scan(scan),
                    found.typical_spacing,
                    found.noise,
                )
                for scan, cloud, found in clouds
            ]
        )
    )
