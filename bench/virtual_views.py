"""Views of real relics whose placement is known, few and far apart: is any placed wrongly?

    python -m bench.virtual_views                     views 60, 72 and 90 degrees apart
    python -m bench.virtual_views --steps 72 owl      some of them

Scanned meshes, which registration's limits were not set on, are looked at from all round by
rays in a raster, with noise and without colours, and every view is moved at random. A view that
is more than 5 mm (of 300) from where it belongs, beside the others of its group, is wrong;
refusing is not. A vase and a bottle are among them, whose turn no shape tells.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from bench.registration import WRONG_MM, Scene, errors
from bench.subjects import shared_folder
from relicscan.geometry.registration import View, register
from relicscan.relic import FloatArray, Mesh

SHAPES = {
    "demosthenes": "mesh_demosthenes/demosthenes-low-res.obj",
    "nefertiti": "mesh_nefertiti/nefertiti-lowres.obj",
    "bust": "mesh_danish_statues/obj/BustManWreath.obj",
    "dancer": "mesh_danish_statues/obj/DancingGirl.obj",
    "cranium": "tex_whale_skull/whale_cranium.glb",
    "mandible": "tex_whale_skull/whale_mandible.glb",
    "owl": "mesh_ggg_sfm/owl_decimated.ply",
    "vase": "mesh_ggg_sfm/blackVase_decimated.ply",
    "bottle": "tex_fuze_bottle/fuze.obj",
}
SIZE_MM, SPACING_MM, NOISE_MM = 300.0, 1.2, 0.05
ELEVATION_DEG, AWAY_MM = 10.0, 700.0
TITLES = ("shape", "apart", "views", "placed", "wrong", "worst mm", "refused", "CPU s")


def main() -> int:
    """Print a table; 1 if any view was placed wrongly."""
    from docs.generate import table

    parser = argparse.ArgumentParser(
        prog="python -m bench.virtual_views",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shapes", nargs="*", default=list(SHAPES), metavar="SHAPE")
    parser.add_argument("--steps", nargs="*", type=int, default=[60, 72, 90], metavar="DEGREES")
    given = parser.parse_args()
    rows, all_wrong = [], 0
    for name in given.shapes:
        mesh = surface_of(shared_folder() / "scans" / SHAPES[name])
        for step in given.steps:
            views, truth = views_of(mesh, step, seed=step)
            cpu = time.process_time()
            registered = register(views)
            cpu = time.process_time() - cpu
            off: list[float] = []
            for group in registered.groups:
                poses = [registered.placements[k].T_common_view for k in group]
                off += errors([views[k] for k in group], poses, [truth[k] for k in group])
            wrong = sum(one > WRONG_MM for one in off)
            all_wrong += wrong
            why = sorted({reason[:60] for reason in registered.left_out.values()})
            worst = f"{max(off):.2f}" if off else "–"
            counts = [len(views), len(off), wrong]
            rows.append([name, f"{step}°", *map(str, counts), worst, "; ".join(why), f"{cpu:.0f}"])
            print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    print(table(TITLES, rows))
    return int(all_wrong > 0)


def surface_of(file: Path) -> Mesh:
    """A scanned mesh, 300 mm along its diagonal, its middle at the origin."""
    from dataclasses import replace

    from relicscan.scan_folder import read_scan

    mesh = read_scan(file)[0].geometry
    assert isinstance(mesh, Mesh)
    used = mesh.vertices[np.unique(mesh.faces)]
    low, high = used.min(axis=0), used.max(axis=0)
    scale = SIZE_MM / float(np.linalg.norm(high - low))
    return replace(mesh, vertices=(mesh.vertices - (low + high) / 2) * scale)


def views_of(mesh: Mesh, step_deg: int, seed: int) -> Scene:
    """Views all round, about +Y, so many degrees apart, moved at random; and T_mesh_view."""
    from scipy.spatial.transform import Rotation

    from relicscan.geometry.o3d import load

    o3d = load()
    tracer = o3d.t.geometry.RaycastingScene(1)
    tracer.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))
    rng = np.random.default_rng(seed)
    views, truth = [], []
    for azimuth in range(0, 360, step_deg):
        seen = _seen(tracer, float(azimuth))
        seen += rng.normal(scale=NOISE_MM, size=seen.shape)
        M = np.eye(4)
        M[:3, :3] = Rotation.random(rng=rng).as_matrix()
        M[:3, 3] = rng.uniform(-500, 500, 3)
        views.append(View(seen @ M[:3, :3].T + M[:3, 3]))
        truth.append(np.linalg.inv(M))
    return views, truth


def _seen(tracer, azimuth_deg: float) -> FloatArray:  # type: ignore[no-untyped-def]
    """Points (n, 3) where rays through a raster meet the surface, but at grazing angles."""
    a, e = np.radians([azimuth_deg, ELEVATION_DEG])
    away = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
    right = np.array([np.cos(a), 0.0, -np.sin(a)])
    up = np.cross(away, right)
    raster = np.arange(-SIZE_MM / 2, SIZE_MM / 2, SPACING_MM)
    u, v = (grid.ravel()[:, None] for grid in np.meshgrid(raster, raster))
    eye = AWAY_MM * away
    towards = u * right + v * up - eye
    towards /= np.linalg.norm(towards, axis=1)[:, None]
    rays = np.hstack([np.broadcast_to(eye, towards.shape), towards]).astype(np.float32)
    hit = tracer.cast_rays(rays)
    depth = hit["t_hit"].numpy()
    lean = np.abs((hit["primitive_normals"].numpy() * towards).sum(axis=1))
    met = np.isfinite(depth) & (lean > 0.2)
    return np.asarray(eye + towards[met] * depth[met, None])


if __name__ == "__main__":
    sys.exit(main())
