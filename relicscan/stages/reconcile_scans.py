"""What placed partial scans say of the same places, reconciled before they are merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from relicscan import threads
from relicscan.geometry.checks import plausible
from relicscan.geometry.frames import transformed
from relicscan.relic import BoolArray, ByteArray, FloatArray, PointCloud, Relic, Scan
from relicscan.stage import stage

if TYPE_CHECKING:
    from relicscan.geometry.fusion import Layer

#: Of a bunny's scans at most 6 % go. Where more than that is contradicted a pose may be wrong.
MUCH = 0.10
#: More than this is not an exposure, but another light.
MOST_GAIN = 2.0


@stage(needs=["scans"], makes=["scans"], cost=2.0)
def reconcile_scans(
    relic: Relic,
    *,
    tolerance_spacings: Annotated[
        float,
        Field(
            gt=0,
            le=10,
            description="Keep what lies within this many point spacings of the surface that "
            "other scans show better.",
        ),
    ] = 0.5,
    even_exposure: Annotated[
        bool, Field(description="Even out the exposure of scans whose colours overlap.")
    ] = True,
    blend_colors: Annotated[
        bool, Field(description="Let colours pass from one scan into the other without a seam.")
    ] = True,
) -> Relic:
    """Remove what other scans contradict, and even out the colours of placed scans.

    Scanners leave fringes where one edge hides something behind it, and err at grazing angles.
    Such a point goes where more reliable points of other scans reach around its place and it
    is off their surface (Turk & Levoy 1994); what one scan alone shows stays.

    Gains per scan and channel, solved for over all overlaps (Brown & Lowe 2007), make the
    scans' exposures one and leave their mean as it was; within 1 % colours stay as they are.
    What is left of seams is feathered in low frequencies alone (Burt & Adelson 1983).

    A single scan, and scans that nothing has placed, are left alone.
    """
    scans = relic.scans
    if (left_alone := _left_alone(relic)) is not None:
        return replace(relic).noting(left_alone=left_alone)
    from relicscan.geometry.fusion import contradicted, layer_of, same_scan

    views = _views(relic)
    layers = threads.each(layer_of, views)
    gone = contradicted(layers, [view.points for view in views], tolerance_spacings)
    clouds = [_cloud(scan) for scan in scans]
    colors, gains = _evened(layers, clouds, even_exposure, blend_colors)
    told = [
        {"scan": scan.name, **_removed(off, layer), "gains": gain}
        for scan, off, layer, gain in zip(scans, gone, layers, gains, strict=True)
    ]
    twice = [
        f"the scans {scans[a].name} and {scans[b].name} are one scan listed twice: take one away"
        for a, b in combinations(range(len(scans)), 2)
        if (one := layers[a]) and (other := layers[b]) and same_scan(one, other)
    ]
    return (
        replace(
            relic,
            scans=tuple(
                replace(scan, geometry=_changed(cloud, off, color))
                for scan, cloud, off, color in zip(scans, clouds, gone, colors, strict=True)
            ),
        )
        .noting(points_removed=sum(int(off.sum()) for off in gone), scans=told)
        .warning(*twice, *_warnings(scans, gone, gains))
    )


def _left_alone(relic: Relic) -> str | None:
    """Why there is nothing to reconcile; None if there is."""
    if len(relic.scans) < 2:
        return "there is one scan: no other shows the same places"
    common = relic.metadata.get("scan", {}).get("frame") == "common"
    if not common and any(scan.pose is None for scan in relic.scans):
        return "some scans have no place beside the others"
    without = sum(scan.mm_per_unit is None for scan in relic.scans)
    if 0 < without < len(relic.scans):
        return "some scans have no unit"
    return None


def _cloud(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud), "mesh scans do not come this way"
    return scan.geometry


def _views(relic: Relic) -> list[Any]:
    """The scans in the common frame, which is moved to where they are; NaN for unusable points."""
    from relicscan.geometry.registration import View

    middle: FloatArray | None = None
    views = []
    for scan in relic.scans:
        cloud = _cloud(scan)
        T = np.array(relic.frame.T_source_scan(scan))
        usable = plausible(cloud.points)
        if middle is None and usable.any():
            middle = transformed(T, cloud.points[usable]).mean(axis=0)
        T[:3, 3] -= 0.0 if middle is None else middle
        points = np.full(cloud.points.shape, np.nan)
        points[usable] = transformed(T, cloud.points[usable])
        rotation = T[:3, :3] / np.cbrt(np.linalg.det(T[:3, :3]))
        normals = None if cloud.normals is None else cloud.normals @ rotation.T
        views.append(View(points, normals, None, _seen_from(cloud, usable, T)))
    return views


def _seen_from(cloud: PointCloud, usable: BoolArray, T: FloatArray) -> FloatArray | None:
    """Where the scanner stood (3,), if it stood in one place."""
    if cloud.viewpoints is None:
        return None
    places = np.unique(cloud.viewpoints[usable], axis=0).astype(np.float64)
    if len(places) != 1 or not np.isfinite(places).all():
        return None
    return np.asarray(transformed(T, places)[0])


def _evened(
    layers: Sequence[Layer | None], clouds: Sequence[PointCloud], even: bool, blend: bool
) -> tuple[list[ByteArray | None], list[list[float] | None]]:
    """The colours of the clouds, and the gains they got: None where none was needed."""
    from relicscan.geometry.fusion import (
        SAME,
        color_ratios,
        corrected,
        corrections,
        exposed,
        gains,
        layer_light,
    )

    colors = [cloud.colors for cloud in clouds]
    given: list[list[float] | None] = [None] * len(clouds)
    lit = [
        None if layer is None or color is None else (layer, layer_light(layer, color))
        for layer, color in zip(layers, colors, strict=True)
    ]
    if sum(pair is not None for pair in lit) < 2 or not (even or blend):
        return colors, given
    if even:
        found = gains(len(clouds), color_ratios(lit))
        for k, (pair, color) in enumerate(zip(lit, colors, strict=True)):
            if pair is None or color is None or np.all(np.abs(found[k] - 1) <= SAME):
                continue
            given[k] = [round(float(gain), 4) for gain in found[k]]
            colors[k] = exposed(color, found[k])
            lit[k] = (pair[0], pair[1] * found[k])
    if blend:
        for k, correction in enumerate(corrections(lit)):
            layer, color = layers[k], colors[k]
            if correction is not None and layer is not None and color is not None:
                colors[k] = corrected(color, layer, correction)
    return colors, given


def _changed(cloud: PointCloud, gone: BoolArray, colors: ByteArray | None) -> PointCloud:
    """The cloud under other colours and without some points; itself if nothing changes."""
    if colors is not cloud.colors:
        cloud = replace(cloud, colors=colors)
    return cloud.take(~gone) if gone.any() else cloud


def _removed(gone: BoolArray, layer: Layer | None) -> dict[str, int]:
    """How many points went, and why they were the worse ones."""
    at_rims = 0 if layer is None else int(layer.at_rim[layer.member[gone]].sum())
    count = int(gone.sum())
    return {"removed": count, "removed_at_rims": at_rims, "removed_grazing": count - at_rims}


def _warnings(
    scans: Sequence[Scan], gone: Sequence[BoolArray], gains: Sequence[list[float] | None]
) -> list[str]:
    said = [
        f"scan {scan.name}: the other scans contradict {off.mean():.0%} of its points, which were "
        "removed; look whether its pose is right"
        for scan, off in zip(scans, gone, strict=True)
        if len(off) and off.mean() > MUCH
    ]
    return said + [
        f"scan {scan.name}: its colours were multiplied by {' '.join(f'{g:.2f}' for g in gain)}, "
        "which is more than exposures differ; look whether it was taken in another light"
        for scan, gain in zip(scans, gains, strict=True)
        if gain and (max(gain) > MOST_GAIN or min(gain) < 1 / MOST_GAIN)
    ]
