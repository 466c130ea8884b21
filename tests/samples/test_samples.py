"""The sample folders: small, documented, and what the scanner saw of relics that are known."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relicscan import formats
from relicscan.metadata.relic_toml import read_relic_toml
from relicscan.relic import Mesh, PointCloud, Scan
from samples import make_samples, relics
from samples.procedural import (
    ProceduralRelic,
    evaluate,
    exact_surface,
    normals,
    signed_distance,
    surface_samples,
)
from samples.scanner import Scene

SAMPLES = make_samples.SAMPLES
FOLDERS = sorted(make_samples.MAKERS)
RELIC_OF: dict[str, Callable[[], ProceduralRelic]] = {
    "amphora-painted": relics.amphora,
    "stele-relief": relics.stele,
    "ding-bronze": relics.ding,
    "tile-textured": relics.tile,
    "figurine-unposed": relics.figurine,
}
#: A part of each relic with the hardest of it, and an edge that its walls allow.
PARTS = {
    "amphora": ([28, -72, 352], [92, -20, 422], 1.5),  # the chipped lip, its thin wall
    "benchmark_relic": ([40, -60, 190], [110, 20, 260], 1.2),  # curls and an ear
    "ding": ([-6, -110, 118], [60, -84, 196], 1.0),  # an eye, and a flange
    "figurine": ([-22, -36, 122], [30, 10, 172], 1.2),  # the face
    "stele": ([-150, -80, 520], [-60, -40, 600], 1.5),  # the head of an ibex, and the crack
    "tile": ([60, -14, 60], [124, 14, 124], 1.2),  # the broken corner
}


@functools.cache
def part(name: str) -> tuple[ProceduralRelic, Mesh]:
    low, high, edge = PARTS[name]
    whole: ProceduralRelic = getattr(relics, name)()
    relic = dataclasses.replace(whole, bounds=np.array([low, high], float))
    return whole, exact_surface(relic, edge)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_exact_surface_is_exact(name: str) -> None:
    relic, mesh = part(name)
    assert len(mesh.faces) > 3_000
    assert np.abs(evaluate(relic, mesh.vertices)).max() < 0.01
    corners = mesh.vertices[mesh.faces]
    middle = corners.mean(axis=1)
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = (outward * normals(relic, middle)).sum(axis=1) > 0
    assert facing.mean() > 0.97  # counter-clockwise, but for slivers at creases
    assert mesh.colors is not None
    assert (mesh.colors == relic.color(mesh.vertices)).all()


@pytest.mark.parametrize("name", sorted(PARTS))
def test_distances_are_millimetres(name: str) -> None:
    """Points put 0.2 mm off the surface are found 0.2 mm off it: what errors are measured with."""
    relic, mesh = part(name)
    on_it = mesh.vertices[:: max(1, len(mesh.vertices) // 1000)]
    for off in (-0.2, 0.2):
        found = signed_distance(relic, on_it + off * normals(relic, on_it))
        assert np.median(found) == pytest.approx(off, abs=0.003)
        assert np.quantile(np.abs(found - off), 0.9) < 0.03
        assert (np.abs(found) < abs(off) + 0.01).mean() > 0.99  # the nearest point is no farther


def test_a_whole_surface_is_closed_and_sampled_evenly() -> None:
    relic = relics.tile()
    mesh = exact_surface(relic, 3.0)
    edges = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    samples = surface_samples(relic, 20_000, seed=1, mesh=mesh)
    assert np.abs(evaluate(relic, samples)).max() < 0.01
    # Each quadrant of the unbroken half of the face has the same share.
    face = samples[(samples[:, 1] < -9) & (samples[:, 2] < 0)]
    assert (face[:, 0] < 0).mean() == pytest.approx(0.5, abs=0.03)
    with pytest.raises(ValueError, match="longer edge"):
        exact_surface(relic, 0.05)


def test_all_samples_together_stay_small() -> None:
    sizes = [file.stat().st_size for name in FOLDERS for file in (SAMPLES / name).iterdir()]
    assert sum(sizes) < 8_000_000


@pytest.mark.parametrize("name", FOLDERS)
def test_each_says_in_each_language_that_it_is_invented(name: str) -> None:
    toml = read_relic_toml(SAMPLES / name / "relic.toml")
    assert toml.id == name
    info = toml.object
    for texts in (info.title, info.description, info.material, info.culture, toml.museum.name):
        assert texts is not None
        assert {"en", "zh-Hans"} <= set(texts)
    assert info.description is not None
    assert "invented" in info.description["en"]
    assert "虚构" in info.description["zh-Hans"]
    assert toml.museum.name is not None
    assert toml.museum.name["en"] == "Sample Museum"


def in_relic_frame(name: str, scan: Scan) -> np.ndarray:
    """Points or vertices (n, 3) of a sample's scan in mm, in the frame of its procedural relic."""
    geometry = scan.geometry
    points = geometry.points if isinstance(geometry, PointCloud) else geometry.vertices
    toml = read_relic_toml(SAMPLES / name / "relic.toml")
    pose = np.eye(4) if scan.pose is None else np.array(scan.pose)
    for declared in toml.scan.pose:
        if declared.file == scan.file:
            pose = np.array(declared.matrix)
    if name == "figurine-unposed":
        pose = make_samples.figurine_poses()[int(scan.file.split("_")[1][0]) - 1]
    placed = points @ pose[:3, :3].T + pose[:3, 3]
    if name == "stele-relief":
        placed = placed - make_samples.STELE_OFFSET_M
    if name == "tile-textured":
        placed = placed @ make_samples.R_FILE_TILE
    unit = scan.unit or toml.scan.unit
    return placed * {"mm": 1.0, "m": 1000.0}[unit or "?"]


def scans_of(name: str) -> list[Scan]:
    folder = SAMPLES / name
    files = [f for f in sorted(folder.iterdir()) if formats.is_scan_file(f)]
    return [
        dataclasses.replace(scan, file=file.name) for file in files for scan in formats.read(file)
    ]


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_committed_lies_on_the_relic(name: str) -> None:
    """Every scan, in its frame, with the noise it was made with: poses, units, offsets hold."""
    relic = RELIC_OF[name]()
    sigma = {"stele-relief": 0.15, "tile-textured": 0.03}.get(name, 0.06)
    scans = scans_of(name)
    assert len(scans) == {"amphora-painted": 6, "figurine-unposed": 6}.get(name, 1)
    for scan in scans:
        points = in_relic_frame(name, scan)
        assert len(points) > 10_000
        if name == "amphora-painted":
            points = points[points[:, 2] > 1.5]  # the plate stays out
        off = np.abs(signed_distance(relic, points[:: len(points) // 1500], rounds=1))
        assert np.median(off) < sigma
        assert (off < 4 * sigma).mean() > 0.97


@pytest.mark.parametrize("name", FOLDERS)
def test_hotspots_are_on_the_relic(name: str) -> None:
    toml = read_relic_toml(SAMPLES / name / "relic.toml")
    if name == "figurine-unposed":
        assert not toml.hotspot  # there is no frame yet in which a place could be said
        return
    assert len(toml.hotspot) >= 2
    spots = PointCloud(np.array([hotspot.position for hotspot in toml.hotspot]))
    scan = dataclasses.replace(scans_of(name)[0], geometry=spots, pose=None, file="")
    off = np.abs(evaluate(RELIC_OF[name](), in_relic_frame(name, scan)))
    assert off.max() < 0.2


def test_the_close_up_is_placed_where_it_was_taken() -> None:
    (pose,) = read_relic_toml(SAMPLES / "amphora-painted" / "relic.toml").scan.pose
    assert np.array(pose.matrix) == pytest.approx(make_samples.CLOSE_UP_POSE, abs=1e-8)


def test_the_bronze_has_no_colours_and_the_rest_has() -> None:
    for name in FOLDERS:
        for scan in scans_of(name):
            if isinstance(scan.geometry, Mesh):
                assert scan.geometry.textured
            else:
                assert (scan.geometry.colors is None) == (name == "ding-bronze")


def same_scan(made: Scan, committed: Scan) -> bool:
    """Whether two files hold the same points, but for a few that a silhouette decides."""
    from scipy.spatial import cKDTree

    one, other = (
        s.geometry.points if isinstance(s.geometry, PointCloud) else s.geometry.vertices
        for s in (made, committed)
    )
    apart = cKDTree(one).query(other)[0]
    return abs(len(one) - len(other)) <= 20 and bool(np.quantile(apart, 0.999) < 0.011)


def test_a_partial_scan_can_be_made_again(tmp_path: Path) -> None:
    """The same bytes twice, and the points that are committed."""
    scene = Scene(relics.figurine(), 1.0)
    digests = []
    for _ in range(2):
        make_samples.write_figurine_scan(tmp_path, scene, 1)
        digests.append(hashlib.sha256((tmp_path / "figurine_2.ply").read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    (made,) = formats.read(tmp_path / "figurine_2.ply")
    (committed,) = formats.read(SAMPLES / "figurine-unposed" / "figurine_2.ply")
    assert same_scan(made, committed)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_every_sample_can_be_made_again(name: str, tmp_path: Path) -> None:
    make_samples.MAKERS[name](tmp_path)
    made = {file.name for file in tmp_path.iterdir()}
    assert made == {file.name for file in (SAMPLES / name).iterdir()} - {"relic.toml"}
    for file in sorted(tmp_path.iterdir()):
        if not formats.is_scan_file(file):
            continue
        pairs = zip(formats.read(file), formats.read(SAMPLES / name / file.name), strict=True)
        assert all(same_scan(ours, theirs) for ours, theirs in pairs), file.name
