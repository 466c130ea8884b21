"""Small scans with known answers, for the tests of pipelines, folders, batch and command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.formats.ply import write_cloud, write_mesh
from relicscan.relic import Mesh, PointCloud


def sphere(
    count: int = 3000, radius_mm: float = 50.0, noise_mm: float = 0.05, seed: int = 0
) -> PointCloud:
    """Coloured points (count, 3), evenly spread over a sphere with a bump at +X, with noise."""
    i = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    out = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    bump = 1 + 0.2 * np.exp(-((out - [1, 0, 0]) ** 2).sum(axis=1) / 0.05)
    noise = np.random.default_rng(seed).normal(0, noise_mm, (count, 3))
    colors = (out * 100 + 128).astype(np.uint8)
    return PointCloud(out * bump[:, None] * radius_mm + noise, colors=colors)


def plane(side: int = 100, spacing: float = 1.0, noise: float = 0.0, seed: int = 0) -> PointCloud:
    """side x side points on a tilted grid of that spacing, with noise along its normal."""
    u, v = np.meshgrid(np.arange(side) * spacing, np.arange(side) * spacing)
    w = np.random.default_rng(seed).normal(0, noise, u.shape) if noise else np.zeros_like(u)
    flat = np.stack([u.ravel(), v.ravel(), w.ravel()], axis=1)
    turn, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))
    return PointCloud(flat @ turn.T)


def box(side_mm: float = 40.0) -> Mesh:
    """A closed cube of 12 triangles."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    faces = [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
    return Mesh(corners * side_mm, np.array(faces))


def write_ply(path: Path, geometry: PointCloud | Mesh, *, double: bool = False) -> Path:
    """A PLY at `path`, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(geometry, Mesh):
        write_mesh(path, geometry, double=double)
    else:
        write_cloud(path, geometry, double=double)
    return path


def write_toml(folder: Path, text: str = '[scan]\nunit = "mm"\nup = "+Z"\n') -> Path:
    """A relic.toml in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "relic.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write_cup(folder: Path) -> Path:
    """A scan folder with a mesh and all that is needed to understand it."""
    write_toml(folder)
    return write_ply(folder / "cup.ply", box())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def files_below(folder: Path) -> set[str]:
    """Every file below a folder, by its path with forward slashes."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def checked_output(out: Path) -> dict[str, dict[str, Any]]:
    """The manifests of an output folder by id, after following every checksum from the anchor.

    Fails where a file is missing, differs, or was not listed by anything.
    """
    anchor, name = (out / "index.json.sha256").read_text().split()
    assert (anchor, name) == (_sha256(out / "index.json"), "index.json")
    expected = {"index.json", "index.json.sha256"}
    manifests = {}
    for entry in read_json(out / "index.json")["relics"]:
        folder = out / entry["id"]
        assert entry["sha256"] == _sha256(folder / "relic.json")
        manifest = manifests[entry["id"]] = read_json(folder / "relic.json")
        delivered = [*manifest["levels"], *manifest["files"]]
        delivered += [manifest["master"]] if manifest["master"] else []
        for file in delivered:
            path = folder / file["path"]
            assert (file["bytes"], file["sha256"]) == (path.stat().st_size, _sha256(path))
            expected.add(f"{entry['id']}/{file['path']}")
        expected |= {f"{entry['id']}/relic.json", f"{entry['id']}/run.json"}
    found = files_below(out)
    expected |= {"report.html", *(f"{relic}/report.html" for relic in manifests)} & found
    private = (".relicscan/logs/", ".relicscan/cache/", ".relicscan/quarantine/")
    expected |= {".relicscan/lock", ".relicscan/scans.json"}
    assert {n for n in found if not n.startswith(private)} == expected
    assert not [name for name in found if name.endswith(".part")]
    kept = {path.name for path in (out / ".relicscan").iterdir()}
    assert {"lock", "logs"} <= kept <= {"lock", "logs", "scans.json", "cache", "quarantine"}
    return manifests


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
