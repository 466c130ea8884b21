"""The models of a finished relic back in the scan's coordinates, as PLY, for the judge."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from relicscan import formats
from relicscan.geometry.frames import transformed
from relicscan.relic import FloatArray, Mesh


def source_meshes(relic: Path) -> dict[str, Mesh]:
    """The master and every level of an output folder, in the unit and axes of the scan."""
    manifest = json.loads((relic / "relic.json").read_text(encoding="utf-8"))
    T_source_model = np.linalg.inv(np.array(manifest["frame"]["T_model_source"]))
    meshes = {"master": (_mesh(relic / "master" / "mesh.ply"), _T_source_master(manifest))}
    for level in manifest["levels"]:
        meshes[level["name"]] = (_mesh(relic / level["path"]), T_source_model)
    return {n: Mesh(transformed(T, m.vertices), m.faces) for n, (m, T) in meshes.items()}


def _T_source_master(manifest: dict[str, Any]) -> FloatArray:
    """The master is in millimetres along the scan's own axes, about the model's origin."""
    T_model_source = np.array(manifest["frame"]["T_model_source"])
    T_source_master = np.eye(4)
    T_source_master[:3, 3] = np.linalg.inv(T_model_source)[:3, 3]
    return T_source_master


def _mesh(path: Path) -> Mesh:
    mesh = formats.read(path)[0].geometry
    assert isinstance(mesh, Mesh)
    return mesh


def main() -> int:
    """Write each as a PLY file, and their names in order as levels.json."""
    from relicscan.formats.ply import write_mesh

    parser = argparse.ArgumentParser(prog="python -m bench.levels", description=__doc__)
    parser.add_argument("relic", type=Path, help="OUT/<id>")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, mesh in source_meshes(given.relic).items():
        write_mesh(given.folder / f"{name}.ply", mesh, double=True)
        written.append(f"{name}.ply")
    (given.folder / "levels.json").write_text(json.dumps(written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
