"""Decimation alone: ours against fast-simplification and Open3D, on one reconstructed surface.

    python -m bench.decimation                     a million points
    python -m bench.decimation --points 200000     a quick look
    python -m bench.decimation --only ours         without the peers

The surface is what `pipelines/web.toml` makes of an even scan of the benchmark relic
(`bench.even`), before levels of detail. Distances are between it and the result, from 200,000
places on each. CPU seconds are of all threads; seconds are worth something on a quiet machine.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.even import noisy_scan, sampled
from relicscan.relic import FloatArray, Mesh

SAMPLES = 200_000
LEVELS = (150_000, 80_000, 40_000, 20_000)
TITLES = ("road", "triangles", "seconds", "CPU", "RMS", "p95", "max", "back: RMS", "p95", "max")


def main() -> int:
    """Make the surface, run every road, print a table."""
    from docs.generate import table
    from relicscan.geometry.decimation import decimate

    parser = argparse.ArgumentParser(
        prog="python -m bench.decimation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--triangles", type=int, default=100_000)
    parser.add_argument("--only", choices=("ours", "peers"))
    parser.add_argument("--surface", type=Path, help="a mesh to use instead, as PLY")
    parser.add_argument("--max-deviation-mm", type=float, help="a row with this limit, too")
    given = parser.parse_args()
    full = _surface(given.points) if given.surface is None else _read(given.surface)
    print(f"{len(full.faces):,} triangles to {given.triangles:,}", file=sys.stderr, flush=True)

    roads: dict[str, Callable[[], Mesh]] = {}
    if given.only != "peers":
        decimate(Mesh(full.vertices, full.faces[:1000]), 500)  # machine code is there
        roads["ours"] = lambda: decimate(full, given.triangles)
        if given.max_deviation_mm:
            roads[f"ours within {given.max_deviation_mm:g} mm"] = lambda: decimate(
                full, given.triangles, max_deviation_mm=given.max_deviation_mm
            )
    if given.only != "ours":
        roads["fast-simplification"] = lambda: _fast(full, given.triangles)
        roads["Open3D"] = lambda: _open3d(full, given.triangles)
        roads["fast-simplification to 3 x, then Open3D"] = lambda: _open3d(
            _fast(full, 3 * given.triangles), given.triangles
        )
    rows = [_row(name, road, full) for name, road in roads.items()]
    if given.only != "peers":
        finer = [full]
        for ceiling in LEVELS:
            rows.append(
                _row(f"ours, {ceiling:,} from the level above", _next(finer, ceiling), full)
            )
    print(table(TITLES, rows))
    if given.only == "ours":
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"Memory at its highest, all included: {grown / 1e6:,.0f} MB")
    return 0


def _next(finer: list[Mesh], ceiling: int) -> Callable[[], Mesh]:
    """A road from the last level so far to the next, which then is the last."""
    from relicscan.geometry.decimation import decimate

    def road() -> Mesh:
        finer.append(decimate(finer[-1], ceiling))
        return finer[-1]

    return road


def _row(name: str, road: Callable[[], Mesh], full: Mesh) -> list[str]:
    wall, cpu = time.perf_counter(), time.process_time()
    mesh = road()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name}: {wall:.1f} s", file=sys.stderr, flush=True)
    row = [name, f"{len(mesh.faces):,}", f"{wall:.2f}", f"{cpu:.2f}"]
    for a, b in ((full, mesh), (mesh, full)):
        apart = _distances(sampled(a, SAMPLES, seed=3)[0], b)
        row += [f"{np.sqrt(np.mean(apart**2)):.4f}", f"{np.quantile(apart, 0.95):.4f}"]
        row.append(f"{apart.max():.3f}")
    return row


def _distances(points: FloatArray, mesh: Mesh) -> FloatArray:
    from relicscan.geometry.o3d import load, raycasting_scene

    tensor = load().core.Tensor(points.astype(np.float32))
    return np.asarray(raycasting_scene(mesh).compute_distance(tensor).numpy())


def _fast(mesh: Mesh, triangles: int) -> Mesh:
    from fast_simplification import simplify

    return Mesh(*simplify(np.array(mesh.vertices), np.array(mesh.faces), target_count=triangles))


def _open3d(mesh: Mesh, triangles: int) -> Mesh:
    from relicscan.geometry.o3d import load

    o3d = load()
    exact = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(np.array(mesh.vertices)),
        o3d.utility.Vector3iVector(np.array(mesh.faces)),
    ).simplify_quadric_decimation(target_number_of_triangles=triangles, boundary_weight=3.0)
    return Mesh(np.asarray(exact.vertices), np.asarray(exact.triangles))


def _surface(points: int) -> Mesh:
    """What the default pipeline makes of an even scan of the benchmark relic."""
    from bench.chain_ours import until_surface
    from relicscan.formats.ply import write_cloud
    from relicscan.pipeline import read_pipeline, stage_by_stage
    from relicscan.scan_folder import read_relic
    from samples.procedural import exact_surface
    from samples.relics.benchmark import benchmark_relic

    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        scan = Path(scratch) / "scan.ply"
        write_cloud(scan, noisy_scan(exact_surface(benchmark_relic(), 0.7), points))
        relic = read_relic(scan)
        for after in stage_by_stage(relic, until_surface(read_pipeline("web"))):
            relic = after
    mesh = relic.the_mesh()
    return Mesh(mesh.vertices, mesh.faces)


def _read(path: Path) -> Mesh:
    from relicscan import formats

    mesh = formats.read(path)[0].geometry
    assert isinstance(mesh, Mesh)
    return Mesh(mesh.vertices, mesh.faces)


if __name__ == "__main__":
    sys.exit(main())
