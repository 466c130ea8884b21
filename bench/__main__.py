"""Seconds, memory and millimetres: our chain against Open3D's and PyMeshLab's.

    python -m bench                                a million points, all chains, all subjects
    python -m bench --points 100000                a quick look
    python -m bench --only ours --subject vase     one chain, one subject
    python -m bench --points 1000000 5000000       and how the time per point grows (long)
    python -m bench --write                        and write docs/benchmarks.md
    python -m bench --keep build/bench             keep scans and meshes; scan only once

Every chain reads the same PLY file and leaves 100,000 triangles, in a process of its own,
one after the other. The judge measures them against the true surface (`bench.judge`).
Peers get scans of up to --peers-up-to points; above that they take hours. Then the whole
package of the first scan is made, as users have it (`bench.package`), and finished models are
made small beside gltf-transform (`bench.peer_models`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import package, peer_models, tables
from bench.chain import CHAINS
from bench.even import noisy_scan
from bench.measured import ROOT, judged, measured, python
from bench.measured import say as _say
from bench.subjects import bust_file, names
from bench.tables import Row

__all__ = ["main", "noisy_scan"]  # bench.cluster takes its scan from here

#: What decides how a scan comes out, besides the bust's own file.
SCANNER = ("samples/*.py", "samples/relics/benchmark.py", "bench/scan.py", "bench/subjects.py")


def main() -> int:
    """Scan, run, judge and print; optionally write docs/benchmarks.md."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        text = _measured_text(given, folder.resolve())
    print(f"\n{text}")
    if given.write:
        path = ROOT / "docs" / "benchmarks.md"
        path.write_text(f"{tables.HEAD}\n{text}", encoding="utf-8", newline="\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--points", type=int, nargs="+", default=[1_000_000], metavar="N")
    parser.add_argument("--only", nargs="+", choices=CHAINS, default=list(CHAINS))
    parser.add_argument("--subject", nargs="+", choices=("vase", "bust"), default=names())
    parser.add_argument("--peers-up-to", type=int, default=2_000_000, metavar="N")
    parser.add_argument("--triangles", type=int, default=100_000)
    parser.add_argument("--no-package", action="store_true", help="leave out the whole package")
    parser.add_argument("--no-models", action="store_true", help="leave out finished models")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here, and leave it")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    given = parser.parse_args()
    if "bust" in given.subject and not bust_file().is_file():
        parser.error(f"the bust is not at {bust_file()} (set RELICSCAN_SHARED)")
    return given


def _measured_text(given: argparse.Namespace, folder: Path) -> str:
    points = sorted(set(given.points))
    load = os.getloadavg()[0]
    titles = {name: _scanned(folder / name, name, points) for name in given.subject}
    rows: list[Row] = []
    for name in given.subject:
        if "ours" in given.only:  # what a scan needs compiled depends on the scan
            _say(f"{name}: a first run of ours, not counted, compiles what is not compiled yet")
            first, _ = _run("ours", folder / name / str(points[0]), given.triangles)
            if first.took.ending:
                raise SystemExit(f"ours {first.took.ending}: {first.took.last_line}")
        for count in points:
            print(f"{name}, {count:,} points", flush=True)
            for chain in given.only:
                if chain == "ours" or count <= given.peers_up_to:
                    rows.append(_row(name, count, chain, folder, given.triangles))
    parts = [
        tables.preface(rows, load, command_shown(sys.argv[1:])),
        tables.comparison(rows, titles),
    ]
    if "ours" in given.only and not given.no_package:
        parts.append(package.made(folder, given.subject[0], points[0]))
    if not given.no_models:
        parts.append(peer_models.made(folder / "models"))
    return "\n".join(parts)


def _scanned(folder: Path, name: str, points: Sequence[int]) -> dict[str, object]:
    """What bench.scan says; a kept folder is scanned again only if it would come out different."""
    made_by = _checksum(points, name)
    stamp, said = folder / "made_by", folder / "scans.json"
    if stamp.is_file() and stamp.read_text() == made_by:
        _say(f"{name}: the scan is there")
        return dict(json.loads(said.read_text()))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _say(f"{name}: scanning {' and '.join(f'{n:,}' for n in points)} points")
    took = measured(python("bench.scan", name, folder, *points), folder / "scan.log")
    if took.ending:
        raise SystemExit(f"the scan {took.ending}: {took.last_line}")
    stamp.write_text(made_by)
    _say(f"{name}: scanned in {took.wall_s:.0f} s")
    return dict(json.loads(said.read_text()))


def _checksum(points: Sequence[int], name: str) -> str:
    files = sorted(file for pattern in SCANNER for file in ROOT.glob(pattern))
    files += [bust_file()] if name == "bust" else []
    digest = hashlib.sha256(f"{name} {points}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _run(chain: str, case: Path, triangles: int) -> tuple[Row, Path]:
    result = case / chain
    shutil.rmtree(result, ignore_errors=True)
    command = python("bench.chain", chain, case / "scan", result, "--triangles", triangles)
    took = measured(command, case / f"{chain}.log")
    row = Row(case.parent.name, int(case.name), chain, took)
    if not took.ending:
        figures = json.loads((result / "chain.json").read_text())
        row = row.with_figures(**figures)
    return row, result / "mesh.ply"


def _row(name: str, count: int, chain: str, folder: Path, triangles: int) -> Row:
    _say(f"  {chain}: begins")
    row, mesh = _run(chain, folder / name / str(count), triangles)
    if row.took.ending:
        _say(f"  {chain}: {row.took.ending}: {row.took.last_line}")
        return row
    (errors,) = judged(folder / name, count, [mesh])
    _say(
        f"  {chain}: {row.seconds:.1f} s, CPU {row.cpu_s:.1f} s, "
        f"{row.took.peak_bytes / 1e9:.2f} GB; RMS {errors['to_rms']:.4f} mm there, "
        f"{errors['back_rms']:.4f} mm back"
    )
    return row.with_figures(errors=errors)


def command_shown(arguments: Sequence[str]) -> str:
    """What the page says it was made by: without where the files lay."""
    kept = list(arguments)
    if "--keep" in kept:
        at = kept.index("--keep")
        del kept[at : at + 2]
    return " ".join(["python -m bench", *kept])


if __name__ == "__main__":
    sys.exit(main())
