"""Which way is up: turning axes, and the working frame."""

from __future__ import annotations

import numpy as np

from relicscan.relic import FloatArray

AXES = {
    "+X": (1.0, 0.0, 0.0),
    "-X": (-1.0, 0.0, 0.0),
    "+Y": (0.0, 1.0, 0.0),
    "-Y": (0.0, -1.0, 0.0),
    "+Z": (0.0, 0.0, 1.0),
    "-Z": (0.0, 0.0, -1.0),
}


def axis(name: str) -> FloatArray:
    """The unit vector (3,) of an axis like "+Z"."""
    return np.array(AXES[name])


def snapped_to_axis(direction: FloatArray, degrees: float) -> FloatArray:
    """The axis (3,) within that many degrees of a unit direction (3,), else the direction."""
    for vector in AXES.values():
        if direction @ np.array(vector) > np.cos(np.radians(degrees)):
            return np.array(vector)
    return direction


def upright(up: FloatArray, front: FloatArray | None = None) -> FloatArray:
    """The rotation R_model_work (3, 3) that takes `up` to +Y and `front` to +Z.

    Without a front, the axis nearest to the usual one (what faces the viewer
    when +Y is up, -Y when +Z is up) keeps facing. `front` is made square to `up`.
    """
    y = up / np.linalg.norm(up)
    if front is None or np.linalg.norm(np.cross(y, front)) < 1e-6:
        candidates = ("+Z", "-Y", "-X")
        front = next(axis(c) for c in candidates if abs(axis(c) @ y) < 0.8)
    z = front - (front @ y) * y
    z /= np.linalg.norm(z)
    return np.stack([np.cross(y, z), y, z])


def working_frame(low: FloatArray, high: FloatArray, mm_per_unit: float | None) -> FloatArray:
    """T_work_source (4, 4): recentred on the middle of a box, in millimetres.

    Without a unit the longest side counts as 1000 working units.
    """
    longest = float((high - low).max())
    scale = mm_per_unit if mm_per_unit is not None else (1000 / longest if longest > 0 else 1.0)
    T = np.eye(4)
    T[:3, :3] *= scale
    T[:3, 3] = -scale * (low + high) / 2
    return T


def transformed(T: FloatArray, points: FloatArray) -> FloatArray:
    """Points (n, 3) taken through T (4, 4). What is not finite may become NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(points @ T[:3, :3].T + T[:3, 3])
