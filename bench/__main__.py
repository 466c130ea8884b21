"""Seconds, memory and millimetres of the default pipeline on a relic that is known exactly.

    python -m bench                    a million points
    python -m bench --points 200000    a smaller scan
    python -m bench --write            and write the table to docs/benchmarks.md

The relic is `samples.relics.benchmark` (frozen), as triangles of 0.7 mm with every
vertex on the true surface; these count as the truth. They are sampled evenly, with
0.05 mm of noise along the normals and 1 % of outliers, written as PLY, and run as
`relicscan run` does. Errors are distances between points on the true surface and the
mesh, both ways, 200,000 points each.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

from relicscan.relic import FloatArray, Mesh, PointCloud

ROOT = Path(__file__).resolve().parents[1]
NOISE_MM, OUTLIER_SHARE, SAMPLES = 0.05, 0.01, 200_000
HEAD = """<!-- Made by `python -m bench --write`. Edits here are overwritten. -->

# Benchmarks

`make bench` scans a procedural relic whose surface is known exactly (480 mm tall,
undercuts, a wall of 2 mm, fine relief; frozen), runs the default pipeline on the
scan, and measures the models against the true surface. The figures below are from
one run of it.
"""


def noisy_scan(truth: Mesh, count: int) -> PointCloud:
    """Points (count, 3) of a coloured mesh with noise along normals and outliers, seeded."""
    rng = np.random.default_rng(1)
    points, faces = sampled(truth, count, seed=4)
    corners = truth.vertices[truth.faces[faces]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    noisy = points + normals * rng.normal(0, NOISE_MM, (count, 1))
    stray = rng.random(count) < OUTLIER_SHARE
    noisy[stray] += rng.normal(0, 3.0, (int(stray.sum()), 3))
    assert truth.colors is not None
    return PointCloud(noisy, colors=truth.colors[truth.faces[faces, 0]])


def distances(points: FloatArray, mesh: Mesh) -> FloatArray:
    """Distance (n,) from points (n, 3) to the mesh."""
    from relicscan.geometry.o3d import load, raycasting_scene

    tensor = load().core.Tensor(points.astype(np.float32))
    return np.asarray(raycasting_scene(mesh).compute_distance(tensor).numpy())


def sampled(mesh: Mesh, count: int, seed: int = 2) -> tuple[FloatArray, np.ndarray]:
    """Points (count, 3) spread evenly over a mesh, and the face (count,) of each; seeded."""
    from relicscan.geometry.topology import face_areas

    rng = np.random.default_rng(seed)
    area = face_areas(mesh)
    faces = rng.choice(len(area), count, p=area / area.sum())
    corners = mesh.vertices[mesh.faces[faces]]
    a, b = np.sqrt(rng.random(count)), rng.random(count)
    weights = np.column_stack([1 - a, a * (1 - b), a * b])
    return np.asarray(np.einsum("nk,nkd->nd", weights, corners)), faces


def error_row(name: str, mesh: Mesh, truth: Mesh, on_truth: FloatArray) -> list[str]:
    """RMS, 95th percentile and maximum, from the true surface to the mesh and back."""
    row = [name, f"{len(mesh.faces):,}"]
    for d in (distances(on_truth, mesh), distances(sampled(mesh, SAMPLES)[0], truth)):
        row += [f"{np.sqrt(np.mean(d**2)):.4f}", f"{np.quantile(d, 0.95):.4f}", f"{d.max():.2f}"]
    return row


def main() -> int:
    """Measure and print; optionally write docs/benchmarks.md."""
    from docs.generate import table
    from relicscan.batch.run import run
    from relicscan.formats import ply
    from relicscan.formats.ply import write_cloud
    from samples.procedural import exact_surface
    from samples.relics.benchmark import benchmark_relic

    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = parser.parse_args()
    truth = exact_surface(benchmark_relic(), 0.7)
    on_truth, _ = sampled(truth, SAMPLES, seed=3)
    scan = noisy_scan(truth, arguments.points)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "scan"
        folder.mkdir()
        write_cloud(folder / "scan.ply", scan)
        (folder / "relic.toml").write_text(
            'id = "benchmark"\n[scan]\nunit = "mm"\nup = "+Z"\nfront = "-Y"\n', encoding="utf-8"
        )
        out = Path(scratch) / "out"
        (outcome,) = run([folder], out)
        print(f"{outcome.verdict or outcome.state} {outcome.reasons or ''}")
        record = json.loads((out / "benchmark" / "run.json").read_text(encoding="utf-8"))
        manifest = json.loads((out / "benchmark" / "relic.json").read_text(encoding="utf-8"))
        (master,) = ply.read(out / "benchmark" / "master" / "mesh.ply")
        meshes = {"master": master.geometry}
        for level in manifest["levels"]:
            meshes[level["name"]] = _level(out / "benchmark" / level["path"], manifest)
    to_work = -np.asarray(_centre(manifest))
    truth = Mesh(truth.vertices + to_work, truth.faces)
    errors = table(
        ("", "triangles", "RMS", "p95", "max", "back: RMS", "p95", "max"),
        [
            error_row(name, mesh, truth, on_truth + to_work)
            for name, mesh in meshes.items()
            if isinstance(mesh, Mesh)
        ],
    )
    seconds = table(
        ("stage", "seconds"),
        [(name, f"{s:.2f}") for name, s in record["stage_seconds"].items()]
        + [("all", f"{record['seconds']:.2f}")],
    )
    text = (
        f"{arguments.points:,} points, {os.cpu_count()} cores ({platform.machine()}): "
        f"{record['seconds']:.1f} s, {record['peak_memory_bytes'] / 1e9:.2f} GB at the most.\n\n"
        f"Millimetres from the true surface to the mesh, and back:\n\n{errors}\n{seconds}"
    )
    print(text)
    if arguments.write:
        path = ROOT / "docs" / "benchmarks.md"
        path.write_text(f"{HEAD}\n{text}", encoding="utf-8", newline="\n")
    return 0


def _centre(manifest: dict[str, object]) -> list[float]:
    """Where the working frame has its origin, in source millimetres."""
    T = np.array(manifest["frame"]["T_model_source"])  # type: ignore[index]
    return [float(x) for x in -np.linalg.inv(T[:3, :3]) @ T[:3, 3]]


def _level(path: Path, manifest: dict[str, object]) -> Mesh:
    """A level back in the working frame, millimetres."""
    from relicscan import formats

    T = np.array(manifest["frame"]["T_model_source"])  # type: ignore[index]
    mesh = formats.read(path)[0].geometry
    assert isinstance(mesh, Mesh)
    return Mesh(mesh.vertices @ np.linalg.inv(T[:3, :3]).T, mesh.faces)


if __name__ == "__main__":
    sys.exit(main())
