"""What became of the points that were scanned: an even part of them is followed by the stages.

A stage returns a new cloud and does not say which points it took away. Where the new one is a
part of the old, a followed point went where the old cloud's nearest point did. A stage that
moves points (voxel_downsample averages them) takes none away.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.checks import plausible
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.scan_noise import scan_noise
from relicscan.relic import AsScanned, FloatArray, PointCloud, Relic

#: Points that are followed: as many as show in a picture of 600 pixels.
FOLLOWED = 200_000

#: Places at which the noise of the scan is measured: two draws agree within 2 %.
_PLACES = 5_000

#: Points of a new cloud that are looked for in the old one: all of a part are there.
_LOOKED_FOR = 500


def followed(before: Relic, after: Relic) -> AsScanned | None:
    """What is known of the points as scanned once a stage has made `after` of `before`.

    None until there is a cloud whose coordinates are all plausible numbers; and for good where
    nobody has followed that one.
    """
    known, old, new = before.as_scanned, before.cloud, after.cloud
    if new is None or new is old or not len(new):
        return known
    if known is None:
        first = old is None or not plausible(old.points).all()
        return _begun(new, after.seed) if first and plausible(new.points).all() else None
    if old is None or len(new) >= len(old):
        return known
    there = np.flatnonzero(known.removed_by < 0)
    index = tree(old.points)
    some = new.points[:: max(1, len(new) // _LOOKED_FOR)]
    if not len(there) or nearest(index, some)[0].any():
        return known
    at = nearest(index, known.cloud.points[there])[1]
    gone = ~np.isin(_keys(old.points[at]), _keys(new.points))
    removed_by = known.removed_by.copy()
    removed_by[there[gone]] = len(after.history) - 1
    return replace(known, removed_by=removed_by)


def _begun(cloud: PointCloud, seed: int) -> AsScanned:
    n = len(cloud)
    part = cloud.take(np.arange(0, n, max(1, -(-n // FOLLOWED))))
    part = replace(part, intensity=None, viewpoints=None)
    noise = scan_noise(cloud.points, places=_PLACES, seed=seed)
    return AsScanned(
        part,
        np.full(len(part), -1),
        n,
        None if noise is None else float(f"{noise.sigma:.3g}"),
        None if noise is None else float(f"{noise.density:.3g}"),
    )


def _keys(points: FloatArray) -> NDArray[np.uint64]:
    """A number (n,) for each place (n, 3), the same for the same bits; others differ but by chance.

    Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4).
    """
    bits = np.ascontiguousarray(points, dtype=np.float64).view(np.uint64)
    key = np.zeros(len(points), dtype=np.uint64)
    for axis in range(3):
        key = (key ^ bits[:, axis]) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key
