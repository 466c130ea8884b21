"""Two surfaces of one object brought together by what has not changed, or a refusal.

Registration finds the place from nowhere and refuses what fits in several ways or not at all.
Then point-to-plane steps with Tukey's weights (as in `registration.joint`): a change pulls at
them only until it stands out of the noise, and then not at all. What remains is as sure as its
normal equations say, which gives each place an error of its own. A scale is never applied: how
much it is off is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from relicscan.errors import Undecided
from relicscan.geometry.change.differences import Surface
from relicscan.geometry.change.places import NEIGHBOURS, Places
from relicscan.geometry.closest import closest
from relicscan.geometry.frames import transformed
from relicscan.geometry.registration import View, register
from relicscan.geometry.registration.poses import rotation
from relicscan.relic import ByteArray, FloatArray

#: Points of each side that registration works on, and the most that the last steps do.
_POINTS, _FINE_POINTS = 12_000, 30_000

_STEPS, _TUKEY, _FROM_MAD = 60, 4.685, 1.4826

#: Off the surface for a motion of 1, in the mean square: below, the surfaces do not hold it.
_LOOSE = 0.02

#: A nearest place counts where both sides face the same way by more than this cosine.
_FACING = 0.7

#: How the frames of both are related: not at all, so that they are aligned from nowhere; roughly,
#: so that they are aligned from where they lie; or they are the same, and nothing is moved.
Frames = Literal["unrelated", "near", "same"]

_ALIGNED = (
    "where both lie nearly as they should already (as outputs of scans with the same markers do), "
    "say so: --roughly-aligned starts from there; --aligned takes the frames as they are"
)


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the after surface lies on the before surface.

    T_before_after (4, 4), rigid. residual: the scatter of what fits about the surface, one
    standard deviation, robust; share: of the after places that lie within three of it. scale:
    by how much the after surface would have to grow to fit best, with its standard error;
    nothing is scaled. moves: how far the surface moved at the most against the frames as given
    or, where they are said to be the same, how far it would have to.
    """

    T_before_after: FloatArray
    frames: Frames
    residual: float
    share: float
    scale: float
    scale_error: float
    moves: float
    covariance: FloatArray
    about: FloatArray

    def error_at(self, places: Places) -> FloatArray:
        """One standard deviation (n,) of the alignment along the normals of places."""
        rows = _rows(places.points, places.normals, self.about)
        variance = np.einsum("ni,ij,nj->n", rows, self.covariance, rows)
        return np.asarray(np.sqrt(np.maximum(variance, 0)))


def aligned(
    before: Places,
    after: Places,
    surface: Surface,
    *,
    frames: Frames = "unrelated",
    colors: tuple[ByteArray, ByteArray] | None = None,
    seed: int = 0,
) -> Alignment:
    """The alignment of after places on before's surface; `colors` (n, 3) of both places.

    Where the frames are the same, what would fit better is told. Raises Undecided, in words,
    where it is not sure that and how they belong together.
    """
    start = _found(before, after, colors, seed) if frames == "unrelated" else np.eye(4)
    random = np.random.default_rng(seed)
    some = np.sort(random.permutation(len(after))[:_FINE_POINTS])
    points, normals = after.points[some], after.normals[some]
    fit = _Fit(surface, points, normals, start)
    T = fit.settled()
    scale, scale_error = fit.scale(T)
    used = start if frames == "same" else T
    residual, share, covariance, about = fit.judged(used)
    if frames == "same":
        covariance = np.zeros((6, 6))
    off = transformed(T, points) - points
    moves = float(np.linalg.norm(off, axis=1).max())
    return Alignment(used, frames, residual, share, scale, scale_error, moves, covariance, about)


def _found(
    before: Places, after: Places, colors: tuple[ByteArray, ByteArray] | None, seed: int
) -> FloatArray:
    """T_before_after (4, 4) from nowhere."""
    random = np.random.default_rng(seed)
    which = [np.sort(random.permutation(len(p))[:_POINTS]) for p in (before, after)]

    def views(mirrored: bool = False) -> list[View]:
        made = []
        for side, (places, some) in enumerate(zip((before, after), which, strict=True)):
            flip = np.array([-1.0 if mirrored and side else 1.0, 1.0, 1.0])
            tones = None if colors is None else colors[side][some].astype(np.float64)
            made.append(View(places.points[some] * flip, places.normals[some] * flip, tones))
        return made

    registered = register(views(), seed=seed)
    if registered.complete:
        first, second = (p.T_common_view for p in registered.placements)
        assert first is not None
        assert second is not None
        return np.asarray(np.linalg.inv(first) @ second)
    reason = next(iter(registered.left_out.values()), "they do not belong together")
    if registered.ambiguities or "repeats" in reason or "ways" in reason:
        raise Undecided(
            "the shape alone does not say how they lie on each other: it fits in several ways, as "
            f"what is round or repeats itself does ({reason})",
            remedy=_ALIGNED,
        )
    if register(views(mirrored=True), seed=seed).complete:
        raise Undecided(
            "the second is the mirror image of the first",
            remedy="export it again with right-handed axes: an axis was flipped on the way",
        )
    raise Undecided(
        f"it is not sure that they are the same object ({reason})",
        remedy=f"check that both show the same relic; {_ALIGNED}",
    )


class _Fit:
    """Point-to-plane equations of points on a surface."""

    def __init__(
        self, surface: Surface, points: FloatArray, normals: FloatArray, start: FloatArray
    ) -> None:
        self.surface, self.points, self.normals = surface, points, normals
        self.start = start
        low, high = surface.mesh.bounds
        self.size = float(np.linalg.norm(high - low))

    def residuals(self, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Signed distances (m,), places (m, 3) and normals (m, 3) of what faces alike."""
        moved = transformed(T, self.points)
        _, face, weights = closest(self.surface.tree, moved)
        corners = self.surface.mesh.faces[face]
        normal = np.einsum("nc,ncd->nd", weights, self.surface.normals[corners])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        foot = np.einsum("nc,ncd->nd", weights, self.surface.mesh.vertices[corners])
        alike = np.einsum("nd,nd->n", normal, self.normals @ T[:3, :3].T) > _FACING
        alike &= ~self.surface.rim[corners].any(axis=1) & ~self.surface.made_up[face]
        if alike.sum() < 100:
            raise Undecided(
                "they do not lie on each other",
                remedy="check that both show the same relic, and the unit of each; "
                "leave --aligned and --roughly-aligned out to have the place found",
            )
        off = np.einsum("nd,nd->n", moved - foot, normal)
        return off[alike], moved[alike], normal[alike]

    def settled(self) -> FloatArray:
        """T (4, 4) after steps that go on until they are small against the noise."""
        T = self.start
        for _ in range(_STEPS):
            off, at, normal = self.residuals(T)
            about, radius = at.mean(axis=0), _radius(at)
            rows = _rows(at, normal, about)
            rows[:, :3] /= radius
            weight = _weights(off)
            values, axes = np.linalg.eigh((rows * weight[:, None]).T @ rows / weight.sum())
            pull = axes.T @ (rows.T @ (weight * off) / weight.sum())
            step = -axes @ np.where(values > _LOOSE**2, pull / np.maximum(values, 1e-12), 0)
            move = np.eye(4)
            move[:3, :3] = rotation(step[:3] / radius)
            move[:3, 3] = about - move[:3, :3] @ about + step[3:]
            T = move @ T
            if np.linalg.norm(step) < max(1e-3 * _spread(off), 1e-7 * self.size):
                break
        return np.asarray(T)

    def scale(self, T: FloatArray) -> tuple[float, float]:
        """The factor that would fit best, and its standard error."""
        off, at, normal = self.residuals(T)
        about = at.mean(axis=0)
        rows = _rows(at, normal, about)
        rows = np.hstack([rows, np.einsum("nd,nd->n", at - about, normal)[:, None]])
        size = np.maximum(np.sqrt((rows * rows).mean(axis=0)), 1e-300)
        weight = _weights(off)
        scaled = rows / size
        H = (scaled * weight[:, None]).T @ scaled
        H += 1e-9 * np.trace(H) * np.eye(7)
        step = -np.linalg.solve(H, scaled.T @ (weight * off)) / size
        error = _spread(off) * np.sqrt(NEIGHBOURS * np.linalg.inv(H)[6, 6]) / size[6]
        return float(1 + step[6]), float(error)

    def judged(self, T: FloatArray) -> tuple[float, float, FloatArray, FloatArray]:
        """Residual, share that fits, covariance (6, 6) of turn and shift, and about what (3,)."""
        off, at, normal = self.residuals(T)
        spread = _spread(off)
        share = float((np.abs(off) <= 3 * spread).sum() / len(self.points))
        about, radius = at.mean(axis=0), _radius(at)
        rows = _rows(at, normal, about)
        rows[:, :3] /= radius
        values, axes = np.linalg.eigh((rows * _weights(off)[:, None]).T @ rows)
        held = values > _LOOSE**2 * len(off)
        # Errors beside each other are alike: a cylinder has one.
        inverse = np.where(held, NEIGHBOURS * spread**2 / np.maximum(values, 1e-300), 0)
        covariance = (axes * inverse) @ axes.T
        covariance[:3] /= radius
        covariance[:, :3] /= radius
        return spread, share, covariance, about


def _rows(points: FloatArray, normals: FloatArray, about: FloatArray) -> FloatArray:
    """How far (n, 6) places move along their normals for small turns and shifts."""
    return np.hstack([np.cross(points - about, normals), normals])


def _radius(points: FloatArray) -> float:
    return max(float(np.sqrt(points.var(axis=0).sum())), 1e-12)


def _spread(off: FloatArray) -> float:
    return max(_FROM_MAD * float(np.median(np.abs(off))), 1e-12)


def _weights(off: FloatArray) -> FloatArray:
    return np.asarray(np.clip(1 - (off / (_TUKEY * _spread(off))) ** 2, 0, None) ** 2)
