"""Open3D at arm's length: imported where it is used, on the threads we were given.

Open3D 0.20 runs on TBB, which reads no environment variable. It takes only writeable
arrays, hence the copies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from relicscan import threads
from relicscan.geometry.checks import require_plausible
from relicscan.relic import FloatArray, IntArray, Mesh, PointCloud


def load() -> Any:
    """The open3d module, quiet, with its thread count set."""
    import open3d

    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    open3d.utility.set_max_threads(threads.count())
    return open3d


def legacy_cloud(cloud: PointCloud) -> Any:
    """An open3d.geometry.PointCloud with points and, where present, normals."""
    o3d = load()
    pcd = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(np.array(cloud.points)))
    if cloud.normals is not None:
        pcd.normals = o3d.utility.Vector3dVector(cloud.normals.astype(np.float64))
    return pcd


def legacy_mesh(vertices: FloatArray, faces: IntArray) -> Any:
    """An open3d.geometry.TriangleMesh; indices must have been checked (Open3D does not)."""
    o3d = load()
    return o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(np.array(vertices)), o3d.utility.Vector3iVector(np.array(faces))
    )


def raycasting_scene(mesh: Mesh) -> Any:
    """A RaycastingScene over the mesh, for closest points and rays (float32 inside)."""
    require_plausible(mesh.vertices)
    o3d = load()
    scene = o3d.t.geometry.RaycastingScene(nthreads=threads.count())
    scene.add_triangles(
        o3d.core.Tensor(mesh.vertices.astype(np.float32)),
        o3d.core.Tensor(mesh.faces.astype(np.uint32)),
    )
    return scene
