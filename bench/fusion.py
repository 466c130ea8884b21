"""Fusion of placed scans: fringes, holes and distances on the bunny, colours on the figurine.

    python -m bench.fusion                  the bunny by its published poses, and the figurine
    python -m bench.fusion --registered     the bunny by poses that `register` finds, too

The bunny's ten range scans are taken through the default pipeline as far as the surface, with
the stage `reconcile_scans` and without. Distances are both ways between that surface and the
published one (`bun_zipper.ply`, made of the same scans by zippering), where both were scanned:
from places of the published surface within two spacings of a point of the scans; and from places
of ours that no hole filling made up and whose nearest published triangle is not on a rim, for
there the published surface has one of its holes. Loops and edges are open ones after holes were
filled, parts those before small ones were removed. By poses of our own, ours is laid onto the
published one by the published pose of the first scan.

The figurine's six scans have gains of 0.8 to 1.25 per scan and channel laid on, and light that
falls off with a power of the cosine of incidence. Gains are compared with those laid on, whose
mean nobody can know; colours, once that mean is taken out, with the true ones: CIEDE2000 of
each point that is not an outlier.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.chain_ours import until_surface
from bench.even import sampled
from bench.registration import SCANS, read_bunny
from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.pipeline import Pipeline, read_pipeline, run_pipeline
from relicscan.relic import BoolArray, ByteArray, FloatArray, Frame, Mesh, PointCloud, Relic, Scan

STAGE = "reconcile_scans"
SAMPLES = 200_000
BUNNY_TITLES = (
    "bunny", "stage", "way", "RMS mm", "p95 mm", "max mm", "left out", "loops", "edges", "parts",
)  # fmt: skip
FIGURINE_TITLES = ("figurine", "falloff", "gains off, max", "mean dE2000", "p95 dE2000")


def main() -> int:
    """Print both tables."""
    from docs.generate import table

    parser = argparse.ArgumentParser(
        prog="python -m bench.fusion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bunny", type=Path, default=SCANS, help="the folder of bun.conf")
    parser.add_argument("--registered", action="store_true")
    given = parser.parse_args()
    rows = []
    for posed in (True, False) if given.registered else (True,):
        rows += bunny_rows(given.bunny, posed)
    print(table(BUNNY_TITLES, rows))
    print(table(FIGURINE_TITLES, figurine_rows()))
    return 0


def without(pipeline: Pipeline, stage: str) -> Pipeline:
    """The pipeline without a stage."""
    return replace(pipeline, stages=tuple(p for p in pipeline.stages if p.stage.name != stage))


def bunny_rows(folder: Path, posed: bool) -> list[list[str]]:
    """Two rows for a run with the stage, two for one without."""
    scans = read_bunny(folder)
    published = published_surface(folder)
    raw = np.vstack([points @ T[:3, :3].T + T[:3, 3] for _, points, T in scans])
    relic = Relic(
        "bunny",
        scans=tuple(
            Scan(name, PointCloud(points), name, pose=T if posed else None, unit="mm")
            for name, points, T in scans
        ),
        frame=Frame(unit="mm", up="+Y", up_basis="published"),
    )
    # Poses of our own are in the frame of the first scan.
    T_published_source = np.eye(4) if posed else scans[0][2]
    whole = until_surface(read_pipeline("web"))
    name = "published poses" if posed else "poses by register"
    rows = []
    for title, pipeline in (("without", without(whole, STAGE)), ("with", whole)):
        after = run_pipeline(relic, pipeline)
        parts = next(s for s in after.history if s.stage == "remove_small_components")
        T = T_published_source @ np.linalg.inv(after.frame.T_work_source)
        mesh = after.the_mesh()
        mesh = replace(mesh, vertices=mesh.vertices @ T[:3, :3].T + T[:3, 3], normals=None)
        told = open_edges(mesh)
        for way, (apart, left_out) in distances_both_ways(mesh, published, raw).items():
            figures = np.sqrt(np.mean(apart**2)), np.quantile(apart, 0.95), apart.max()
            rows.append(
                [
                    name,
                    title,
                    way,
                    *(f"{f:.3f}" for f in figures),
                    f"{left_out:.1%}",
                    *(f"{n:,}" for n in told),
                    f"{parts.figures['components']:,}",
                ]
            )
    return rows


def published_surface(folder: Path) -> Mesh:
    """`bun_zipper.ply`, in mm."""
    from relicscan.scan_folder import read_scan

    mesh = read_scan(folder.parent / "reconstruction" / "bun_zipper.ply")[0].geometry
    assert isinstance(mesh, Mesh)
    return Mesh(1000 * mesh.vertices, mesh.faces)


def distances_both_ways(
    mesh: Mesh, published: Mesh, raw: FloatArray
) -> dict[str, tuple[FloatArray, float]]:
    """Distances each way, and the share of places that were left out."""
    from relicscan.geometry.closest import closest, triangle_tree
    from relicscan.geometry.neighbours import nearest, point_spacing, tree
    from relicscan.geometry.topology import boundary_vertices

    there, _ = sampled(published, SAMPLES, 1)
    spacing = point_spacing(raw[: len(raw) // 10])  # of one scan, not of ten on each other
    scanned = nearest(tree(raw), there)[0] <= 2 * spacing
    here, face = sampled(mesh, SAMPLES, 2)
    found, its_face, _ = closest(triangle_tree(published), here)
    rim = np.zeros(len(published.vertices), dtype=bool)
    rim[boundary_vertices(published.faces)] = True
    counts = ~rim[published.faces[its_face]].any(axis=1)
    if mesh.filled is not None:
        counts &= ~mesh.filled[mesh.faces[face]].any(axis=1)
    onto = closest(triangle_tree(mesh), there)[0]
    return {
        "published to ours": (onto[scanned], float(1 - scanned.mean())),
        "ours to published": (found[counts], float(1 - counts.mean())),
    }


def open_edges(mesh: Mesh) -> tuple[int, int]:
    """Loops of open edges, and these edges."""
    from relicscan.geometry.topology import connected

    vertices = len(mesh.vertices)
    sides = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).astype(np.int64)
    keys, uses = np.unique(sides[:, 0] * vertices + sides[:, 1], return_counts=True)
    a, b = np.divmod(keys[uses == 1], vertices)
    return len(np.unique(connected(a, b, vertices)[a])), len(a)


def figurine_rows() -> list[list[str]]:
    """Rows of colours as they were taken, with gains, and with gains and blending."""
    from relicscan.stages.reconcile_scans import reconcile_scans

    views, true, counted = figurine()
    rows = []
    for falloff in (0.0, 0.3, 0.6):
        rng = np.random.default_rng(1)
        laid_on = np.exp(rng.uniform(np.log(0.8), np.log(1.25), (len(views), 3)))
        relic = Relic(
            "figurine",
            scans=tuple(
                Scan(str(k), dimmed(cloud, gain, falloff), pose=T, unit="mm")
                for k, ((cloud, T), gain) in enumerate(zip(views, laid_on, strict=True))
            ),
            frame=Frame(unit="mm"),
        )
        expected = np.exp(np.log(laid_on).mean(axis=0)) / laid_on
        # Nothing is removed: points are compared one by one.
        for title, given in (
            ("as taken", {"even_exposure": False, "blend_colors": False}),
            ("gains", {"blend_colors": False}),
            ("gains, blended", {}),
        ):
            after = reconcile_scans(relic, tolerance_spacings=10, **given)
            assert after.figures["points_removed"] == 0
            found = np.array([one["gains"] or [1, 1, 1] for one in after.figures["scans"]])
            colors = [
                scan.geometry.colors for scan in after.scans if scan.geometry.colors is not None
            ]
            apart = color_errors(np.vstack(colors)[counted], true[counted])
            off = f"{np.abs(found / expected - 1).max():.2%}"
            rows.append(
                [title, f"{falloff}", off, f"{apart.mean():.2f}", f"{np.quantile(apart, 0.95):.2f}"]
            )
    return rows


def figurine() -> tuple[list[tuple[PointCloud, FloatArray]], ByteArray, BoolArray]:
    """Clouds of the sample's six stations with their poses; true colours; which are no outliers."""
    from samples.make_samples import FIGURINE_SCANS, HANDHELD
    from samples.relics import figurine as body
    from samples.scanner import RELIC, Scene, scan, station

    scene = Scene(body(), 1.0)
    elevations = (8.0, 34.0, 12.0, 30.0, 6.0, 38.0)
    seen = [
        scan(
            scene,
            station((0.0, -8.0, 88.0), 60.0 * k + 12.0, elevations[k], 480.0),
            0.126,
            HANDHELD,
            seed=50 + k,
        )
        for k in range(FIGURINE_SCANS)
    ]
    true = np.vstack([scene.relic.color(view.truth) for view in seen]).astype(np.uint8)
    counted = np.concatenate([view.kind == RELIC for view in seen])
    return [(view.cloud, view.T_common_scan) for view in seen], true, counted


def dimmed(cloud: PointCloud, gain: FloatArray, falloff: float) -> PointCloud:
    """The cloud under a gain (3,), its light less where it was seen at a slant."""
    assert cloud.colors is not None
    assert cloud.intensity is not None
    slant = np.maximum(cloud.intensity, 0.02)[:, None] ** falloff
    return replace(cloud, colors=srgb_of(LINEAR_OF_SRGB[cloud.colors] * gain * slant))


def color_errors(colors: ByteArray, true: ByteArray) -> FloatArray:
    """CIEDE2000 (n,) of colours (n, 3), once their mean exposure is that of the true ones."""
    light, wanted = LINEAR_OF_SRGB[colors], LINEAR_OF_SRGB[true]
    ratio = np.log(np.maximum(wanted, 0.003) / np.maximum(light, 0.003))
    return ciede2000(lab(srgb_of(light * np.exp(np.median(ratio, axis=0)))), lab(true))


def lab(colors: ByteArray) -> FloatArray:
    """CIELAB (n, 3) of sRGB under D65 (IEC 61966-2-1; CIE 15)."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    xyz = LINEAR_OF_SRGB[colors].astype(float) @ to_xyz.T / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f.T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def ciede2000(one: FloatArray, other: FloatArray) -> FloatArray:
    """The difference (n,) of colours in CIELAB (n, 3) (Sharma, Wu & Dalal 2005)."""
    (L1, a1, b1), (L2, a2, b2) = one.T, other.T
    C = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(C**7 / (C**7 + 25.0**7))
    C1, C2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1 = np.degrees(np.arctan2(b1, stretch * a1)) % 360
    h2 = np.degrees(np.arctan2(b2, stretch * a2)) % 360
    grey = C1 * C2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(turn / 2))
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    h = np.where(grey, h1 + h2, (h1 + turn / 2) % 360)

    def cosine(times: float, less: float) -> FloatArray:
        return np.asarray(np.cos(np.radians(times * h - less)))

    T = 1 - 0.17 * cosine(1, 30) + 0.24 * cosine(2, 0) + 0.32 * cosine(3, -6) - 0.2 * cosine(4, 63)
    SL = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)
    SC, SH = 1 + 0.045 * C, 1 + 0.015 * C * T
    spread = np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))
    turned = -2 * np.sqrt(C**7 / (C**7 + 25.0**7)) * np.sin(spread)
    squares = (dL / SL) ** 2 + (dC / SC) ** 2 + (dH / SH) ** 2 + turned * dC / SC * dH / SH
    return np.asarray(np.sqrt(squares))


if __name__ == "__main__":
    sys.exit(main())
