"""One chain from a scan to a mesh, in a process of its own: `python -m bench.chain ours …`.

Imports are done before the clock starts, for every chain; what a chain loads later
(relicscan loads its compiled loops where they are used) counts. The clock stops with the
mesh in memory; it is then written for the judge.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from relicscan.relic import Mesh

#: What the table calls a chain, and the module that holds its `load` and `run`.
CHAINS = {
    "ours": "bench.chain_ours",
    "open3d": "bench.chain_open3d",
    "pymeshlab": "bench.chain_pymeshlab",
}
Lap = Callable[[str], None]


def laps(
    clock: Callable[[], float] = time.perf_counter, cpu: Callable[[], float] = time.process_time
) -> tuple[Lap, dict[str, tuple[float, float]]]:
    """A function to call after each step with its name, and what each took so far.

    That is seconds by the clock and seconds of processors.
    """
    took: dict[str, tuple[float, float]] = {}
    last = (clock(), cpu())

    def lap(step: str) -> None:
        nonlocal last
        now = (clock(), cpu())
        before = took.get(step, (0.0, 0.0))
        took[step] = (before[0] + now[0] - last[0], before[1] + now[1] - last[1])
        last = now

    return lap, took


def main() -> int:
    """Run the chain, write its mesh as PLY and its seconds as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.chain", description=__doc__)
    parser.add_argument("chain", choices=CHAINS)
    parser.add_argument("scan", type=Path, help="a scan folder with scan.ply in it")
    parser.add_argument("result", type=Path, help="folder for mesh.ply and chain.json")
    parser.add_argument("--triangles", type=int, default=100_000)
    given = parser.parse_args()
    given.result.mkdir(parents=True, exist_ok=True)
    module = importlib.import_module(CHAINS[given.chain])
    version = module.load()
    lap, steps = laps()
    vertices, faces = module.run(given.scan, given.triangles, lap)
    mesh = Mesh(vertices, faces)
    from relicscan.formats.ply import write_mesh

    write_mesh(given.result / "mesh.ply", mesh, double=True)
    seconds, cpu_s = (sum(column) for column in zip(*steps.values(), strict=True))
    figures = {"seconds": seconds, "cpu_s": cpu_s, "steps": steps, "version": version}
    (given.result / "chain.json").write_text(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
