"""Open3D's chain as its tutorials have it: point cloud, surface reconstruction, mesh.

https://www.open3d.org/docs/release/tutorial/geometry/pointcloud.html (voxel downsampling,
normals), …/pointcloud_outlier_removal.html (statistical outliers, 20 and 2.0),
…/surface_reconstruction.html (orientation by tangent planes, Poisson, low densities cut),
…/mesh.html (quadric decimation). Threads as Open3D takes them: all there are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.chain import Lap
from relicscan.relic import FloatArray, IntArray

VOXEL_MM, DEPTH, DENSITY_CUT = 0.47, 10, 0.02


def load() -> str:
    """Import Open3D; returns its version."""
    import open3d

    return f"Open3D {open3d.__version__}"


def run(scan: Path, triangles: int, lap: Lap) -> tuple[FloatArray, IntArray]:
    """Vertices (n, 3) in the scan's own coordinates and faces (m, 3)."""
    import open3d as o3d

    cloud = o3d.io.read_point_cloud(str(scan / "scan.ply"))
    lap("read")
    cloud = cloud.voxel_down_sample(VOXEL_MM)
    lap("voxel_down_sample")
    cloud, _ = cloud.remove_statistical_outlier(nb_neighbors=20, std_ratio=2.0)
    lap("remove_statistical_outlier")
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(30))
    lap("estimate_normals")
    cloud.orient_normals_consistent_tangent_plane(15)
    lap("orient_normals_consistent_tangent_plane")
    mesh, densities = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=DEPTH)
    lap("create_from_point_cloud_poisson")
    density = np.asarray(densities)
    mesh.remove_vertices_by_mask(density < np.quantile(density, DENSITY_CUT))
    lap("remove_vertices_by_mask")
    mesh = mesh.simplify_quadric_decimation(triangles)
    lap("simplify_quadric_decimation")
    return np.asarray(mesh.vertices), np.asarray(mesh.triangles)
