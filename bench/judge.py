"""How far a mesh is from the true surface: `python -m bench.judge vase FOLDER MESH.ply …`.

Both ways: from points of the true surface that the scanner saw to the mesh (what is
missing or smoothed away), and from points spread evenly over the whole mesh to the true
surface (what was invented, closed-over openings with it).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from bench.even import sampled
from bench.subjects import Subject, distances, subject
from relicscan.relic import FloatArray, Mesh

SAMPLES = 200_000


def judged(mesh: Mesh, it: Subject, seen: FloatArray) -> dict[str, float]:
    """Triangles, and RMS, 95th percentile and maximum in mm: `to_` the mesh and `back_`."""
    figures: dict[str, float] = {"triangles": len(mesh.faces)}
    on_mesh, _ = sampled(mesh, SAMPLES, seed=2)
    for way, apart in (("to", distances(seen, mesh)), ("back", it.distance(on_mesh))):
        figures[f"{way}_rms"] = float(np.sqrt(np.mean(apart**2)))
        figures[f"{way}_p95"] = float(np.quantile(apart, 0.95))
        figures[f"{way}_max"] = float(apart.max())
    return figures


def main() -> int:
    """Print the figures of each mesh as one line of JSON."""
    from relicscan import formats

    parser = argparse.ArgumentParser(prog="python -m bench.judge", description=__doc__)
    parser.add_argument("subject")
    parser.add_argument("folder", type=Path, help="what bench.scan wrote")
    parser.add_argument("points", type=int)
    parser.add_argument("mesh", type=Path, nargs="+")
    given = parser.parse_args()
    with np.load(given.folder / "surface.npz") as arrays:
        surface = Mesh(arrays["vertices"], arrays["faces"])
    it = subject(given.subject, surface)
    seen = np.load(given.folder / str(given.points) / "seen.npy")
    for path in given.mesh:
        mesh = formats.read(path)[0].geometry
        assert isinstance(mesh, Mesh)
        print(json.dumps(judged(mesh, it, seen)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
