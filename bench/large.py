"""Scans that do not fit into memory: `python -m bench.large`, `make bench-large`.

    python -m bench.large                            100 million points, PLY and LAZ, 6 GB
    python -m bench.large --points 20000000          a quicker look
    python -m bench.large --format laz --keep FOLDER
    python -m bench.large --write                    and write to docs/reliability.md

Points of the benchmark relic, spread evenly, with noise and outliers, are written a million
at a time; then `relicscan run` has so much memory and no more. Prints what it took and how
far the master is from the true surface.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.even import noisy_scan, sampled
from bench.figures import write_section
from bench.levels import source_meshes
from bench.measured import measured, python
from relicscan.relic import Mesh, PointCloud

PIECE = 1_000_000
RELIC_TOML = '[scan]\nunit = "mm"\nup = "+Z"\n'
STEP_MM = 0.001  # what LAZ rounds to
JUDGED = 200_000


def main() -> int:
    """Write the scans, run them, say what it took."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.large",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--points", type=int, default=100_000_000)
    parser.add_argument("--format", choices=("ply", "laz"), nargs="+", default=["ply", "laz"])
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here, and leave it")
    parser.add_argument("--write", action="store_true", help="write to docs/reliability.md")
    given = parser.parse_args()
    truth, told = _truth(), []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for kind in given.format:
            folder = (given.keep or Path(scratch)) / kind
            _written(truth, folder / "scan", kind, given.points)
            told.append(f"- {_run(truth, folder, kind, given.points, given.memory)}")
            print(told[-1], flush=True)
    if given.write:
        write_section("bench-large", "\n".join(told))
    return 0


def _truth() -> Mesh:
    from samples.procedural import exact_surface
    from samples.relics.benchmark import benchmark_relic

    return exact_surface(benchmark_relic(), 0.7)


def _written(truth: Mesh, folder: Path, kind: str, points: int) -> None:
    file = folder / f"scan.{kind}"
    if file.is_file():
        return
    folder.mkdir(parents=True)
    (folder / "relic.toml").write_text(RELIC_TOML, encoding="utf-8")
    began = time.perf_counter()
    (_write_laz if kind == "laz" else _write_ply)(file, truth, points)
    size, seconds = file.stat().st_size / 1e9, time.perf_counter() - began
    print(f"{kind}: {points:,} points, {size:.2f} GB, written in {seconds:.0f} s", flush=True)


def _pieces(truth: Mesh, points: int) -> Iterator[PointCloud]:
    for first in range(0, points, PIECE):
        yield noisy_scan(truth, min(PIECE, points - first), seed=first + 1)


def _write_ply(file: Path, truth: Mesh, points: int) -> None:
    row = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)])
    names = [f"property float {axis}" for axis in "xyz"]
    names += [f"property uchar {color}" for color in ("red", "green", "blue")]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {points}", *names]
    with file.open("wb") as stream:
        stream.write("\n".join([*header, "end_header", ""]).encode())
        for cloud in _pieces(truth, points):
            rows = np.empty(len(cloud), row)
            rows["xyz"], rows["rgb"] = cloud.points, cloud.colors
            stream.write(rows.tobytes())


def _write_laz(file: Path, truth: Mesh, points: int) -> None:
    import laspy

    header = laspy.LasHeader(point_format=2, version="1.2")
    header.scales, header.offsets = np.full(3, STEP_MM), np.zeros(3)
    with laspy.open(file, mode="w", header=header) as writer:
        for cloud in _pieces(truth, points):
            record = laspy.ScaleAwarePointRecord.zeros(len(cloud), header=header)
            for axis, values in zip("xyz", cloud.points.T, strict=True):
                setattr(record, axis, values)
            assert cloud.colors is not None
            for name, values in zip(("red", "green", "blue"), cloud.colors.T, strict=True):
                setattr(record, name, values.astype(np.uint16) * 257)
            writer.write_points(record)


def _run(truth: Mesh, folder: Path, kind: str, points: int, memory: str) -> str:
    out, log = folder / "out", folder / "run.log"
    command = ["run", folder / "scan", "-o", out, "-q", "--cache", "0", "--memory", memory]
    took = measured(python("relicscan", *command), log)
    if took.ending:
        return f"{kind}: {took.ending}: {took.last_line}"
    record = json.loads((out / "scan" / "run.json").read_text(encoding="utf-8"))
    off = _judged(truth, out / "scan")
    steps = sorted(record["stage_seconds"].items(), key=lambda step: -step[1])[:4]
    return (
        f"{points:,} points in {kind.upper()} with --memory {memory}: {record['seconds']:.0f} s "
        f"({', '.join(f'{name} {seconds:.0f}' for name, seconds in steps)}), "
        f"{record['peak_memory_bytes'] / 1e9:.2f} GB at the most; the master's RMS from the true "
        f"surface is {off:.4f} mm"
    )


def _judged(truth: Mesh, relic: Path) -> float:
    """RMS (mm) from the true surface to the master."""
    from relicscan.geometry.closest import closest, triangle_tree

    master = source_meshes(relic)["master"]
    apart, _, _ = closest(triangle_tree(master), sampled(truth, JUDGED, seed=3)[0])
    return float(np.sqrt(np.mean(apart**2)))


if __name__ == "__main__":
    raise SystemExit(main())
