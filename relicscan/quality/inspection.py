"""What a scan is worth, before anything is made of it: a second opinion before the night.

Noise is what points scatter about the plane through their neighbours; density
the point spacing. Both are taken from a sample of some thousand places, so that
a million points take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relicscan.geometry.neighbours import nearest, point_spacing, tree
from relicscan.relic import FloatArray, Mesh, PointCloud, Relic

#: Points or triangles under which a level as fine as `high` says more than was scanned.
SPARSE_POINTS = 75_000
#: Points that lie at exactly the same place as another: above this share something doubled them.
MANY_DUPLICATES = 0.05
#: Noise above this share of the point spacing hides the relief that the spacing could show.
NOISY = 0.5


@dataclass(frozen=True)
class Measured:
    """What one scan holds, in the unit of its file; None where it does not apply."""

    name: str
    file: str
    kind: str
    points: int
    triangles: int
    extent: tuple[float, float, float]
    spacing: float | None
    noise: float | None
    invalid: int
    colors: str | None
    normals: bool
    posed: bool
    unit: str | None


def measure_scan(name: str, file: str, geometry: PointCloud | Mesh, **said: object) -> Measured:
    """Measure one scan's geometry; `said` are unit and posed as its file states them."""
    is_cloud = isinstance(geometry, PointCloud)
    positions = geometry.points if isinstance(geometry, PointCloud) else geometry.vertices
    finite = positions[geometry.finite]
    extent = np.ptp(finite, axis=0) if len(finite) else np.zeros(3)
    unit, posed = said.get("unit"), said.get("posed")
    return Measured(
        name=name,
        file=file,
        kind="cloud" if is_cloud else "mesh",
        points=len(positions),
        triangles=0 if isinstance(geometry, PointCloud) else len(geometry.faces),
        extent=(float(extent[0]), float(extent[1]), float(extent[2])),
        spacing=point_spacing(finite) if is_cloud and len(finite) > 20 else None,
        noise=surface_noise(finite) if is_cloud and len(finite) > 100 else None,
        invalid=len(positions) - len(finite),
        colors=_colors_in_words(geometry),
        normals=geometry.normals is not None,
        posed=bool(posed),
        unit=unit if isinstance(unit, str) else None,
    )


def surface_noise(points: FloatArray, sample: int = 2000, neighbours: int = 16) -> float:
    """Median distance RMS of neighbourhoods to their own planes, in the unit of points (n, 3).

    The plane takes three degrees of freedom of k neighbours; curvature adds to the
    figure, so on a coarse scan it is an upper bound.
    """
    seeds = points[:: max(1, len(points) // sample)]
    _, indices = nearest(tree(points), seeds, neighbours)
    local = points[indices] - points[indices].mean(axis=1, keepdims=True)
    smallest = np.linalg.eigvalsh(np.einsum("bki,bkj->bij", local, local))[:, 0]
    return float(np.median(np.sqrt(np.maximum(smallest, 0) / (neighbours - 3))))


def what_looks_wrong(relic: Relic, scans: Sequence[Measured]) -> list[str]:
    """Doubts in words, each with what to do about it."""
    doubts = list(relic.warnings)
    total = sum(scan.points for scan in scans)
    if not relic.frame.scale_known:
        doubts.append(
            "the unit is unknown, so nothing can be measured in millimetres: "
            'write unit = "mm" (or another) under [scan] in relic.toml'
        )
    clouds = [scan for scan in scans if scan.kind == "cloud"]
    unplaced = [scan for scan in clouds if not scan.posed]
    declared = relic.metadata.get("scan", {}).get("frame") == "common"
    if len(clouds) > 1 and unplaced and not declared:
        doubts.append(
            f"{len(unplaced)} of {len(clouds)} scans have no pose: the relic will end as review. "
            'Give poses, or write frame = "common" under [scan] in relic.toml'
        )
    if clouds and total < SPARSE_POINTS:
        doubts.append(
            f"{total:,} points are few: the finest levels will say no more than the coarse ones"
        )
    for scan in scans:
        if scan.invalid:
            doubts.append(f"{scan.name}: {scan.invalid:,} points are not numbers")
        if scan.spacing and scan.noise and scan.noise > NOISY * scan.spacing:
            doubts.append(
                f"{scan.name}: points scatter by {scan.noise:.3g} about the surface at a spacing "
                f"of {scan.spacing:.3g}: fine relief will be lost"
            )
        if max(scan.extent) > 0 and min(scan.extent) < 1e-6 * max(scan.extent):
            doubts.append(f"{scan.name}: all points lie in one plane")
    return list(dict.fromkeys(doubts))


def _colors_in_words(geometry: PointCloud | Mesh) -> str | None:
    if isinstance(geometry, Mesh) and geometry.textured:
        sizes = [f"{t.width} x {t.height}" for m in geometry.materials for t in m.textures]
        return f"texture {', '.join(sizes)}"
    if geometry.colors is None:
        return None
    brightest = int(geometry.colors.max(initial=0))
    return "colours" if brightest > 40 else f"colours, very dark (brightest value {brightest})"
