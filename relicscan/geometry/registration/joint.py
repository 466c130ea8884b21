"""Moving placed scans, all at once or one group against another, to where they fit best.

Gauss-Newton on point-to-plane distances of all pairs of scans that overlap, both ways
(multi-view registration: Pulli 1999; Neugebauer 1997), Tukey-weighted. Where scans are coloured,
so are the residuals (Park, Zhou & Koltun 2017): a vase is held from turning by its painting.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relicscan import threads
from relicscan.geometry.registration.poses import rotation
from relicscan.geometry.registration.views import Prepared
from relicscan.relic import FloatArray

#: Poses of views in one frame, T_group_view (4, 4).
Group = dict[int, FloatArray]

_NO_TONE = np.zeros(0)
_NO_SLOPE = np.zeros((0, 3))

#: What a difference in tone of 1 (black to white) weighs, in fine voxels.
_TONE = 2.0


def move_jointly(
    views: Sequence[Prepared],
    poses: Group,
    pairs: Sequence[tuple[int, int]],
    fixed: frozenset[int],
    reaches: FloatArray,
    step: int,
) -> Group:
    """T_common_view (4, 4) of all views after a step for each reach; `fixed` ones stay.

    pairs: views that overlap; reaches in the unit of the points; every `step`-th point is used.
    """
    poses = dict(poses)
    free = sorted(set(poses) - fixed)
    slot = {view: 6 * k for k, view in enumerate(free)}
    directed = [(a, b) for pair in pairs for a, b in (pair, pair[::-1])]
    if not free or not directed:
        return poses
    for reach in reaches:
        sums = _pulls(views, poses, directed, float(reach), step)
        H: FloatArray = np.zeros((6 * len(free),) * 2)
        g: FloatArray = np.zeros(6 * len(free))
        for (a, b), (h, v) in zip(directed, sums, strict=True):
            ends = [(slot[end], 6 * k) for k, end in enumerate((a, b)) if end in slot]
            for at, own in ends:
                g[at : at + 6] += v[own : own + 6]
                for other, theirs in ends:
                    H[at : at + 6, other : other + 6] += h[own : own + 6, theirs : theirs + 6]
        weight = max(float(np.trace(H)) / len(H), 1e-12)
        H[np.diag_indices_from(H)] += 1e-4 * weight
        change = np.linalg.solve(H, g)
        for view in free:
            poses[view] = _changed(poses[view], change[slot[view] : slot[view] + 6])
    return poses


def move_group(
    views: Sequence[Prepared],
    still: Group,
    moving: Group,
    pairs: Sequence[tuple[int, int]],
    reaches: FloatArray,
    step: int,
) -> tuple[Group, FloatArray]:
    """`moving` views, moved as one body onto those that stand still; and the motion (4, 4).

    pairs: (still, moving) views that overlap.
    """
    poses = {**still, **moving}
    total: FloatArray = np.eye(4)
    directed = [(a, b) for pair in pairs for a, b in (pair, pair[::-1])]
    if not directed:
        return moving, total
    for reach in reaches:
        sums = _pulls(views, poses, directed, float(reach), step)
        H: FloatArray = np.zeros((6, 6))
        g: FloatArray = np.zeros(6)
        for (a, _), (h, v) in zip(directed, sums, strict=True):
            own = slice(0, 6) if a in moving else slice(6, 12)
            H += h[own, own]
            g += v[own]
        # Lengths of the view make turns and shifts comparable; what nothing holds stays.
        middle = np.mean([poses[view][:3, 3] for view in moving], axis=0)
        H, g = _about(H, g, middle)
        size = np.mean([views[view].diagonal for view in moving]) / 4
        weight = max(float(np.trace(H[3:, 3:])) / 3, 1e-12)
        H[np.diag_indices_from(H)] += 1e-4 * weight * np.array([size**2] * 3 + [1.0] * 3)
        change = np.linalg.solve(H, g)
        change[3:] -= np.cross(change[:3], middle)
        total = _changed(total, change)
        for view in moving:
            poses[view] = _changed(poses[view], change)
    return {view: poses[view] for view in moving}, total


def _about(H: FloatArray, g: FloatArray, middle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The same equations for turns about `middle` instead of the origin."""
    x, y, z = middle
    A = np.eye(6)
    A[3:, :3] = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return A.T @ H @ A, A.T @ g


def _changed(T: FloatArray, change: FloatArray) -> FloatArray:
    """A small turn about the origin and a shift laid on a pose; orthogonal to the last bit."""
    R = rotation(change[:3])
    moved = np.eye(4)
    U, _, Vt = np.linalg.svd(R @ T[:3, :3])
    moved[:3, :3] = U @ Vt
    moved[:3, 3] = R @ T[:3, 3] + change[3:]
    return moved


def _pulls(
    views: Sequence[Prepared],
    poses: Group,
    directed: Sequence[tuple[int, int]],
    reach: float,
    step: int,
) -> list[tuple[FloatArray, FloatArray]]:
    """What holds each (source, target) together: equations (12, 12) and (12,)."""

    def one(pair: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        return _pull(views, poses, *pair, reach, step)

    return threads.each(one, directed)


def _pull(
    views: Sequence[Prepared],
    poses: Group,
    source: int,
    target: int,
    reach: float,
    step: int,
) -> tuple[FloatArray, FloatArray]:
    from relicscan.geometry.kernels import registration as kernels

    a, b = views[target].fine, views[source].fine
    colored = a.gray is not None and a.slope is not None and b.gray is not None
    H, g = np.zeros((12, 12)), np.zeros(12)
    Ti, Tj = poses[source], poses[target]
    kernels.pull(
        a.tree,
        a.normals,
        a.rim,
        a.gray if colored else _NO_TONE,
        a.slope if colored else _NO_SLOPE,
        np.ascontiguousarray(Ti[:3, :3]),
        np.ascontiguousarray(Ti[:3, 3]),
        np.ascontiguousarray(Tj[:3, :3]),
        np.ascontiguousarray(Tj[:3, 3]),
        b.points[::step],
        b.normals[::step],
        b.gray[::step] if colored and b.gray is not None else _NO_TONE,
        reach,
        (_TONE * a.voxel_size) ** 2,
        H,
        g,
    )
    return np.tril(H) + np.tril(H, -1).T, g
