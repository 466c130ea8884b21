"""What the benchmark scans, and how far a point is from its true surface.

Two subjects, both 480 mm tall with z up and the front towards -y. The *vase* is
`samples.relics.benchmark`, a formula, frozen: undercuts, a wall of 2 mm, relief finer
than the scanner's spacing. The *bust* is a scanned Nefertiti of 70,000 triangles
(public domain, not part of this repository); those flat triangles are its true surface.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.even import sampled
from relicscan.relic import ByteArray, FloatArray, Mesh
from samples.procedural import ProceduralRelic

ROOT = Path(__file__).resolve().parents[1]
HEIGHT_MM = 480.0
#: For the scanner's rays, which are refined, and for distances over NEAR_MM, where 0.03 mm
#: between triangle and surface do not count. The vase's wall needs no more than 1.33 mm.
EDGE_MM = 1.0
#: Nearer than this, distances are taken from the formula itself.
NEAR_MM = 0.5


@dataclass(frozen=True, eq=False)
class Subject:
    """Something to scan whose surface is known.

    `surface`: its triangles, good enough to cast rays at. `samples(count, seed)` are
    points (count, 3) spread evenly over the true surface, `distance(points)` is (n,) mm
    from points (n, 3) to it.
    """

    name: str
    title: str
    relic: ProceduralRelic
    surface: Mesh
    samples: Callable[[int, int], FloatArray]
    distance: Callable[[FloatArray], FloatArray]


def shared_folder() -> Path:
    """What lies beside the checkout, if it is there: real scans among it."""
    return Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared"))


def bust_file() -> Path:
    """Where the scanned bust lies, if it is there."""
    return shared_folder() / "scans" / "mesh_nefertiti" / "nefertiti-lowres.obj"


def names() -> list[str]:
    """The subjects that can be scanned here."""
    return ["vase", "bust"] if bust_file().is_file() else ["vase"]


def subject(name: str, surface: Mesh | None = None) -> Subject:
    """The subject of that name; `surface` where it has been made already."""
    if name == "bust":
        return of_mesh("bust", "Nefertiti, 70,000 triangles", surface or _upright(bust_file()))
    from samples.relics.benchmark import benchmark_relic

    title = "head vase, procedural: `samples.relics.benchmark`"
    return of_formula(name, title, benchmark_relic(), surface)


def of_formula(
    name: str, title: str, relic: ProceduralRelic, surface: Mesh | None = None
) -> Subject:
    """A subject whose true surface is where a field is zero.

    Distances under NEAR_MM are those to the foot point on the formula's own surface: the
    triangles alone are 0.035 mm RMS off on the vase, two thirds of what is measured. One
    round of walking there instead of three changes that RMS by less than 0.2 %.
    """
    from samples.procedural import rough_surface, signed_distance, surface_samples

    rough = rough_surface(relic, EDGE_MM) if surface is None else surface

    def distance(points: FloatArray) -> FloatArray:
        found = distances(points, rough)
        near = np.flatnonzero(found < NEAR_MM)
        refined = np.abs(signed_distance(relic, points[near], rounds=1))
        # A foot point on the other side of a wall is no nearer one.
        found[near] = np.where(np.abs(refined - found[near]) < NEAR_MM / 2, refined, found[near])
        return found

    def samples(count: int, seed: int) -> FloatArray:
        return surface_samples(relic, count, seed, rough)

    return Subject(name, title, relic, rough, samples, distance)


def of_mesh(name: str, title: str, mesh: Mesh) -> Subject:
    """A subject whose true surface is a mesh.

    To the scanner it is a field: the distance to the plane of the nearest triangle, whose
    gradient is that triangle's normal.
    """
    from relicscan.geometry.o3d import load, raycasting_scene

    scene, tensor = raycasting_scene(mesh), load().core.Tensor
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    def field(points: FloatArray) -> FloatArray:
        nearest = scene.compute_closest_points(tensor(points.astype(np.float32)))
        face = nearest["primitive_ids"].numpy().astype(np.int64)
        return np.asarray(((points - a[face]) * normals[face]).sum(axis=1))

    relic = ProceduralRelic(name, field, _plaster, mesh.bounds, steepness=1.0)
    return Subject(
        name,
        title,
        relic,
        mesh,
        lambda count, seed: sampled(mesh, count, seed)[0],
        lambda points: distances(points, mesh),
    )


def distances(points: FloatArray, mesh: Mesh) -> FloatArray:
    """Distance (n,) mm from points (n, 3) to the triangles of a mesh."""
    from relicscan.geometry.o3d import load, raycasting_scene

    tensor = load().core.Tensor(points.astype(np.float32))
    return np.array(raycasting_scene(mesh).compute_distance(tensor).numpy(), dtype=np.float64)


def _upright(file: Path) -> Mesh:
    """The bust from y up, facing z, to z up, facing -y; standing on z = 0, HEIGHT_MM tall."""
    from relicscan import formats

    mesh = formats.read(file)[0].geometry
    assert isinstance(mesh, Mesh)
    x, y, z = mesh.vertices.T
    turned = np.column_stack([x, -z, y])
    low, high = turned.min(axis=0), turned.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return Mesh((turned - foot) * (HEIGHT_MM / (high[2] - low[2])), mesh.faces)


def _plaster(points: FloatArray) -> ByteArray:
    """Colours (n, 3): the bust's file has none, and a scan with colours is what is measured."""
    from samples.sdf import ripple

    shade = 1 + 0.1 * ripple(points, 40, 7, 12)
    return np.asarray(np.clip(np.array([204.0, 178.0, 146.0]) * shade[:, None], 0, 255), np.uint8)
