"""From scans in their files' own frames to one cloud in the working frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from relicscan.errors import Undecided
from relicscan.geometry.checks import plausible
from relicscan.geometry.frames import transformed, working_frame
from relicscan.geometry.given_normals import judge_normals
from relicscan.geometry.neighbours import nearest, tree
from relicscan.relic import FloatArray, PointCloud, Relic, Scan
from relicscan.stage import stage

#: Normals that were made consistent contradict each other nowhere on smooth surfaces; fitted
#: planes with signs as they fell do on 1.5 % (a sphere) to 16 % (a torus) of neighbours.
MOST_CONTRADICTIONS = 0.005
#: Grazing points may face away from where they were seen, but not many.
LEAST_SEEN = 0.9
#: A closed object has 1, an open sheet about half, an interior nothing.
INWARDS = 0.25


@stage(
    needs=["scans"],
    makes=["cloud", "cloud.normals?", "cloud.colors?"],
    drops=["scans", "scans.apart"],
    cost=0.5,
)
def merge_scans(
    relic: Relic,
    *,
    min_normal_agreement: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Keep a file's normals only if their median |cosine| with the local "
            "surface is at least this.",
        ),
    ] = 0.8,
) -> Relic:
    """Put posed scans into one cloud, in millimetres, recentred.

    A single scan needs no pose. Several scans are put together only where each has
    a pose (in its file or in relic.toml) or relic.toml declares their frame common;
    otherwise the relic ends as `review`: scans are never simply concatenated.
    """
    unplaced = [scan.name for scan in relic.scans if scan.pose is None]
    common = bool(relic.metadata.get("scan", {}).get("frame") == "common")
    if len(relic.scans) > 1 and unplaced and not common:
        raise Undecided(
            f"{len(unplaced)} of {len(relic.scans)} scans have no pose "
            f"({', '.join(unplaced[:6])}{', …' if len(unplaced) > 6 else ''}), so how they "
            "belong together would be a guess",
            remedy='give each scan a [[scan.pose]] in relic.toml, or frame = "common" under '
            "[scan] if they already lie in one coordinate frame",
        )
    silent = [scan.name for scan in relic.scans if scan.mm_per_unit is None]
    if 0 < len(silent) < len(relic.scans):
        raise Undecided(
            f"{len(silent)} of {len(relic.scans)} scans have no unit while others have one "
            f"({', '.join(silent[:6])}{', …' if len(silent) > 6 else ''}), so how large they "
            "are beside each other would be a guess",
            remedy='write unit = "mm" (or "m", …) under [scan] in relic.toml: it counts for '
            "the scans that state none",
        )
    poses = [relic.frame.T_source_scan(scan) for scan in relic.scans]
    low, high = _robust_box(
        np.vstack(
            [transformed(T, _cloud(s).points) for T, s in zip(poses, relic.scans, strict=True)]
        )
    )
    T_work_source = working_frame(low, high, relic.frame.mm_per_unit)
    clouds = [
        _placed(_cloud(scan), T_work_source @ T_source_scan)
        for T_source_scan, scan in zip(poses, relic.scans, strict=True)
    ]
    cloud, warnings = _concatenated(clouds)
    cloud, doubts = _with_credible_normals(cloud, min_normal_agreement)
    warnings += doubts
    return (
        replace(
            relic,
            scans=(),
            cloud=cloud,
            frame=replace(relic.frame, T_work_source=T_work_source),
        )
        .noting(
            scans_merged=len(clouds),
            mm_per_source_unit=relic.frame.mm_per_unit,
        )
        .warning(*warnings)
    )


def _cloud(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud), "mesh scans do not come this way"
    return scan.geometry


def _placed(cloud: PointCloud, T_work_scan: FloatArray) -> PointCloud:
    """The cloud in the working frame.

    In one step from the scan's own frame: on the way, in survey coordinates, the single
    precision of `viewpoints` would lose half a metre.
    """
    rotation = T_work_scan[:3, :3] / np.cbrt(np.linalg.det(T_work_scan[:3, :3]))
    viewpoints = cloud.viewpoints
    return replace(
        cloud,
        points=transformed(T_work_scan, cloud.points),
        normals=None if cloud.normals is None else cloud.normals @ rotation.T,
        viewpoints=None
        if viewpoints is None
        else transformed(T_work_scan, viewpoints.astype(np.float64)),
    )


def _concatenated(clouds: list[PointCloud]) -> tuple[PointCloud, list[str]]:
    warnings: list[str] = []
    if len(clouds) == 1:
        return clouds[0], warnings
    points = np.vstack([c.points for c in clouds])
    colored = np.concatenate([np.full(len(c), c.colors is not None) for c in clouds])
    colors = None
    if colored.any():
        colors = np.zeros((len(points), 3), dtype=np.uint8)
        colors[colored] = np.vstack([c.colors for c in clouds if c.colors is not None])
        if not colored.all():
            finite = colored & plausible(points)
            wanted = ~colored & plausible(points)
            if finite.any():
                _, index = nearest(tree(points[finite]), points[wanted])
                colors[wanted] = colors[finite][index]
            warnings.append(
                f"{int((~colored).sum()):,} points come from scans without colour and took the "
                "colour of the nearest coloured point"
            )
    with_normals = [c.normals for c in clouds if c.normals is not None]
    normals = np.vstack(with_normals) if len(with_normals) == len(clouds) else None
    viewpoints = None
    if any(c.viewpoints is not None for c in clouds):
        unknown = np.float32(np.nan)
        viewpoints = np.vstack(
            [
                np.full((len(c), 3), unknown) if c.viewpoints is None else c.viewpoints
                for c in clouds
            ]
        )
    with_intensity = [c.intensity for c in clouds if c.intensity is not None]
    intensity = np.concatenate(with_intensity) if len(with_intensity) == len(clouds) else None
    return PointCloud(points, normals, colors, intensity, viewpoints), warnings


def _robust_box(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The box (3,), (3,) of nearly all usable points: one stray point must not set the scale."""
    finite = points[plausible(points)]
    if not len(finite):
        return np.zeros(3), np.zeros(3)
    low, high = np.quantile(finite, [0.001, 0.999], axis=0)
    return low, high


def _with_credible_normals(cloud: PointCloud, min_agreement: float) -> tuple[PointCloud, list[str]]:
    """The cloud without normals that the points contradict, and what to say about it."""
    judgement = judge_normals(cloud)
    if judgement is None:
        return cloud, []
    seen = cloud.viewpoints is not None and bool(np.isfinite(cloud.viewpoints).any())
    if judgement.agreement < min_agreement:
        why = f"do not fit its points (median |cosine| {judgement.agreement:.2f})"
    elif judgement.contradictions > MOST_CONTRADICTIONS:
        why = f"face opposite ways on {judgement.contradictions:.1%} of neighbouring points"
    elif seen and judgement.outwards < LEAST_SEEN:
        why = f"face away from the scanner on {1 - judgement.outwards:.0%} of the points"
    elif not seen and judgement.outwards < INWARDS:
        return cloud, [
            "the file's normals face inwards, as in the scan of an interior; if the model comes "
            "out inside out, set merge_scans.min_normal_agreement = 1 to have them estimated"
        ]
    else:
        return cloud, []
    return replace(cloud, normals=None), [
        f"the file's normals {why}: they were left out and estimated again"
    ]
