"""A relic as a formula: its surface is known exactly, at every point.

A `ProceduralRelic` is a field that is zero on the surface and near it about
the distance to it. Field values alone are off by the slope of the relief, so
measure with `signed_distance`, which walks to the surface; and take
`surface_samples` for distances from the true surface to something else.

Stands on Lewiner et al. 2003 (marching cubes, scikit-image) for the
connectivity of `exact_surface`; its vertices are then moved onto the surface.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relicscan.relic import Mesh

Array = NDArray[np.float64]

_BLOCK = 16  # edges a coarse cell is long
_GRADIENT_MM = 1e-3
_CHUNK = 1 << 14  # points per evaluation: the temporaries stay in the cache


@dataclass(frozen=True)
class ProceduralRelic:
    """distance(points (n, 3) mm) -> (n,) mm, negative inside; color(points) -> (n, 3) uint8 sRGB.

    bounds (2, 3) mm holds the whole surface. `steepness` is the most by which
    the field may grow per mm: 1 for a true distance, more with steep relief.
    """

    name: str
    distance: Callable[[Array], Array]
    color: Callable[[Array], NDArray[np.uint8]]
    bounds: Array
    steepness: float = 1.5


def evaluate(relic: ProceduralRelic, points: Array) -> Array:
    """The relic's field (n,) at points (n, 3), in chunks that fit the cache."""
    values = np.empty(len(points))
    for start in range(0, len(points), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        values[chunk] = relic.distance(points[chunk])
    return values


def gradient(relic: ProceduralRelic, points: Array) -> Array:
    """(n, 3): the field's slope by central differences over 0.002 mm, good to about 1e-6."""
    slope = np.empty_like(points)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = _GRADIENT_MM
        slope[:, axis] = evaluate(relic, points + step) - evaluate(relic, points - step)
    return slope / (2 * _GRADIENT_MM)


def normals(relic: ProceduralRelic, points: Array) -> Array:
    """(n, 3) float64, unit, outward, for points on or near the surface."""
    slope = gradient(relic, points)
    return slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-12)


def onto_surface(relic: ProceduralRelic, points: Array, rounds: int = 4) -> Array:
    """Points (n, 3) moved to the surface near them, by Newton's method along the slope.

    A gradient costs six evaluations, so each round takes four steps along one
    and goes on only with the points that are not there. From a millimetre away
    |field| < 1e-7 mm at the end; points far off may be left short of it.
    """
    moved = np.array(points, float)
    left = np.arange(len(moved))
    for _ in range(rounds):
        slope = gradient(relic, moved[left])
        slope /= np.maximum((slope**2).sum(axis=1, keepdims=True), 0.04)
        most = 1.0 / np.maximum(np.linalg.norm(slope, axis=1), 1e-6)
        for _ in range(4):
            value = evaluate(relic, moved[left])
            # A flat spot or a crease must not throw a point away: a millimetre at most.
            moved[left] -= np.clip(value, -most, most)[:, None] * slope
            wanting = np.abs(value) > 1e-8
            left, slope, most = left[wanting], slope[wanting], most[wanting]
    if len(left):
        moved[left] = _bisected(relic, moved[left])
    return moved


def _bisected(relic: ProceduralRelic, points: Array) -> Array:
    """The last few, at creases where Newton goes to and fro: halve the way to the other side.

    The other side is looked for in 62 directions, near first; a point that has
    none within 1.5 mm stays where it is.
    """
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 3, indexing="ij"), -1).reshape(-1, 3)
    shell = grid[np.abs(grid).max(axis=1) == 1.0]
    shell /= np.linalg.norm(shell, axis=1, keepdims=True)
    reaches = np.vstack([shell * reach for reach in (0.05, 0.2, 0.6, 1.5)])
    around = (points[:, None] + reaches).reshape(-1, 3)
    inside = evaluate(relic, points) < 0
    crossed = (evaluate(relic, around) < 0).reshape(len(points), -1) != inside[:, None]
    first = crossed.argmax(axis=1)
    here = points.copy()
    there = np.where(crossed.any(axis=1)[:, None], points + reaches[first], points)
    for _ in range(40):
        middle = (here + there) / 2
        same = (evaluate(relic, middle) < 0) == inside
        here[same], there[~same] = middle[same], middle[~same]
    return here


def signed_distance(relic: ProceduralRelic, points: ArrayLike, rounds: int = 3) -> Array:
    """(n,) mm from points (n, 3) to the surface, negative inside.

    Finds the foot point: project, then pull the foot back under the point, some
    rounds. Good to about 1 % within half a millimetre of the surface, where the
    figures of a reconstruction lie; a point far away gets an upper bound.
    """
    given = np.asarray(points, float)
    foot = onto_surface(relic, given)
    for _ in range(rounds - 1):
        n = normals(relic, foot)
        offset = given - foot
        aside = offset - (offset * n).sum(axis=1, keepdims=True) * n
        nearer = onto_surface(relic, foot + aside, rounds=1)
        better = np.linalg.norm(given - nearer, axis=1) < np.linalg.norm(given - foot, axis=1)
        foot[better] = nearer[better]
    return np.sign(evaluate(relic, given)) * np.linalg.norm(given - foot, axis=1)


def surface_samples(
    relic: ProceduralRelic, count: int, seed: int, mesh: Mesh | None = None
) -> Array:
    """Points (count, 3) spread evenly over the true surface, |field| < 1e-6 mm.

    Drawn by area on `mesh` (an `exact_surface` of it, made here at 2 mm if not
    given) and moved onto the surface.
    """
    rng = np.random.default_rng(seed)
    base = mesh if mesh is not None else exact_surface(relic, 2.0)
    corners = base.vertices[base.faces]
    doubled = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    chosen = rng.choice(len(corners), count, p=doubled / doubled.sum())
    a, b = np.sqrt(rng.random(count)), rng.random(count)
    weights = np.column_stack([1 - a, a * (1 - b), a * b])
    return onto_surface(relic, np.einsum("nk,nkd->nd", weights, corners[chosen]))


def exact_surface(relic: ProceduralRelic, edge_mm: float) -> Mesh:
    """The surface as triangles about edge_mm long, every vertex on the true surface (1e-6 mm).

    Colours come along. A wall thinner than 1.5 edges gets holes. Raises
    ValueError where the grid would exceed 500 million nodes (2 GB).
    """
    mesh = rough_surface(relic, edge_mm)
    vertices = onto_surface(relic, mesh.vertices)
    return Mesh(vertices, mesh.faces, colors=relic.color(vertices))


def rough_surface(relic: ProceduralRelic, edge_mm: float) -> Mesh:
    """As `exact_surface`, but only as near as marching cubes comes, at a third of the cost."""
    from skimage.measure import marching_cubes

    low, volume = _field_near_surface(relic, edge_mm)
    vertices, faces, _, _ = marching_cubes(volume, 0.0, allow_degenerate=False)
    return Mesh(low + vertices.astype(float) * edge_mm, faces)


def _field_near_surface(relic: ProceduralRelic, edge: float) -> tuple[Array, NDArray[np.float32]]:
    """The field on a grid of that edge: true values near the surface, elsewhere its sign.

    Cells of 16 edges are halved as long as the surface may pass through them,
    so the field is asked about 6 times per square edge of surface, not at every node.
    """
    low = np.asarray(relic.bounds[0], float) - 2 * edge
    cells = np.ceil((relic.bounds[1] + 2 * edge - low) / (edge * _BLOCK)).astype(int)
    shape = cells * _BLOCK + 1
    if np.prod(shape, dtype=float) > 5e8:
        raise ValueError(f"{edge} mm asks for a grid of {shape} nodes: take a longer edge")
    volume = np.empty(shape, np.float32)
    corner = np.stack(np.meshgrid(*(np.arange(c) for c in cells), indexing="ij"), -1).reshape(-1, 3)
    corner *= _BLOCK
    size = _BLOCK
    while True:
        middle = evaluate(relic, low + (corner + size / 2) * edge)
        near = np.abs(middle) < relic.steepness * (np.sqrt(3) / 2 * size * edge)
        _fill(volume, corner[~near], np.sign(middle[~near]) * 1e3, size)
        corner = corner[near]
        if size == 2:
            break
        size //= 2
        octants = np.stack(np.meshgrid(*[[0, size]] * 3, indexing="ij"), -1).reshape(-1, 3)
        corner = (corner[:, None] + octants).reshape(-1, 3)
    nodes = np.stack(np.meshgrid(*[[0, 1, 2]] * 3, indexing="ij"), -1).reshape(-1, 3)
    flat = np.unique(np.ravel_multi_index((corner[:, None] + nodes).reshape(-1, 3).T, shape))
    where = np.column_stack(np.unravel_index(flat, shape))
    volume.reshape(-1)[flat] = evaluate(relic, low + where * edge)
    return low, volume


def _fill(volume: NDArray[np.float32], corner: NDArray[np.int64], value: Array, size: int) -> None:
    """Set whole cells, with their far faces, to one value each."""
    span = np.arange(size + 1)
    for start in range(0, len(corner), 4096):
        c = corner[start : start + 4096]
        volume[
            (c[:, 0, None] + span)[:, :, None, None],
            (c[:, 1, None] + span)[:, None, :, None],
            (c[:, 2, None] + span)[:, None, None, :],
        ] = value[start : start + 4096, None, None, None]
