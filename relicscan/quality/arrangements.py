"""Pictures of the ways in which scans may lie beside each other, to be told apart by eye.

All answers to one question are seen from the same two directions: those from which they
look most different, found by drawing small pictures of where each colour is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.quality.pictures import save_webp, side_by_side
from relicscan.quality.render import render
from relicscan.relic import Arrangement, FloatArray, PointCloud

#: Side of each of the two pictures beside each other.
VIEW_PX = 600

#: Azimuth and elevation in degrees. The first two are taken where there is nothing to compare:
#: as a photographer would stand, and from above. The others are what is left of the directions
#: to the sides, edges and corners of a cube, looked at from the front.
DIRECTIONS = (
    (25.0, 15.0),
    (25.0, 90.0),
    *((azimuth, elevation) for elevation in (0.0, 35.0, -35.0) for azimuth in range(0, 360, 45)),
    (25.0, -90.0),
)

#: Two directions that are nearer to each other, or to each other's opposite, show much the same.
_APART_DEG = 40.0

#: Small pictures: their side in pixels, and the points that they are drawn from.
_SMALL_PX, _SMALL_POINTS = 48, 20_000

_QUALITY, _EFFORT = 86, 4


def write_arrangements(
    arrangements: Sequence[Arrangement], folder: Path, *, first: int = 1
) -> list[str]:
    """Write a picture of each answer to one question; returns their names.

    They are called arrangement-1.webp and so on, counted from `first`, each with two views
    beside each other. The same arrangements give the same bytes, whatever the number of
    threads. Raises StageError if there is nothing to show, OutputError if a file cannot be
    written.
    """
    chosen = telling_directions([one.cloud for one in arrangements])
    together = PointCloud(np.concatenate([one.cloud.points for one in arrangements]))

    def write(number: int) -> str:
        views = [
            render(
                arrangements[number].cloud,
                width=VIEW_PX,
                height=VIEW_PX,
                azimuth_deg=azimuth,
                elevation_deg=elevation,
                background="grey",
                like=together,
            )
            for azimuth, elevation in chosen
        ]
        name = f"arrangement-{first + number}.webp"
        save_webp(folder / name, side_by_side(views), quality=_QUALITY, effort=_EFFORT)
        return name

    return list(threads.each(write, range(len(arrangements))))


def telling_directions(
    clouds: Sequence[PointCloud],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two of DIRECTIONS, in which coloured clouds in one frame look most different.

    How different is the share of places at which not the same colour is seen, the mean over all
    pairs of clouds. Of equal ones the first, so one cloud alone is seen from the front and above.
    """
    thin = [_thinned(cloud) for cloud in clouds]
    middle, radius = _ball(np.concatenate([cloud.points for cloud in thin]))
    placed = [replace(cloud, points=(cloud.points - middle) / radius) for cloud in thin]
    backs = np.array([towards_camera(*direction) for direction in DIRECTIONS])
    different = np.zeros(len(DIRECTIONS))
    for number, back in enumerate(backs):
        seen = [_seen(cloud, back) for cloud in placed]
        pairs = [float(np.mean(a != b)) for a, b in combinations(seen, 2)]
        different[number] = np.mean(pairs) if pairs else 0.0
    best = int(np.argmax(different))
    angle = np.degrees(np.arccos(np.clip(np.abs(backs @ backs[best]), 0, 1)))
    second = int(np.argmax(np.where(angle >= _APART_DEG, different, -1.0)))
    return DIRECTIONS[best], DIRECTIONS[second]


def _thinned(cloud: PointCloud) -> PointCloud:
    return cloud.take(np.arange(0, len(cloud), max(1, len(cloud) // _SMALL_POINTS)))


def _ball(points: FloatArray) -> tuple[FloatArray, float]:
    """Middle and radius of what holds points (n, 3); 1 for no extent."""
    if not len(points):
        return np.zeros(3), 1.0
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return middle, float(np.linalg.norm(points - middle, axis=1).max()) or 1.0


def towards_camera(azimuth_deg: float, elevation_deg: float) -> FloatArray:
    """Towards the camera, as `relicscan.quality.camera.fit_camera` has it."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    flat = np.cos(elevation)
    return np.array([np.sin(azimuth) * flat, np.sin(elevation), np.cos(azimuth) * flat])


def _seen(cloud: PointCloud, back: FloatArray) -> NDArray[np.int64]:
    """The colour that is seen at each place (_SMALL_PX²,), as one number; -1 for none.

    A parallel projection of points (n, 3) within the unit ball; the nearest is painted last.
    """
    right = np.cross([0.0, 1.0, 0.0] if abs(back[1]) < 0.99 else [0.0, 0.0, -1.0], back)
    right /= np.linalg.norm(right)
    across = np.stack([right, np.cross(back, right)], axis=1)
    order = np.argsort(cloud.points @ back, kind="stable")
    cells = ((cloud.points[order] @ across + 1) / 2 * _SMALL_PX).astype(np.int64)
    column, row = np.clip(cells, 0, _SMALL_PX - 1).T
    picture = np.full(_SMALL_PX**2, -1, dtype=np.int64)
    assert cloud.colors is not None, "arrangements are coloured"
    picture[row * _SMALL_PX + column] = cloud.colors[order].astype(np.int64) @ [65536, 256, 1]
    return picture
