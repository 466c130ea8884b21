"""How well `relicscan compare` finds and measures losses whose truth is known.

    python -m bench.compare                      the tests' body and the figurine, as noisy meshes
    python -m bench.compare --scanned            the figurine, scanned and reconstructed twice
    python -m bench.compare --scanned --unchanged    nothing is put there
    python -m bench.compare --subject ding --seeds 2 --noise 0.1

Losses of 0.3 and 5 mm depth, some with a flat bottom and upright walls, some hollow as a shell,
are put at random places of a subject, where it is thick enough and bends little. As meshes, both
sides are the true surface with noise of its own on every vertex. With --scanned, the virtual
scanner (`samples.scanner`) scans the subject before and after from other stations with other
noise, the `archive` pipeline makes a surface of each as far as its levels, and both are aligned
from nowhere (the ding from where it lies). Errors are shares of the truth: the mean over all, and
the largest. `place` is how far the centre is off at the most; `±` is how large the error of the
area was at the most against what was stated. All of that is of those that are not said to be cut
off: some scanned losses are as deep as 10 mm, because a formula is a distance only near its
surface, and have walls that hide their floor. What is found and was not put there is false.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from relicscan.geometry.change import Changes, Region, signed_change
from relicscan.geometry.o3d import load, raycasting_scene
from relicscan.geometry.topology import face_areas, vertex_normals
from relicscan.relic import FloatArray, Frame, Mesh, Relic, Scan
from samples.procedural import Array, ProceduralRelic, exact_surface, rough_surface

#: Radius and depth in mm, and whether the bottom is flat.
KINDS = (
    *((5.0, 0.3, True), (5.0, 0.3, False), (8.0, 0.3, True), (8.0, 0.3, False)),
    *((8.0, 5.0, True), (12.0, 5.0, True), (12.0, 5.0, False)),
)
EDGES_MM = {"figurine": 0.7, "ding": 0.9}
POINTS, DISTANCE_MM = 500_000, 500.0
TITLES = (
    *("subject", "depth mm", "across mm", "shape", "found", "cut off", "area", "volume", "depth"),
    *("place mm", "±"),
)


@dataclass(frozen=True, eq=False)
class Loss:
    """What is taken off within `radius` of an axis: a hollow, or with a flat bottom."""

    center: FloatArray
    normal: FloatArray
    radius: float
    depth: float
    flat: bool

    def across(self, points: FloatArray) -> FloatArray:
        """How far (n,) points are from the axis; infinite on other parts of the relic."""
        off = points - self.center
        along = off @ self.normal
        reach = np.hypot(self.radius, self.depth) + 1
        far = np.linalg.norm(off, axis=1)
        return np.where(far < reach, np.sqrt(np.maximum(far**2 - along**2, 0)), np.inf)

    def depths(self, points: FloatArray) -> FloatArray:
        """(n,) at points (n, 3) of the surface."""
        share = self.across(points) / self.radius
        return np.where(share < 1, self.depth * (1 if self.flat else 1 - share**2), 0)

    def cut(self, points: FloatArray, field: FloatArray) -> FloatArray:
        """The field (n,) of a relic without it."""
        across = self.across(points)
        depth = self.depth * (1 - (0 if self.flat else (across / self.radius) ** 2))
        return np.asarray(np.maximum(field, np.minimum(field + depth, self.radius - across)))


@dataclass(frozen=True, eq=False)
class Truth:
    """What a loss is."""

    loss: Loss
    area: float
    volume: float
    deepest: float


def truth_of(loss: Loss, mesh: Mesh, normals: FloatArray, depth: FloatArray) -> Truth:
    """By the depth (n,) at the vertices of the surface before."""
    depth = np.where(loss.across(mesh.vertices) < loss.radius, depth, 0)
    inside = (depth > 0)[mesh.faces]
    faces = mesh.faces[inside.any(axis=1)]
    whole = mesh.vertices - loss.center
    volumes = [
        np.einsum("nd,nd->", v[faces[:, 0]], np.cross(v[faces[:, 1]], v[faces[:, 2]])) / 6
        for v in (whole, whole - depth[:, None] * normals)
    ]
    area = (face_areas(mesh) * inside.mean(axis=1)).sum()
    return Truth(loss, float(area), float(volumes[0] - volumes[1]), float(depth.max()))


def main() -> int:
    """Print the table."""
    from docs.generate import table

    parser = argparse.ArgumentParser(
        prog="python -m bench.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--subject", nargs="+", choices=("body", "figurine", "ding"))
    parser.add_argument("--scanned", action="store_true")
    parser.add_argument("--unchanged", action="store_true")
    parser.add_argument("--seeds", type=int, default=4, metavar="N")
    parser.add_argument("--noise", type=float, default=0.05, metavar="MM")
    given = parser.parse_args()
    if given.scanned and "body" in (given.subject or ()):
        parser.error("the body is no formula that can be scanned")
    subjects = given.subject or (("figurine",) if given.scanned else ("body", "figurine"))
    for name in subjects:
        kinds = () if given.unchanged else KINDS
        made = (scanned if given.scanned else meshes)(name, given.seeds, given.noise, kinds)
        print(table(TITLES, rows(name, list(made))), flush=True)
    return 0


Kinds = Sequence[tuple[float, float, bool]]
Measured = tuple[Changes, list[Truth]]


def meshes(name: str, seeds: int, noise_mm: float, kinds: Kinds) -> Iterator[Measured]:
    """Comparisons of noisy meshes in one frame, with what was put there, its area and volume."""
    body = surface(name)
    normals = vertex_normals(body.vertices, body.faces)

    def seen(seed: int, losses: Sequence[Loss]) -> Mesh:
        height = np.random.default_rng(seed).normal(0, noise_mm, len(normals))
        height = height - sum(loss.depths(body.vertices) for loss in losses)
        return Mesh(body.vertices + height[:, None] * normals, body.faces)

    for seed in range(seeds):
        losses = placed(body, normals, 100 + seed, kinds)
        before, after = seen(2 * seed + 1, ()), seen(2 * seed + 2, losses)
        truths = [truth_of(o, body, normals, o.depths(body.vertices)) for o in losses]
        yield signed_change(before, after, frames="same"), truths


def scanned(name: str, seeds: int, noise_mm: float, kinds: Kinds) -> Iterator[Measured]:
    """Comparisons of surfaces that were made of scans, aligned from nowhere."""
    relic = formula(name)
    body = surface(name)
    normals = vertex_normals(body.vertices, body.faces)
    before = reconstructed(relic, 1, noise_mm)
    for seed in range(seeds):
        losses = placed(body, normals, 100 + seed, kinds)

        def damaged(points: Array, losses: list[Loss] = losses) -> Array:
            field: FloatArray = relic.distance(points)
            for loss in losses:
                field = loss.cut(points, field)
            return np.asarray(field, dtype=np.float64)

        less = replace(relic, distance=damaged)
        # The field is a distance near the surface alone: how deep it is, rays say.
        rays = np.hstack([body.vertices + 0.1 * normals, -normals]).astype(np.float32)
        scene = raycasting_scene(rough_surface(less, EDGES_MM[name]))
        depth = scene.cast_rays(load().core.Tensor(rays))["t_hit"].numpy().astype(float) - 0.1
        truths = [truth_of(loss, body, normals, depth) for loss in losses]
        after = reconstructed(less, 50 + seed, noise_mm)
        # A ding's legs and masks repeat: from nowhere it would be refused.
        yield signed_change(before, after, frames="near" if name == "ding" else "unrelated"), truths


def reconstructed(relic: ProceduralRelic, seed: int, noise_mm: float) -> Mesh:
    """The surface that the archive pipeline makes of a scan all round, in the relic's frame."""
    from bench.chain_ours import until_surface
    from relicscan.geometry.frames import transformed
    from relicscan.pipeline import read_pipeline, run_pipeline
    from samples.scanner import Instrument, Scene, merged, scan_around, station

    middle: Array = np.asarray(relic.bounds).mean(axis=0)
    turn = 7.0 * seed
    poses = [
        station(middle, turn + 36 * k, elevation, DISTANCE_MM)
        for k, elevation in enumerate((-35, 5, 35, -10, 25) * 2)
    ]
    poses += [station(middle, turn, elevation, DISTANCE_MM) for elevation in (-80, 80)]
    views = scan_around(Scene(relic, 1.0), poses, POINTS, Instrument(range_noise_mm=noise_mm), seed)
    scan = Scan("scan", merged(views), "scan", unit="mm")
    given = Relic("scan", scans=(scan,), frame=Frame(unit="mm", up="+Z", up_basis="the formula"))
    made = run_pipeline(given, until_surface(read_pipeline("archive")))
    mesh = made.the_mesh()
    vertices = transformed(np.linalg.inv(made.frame.T_work_source), mesh.vertices)
    return Mesh(vertices, mesh.faces, filled=mesh.filled)


def surface(name: str) -> Mesh:
    """The true surface of a subject."""
    if name == "body":
        from tests.geometry.change.bodies import smooth_body

        return smooth_body(7)
    return exact_surface(formula(name), EDGES_MM[name])


def formula(name: str) -> ProceduralRelic:
    """The field of a subject."""
    from samples.relics import ding, figurine

    return {"figurine": figurine, "ding": ding}[name]()


def placed(mesh: Mesh, normals: FloatArray, seed: int, kinds: Kinds) -> list[Loss]:
    """One loss of each kind that finds a place: apart, where it bends little and is thick."""
    from scipy.spatial import cKDTree

    random = np.random.default_rng(seed)
    tree, scene, tensor = cKDTree(mesh.vertices), raycasting_scene(mesh), load().core.Tensor
    losses: list[Loss] = []
    for radius, depth, flat in kinds:
        for at in random.integers(len(mesh.vertices), size=3000):
            center, normal = mesh.vertices[at], normals[at]
            if any(np.linalg.norm(center - o.center) < o.radius + radius + 8 for o in losses):
                continue
            if (normals[tree.query_ball_point(center, radius + 2)] @ normal).min() < 0.75:
                continue
            ways = np.stack([normal, -normal])
            rays = np.hstack([center + 0.5 * ways, ways]).astype(np.float32)
            if scene.cast_rays(tensor(rays))["t_hit"].numpy().min() > radius + depth + 4:
                losses.append(Loss(center, normal, radius, depth, flat))
                break
    return losses


def rows(name: str, measured: Sequence[Measured]) -> list[list[str]]:
    """A row for each kind, and one for what is false."""
    errors: dict[tuple[float, float, bool], list[list[float]]] = {kind: [] for kind in KINDS}
    put, cut_off = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    false = 0
    for changes, truths in measured:
        left = list(changes.regions)
        for truth in truths:
            loss = truth.loss
            kind = loss.radius, loss.depth, loss.flat
            put[kind] += 1
            near = [r for r in left if np.linalg.norm(r.centroid - loss.center) < loss.radius]
            if near:
                left.remove(near[0])
                cut_off[kind] += near[0].cut_off
                if not near[0].cut_off:
                    errors[kind].append(_errors(near[0], truth))
        false += len(left)
    told = []
    for kind, found in errors.items():
        radius, depth, flat = kind
        shape = [name, f"{depth:g}", f"{2 * radius:g}", "flat" if flat else "hollow"]
        if not put[kind]:
            continue
        count = [f"{len(found) + cut_off[kind]} of {put[kind]}", str(cut_off[kind])]
        if not found:
            told.append([*shape, *count, *["–"] * 5])
            continue
        e = np.array(found)
        shares = [f"{e[:, k].mean():+.1%}, {np.abs(e[:, k]).max():.1%}" for k in range(3)]
        told.append([*shape, *count, *shares, f"{e[:, 3].max():.2f}", f"{e[:, 4].max():.2f}"])
    return [*told, [name, "–", "–", "false", str(false), *["–"] * 6]]


def _errors(region: Region, truth: Truth) -> list[float]:
    return [
        region.area / truth.area - 1,
        region.volume / truth.volume - 1,
        -region.deepest / truth.deepest - 1,
        float(np.linalg.norm(region.centroid - truth.loss.center)),
        abs(region.area - truth.area) / region.area_uncertainty,
    ]


if __name__ == "__main__":
    sys.exit(main())
