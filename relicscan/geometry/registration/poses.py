"""Small things about rigid motions (4, 4): T_target_source."""

from __future__ import annotations

import numpy as np

from relicscan.relic import FloatArray


def inverse(T: FloatArray) -> FloatArray:
    """The motion back."""
    back = np.eye(4)
    back[:3, :3] = T[:3, :3].T
    back[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return back


def shift(by: FloatArray) -> FloatArray:
    """The motion that only moves, by (3,)."""
    T = np.eye(4)
    T[:3, 3] = by
    return T


def is_rigid(T: FloatArray) -> bool:
    """Whether a matrix (4, 4) turns and moves and does nothing else."""
    if T.shape != (4, 4) or not np.isfinite(T).all():
        return False
    R = T[:3, :3]
    turned = np.allclose(R @ R.T, np.eye(3), atol=1e-4) and np.linalg.det(R) > 0
    return bool(turned and np.allclose(T[3], [0, 0, 0, 1]))


def rotation(w: FloatArray) -> FloatArray:
    """The rotation (3, 3) of a rotation vector (3,)."""
    angle = float(np.linalg.norm(w))
    if angle < 1e-15:
        return np.eye(3)
    x, y, z = w / angle
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * (K @ K))


def screw(turn: FloatArray, move: FloatArray, about: FloatArray) -> FloatArray:
    """The motion that the velocity `move` + `turn` x (p - about) leads to in one unit of time."""
    angle = float(np.linalg.norm(turn))
    T = np.eye(4)
    if angle < 1e-12:
        T[:3, 3] = move
        return T
    axis = turn / angle
    along = (axis @ move) * axis
    center = about + np.cross(axis, move - along) / angle
    T[:3, :3] = rotation(turn)
    T[:3, 3] = center - T[:3, :3] @ center + along
    return T


def turns_about(S: FloatArray, degrees: tuple[int, ...]) -> list[FloatArray]:
    """Turns about the axis that a motion S (4, 4) turns about; none for a small turn."""
    R = S[:3, :3]
    angle = float(np.arccos(np.clip((np.trace(R) - 1) / 2, -1, 1)))
    if angle < 0.08:
        return []
    values, vectors = np.linalg.eigh((R + R.T) / 2)
    axis = vectors[:, np.argmax(values)]
    across = S[:3, 3] - (axis @ S[:3, 3]) * axis
    # The axis is where the shift across it vanishes: (1 - R) c = across.
    center = np.linalg.lstsq(np.eye(3) - R, across, rcond=1e-6)[0]
    turns: list[FloatArray] = []
    for step in degrees:
        T = np.eye(4)
        T[:3, :3] = rotation(np.radians(step) * axis)
        T[:3, 3] = center - T[:3, :3] @ center
        turns.append(T)
    return turns


def apart(T: FloatArray, U: FloatArray, middle: FloatArray, radius: float) -> float:
    """How far points in a ball about `middle` lie, in the mean square, under T and under U.

    `radius` is the root mean square distance of the points from their middle.
    """
    D = T[:3, :3] - U[:3, :3]
    off = D @ middle + T[:3, 3] - U[:3, 3]
    return float(np.sqrt(off @ off + (D * D).sum() * radius * radius / 3))
