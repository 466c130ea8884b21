"""Scans a subject of the benchmark: `python -m bench.scan vase FOLDER 1000000 5000000`.

A process of its own, so that its memory is not that of the one which measures. Twenty-one
stations of the virtual scanner (`samples.scanner`) at 900 mm: four from 25 degrees below,
twelve around at 0 and 25 degrees, four at 55, one above. The subject stands on a disc as
wide as its foot, so nobody sees its underside; points of the disc are taken out again, as
an operator does. Noise of 0.05 mm along the ray, 1 % outliers (half fly off edges, half lie
within 25 mm anywhere along their ray), rays lost at grazing angles: `samples.scanner`.

FOLDER/surface.npz      its surface as triangles
FOLDER/<points>/scan/   scan.ply (positions in single precision, colours) and relic.toml
FOLDER/<points>/seen.npy    points of the true surface that the scanner saw
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.subjects import EDGE_MM, Subject, subject
from relicscan.relic import BoolArray, FloatArray, Mesh, PointCloud
from samples.scanner import (
    PLATE,
    RELIC,
    Instrument,
    Plate,
    Scene,
    View,
    merged,
    scan_around,
    station,
)

NOISE_MM, OUTLIER_SHARE, DISTANCE_MM = 0.05, 0.01, 900.0
FOOT_MM = 5.0
WITH_STAND = 1.1  # points to scan for each to keep: the stand takes some 4 %
SAMPLES = 300_000
RELIC_TOML = 'id = "scan"\n[scan]\nunit = "mm"\nup = "+Z"\nfront = "-Y"\n'


def scan_subject(it: Subject, folder: Path, points: int) -> dict[str, float]:
    """Write scan, relic.toml and the points that were seen; returns the share that was."""
    from relicscan.formats.ply import write_cloud

    views = views_of(it, points)
    cloud = merged_exactly(views, points)
    (folder / "scan").mkdir(parents=True)
    write_cloud(folder / "scan" / "scan.ply", PointCloud(cloud.points, colors=cloud.colors))
    (folder / "scan" / "relic.toml").write_text(RELIC_TOML, encoding="utf-8")
    on_truth = it.samples(SAMPLES, 3)
    met = np.concatenate([view.truth[view.kind == RELIC] for view in views])
    mask = seen(on_truth, met, it.surface)
    np.save(folder / "seen.npy", on_truth[mask])
    return {"seen": float(mask.mean()), "samples": int(mask.sum())}


def views_of(it: Subject, points: int) -> list[View]:
    """What the stations see: at least so many points, those of the stand not counted."""
    middle = np.asarray(it.relic.bounds).mean(axis=0)
    poses = [station(middle, 30.0 * k, (0.0, 25.0)[k % 2], DISTANCE_MM) for k in range(12)]
    poses += [station(middle, 90.0 * k, -25.0, DISTANCE_MM) for k in range(4)]
    poses += [station(middle, 15.0 + 90.0 * k, 55.0, DISTANCE_MM) for k in range(4)]
    poses.append(station(middle, 30.0, 82.0, DISTANCE_MM))
    foot = it.surface.vertices[it.surface.vertices[:, 2] < FOOT_MM]
    # A little below the foot, so that rays from below meet the stand and not the underside.
    stand = Plate(float(np.hypot(*foot[:, :2].T).max()), z_mm=-0.5, thickness_mm=4.0)
    scene = Scene(it.relic, EDGE_MM, stand, mesh=it.surface)
    instrument = Instrument(range_noise_mm=NOISE_MM, outlier_share=OUTLIER_SHARE)
    return scan_around(scene, poses, round(points * WITH_STAND), instrument, seed=5)


def merged_exactly(views: Sequence[View], points: int) -> PointCloud:
    """The views as one cloud of just so many points, chosen by chance, without the stand."""
    cloud = merged(views)
    kept = np.flatnonzero(np.concatenate([view.kind for view in views]) != PLATE)
    if len(kept) < points:
        raise ValueError(f"{len(kept)} points are the subject's, and {points} are asked for")
    return cloud.take(np.sort(np.random.default_rng(5).permutation(kept)[:points]))


def seen(on_truth: FloatArray, met: FloatArray, surface: Mesh) -> BoolArray:
    """Mask (n,) of the points of the true surface within two mean spacings of a true hit.

    met (m, 3): where rays really met the relic. What no ray came near, a reconstruction
    can only guess, and the judge does not ask for it.
    """
    from scipy.spatial import cKDTree

    from relicscan.geometry.topology import face_areas

    spacing = float(np.sqrt(face_areas(surface).sum() / len(met)))
    apart = cKDTree(met).query(on_truth, distance_upper_bound=2 * spacing, workers=-1)[0]
    return np.asarray(np.isfinite(apart))


def main() -> int:
    """Scan, and say in JSON how much was seen."""
    parser = argparse.ArgumentParser(prog="python -m bench.scan", description=__doc__)
    parser.add_argument("subject")
    parser.add_argument("folder", type=Path)
    parser.add_argument("points", type=int, nargs="+")
    given = parser.parse_args()
    it = subject(given.subject)
    given.folder.mkdir(parents=True, exist_ok=True)
    np.savez(given.folder / "surface.npz", vertices=it.surface.vertices, faces=it.surface.faces)
    said = {n: scan_subject(it, given.folder / str(n), n) for n in given.points}
    (given.folder / "scans.json").write_text(json.dumps({"title": it.title, **said}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
