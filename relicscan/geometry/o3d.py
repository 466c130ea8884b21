"""Open3D at arm's length: imported where it is used, on the threads we were given.

Open3D 0.20 runs on TBB, which reads no environment variable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from relicscan import threads
from relicscan.geometry.checks import require_plausible
from relicscan.relic import Mesh


def load() -> Any:
    """The open3d module, quiet, with its thread count set."""
    import open3d

    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    open3d.utility.set_max_threads(threads.granted())
    return open3d


def raycasting_scene(mesh: Mesh) -> Any:
    """A RaycastingScene over the mesh, for closest points and rays (float32 inside)."""
    require_plausible(mesh.vertices)
    o3d = load()
    scene = o3d.t.geometry.RaycastingScene(nthreads=threads.granted())
    scene.add_triangles(
        o3d.core.Tensor(mesh.vertices.astype(np.float32)),
        o3d.core.Tensor(mesh.faces.astype(np.uint32)),
    )
    return scene
