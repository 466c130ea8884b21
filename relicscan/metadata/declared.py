"""What relic.toml declares of scans, and what their files state: unit, poses, what is up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relicscan.errors import ScanError
from relicscan.geometry.frames import axis, upright
from relicscan.metadata.relic_toml import RelicToml
from relicscan.relic import UNDECIDED, Frame, PointCloud, Relic, Scan


def with_units(
    scans: list[Scan],
    declared: str | None,
    *,
    declared_in: str = "relic.toml",
    scale_unknown: bool = False,
    common_frame: bool = False,
) -> tuple[list[Scan], list[str]]:
    """Scans with a unit: the file's own, else the declared one, which overrules if all have one.

    With warnings where it overruled. None has one where the scale is said to be unknown, though
    a format may insist on metres. Where some scans have a unit and others none, point clouds stay
    so if they are in frames of their own: their shapes may tell. Meshes, and scans in a frame
    that is `common_frame` to them, cannot be told: raises ScanError.
    """
    if scale_unknown:
        if len({scan.unit for scan in scans}) > 1:
            raise ScanError(
                "the scale is said to be unknown, and the scans are in several units",
                remedy="export them in one unit, or say how the scale is known",
            )
        basis = "unknown, as is declared by capture.scale"
        return [replace(scan, unit=None, unit_basis=basis) for scan in scans], []
    if declared is None:
        silent = [scan.name for scan in scans if scan.unit is None]
        apart = not common_frame and all(isinstance(s.geometry, PointCloud) for s in scans)
        if 0 < len(silent) < len(scans) and not apart:
            raise ScanError(
                f"{len(silent)} of {len(scans)} scans state no unit ({', '.join(silent[:6])}), "
                "the others do",
                remedy='write unit = "mm" (or another) under [scan] in relic.toml: it holds for '
                "those that state none",
            )
        return scans, []
    basis = f"declared in {declared_in}"
    if any(scan.unit is None for scan in scans):
        return [
            replace(s, unit=declared, unit_basis=basis) if s.unit is None else s for s in scans
        ], []
    warnings = [
        f"{scan.file}: {declared_in} says {declared} where the file says {scan.unit} "
        f"({scan.unit_basis}): {declared_in} was believed"
        for scan in scans
        if scan.unit != declared
    ]
    return [
        s if s.unit == declared else replace(s, unit=declared, unit_basis=basis) for s in scans
    ], sorted(set(warnings))


def with_true_scale(relic: Relic) -> Relic:
    """The relic without a claim to a known scale, where no unit is: nothing may repeat it."""
    capture = relic.metadata.get("capture", {})
    claim = capture.get("scale")
    if relic.frame.scale_known or claim not in ("measured", "declared"):
        return relic
    rest = {k: v for k, v in capture.items() if k not in ("scale", "scale_basis")}
    relic = replace(relic, metadata={**relic.metadata, "capture": rest})
    if relic.frame.distances:  # there is a doubt that tells more
        return relic.warning(f"the scale is said to be {claim}, and it is {relic.frame.unit_basis}")
    return relic.warning(
        f"the scale is said to be {claim}, and nothing says in which unit, so it counts as "
        'unknown: write unit = "mm" (or another) under [scan]'
    )


def with_poses(scans: list[Scan], toml: RelicToml) -> list[Scan]:
    """Scans with the poses of relic.toml, which come after those that the files state.

    Rough ones are but hints: see `relicscan.metadata.hints`.
    """
    declared = {pose.file: np.array(pose.matrix) for pose in toml.scan.pose if not pose.rough}
    posed = []
    for scan in scans:
        matrix = declared.get(scan.file)
        if matrix is not None:
            own = np.eye(4) if scan.pose is None else np.asarray(scan.pose)
            scan = replace(scan, pose=matrix @ own)
        posed.append(scan)
    return posed


def frame_of(scans: list[Scan], toml: RelicToml, *, up_declared_in: str = "relic.toml") -> Frame:
    """Unit and what is up, as declared or as formats say.

    The common unit is that of the first scan that has one. Raises ScanError where the declared
    front cannot be one.
    """
    frame = Frame()
    if toml.capture.scale == "unknown":
        frame = replace(frame, unit_basis=scans[0].unit_basis or frame.unit_basis)
    elif (first := next((scan for scan in scans if scan.unit is not None), None)) is not None:
        frame = replace(frame, unit=first.unit, unit_basis=first.unit_basis or "")
    up: str | None = toml.scan.up
    basis = f"declared in {up_declared_in}"
    if up is None:
        up, basis = next(
            ((s.up, s.up_basis or "") for s in scans if s.up is not None), (None, UNDECIDED)
        )
    if up is None:
        return frame
    front = axis(toml.scan.front) if toml.scan.front else None
    if front is not None and np.allclose(np.cross(axis(up), front), 0):
        raise ScanError(
            f"front = {toml.scan.front} lies on one line with up = {up} ({basis})",
            scan="relic.toml",
            remedy="write up under [scan] as well, and a front that is one of its other two axes",
        )
    return replace(frame, up=up, up_basis=basis, R_model_work=upright(axis(up), front))
