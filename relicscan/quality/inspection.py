"""What a scan is worth, before anything is made of it: a second opinion before the night.

Density is given as the point spacing, noise as what points scatter about the
smooth surface through their neighbours. Both are taken from a sample of some
thousand places, so that a million points take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relicscan.geometry.neighbours import nearest, spacing_at, tree
from relicscan.relic import FloatArray, Mesh, PointCloud, Relic, Scan

#: Points under which a level as fine as `high` says more than was scanned.
SPARSE_POINTS = 75_000
#: Points at exactly the same place as another: above this share something doubled them.
MANY_DUPLICATES = 0.05
#: Noise above this share of the point spacing hides the relief that the spacing could show.
NOISY = 0.5
#: Colours of which none is brighter than this were written in another range than 0 to 255.
DARK = 40
#: Longest sides in mm outside of which a unit is more likely wrong than the relic that small or
#: large: a bead, a house.
PLAUSIBLE_MM = (3.0, 30_000.0)


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
    duplicates: int
    colors: str | None
    normals: bool | None
    posed: bool | None
    unit: str | None
    mm_per_unit: float | None


def measure_scan(scan: Scan) -> Measured:
    """Measure one scan as its file holds it."""
    geometry = scan.geometry
    cloud = geometry if isinstance(geometry, PointCloud) else None
    positions = geometry.points if isinstance(geometry, PointCloud) else geometry.vertices
    finite = positions[geometry.finite]
    extent = np.ptp(finite, axis=0) if len(finite) else np.zeros(3)
    spacing, noise = density_and_noise(finite) if cloud is not None else (None, None)
    return Measured(
        name=scan.name,
        file=scan.file,
        kind="mesh" if cloud is None else "cloud",
        points=len(positions),
        triangles=0 if isinstance(geometry, PointCloud) else len(geometry.faces),
        extent=(float(extent[0]), float(extent[1]), float(extent[2])),
        spacing=spacing,
        noise=noise,
        invalid=len(positions) - len(finite),
        duplicates=len(finite) - len(np.unique(finite, axis=0)) if cloud is not None else 0,
        colors=_colors_in_words(geometry),
        normals=None if cloud is None else cloud.normals is not None,
        posed=None if cloud is None else scan.pose is not None,
        unit=scan.unit,
        mm_per_unit=scan.mm_per_unit,
    )


def density_and_noise(
    points: FloatArray, *, sample: int = 4000, neighbours: int = 24
) -> tuple[float | None, float | None]:
    """Point spacing, and standard deviation about the surface, in the unit of points (n, 3).

    Noise is the residual of a quadric fitted to each neighbourhood in the frame of its own
    principal axes, so the curvature of the object does not count as noise. None where there
    are too few points to say.
    """
    if len(points) < 2 * neighbours:
        return None, None
    index = tree(points)
    seeds = points[:: max(1, len(points) // sample)]
    spacing = float(np.median(spacing_at(seeds, points, index)))
    _, indices = nearest(index, seeds, neighbours)
    local = points[indices] - points[indices].mean(axis=1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("bki,bkj->bij", local, local))
    height, u, v = np.moveaxis(local @ axes, 2, 0)  # the smallest extent first
    size = np.maximum(np.abs(np.stack([u, v])).max(axis=(0, 2)), np.finfo(float).tiny)[:, None]
    u, v = u / size, v / size
    quadric = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    fitted = quadric @ (np.linalg.pinv(quadric) @ height[..., None])
    freedom = neighbours - 6
    variance = ((height - fitted[..., 0]) ** 2).sum(axis=1) / freedom
    # The median is not moved by edges and outliers; for a chi-squared variable it lies below
    # the mean by this factor (Wilson & Hilferty 1931).
    return spacing, float(np.sqrt(np.median(variance) / (1 - 2 / (9 * freedom)) ** 3))


def what_looks_wrong(relic: Relic, scans: Sequence[Measured]) -> list[str]:
    """Doubts in words, each with what to do about it."""
    doubts = [*relic.warnings, *(f"{doubt.text}: {doubt.remedy}" for doubt in relic.doubts)]
    clouds = [scan for scan in scans if scan.kind == "cloud"]
    unposed = [scan for scan in clouds if not scan.posed]
    declared = relic.metadata.get("scan", {}).get("frame") == "common"
    if len(clouds) > 1 and unposed and not declared:
        doubts.append(
            f"{len(unposed)} of {len(clouds)} scans have no pose: a run places them by what they "
            "show (relicscan inspect --graph shows how they belong together), and ends as review "
            "where that is not sure. To say where they are give poses, or "
            'write frame = "common" under [scan] in relic.toml'
        )
    if not relic.frame.scale_known and not relic.frame.distances:
        doubts.append(
            "the unit is unknown, so nothing can be said in millimetres: "
            'write unit = "mm" (or another) under [scan] in relic.toml'
        )
    silent = [scan for scan in clouds if scan.mm_per_unit is None]
    if 0 < len(silent) < len(clouds):
        doubts.append(
            f"{len(silent)} of {len(clouds)} scans state no unit, and the others do: a run tells "
            'it by size and shape, and ends as review where it cannot. To say it, write unit = "mm" '
            "(or another) under [scan] in relic.toml: it holds for those that state none"
        )
    total = sum(scan.points for scan in clouds)
    if clouds and total < SPARSE_POINTS:
        doubts.append(
            f"{total:,} points are few: the finest levels will say no more than the coarse ones"
        )
    for scan in scans:
        doubts += [f"{scan.name}: {doubt}" for doubt in _doubts_about(scan)]
    return list(dict.fromkeys(doubts))


def _doubts_about(scan: Measured) -> list[str]:
    doubts = []
    longest = max(scan.extent)
    if scan.invalid:
        what = "points" if scan.kind == "cloud" else "vertices"
        doubts.append(f"{scan.invalid:,} {what} are not numbers and will be left out")
    if scan.duplicates > MANY_DUPLICATES * scan.points:
        doubts.append(
            f"{scan.duplicates:,} points stand at exactly the same place as another: "
            "the scan may have been exported twice"
        )
    if scan.spacing and scan.noise and scan.noise > NOISY * scan.spacing:
        doubts.append(
            f"points scatter by {scan.noise:.3g} about the surface at a spacing of "
            f"{scan.spacing:.3g}: fine relief will be lost"
        )
    if longest > 0 and min(scan.extent) < 1e-6 * longest:
        doubts.append("all points lie in one plane")
    if scan.mm_per_unit is not None and longest > 0:
        longest_mm = longest * scan.mm_per_unit
        if not PLAUSIBLE_MM[0] <= longest_mm <= PLAUSIBLE_MM[1]:
            length = f"{longest_mm:,.0f}" if longest_mm >= 10 else f"{longest_mm:.2g}"
            doubts.append(
                f"its longest side is {length} mm, if the unit {scan.unit} is right: "
                "check unit under [scan] in relic.toml"
                if scan.unit is not None
                else f"its longest side is {length} mm, if the known distances are right: "
                "check each [[scan.distance]] in relic.toml"
            )
    return doubts


def _colors_in_words(geometry: PointCloud | Mesh) -> str | None:
    if isinstance(geometry, Mesh) and geometry.textured:
        sizes = [f"{m.texture.width} x {m.texture.height}" for m in geometry.materials if m.texture]
        return f"texture {', '.join(sizes)}"
    if geometry.colors is None:
        return None
    brightest = int(geometry.colors.max(initial=0))
    return "colours" if brightest > DARK else f"very dark colours (brightest value {brightest})"
