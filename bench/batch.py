"""What a night costs besides the relics themselves: `make bench-batch`.

    python -m bench.batch             all figures, twenty minutes on two cores
    python -m bench.batch --write     and write them to docs/reliability.md
    python -m bench.batch --finished 50 --copies 1      a quick look

Every figure is of whole runs of the command line, on a machine that does nothing else. What
is compared is run in turn and given as a ratio.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.figures import write_section

ROOT = Path(__file__).resolve().parents[1]
AFRESH = ("--cache", "0")

#: What the batch itself costs is measured on relics whose models take no time.
QUICK = ("--pipeline", "preview")


def run(shelf: Path, out: Path, *more: str) -> float:
    """Seconds of a run of the command line, which must end well."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "relicscan", "run", shelf, "-o", out, "-q", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return time.perf_counter() - began


def copies(shelf: Path, count: int) -> None:
    """`count` copies of two sample scans, each shifted by a hair so that none is the same."""
    from relicscan import formats
    from relicscan.formats.ply import write_cloud
    from relicscan.relic import PointCloud

    for name, file in (("ding-bronze", "ding.ply"), ("stele-relief", "stele.laz")):
        cloud = formats.read(ROOT / "samples" / name / file)[0].geometry
        assert isinstance(cloud, PointCloud)
        for number in range(count):
            folder = shelf / f"{name}-{number}"
            folder.mkdir(parents=True)
            moved = PointCloud(np.add(cloud.points, number + 1.0), colors=cloud.colors)
            write_cloud(folder / "scan.ply", moved)
            (folder / "relic.toml").write_text('[scan]\nunit = "mm"\nup = "+Z"\n', encoding="utf-8")


def cubes(shelf: Path, count: int) -> None:
    """Scan folders that take no time by themselves: cubes of twelve triangles."""
    from relicscan.formats.ply import write_mesh
    from relicscan.relic import Mesh

    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    faces = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]]
    faces += [[2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
    for number in range(count):
        folder = shelf / f"hall{number % 10}" / f"cube{number:04d}"
        folder.mkdir(parents=True)
        write_mesh(folder / "cube.ply", Mesh(corners * (40 + number / 10), np.array(faces)))
        (folder / "relic.toml").write_text('[scan]\nunit = "mm"\nup = "+Z"\n', encoding="utf-8")
    long_ago = time.time() - 1000
    for path in shelf.rglob("*.*"):
        os.utime(path, (long_ago, long_ago))


def content(out: Path) -> str:
    """One checksum over every file of an output folder and the time it was last changed."""
    digest = hashlib.sha256()
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "lock":
            digest.update(f"{path} {path.stat().st_mtime_ns}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def two_jobs(scratch: Path, count: int, rounds: int = 3) -> str:
    """Two jobs at a time against one with one thread, in turn, and what neighbours cost.

    The clock of a shared machine wanders by a quarter within minutes, so only runs that
    follow each other are compared, and all rounds are told.
    """
    copies(scratch / "shelf", count)
    ratios, alone, beside = [], 0.0, 0.0
    for _ in range(rounds):
        one = run(scratch / "shelf", scratch / "one", "--jobs", "1", "--threads", "1", *AFRESH)
        two = run(scratch / "shelf", scratch / "two", "--jobs", "2", *AFRESH)
        ratios.append(one / two)
        alone += in_stages(scratch / "one")
        beside += in_stages(scratch / "two")
        shutil.rmtree(scratch / "one")
        shutil.rmtree(scratch / "two")
    return (
        f"{2 * count} sample scans: {one:.1f} s with `--jobs 1 --threads 1`, {two:.1f} s with "
        f"`--jobs 2`: {', '.join(f'{ratio:.2f}' for ratio in ratios)} times as fast in {rounds} "
        f"rounds. The stages took {beside / alone:.2f} times as long beside another relic as alone."
    )


def in_stages(out: Path) -> float:
    """Seconds that all relics of an output folder spent in their stages."""
    records = (json.loads(path.read_bytes()) for path in out.glob("*/run.json"))
    return sum(sum(record["stage_seconds"].values()) for record in records)


def overhead(scratch: Path, count: int = 12) -> str:
    """What a relic costs that takes no time by itself."""
    cubes(scratch / "shelf", count)
    took = run(scratch / "shelf", scratch / "out", "--jobs", "1", *QUICK, *AFRESH)
    cube = scratch / "shelf" / "hall0" / "cube0000"
    one = run(cube, scratch / "alone", *QUICK, *AFRESH)
    return (
        f"A cube of twelve triangles, from scan folder to a validated model: {took / count:.2f} s "
        f"in a batch of {count}, one at a time; {one:.2f} s alone, with the start of the command."
    )


def finished(scratch: Path, count: int) -> str:
    """Running a finished batch again."""
    cubes(scratch / "shelf", count)
    first = run(scratch / "shelf", scratch / "out", *QUICK)
    before = content(scratch / "out")
    again = run(scratch / "shelf", scratch / "out", *QUICK)
    same = content(scratch / "out") == before
    rehash = run(scratch / "shelf", scratch / "out", "--rehash", *QUICK)
    return (
        f"{count} finished relics, run again: {again:.2f} s (the first time {first:.0f} s), "
        f"{'no byte changed' if same else 'BYTES CHANGED'}; with `--rehash` {rehash:.2f} s."
    )


def late_parameter(scratch: Path) -> str:
    """Changing a parameter of the last stage, and a title."""
    shelf = scratch / "shelf"
    shutil.copytree(ROOT / "samples" / "ding-bronze", shelf / "ding-bronze")
    first = run(shelf, scratch / "out", *QUICK)
    later = run(shelf, scratch / "out", "--set", "build_levels.ceilings.thumb=10_000", *QUICK)
    record = json.loads((scratch / "out" / "ding-bronze" / "run.json").read_bytes())
    cache = sum(f.stat().st_size for f in (scratch / "out" / ".relicscan" / "cache").iterdir())
    toml = shelf / "ding-bronze" / "relic.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    title = run(shelf, scratch / "out", "--set", "build_levels.ceilings.thumb=10_000", *QUICK)
    return (
        f"ding-bronze: {first:.1f} s; with another ceiling in its last stage {later:.1f} s "
        f"({record['stages_kept']} of 15 stages were kept, {cache / 1e6:.0f} MB); with another "
        f"word in its relic.toml {title:.1f} s."
    )


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    parser.add_argument("--copies", type=int, default=2, help="of each of two sample scans")
    parser.add_argument("--finished", type=int, default=500, help="relics of a finished batch")
    parser.add_argument("--write", action="store_true", help="write to docs/reliability.md")
    given = parser.parse_args()
    lines = []
    for measure in (
        lambda folder: two_jobs(folder, given.copies),
        overhead,
        lambda folder: finished(folder, given.finished),
        late_parameter,
    ):
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            lines.append(f"- {measure(Path(scratch))}")
            print(lines[-1], flush=True)
    if given.write:
        write_section("bench-batch", "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
