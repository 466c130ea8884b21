"""A virtual scanner: it stands before a relic and measures ranges along rays, with errors.

A station sends rays on a grid of equal angles. Each meets the relic, the
turntable plate, or nothing. What it met is known to 1e-6 mm; then the
instrument's errors are laid on, every one of them along the ray or by leaving
a ray out, as in real instruments: noise of the range, rays lost at grazing
angles and by chance, points that fly between an edge and what is behind it.

The ray is cast at triangles (Embree, through Open3D) and the hit is then moved
along the ray onto the true surface, by secants: 20 times faster than tracing
the field from the station.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relicscan.relic import Mesh, PointCloud
from samples.procedural import ProceduralRelic, evaluate, normals, rough_surface

Array = NDArray[np.float64]

RELIC, PLATE, OUTLIER = 0, 1, 2


@dataclass(frozen=True)
class Plate:
    """A disc whose top is at z mm, round the z axis: what the relic stands on."""

    radius_mm: float
    z_mm: float = 0.0
    thickness_mm: float = 12.0
    color: tuple[int, int, int] = (58, 60, 64)


@dataclass(frozen=True)
class Instrument:
    """What the scanner does to the truth. Shares are of the rays that met something."""

    range_noise_mm: float = 0.05
    """Standard deviation of the range, normally distributed."""
    dropout_share: float = 0.01
    """Rays lost by chance."""
    grazing_deg: tuple[float, float] = (68.0, 84.0)
    """No ray is lost to grazing below the first angle of incidence, all above the second."""
    outlier_share: float = 0.004
    """Points with a false range: half fly off edges, half lie anywhere along their ray."""
    outlier_reach_mm: float = 25.0
    color_noise: float = 3.0
    """Standard deviation of each channel, in steps of 1/255."""


PERFECT = Instrument(0.0, 0.0, (89.0, 90.0), 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class View:
    """What one station saw.

    cloud: points in the station's own frame (x right, y down, z ahead), in mm,
    with colours, intensity (the cosine of incidence) and viewpoints (zero: the
    station itself). T_common_scan (4, 4) takes them to the relic's frame.
    kind (n,): RELIC, PLATE or OUTLIER. truth (n, 3): where the ray really met
    the surface, in the relic's frame. ray_count: rays that met something.
    """

    cloud: PointCloud
    T_common_scan: Array
    kind: NDArray[np.uint8] = field(repr=False)
    truth: Array = field(repr=False)
    ray_count: int

    def in_common_frame(self) -> PointCloud:
        """The cloud in the relic's frame, viewpoints too."""
        R, t = self.T_common_scan[:3, :3], self.T_common_scan[:3, 3]
        return PointCloud(
            self.cloud.points @ R.T + t,
            colors=self.cloud.colors,
            intensity=self.cloud.intensity,
            viewpoints=np.broadcast_to(t, self.cloud.points.shape),
        )


class Scene:
    """A relic made ready for rays, perhaps on a plate."""

    def __init__(
        self, relic: ProceduralRelic, edge_mm: float = 1.0, plate: Plate | None = None,
        mesh: Mesh | None = None,
    ) -> None:  # fmt: skip
        """`edge_mm` under two thirds of the thinnest wall; `mesh` if one is there already."""
        import open3d as o3d

        self.relic, self.plate, self.edge_mm = relic, plate, edge_mm
        self.mesh = mesh if mesh is not None else rough_surface(relic, edge_mm)
        self._rays = o3d.t.geometry.RaycastingScene()
        self._rays.add_triangles(
            o3d.core.Tensor(self.mesh.vertices.astype(np.float32)),
            o3d.core.Tensor(self.mesh.faces.astype(np.uint32)),
        )

    def cast(self, origin: Array, direction: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Ranges (n,) mm along unit directions (n, 3), infinite for a miss; which met the plate."""
        import open3d as o3d

        rays = np.concatenate([np.broadcast_to(origin, direction.shape), direction], axis=1)
        hit = self._rays.cast_rays(o3d.core.Tensor(rays.astype(np.float32)))
        range_mm = hit["t_hit"].numpy().astype(float)
        met = np.flatnonzero(np.isfinite(range_mm))
        range_mm[met] = self._refined(origin, direction[met], range_mm[met])
        if self.plate is None:
            return range_mm, np.zeros(len(direction), bool)
        to_plate = _to_plate(self.plate, origin, direction)
        nearer = to_plate < range_mm
        return np.where(nearer, to_plate, range_mm), nearer

    def _refined(self, origin: Array, direction: Array, start: Array) -> Array:
        """Secants along the ray onto the true surface; infinite where none is within 2 edges."""

        def value(which: NDArray[np.int64], at: Array) -> Array:
            return evaluate(self.relic, origin + direction[which] * at[:, None])

        here, left = start.copy(), np.arange(len(start))
        before = start - 0.02
        value_before, value_here = value(left, before), value(left, here)
        for _ in range(12):
            slope = (value_here - value_before) / (here[left] - before)
            step = -value_here / np.where(np.abs(slope) < 0.05, -0.05, slope)
            before, value_before = here[left], value_here
            here[left] = before + np.clip(step, -self.edge_mm, self.edge_mm)
            value_here = value(left, here[left])
            going = (np.abs(value_here) > 1e-7) & (np.abs(here[left] - before) > 1e-9)
            left, before, value_before, value_here = (
                a[going] for a in (left, before, value_before, value_here)
            )
            if not len(left):
                break
        here[left] = np.inf  # a silhouette that only the triangles had
        here[np.abs(here - start) > 2 * self.edge_mm] = np.inf
        return here


def _to_plate(plate: Plate, origin: Array, direction: Array) -> Array:
    """Ranges (n,) to the top or the rim of the plate, infinite for a miss."""
    with np.errstate(divide="ignore", invalid="ignore"):
        top = (plate.z_mm - origin[2]) / direction[:, 2]
        at = origin[:2] + direction[:, :2] * top[:, None]
        top = np.where((top > 0) & (np.hypot(*at.T) <= plate.radius_mm), top, np.inf)
        a = (direction[:, :2] ** 2).sum(axis=1)
        b = direction[:, :2] @ origin[:2]
        c = origin[:2] @ origin[:2] - plate.radius_mm**2
        rim = (-b - np.sqrt(b * b - a * c)) / a
        z = origin[2] + direction[:, 2] * rim
    on_rim = (z <= plate.z_mm) & (z >= plate.z_mm - plate.thickness_mm) & (rim > 0)
    return np.minimum(top, np.where(on_rim, rim, np.inf))


def station(
    target: ArrayLike, azimuth_deg: float, elevation_deg: float, distance_mm: float
) -> Array:
    """T_common_scan (4, 4) of a station looking at `target`.

    Azimuth 0 stands in front (at -Y), 90 to the relic's left (at +X). The station's
    axes are a camera's: x right, y down, z ahead.
    """
    a, e = np.radians([azimuth_deg, elevation_deg])
    ahead = -np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])
    right = np.array([np.cos(a), np.sin(a), 0.0])
    T_common_scan = np.eye(4)
    T_common_scan[:3, :3] = np.column_stack([right, np.cross(ahead, right), ahead])
    T_common_scan[:3, 3] = np.asarray(target, float) - distance_mm * ahead
    return T_common_scan


def stations_around(
    relic: ProceduralRelic,
    count: int,
    distance_mm: float,
    elevations_deg: Sequence[float] = (20.0,),
) -> list[Array]:
    """Poses on a ring about the relic's middle, the elevations taken in turn."""
    middle = np.asarray(relic.bounds).mean(axis=0)
    return [
        station(middle, 360.0 * k / count, elevations_deg[k % len(elevations_deg)], distance_mm)
        for k in range(count)
    ]


def scan(
    scene: Scene,
    T_common_scan: Array,
    step_deg: float,
    instrument: Instrument,
    seed: int,
    window: Array | None = None,
) -> View:
    """One view of the scene: rays `step_deg` apart over the whole of the relic and its plate.

    `window` (2, 3) in the relic's frame narrows the rays to those towards a box: a close-up.
    """
    columns, rows, ahead = _ray_grid(scene, T_common_scan, step_deg, window)
    chance = _Chance(rows * columns, seed)
    origin = T_common_scan[:3, 3]
    direction = ahead @ T_common_scan[:3, :3].T
    range_mm, on_plate = scene.cast(origin, direction)
    met = np.flatnonzero(np.isfinite(range_mm))
    truth = origin + direction[met] * range_mm[met, None]
    kind = np.where(on_plate[met], PLATE, RELIC).astype(np.uint8)
    cosine = _incidence(scene, truth, direction[met], kind)

    low, high = instrument.grazing_deg
    angle = np.degrees(np.arccos(np.clip(cosine, 0, 1)))
    lost = chance.grazing[met] < np.clip((angle - low) / (high - low), 0, 1)
    lost |= chance.dropout[met] < instrument.dropout_share

    measured = range_mm[met] + chance.noise[met] * instrument.range_noise_mm
    behind = _range_behind(range_mm.reshape(rows, columns), instrument.outlier_reach_mm)
    gap = behind.ravel()[met] - range_mm[met]
    flying = _chosen_outliers(chance.outlier[met], gap, ~lost, instrument.outlier_share)
    measured[flying] = range_mm[met][flying] + _false_by(
        chance.amount[met][flying], gap[flying], instrument.outlier_reach_mm
    )
    kind[flying] = OUTLIER

    colors = _colors(scene, truth, on_plate[met])
    colors = colors + chance.color[met] * instrument.color_noise
    kept = ~lost
    points = (ahead[met] * measured[:, None])[kept]
    cloud = PointCloud(
        points,
        colors=np.clip(colors[kept].round(), 0, 255),
        intensity=cosine[kept],
        viewpoints=np.zeros_like(points),
    )
    return View(cloud, T_common_scan, kind[kept], truth[kept], len(met))


def scan_around(
    scene: Scene, poses: Sequence[Array], points: int, instrument: Instrument, seed: int
) -> list[View]:
    """A view from every pose, `points` in all: exactly so many, for benchmarks.

    The angular step is found from a coarse trial; what is over is left out by chance.
    """
    trial_deg = 0.3
    coarse = sum(len(scan(scene, pose, trial_deg, instrument, seed).cloud) for pose in poses)
    step_deg = trial_deg * float(np.sqrt(coarse / (1.02 * points)))
    views = [scan(scene, pose, step_deg, instrument, seed + 1 + k) for k, pose in enumerate(poses)]
    total = sum(len(view.cloud) for view in views)
    if total < points:
        raise ValueError(
            f"the scan has {total} points, not {points}: ask for more than a few thousand"
        )
    keep = np.zeros(total, bool)
    keep[np.random.default_rng(seed).permutation(total)[:points]] = True
    ends = np.cumsum([len(view.cloud) for view in views])
    return [
        View(v.cloud.take(k), v.T_common_scan, v.kind[k], v.truth[k], v.ray_count)
        for v, k in zip(views, np.split(keep, ends[:-1]), strict=True)
    ]


def merged(views: Sequence[View]) -> PointCloud:
    """All views as one cloud in the relic's frame, with the viewpoint of each point."""
    clouds = [view.in_common_frame() for view in views]

    def joined(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(cloud, name) for cloud in clouds])

    return PointCloud(
        joined("points"),
        colors=joined("colors"),
        intensity=joined("intensity"),
        viewpoints=joined("viewpoints"),
    )


class _Chance:
    """All that chance decides, for every ray of the grid.

    Drawn for rays that meet nothing too: so that a ray which meets a silhouette on
    one machine and misses it on another changes its own point and no other.
    """

    def __init__(self, rays: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.grazing, self.dropout, self.outlier, self.amount = rng.random((4, rays))
        self.noise = rng.standard_normal(rays)
        self.color = rng.standard_normal((rays, 3))


def _ray_grid(
    scene: Scene, T_common_scan: Array, step_deg: float, window: Array | None
) -> tuple[int, int, Array]:
    """Columns, rows, and unit directions (rows * columns, 3) in the station's frame.

    The grid is just wide enough for the bounds of relic and plate as seen from here.
    """
    low, high = np.asarray(scene.relic.bounds if window is None else window)
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), -1).reshape(-1, 3)
    if scene.plate is not None and window is None:
        turn = np.linspace(0, 2 * np.pi, 64)
        rim = np.column_stack([np.cos(turn), np.sin(turn), 0 * turn]) * scene.plate.radius_mm
        above = np.array([0, 0, scene.plate.z_mm])
        below = above - np.array([0, 0, scene.plate.thickness_mm])
        corners = np.vstack([corners, rim + above, rim + below])
    seen = (corners - T_common_scan[:3, 3]) @ T_common_scan[:3, :3]
    pan = np.degrees(np.arctan2(seen[:, 0], seen[:, 2]))
    tilt = np.degrees(np.arctan2(seen[:, 1], np.hypot(seen[:, 0], seen[:, 2])))
    pans = np.radians(np.arange(pan.min() - step_deg, pan.max() + 2 * step_deg, step_deg))
    tilts = np.radians(np.arange(tilt.min() - step_deg, tilt.max() + 2 * step_deg, step_deg))
    p, t = (a.ravel() for a in np.meshgrid(pans, tilts))
    ahead = np.column_stack([np.sin(p) * np.cos(t), np.sin(t), np.cos(p) * np.cos(t)])
    return len(pans), len(tilts), ahead


def _incidence(scene: Scene, truth: Array, direction: Array, kind: NDArray[np.uint8]) -> Array:
    """Cosine (n,) of the angle between the ray and the surface's normal."""
    cosine = np.empty(len(truth))
    on_relic = kind == RELIC
    n = normals(scene.relic, truth[on_relic])
    cosine[on_relic] = -(n * direction[on_relic]).sum(axis=1)
    if scene.plate is not None:
        on_top = np.abs(truth[~on_relic, 2] - scene.plate.z_mm) < 1e-6
        across = np.hypot(direction[~on_relic, 0], direction[~on_relic, 1])
        cosine[~on_relic] = np.where(on_top, -direction[~on_relic, 2], across)
    return np.clip(cosine, 0.0, 1.0)


def _colors(scene: Scene, truth: Array, on_plate: NDArray[np.bool_]) -> Array:
    """Surface colours (n, 3) in 0..255; a point that flies keeps that of the surface it left."""
    colors = np.empty(truth.shape)
    colors[~on_plate] = scene.relic.color(truth[~on_plate])
    if scene.plate is not None:
        colors[on_plate] = scene.plate.color
    return colors


def _range_behind(range_mm: Array, reach: float) -> Array:
    """The farthest range of the four neighbours; one that met nothing counts as `reach` behind."""
    padded = np.pad(range_mm, 1, constant_values=np.inf)
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    with np.errstate(invalid="ignore"):
        nothing = range_mm + reach
        return np.max([np.where(np.isfinite(a), a, nothing) for a in around], axis=0)


def _chosen_outliers(
    order: Array, gap: Array, kept: NDArray[np.bool_], share: float
) -> NDArray[np.int64]:
    """Indices of the points to falsify: half at edges (a gap over 3 mm) as far as there are any."""
    wanted = round(share * int(kept.sum()))
    at_edge = np.flatnonzero(kept & (gap > 3.0))
    edges = at_edge[np.argsort(order[at_edge])][: wanted // 2]
    rest = np.setdiff1d(np.flatnonzero(kept), edges, assume_unique=True)
    return np.concatenate([edges, rest[np.argsort(order[rest])][: wanted - len(edges)]])


def _false_by(amount: Array, gap: Array, reach: float) -> Array:
    """mm by which a range is false: at an edge towards what is behind, elsewhere either way.

    `amount` (n,) is uniform in 0..1.
    """
    between = np.minimum(gap, 2 * reach) * (0.15 + 0.8 * amount)
    either_way = 2 * amount - 1
    away = reach * np.where(either_way < 0, -0.2, 0.2) + 0.8 * reach * either_way
    return np.where(gap > 3.0, between, away)
