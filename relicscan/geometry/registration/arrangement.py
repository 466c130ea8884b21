"""Scans in colours, beside each other in one of the ways in which they fit: for a picture of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from relicscan.geometry.normals import fit_planes
from relicscan.geometry.outliers import local_outliers
from relicscan.relic import Arrangement, FloatArray, PointCloud

#: Points of one arrangement: more are not seen in a picture of 600 pixels.
MAX_POINTS = 200_000

#: Names in a title for each colour.
_NAMED = 6

RGB = tuple[int, int, int]
#: For scans that stay where they are.
STILL: tuple[tuple[str, RGB], ...] = (("pale grey", (222, 222, 222)), ("dark grey", (84, 84, 84)))
#: For scans that move: colours that people who see some colours alike can tell apart as well
#: (Okabe & Ito, Color Universal Design, 2008), the most different ones first.
MOVING: tuple[tuple[str, RGB], ...] = (
    ("orange", (230, 159, 0)),
    ("blue", (0, 114, 178)),
    ("bluish green", (0, 158, 115)),
    ("reddish purple", (204, 121, 167)),
    ("yellow", (240, 228, 66)),
    ("vermillion", (213, 94, 0)),
    ("sky blue", (86, 180, 233)),
)


def arrangement(
    title: str,
    scans: Mapping[str, FloatArray],
    poses: Sequence[FloatArray],
    moving: Collection[str] = (),
) -> Arrangement:
    """The scans, points (n, 3) by name, each at its pose (4, 4) in a common frame.

    Those that are `moving` have a colour each (again from the first after seven), the others a
    grey; which is said after the title. Every scan gives the same share of its points, the same
    each time, without those that are not numbers or on no surface.
    """
    total = sum(len(points) for points in scans.values())
    keep = min(1.0, MAX_POINTS / max(1, total))
    told: dict[str, list[str]] = {}
    parts: list[tuple[FloatArray, FloatArray, RGB]] = []
    used = {True: 0, False: 0}
    for (name, given), pose in zip(scans.items(), poses, strict=True):
        moves = name in moving
        palette = MOVING if moves else STILL
        color, rgb = palette[used[moves] % len(palette)]
        used[moves] += 1
        told.setdefault(color, []).append(name)
        points: FloatArray = np.asarray(given, dtype=np.float64)
        points = _share(points[np.isfinite(points).all(axis=1)], keep)
        points = points[~local_outliers(points)]
        points = points @ pose[:3, :3].T + pose[:3, 3]
        parts.append((points, _normals(points), rgb))
    cloud = PointCloud(
        np.concatenate([points for points, _, _ in parts]),
        normals=np.concatenate([normals for _, normals, _ in parts]),
        colors=np.repeat([rgb for *_, rgb in parts], [len(p) for p, *_ in parts], axis=0),
    )
    colors = "; ".join(f"{color}: {_listed(names)}" for color, names in told.items())
    return Arrangement(f"{title} ({colors})", cloud)


def _share(points: FloatArray, keep: float) -> FloatArray:
    """A share of points (n, 3), drawn: every tenth of a raster would be stripes of it."""
    count = round(keep * len(points))
    if count >= len(points):
        return points
    drawn = np.random.default_rng(0).choice(len(points), count, replace=False)
    return np.asarray(points[np.sort(drawn)])


def _normals(points: FloatArray) -> FloatArray:
    """Unit normals (n, 3) of either sign, from the scan alone: others pass through it."""
    return fit_planes(points).normals if len(points) >= 3 else np.zeros_like(points)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
