"""remove_small_components: crumbs go by their area, parts of the relic stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import mesh_relic, sphere_mesh

from relicscan.errors import StageError
from relicscan.relic import Mesh
from relicscan.stages.remove_small_components import remove_small_components


def balls(*radii: float) -> Mesh:
    """Spheres beside each other, the largest in the middle of the arrays."""
    vertices, faces = [], []
    for i, radius in enumerate(radii):
        ball = sphere_mesh(radius, rows=12, columns=24)
        faces.append(ball.faces + i * len(ball.vertices))
        vertices.append(ball.vertices + np.array([200.0 * i, 0, 0]))
    return Mesh(np.vstack(vertices), np.vstack(faces))


def test_parts_under_the_share_go_and_the_others_stay() -> None:
    mesh = balls(3, 50, 20, 4)  # areas as 0.0036, 1, 0.16, 0.0064
    n = len(mesh.vertices) // 4
    colors = np.repeat([[1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0]], n, axis=0)
    after = remove_small_components(mesh_relic(replace(mesh, colors=colors)))
    assert list(np.unique(after.mesh.colors[:, 0])) == [2, 3, 4]
    assert len(after.mesh.vertices) == 3 * n
    assert after.figures["components"] == 4
    assert after.figures["components_removed"] == 1
    assert after.figures["removed_area_share"] == pytest.approx(9 / (9 + 2500 + 400 + 16))


def test_a_single_part_stays_whatever_the_share() -> None:
    mesh = balls(50)
    assert remove_small_components(mesh_relic(mesh), min_area_share=1.0).mesh is mesh


def test_parts_are_weighed_by_area_and_not_by_triangles() -> None:
    fine = sphere_mesh(1, rows=100, columns=200)
    coarse = sphere_mesh(50, rows=6, columns=12)
    both = Mesh(
        np.vstack([fine.vertices + 200, coarse.vertices]),
        np.vstack([fine.faces, coarse.faces + len(fine.vertices)]),
    )
    after = remove_small_components(mesh_relic(both)).mesh
    assert len(after.faces) == len(coarse.faces)


def test_no_triangles_are_refused() -> None:
    with pytest.raises(StageError, match="no triangles"):
        remove_small_components(mesh_relic(Mesh(np.eye(3), np.zeros((0, 3)))))
