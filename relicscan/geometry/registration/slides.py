"""Where else a group of scans might be: along what does not hold it, or where its shape repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from relicscan.geometry.registration.evidence import EMPTY, Tally, one_way
from relicscan.geometry.registration.joint import Group
from relicscan.geometry.registration.poses import inverse, screw
from relicscan.geometry.registration.views import Prepared
from relicscan.geometry.registration.ways import Way
from relicscan.relic import FloatArray

#: Symmetric ways that are tried.
_MOST_REPEATED = 80
#: Slides by colour: their step in coarse voxels, how many each way, and how many of the best
#: are looked at.
_COLOR_STEP = 0.5
_COLOR_STEPS = 90
_COLOR_PEAKS = 3


def slides(views: Sequence[Prepared], way: Way, coarse: float) -> list[Group]:
    """The moving group moved along what does not hold it, near and far, both ways."""
    slid: list[Group] = []
    reach = max(views[v].diagonal for v in way.poses)
    for axis in way.hold.axes:
        turn = float(np.linalg.norm(axis[:3]))
        # Till half a turn, or out of sight.
        farthest = min(np.pi / turn if turn > 0 else np.inf, 2 * reach)
        steps = [s for s in coarse * 3.0 * 1.8 ** np.arange(12) if s < farthest]
        for s in steps:
            for sign in (1.0, -1.0):
                motion = screw(sign * s * axis[:3], sign * s * axis[3:], way.hold.about)
                slid.append({v: motion @ T for v, T in way.poses.items()})
    return slid


def repeated(still: Group, way: Way, symmetries: Mapping[int, Sequence[FloatArray]]) -> list[Group]:
    """The moving group moved by the symmetries of the views that meet."""
    moved: list[Group] = []
    for end in sorted({end for pair in way.meets for end in pair}):
        T = still[end] if end in still else way.poses[end]
        for S in symmetries.get(end, ()):
            motion = T @ S @ inverse(T)
            moved.append({v: motion @ U for v, U in way.poses.items()})
    return moved[:_MOST_REPEATED]


def tuned(
    views: Sequence[Prepared], still: Group, way: Way, coarse: float
) -> tuple[float, list[Group]]:
    """How alike colours are at best elsewhere along what is loose, and where they peak."""
    shifts = []
    for axis in way.hold.axes:
        turn = float(np.linalg.norm(axis[:3]))
        reach = max(views[v].diagonal for v in way.poses)
        farthest = min(np.pi / turn if turn > 0 else np.inf, reach)
        count = min(int(farthest / (_COLOR_STEP * coarse)), _COLOR_STEPS)
        steps = np.linspace(-farthest, farthest, 2 * count + 1)
        shifts.append([(s, screw(s * axis[:3], s * axis[3:], way.hold.about)) for s in steps])
    points = sum(len(views[v].fine) for v in way.poses)
    step = max(1, points // 1000)
    least = 0.15 * way.evidence.on / step
    elsewhere, found = -1.0, []
    for line in shifts:
        tones = np.full(len(line), -1.0)
        for k, (_, motion) in enumerate(line):
            moved = {v: motion @ T for v, T in way.poses.items()}
            total = EMPTY
            for a, b in [(a, b) for a in still for b in moved]:
                sums, _ = one_way(views[a], views[b], inverse(still[a]) @ moved[b], step)
                total = total + Tally(np.stack([sums, 0 * sums]))
            e = total.evidence()
            if e.tone is not None and total.on >= least:
                tones[k] = e.tone
        far = np.array([abs(s) > 1.5 * coarse for s, _ in line])
        elsewhere = max(elsewhere, float(tones[far].max(initial=-1.0)))
        padded = np.r_[-1.0, tones, -1.0]
        peaks = np.flatnonzero((tones > padded[:-2]) & (tones >= padded[2:]) & (tones > 0))
        found += [(tones[k], line[k][1]) for k in peaks]
    found.sort(key=lambda item: -item[0])
    return elsewhere, [
        {v: motion @ T for v, T in way.poses.items()} for _, motion in found[:_COLOR_PEAKS]
    ]
