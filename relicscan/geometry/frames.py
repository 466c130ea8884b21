"""Which way is up: turning axes, and the plane that a relic stood on."""

from __future__ import annotations

from dataclasses import dataclass

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


#: Lower than this beside the plane's width, what rises from it is relief, nothing that stands.
FLATTEST = 0.08
#: By this share of its width a plate must show around what stands on it.
LEAST_MARGIN = 0.05


#: Three points of a plate that holds 8 % of the scan are drawn once in 2,000 times.
HYPOTHESES = 3000


@dataclass(frozen=True)
class SupportPlane:
    """A plane under everything else: `normal` (3,) points to the relic, normal . p = offset."""

    normal: FloatArray
    offset: float
    share: float

    def height(self, points: FloatArray) -> FloatArray:
        """Signed distance (n,) of points (n, 3) above the plane."""
        return np.asarray(points @ self.normal - self.offset)


def find_support(points: FloatArray, tolerance: float, seed: int = 0) -> SupportPlane | None:
    """The plane that the relic stood on, seen by the scanner around it; None if there is none.

    RANSAC (Fischler & Bolles 1981) on at most 20,000 points, then least squares. A plane
    counts when at least 8 % of the points lie within `tolerance`, at most 2 % lie
    beneath it (the edge of the plate, strays), it reaches beyond what stands on it (a
    flat base does not), and what stands on it is not flat itself (a relief is on its
    ground).
    """
    sample = points[:: max(1, len(points) // 20_000)]
    if len(sample) < 100:
        return None
    rng = np.random.default_rng(seed)
    corners = sample[rng.integers(0, len(sample), size=(HYPOTHESES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    usable = length > tolerance**2
    normals, corners = normals[usable] / length[usable, None], corners[usable]
    best, best_count = None, 0
    rough = sample[::4]
    for normal, corner in zip(normals, corners[:, 0], strict=True):
        height = (rough - corner) @ normal
        near = np.abs(height) < tolerance
        above, beneath = (height > tolerance).sum(), (height < -tolerance).sum()
        # Through three noisy points a plane is tilted a little: judge strictly once it is fitted.
        if min(above, beneath) > 0.05 * len(rough):
            continue
        if near.sum() > best_count:
            best, best_count = (normal if above >= beneath else -normal, corner), int(near.sum())
    if best is None or best_count < 0.08 * len(rough):
        return None
    normal, corner = best
    for _ in range(3):
        near = np.abs((sample - corner) @ normal) < tolerance
        corner = sample[near].mean(axis=0)
        fitted = np.linalg.svd(sample[near] - corner, full_matrices=False)[2][2]
        normal = fitted if fitted @ normal > 0 else -fitted
    plane = SupportPlane(normal, float(corner @ normal), float(near.mean()))
    if (plane.height(sample) < -tolerance).mean() > 0.02:
        return None
    return plane if _reaches_beyond(sample, plane, 1.5 * tolerance) else None


def _reaches_beyond(points: FloatArray, plane: SupportPlane, tolerance: float) -> bool:
    """Whether the plane's points surround the footprint of what stands above it, and not flatly."""
    height = plane.height(points)
    basis = upright(plane.normal)
    flat = points @ basis[[0, 2]].T
    on, above = flat[np.abs(height) <= tolerance], flat[height > tolerance]
    if len(above) < 20:
        return False
    # Robust footprints: stray points must not decide. Half of the directions are opposite
    # to the others, so each is judged on its own: the plate must show on at least 5 of 8.
    angles = np.arange(8) * np.pi / 4
    directions = np.stack([np.cos(angles), np.sin(angles)])
    reach_on = np.quantile(on @ directions, 0.99, axis=0)
    reach_above = np.quantile(above @ directions, 0.99, axis=0)
    width = reach_on + np.roll(reach_on, 4)
    if np.quantile(height, 0.99) < FLATTEST * width.max():
        return False
    return int((reach_on - reach_above > LEAST_MARGIN * width).sum()) >= 5
