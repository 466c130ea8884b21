"""Scan the sample relics again: `python -m samples.make_samples [FOLDER ...]`.

Writes the scan files of the folders beside this module (the relic.toml files
are written by hand and left alone). The same bytes every time on one machine;
another version of an imaging or geometry library may change some of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from relicscan.formats.ply import write_cloud
from relicscan.relic import PointCloud
from samples.relics import amphora, ding, figurine, stele, tile
from samples.scanner import (
    Instrument,
    Plate,
    Scene,
    merged,
    scan,
    scan_around,
    station,
)
from samples.textured import textured
from samples.writers import write_e57, write_laz, write_obj

Array = NDArray[np.float64]

SAMPLES = Path(__file__).resolve().parent
NOTE = "an invented object, scanned virtually for relicscan"

STRUCTURED_LIGHT = Instrument(range_noise_mm=0.05)
LONG_RANGE = Instrument(range_noise_mm=0.15, outlier_share=0.002, outlier_reach_mm=60.0)
HANDHELD = Instrument(range_noise_mm=0.06, outlier_share=0.006, color_noise=4.0)

#: Where the stele's own origin stands in its survey, metres: far enough to break float32.
STELE_OFFSET_M = np.array([412_386.25, 5_318_204.5, 377.125])
#: Where the close-up of the amphora was taken from; relic.toml states it too.
CLOSE_UP_POSE = station((0.0, -120.0, 232.0), -8.0, 6.0, 420.0)
CLOSE_UP_WINDOW = np.array([[-92.0, -132.0, 168.0], [92.0, -96.0, 296.0]])
#: From z up, facing -y, to the tile's file: y up, facing +z.
R_FILE_TILE = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
FIGURINE_SCANS = 6


def make_amphora(folder: Path) -> None:
    """Five posed scans on the turntable as E57, and a close-up of the duel as PLY."""
    scene = Scene(amphora(), 1.5, Plate(168.0, thickness_mm=4.0))
    middle = (0.0, 0.0, 205.0)
    poses = [station(middle, azimuth, 17.0, 800.0) for azimuth in (20, 110, 200, 290)]
    poses.append(station(middle, 65.0, 62.0, 800.0))
    views = scan_around(scene, poses, 165_000, STRUCTURED_LIGHT, seed=11)
    write_e57(
        folder / "amphora.e57",
        [(f"position {k + 1}", v.cloud, v.T_common_scan) for k, v in enumerate(views)],
        step_mm=0.01,
    )
    view = scan(scene, CLOSE_UP_POSE, 0.11, STRUCTURED_LIGHT, seed=12, window=CLOSE_UP_WINDOW)
    write_cloud(folder / "close_up.ply", _in_file(view.cloud), [NOTE])


def make_stele(folder: Path) -> None:
    """Three stations in front, in one frame, as LAZ; nobody went behind it."""
    scene = Scene(stele(), 2.0)
    middle = (0.0, -40.0, 440.0)
    poses = [station(middle, azimuth, 9.0, 1900.0) for azimuth in (-42, 0, 38)]
    views = scan_around(scene, poses, 175_000, LONG_RANGE, seed=21)
    write_laz(
        folder / "stele.laz", [v.in_common_frame() for v in views], STELE_OFFSET_M, step_m=1e-4
    )


def make_ding(folder: Path) -> None:
    """Thirteen stations: round it, from below, and looking into it; merged, no colours."""
    scene = Scene(ding(), 1.2)
    middle = (0.0, 0.0, 125.0)
    poses = [station(middle, 45.0 * k, (14.0, -28.0)[k % 2], 700.0) for k in range(8)]
    poses += [station(middle, 25.0 + 90.0 * k, 50.0, 700.0) for k in range(4)]
    poses.append(station(middle, 30.0, 80.0, 700.0))
    cloud = merged(scan_around(scene, poses, 110_000, STRUCTURED_LIGHT, seed=31))
    write_cloud(folder / "ding.ply", PointCloud(_rounded(cloud.points)), [NOTE])


def make_tile(folder: Path) -> None:
    """A mesh with a baked texture, y up and the face towards +z, as modelling programs have it."""
    mesh = textured(tile(), 24_000, 2048, (5.3, 2.4), "tile glaze.jpg", 86)
    write_obj(folder / "tile.obj", replace(mesh, vertices=mesh.vertices @ R_FILE_TILE.T))


def make_figurine(folder: Path) -> None:
    """Six partial scans, each in a frame of its own."""
    scene = Scene(figurine(), 1.0)
    for k in range(FIGURINE_SCANS):
        write_figurine_scan(folder, scene, k)


def write_figurine_scan(folder: Path, scene: Scene, k: int) -> None:
    """One of the six: what a station saw, turned and moved at random."""
    view = scan(scene, _figurine_stations()[k], 0.126, HANDHELD, seed=50 + k)
    T_file_common = np.linalg.inv(figurine_poses()[k])
    cloud = view.in_common_frame()
    points = cloud.points @ T_file_common[:3, :3].T + T_file_common[:3, 3]
    comments = [NOTE, f"partial scan {k + 1} of {FIGURINE_SCANS}, in a frame of its own"]
    seen = PointCloud(points, colors=cloud.colors)
    write_cloud(folder / f"figurine_{k + 1}.ply", _in_file(seen), comments)


def _figurine_stations() -> list[Array]:
    middle = (0.0, -8.0, 88.0)
    return [
        station(middle, 60.0 * k + 12.0, elevation, 480.0)
        for k, elevation in enumerate((8.0, 34.0, 12.0, 30.0, 6.0, 38.0))
    ]


def figurine_poses() -> list[Array]:
    """The truth that the files keep to themselves: T_common_scan (4, 4) in mm for each scan."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(5)
    poses = []
    for rotation in Rotation.random(FIGURINE_SCANS, rng=rng):
        T_common_scan = np.eye(4)
        T_common_scan[:3, :3] = rotation.as_matrix()
        T_common_scan[:3, 3] = rng.uniform(-250, 250, 3)
        poses.append(T_common_scan)
    return poses


def _rounded(points: Array) -> Array:
    """Micrometres: then the last bits of two processors' sines do not show in the file."""
    return points.round(3)


def _in_file(cloud: PointCloud) -> PointCloud:
    """What a PLY of these samples holds: positions and colours."""
    return PointCloud(_rounded(cloud.points), colors=cloud.colors)


MAKERS: dict[str, Callable[[Path], None]] = {
    "amphora-painted": make_amphora,
    "stele-relief": make_stele,
    "ding-bronze": make_ding,
    "tile-textured": make_tile,
    "figurine-unposed": make_figurine,
}


def main(names: list[str]) -> int:
    """Make the named folders, or all."""
    strange = set(names) - set(MAKERS)
    if strange:
        print(f"there is no sample {', '.join(sorted(strange))}: they are {', '.join(MAKERS)}")
        return 2
    for name in names or MAKERS:
        start = time.monotonic()
        folder = SAMPLES / name
        folder.mkdir(exist_ok=True)
        MAKERS[name](folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {size / 1e6:.2f} MB in {time.monotonic() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
