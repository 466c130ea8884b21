"""Registration of scans without poses: ours against Open3D's multiway registration.

    python -m bench.registration                  one random start of the bunny, samples, timing
    python -m bench.registration --seeds 10       ten starts
    python -m bench.registration --only ours      without the peer
    python -m bench.registration --refusals 40    subsets of the bunny: none may be placed wrongly
    python -m bench.registration --amphora        the painted sample's six scans, without poses
    python -m bench.registration --hundred        12 to 100 scans of one object

The bunny's ten range scans are turned and moved at random and shuffled, from seed to seed
otherwise. A scan is placed if it is in the largest group and within 5 mm of its published
pose, after the group is aligned as a whole; an error is the median distance of a scan's points
from there. Wrong are scans that were said to be placed and are farther off. The peer is what
Open3D's tutorial on multiway registration does (pairwise registration of all pairs, in file
order, global optimisation of the pose graph), with RANSAC on FPFH for a start, as poses are
not known. Seconds are worth something on a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.subjects import shared_folder
from relicscan.geometry.registration import View, register
from relicscan.relic import FloatArray

SCANS = shared_folder() / "scans" / "ms_stanford_bunny" / "data"
TITLES = ("what", "road", "scans", "placed", "wrong", "median mm", "worst mm", "seconds", "CPU")
WRONG_MM = 5.0

Scene = tuple[list[View], list[FloatArray]]
Poses = list[FloatArray | None]


def main() -> int:
    """Run every road on every scene, print a table."""
    from docs.generate import table

    parser = argparse.ArgumentParser(
        prog="python -m bench.registration",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=("ours", "peer"))
    parser.add_argument("--bunny", type=Path, default=SCANS, help="the folder of bun.conf")
    parser.add_argument("--refusals", type=int, metavar="RUNS")
    parser.add_argument("--amphora", action="store_true", help="the painted sample, without poses")
    parser.add_argument("--hundred", action="store_true", help="12 to 100 scans of the figurine")
    given = parser.parse_args()
    bunny = read_bunny(given.bunny)
    if given.refusals:
        return _refusals(bunny, given.refusals)
    if given.hundred:
        return _many()
    if given.amphora:
        print(table(TITLES, [_row("amphora, its colours", "relicscan", ours, amphora())]))
        return 0
    roads: dict[str, Callable[[Sequence[View]], Poses]] = {"relicscan": ours}
    if given.only == "peer":
        roads = {}
    if given.only != "ours":
        roads["Open3D multiway"] = multiway
    if "relicscan" in roads:
        ours([View(view.points[::16]) for view in scattered(bunny, 0)[0]])  # machine code is there
    rows = [
        _row(f"bunny, start {seed}", name, road, scattered(bunny, seed))
        for seed in range(given.seeds)
        for name, road in roads.items()
    ]
    rows += [_row("figurine", name, road, figurine()) for name, road in roads.items()]
    print(table(TITLES, rows))
    return 0


def ours(views: Sequence[View]) -> Poses:
    """T_common_view of the views in the largest group."""
    registered = register(views)
    largest = set(registered.groups[0]) if registered.groups else set()
    return [p.T_common_view if k in largest else None for k, p in enumerate(registered.placements)]


def multiway(views: Sequence[View]) -> Poses:
    """Open3D's multiway registration; it says of every scan that it is placed."""
    from relicscan.geometry.o3d import load

    o3d = load()
    reg = o3d.pipelines.registration
    size = float(np.median([np.linalg.norm(np.ptp(view.points, axis=0)) for view in views]))
    voxel = size / 80
    clouds, features = [], []
    for view in views:
        cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(np.array(view.points)))
        cloud = cloud.voxel_down_sample(voxel)
        cloud.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(2 * voxel, 30))
        cloud.orient_normals_consistent_tangent_plane(15)
        around = o3d.geometry.KDTreeSearchParamHybrid(5 * voxel, 100)
        clouds.append(cloud)
        features.append(reg.compute_fpfh_feature(cloud, around))
    graph = reg.PoseGraph()
    graph.nodes.append(reg.PoseGraphNode(np.eye(4)))
    odometry = np.eye(4)
    for i in range(len(clouds)):
        for j in range(i + 1, len(clouds)):
            T, information = _pairwise(o3d, clouds, features, i, j, voxel)
            if j == i + 1:
                odometry = T @ odometry
                graph.nodes.append(reg.PoseGraphNode(np.linalg.inv(odometry)))
            graph.edges.append(reg.PoseGraphEdge(i, j, T, information, uncertain=j > i + 1))
    option = reg.GlobalOptimizationOption(1.5 * voxel, edge_prune_threshold=0.25, reference_node=0)
    reg.global_optimization(
        graph,
        reg.GlobalOptimizationLevenbergMarquardt(),
        reg.GlobalOptimizationConvergenceCriteria(),
        option,
    )
    return [np.array(node.pose) for node in graph.nodes]


def _pairwise(o3d, clouds, features, i, j, voxel):  # type: ignore[no-untyped-def]
    reg = o3d.pipelines.registration
    o3d.utility.random.seed(1)
    start = reg.registration_ransac_based_on_feature_matching(
        clouds[i],
        clouds[j],
        features[i],
        features[j],
        True,
        1.5 * voxel,
        reg.TransformationEstimationPointToPoint(False),
        3,
        [
            reg.CorrespondenceCheckerBasedOnEdgeLength(0.9),
            reg.CorrespondenceCheckerBasedOnDistance(1.5 * voxel),
        ],
        reg.RANSACConvergenceCriteria(100_000, 0.999),
    ).transformation
    for reach in (15 * voxel, 1.5 * voxel):
        plane = reg.TransformationEstimationPointToPlane()
        start = reg.registration_icp(clouds[i], clouds[j], reach, start, plane).transformation
    information = reg.get_information_matrix_from_point_clouds(
        clouds[i], clouds[j], 1.5 * voxel, start
    )
    return start, information


def _row(what: str, name: str, road: Callable[[Sequence[View]], Poses], scene: Scene) -> list[str]:
    views, truth = scene
    wall, cpu = time.perf_counter(), time.process_time()
    poses = road(views)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    off = errors(views, poses, truth)
    right = [error for error in off if error <= WRONG_MM]
    print(f"{what}, {name}: {wall:.1f} s", file=sys.stderr, flush=True)
    return [
        what,
        name,
        str(len(views)),
        str(len(right)),
        str(len(off) - len(right)),
        f"{np.median(right):.3f}" if right else "–",
        f"{max(off):.3f}" if off else "–",
        f"{wall:.1f}",
        f"{cpu:.1f}",
    ]


def errors(views: Sequence[View], poses: Poses, truth: list[FloatArray]) -> list[float]:
    """The median error of each placed scan, in mm.

    All are aligned as a whole by the one scan with which most others agree, then by all that do.
    """
    placed = [k for k, T in enumerate(poses) if T is not None]
    if not placed:
        return []
    found = [_moved(views[k].points[::10], poses[k]) for k in placed]
    right = [_moved(views[k].points[::10], truth[k]) for k in placed]

    def off(A: FloatArray) -> list[float]:
        return [
            float(np.median(np.linalg.norm(_moved(a, A) - b, axis=1)))
            for a, b in zip(found, right, strict=True)
        ]

    starts = [truth[k] @ np.linalg.inv(poses[k]) for k in placed]  # type: ignore[arg-type]
    best = max(starts, key=lambda A: sum(error < WRONG_MM for error in off(A)))
    for _ in range(3):
        good = [k for k, error in enumerate(off(best)) if error < WRONG_MM]
        a, b = np.concatenate([found[k] for k in good]), np.concatenate([right[k] for k in good])
        best = _aligned(a, b)
    return off(best)


def _aligned(a: FloatArray, b: FloatArray) -> FloatArray:
    ca, cb = a.mean(axis=0), b.mean(axis=0)
    U, _, Vt = np.linalg.svd((b - cb).T @ (a - ca))
    T = np.eye(4)
    T[:3, :3] = U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt
    T[:3, 3] = cb - T[:3, :3] @ ca
    return T


def _many() -> int:
    """A growing number of scans of one object: how many pairs are tried, and what that costs."""
    from docs.generate import table

    views, truth = hundred()
    rows = []
    for count in (12, 25, 50, 100):
        chosen = np.random.default_rng(0).permutation(len(views))[:count]
        cpu = time.process_time()
        registered = register([views[k] for k in chosen])
        cpu = time.process_time() - cpu
        group = registered.groups[0]
        poses = [registered.placements[k].T_common_view for k in group]
        off = errors([views[chosen[k]] for k in group], poses, [truth[chosen[k]] for k in group])
        pairs = f"{registered.tried} of {count * (count - 1) // 2}"
        rows.append([str(count), str(len(group)), f"{max(off):.3f}", pairs, f"{cpu:.0f}"])
    print(table(("scans", "placed", "worst mm", "pairs tried", "CPU s"), rows))
    return 0


def _refusals(bunny: list[tuple[str, FloatArray, FloatArray]], runs: int) -> int:
    """Subsets of two to five scans at random: how many are placed, and how many wrongly."""
    rng = np.random.default_rng(0)
    scans = placed = wrong = 0
    for run in range(runs):
        chosen = rng.permutation(len(bunny))[: rng.integers(2, 6)]
        views, truth = scattered([bunny[k] for k in chosen], run, thin=2)
        registered = register(views)
        scans += len(views)
        for group in registered.groups:
            poses = [registered.placements[k].T_common_view for k in group]
            off = errors([views[k] for k in group], poses, [truth[k] for k in group])
            placed += len(group)
            wrong += sum(error > WRONG_MM for error in off)
    print(f"{runs} subsets of the bunny, {scans} scans: {placed} placed, {wrong} of them wrongly")
    return int(wrong > 0)


def read_bunny(folder: Path) -> list[tuple[str, FloatArray, FloatArray]]:
    """Name, points in mm and T_common_scan of each range scan: conjugate quaternion, then shift."""
    from scipy.spatial.transform import Rotation

    from relicscan.relic import PointCloud
    from relicscan.scan_folder import read_scan

    scans = []
    for line in (folder / "bun.conf").read_text().splitlines():
        words = line.split()
        if not words or words[0] != "bmesh":
            continue
        numbers = np.array([float(word) for word in words[2:]])
        T = np.eye(4)
        T[:3, :3] = Rotation.from_quat(numbers[3:]).as_matrix().T
        T[:3, 3] = 1000 * numbers[:3]
        geometry = read_scan(folder / words[1])[0].geometry
        points = geometry.points if isinstance(geometry, PointCloud) else geometry.vertices
        scans.append((words[1], 1000 * np.array(points), T))
    return scans


def scattered(scans: list[tuple[str, FloatArray, FloatArray]], seed: int, thin: int = 1) -> Scene:
    """Scans turned and moved at random, in random order, and T_common_view of each."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    views, truth = [], []
    for k in rng.permutation(len(scans)):
        _, points, T_common_scan = scans[k]
        M = np.eye(4)
        M[:3, :3] = Rotation.random(rng=rng).as_matrix()
        M[:3, 3] = rng.uniform(-500, 500, 3)
        views.append(View(_moved(points[::thin], M)))
        truth.append(T_common_scan @ np.linalg.inv(M))
    return views, truth


def figurine() -> Scene:
    """The sample of six partial scans, without its colours."""
    from relicscan.scan_folder import read_scan
    from samples.make_samples import FIGURINE_SCANS, SAMPLES, figurine_poses

    folder = SAMPLES / "figurine-unposed"
    files = [folder / f"figurine_{k + 1}.ply" for k in range(FIGURINE_SCANS)]
    return [View(read_scan(file)[0].geometry.points) for file in files], figurine_poses()  # type: ignore[union-attr]


def amphora() -> Scene:
    """The painted sample's five stations and its close-up, moved at random, with their colours."""
    from relicscan.relic import PointCloud
    from relicscan.scan_folder import read_relic
    from samples.make_samples import SAMPLES

    relic = read_relic(SAMPLES / "amphora-painted")
    named, colors = [], []
    for scan in relic.scans:
        cloud, T = scan.geometry, relic.frame.T_source_scan(scan)
        assert isinstance(cloud, PointCloud)
        assert cloud.colors is not None
        scale = float(np.cbrt(np.linalg.det(T[:3, :3])))
        T[:3, :3] /= scale
        to_mm = relic.frame.mm_per_unit or 1.0
        T[:3, 3] *= to_mm
        named.append((scan.name, cloud.points * scale * to_mm, T))
        colors.append(cloud.colors.astype(float))
    order = np.random.default_rng(1).permutation(len(named))
    views, truth = scattered(named, 1)
    return [View(v.points, None, colors[k]) for v, k in zip(views, order, strict=True)], truth


def hundred() -> Scene:
    """A hundred partial scans of the figurine, from all round it."""
    from samples.make_samples import HANDHELD
    from samples.relics import figurine as body
    from samples.scanner import Scene as Stage
    from samples.scanner import scan, station

    stage = Stage(body(), 1.0)
    views, truth = [], []
    for k in range(100):
        elevation = (5.0, 20.0, 35.0, 50.0, -5.0)[k % 5]
        T = station((0.0, -8.0, 88.0), 137.5 * k % 360, elevation, 480.0)
        views.append(View(scan(stage, T, 0.2, HANDHELD, seed=500 + k).cloud.points))
        truth.append(T)
    return views, truth


def _moved(points: FloatArray, T: FloatArray | None) -> FloatArray:
    assert T is not None
    return np.asarray(points @ T[:3, :3].T + T[:3, 3])


if __name__ == "__main__":
    sys.exit(main())
