"""clean_mesh: what breaks other tools goes, what is whole stays whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import cube_mesh, mesh_relic, sphere_mesh, volume

from relicscan.errors import ScanError
from relicscan.geometry.topology import is_watertight
from relicscan.relic import Mesh
from relicscan.stages.clean_mesh import clean_mesh


def soup(mesh: Mesh) -> Mesh:
    """Each triangle with three vertices of its own, as STL has it."""
    return Mesh(
        mesh.vertices[mesh.faces].reshape(-1, 3), np.arange(3 * len(mesh.faces)).reshape(-1, 3)
    )


def test_a_clean_mesh_stays_as_it_is() -> None:
    ball = sphere_mesh()
    after = clean_mesh(mesh_relic(ball))
    np.testing.assert_array_equal(after.mesh.vertices, ball.vertices)
    np.testing.assert_array_equal(after.mesh.faces, ball.faces)
    assert after.figures == {
        "invalid_vertices": 0,
        "faces_removed": 0,
        "boundary_edges": 0,
        "nonmanifold_edges": 0,
    }
    assert not after.warnings


@pytest.mark.parametrize("mesh", [cube_mesh(), sphere_mesh()], ids=["cube", "sphere"])
def test_soup_is_welded_to_a_closed_surface(mesh: Mesh) -> None:
    after = clean_mesh(mesh_relic(soup(mesh))).mesh
    assert is_watertight(after.faces)
    assert len(after.vertices) == len(mesh.vertices)
    assert volume(after) == pytest.approx(volume(mesh))


def test_minus_zero_is_the_same_place_as_zero() -> None:
    separate = soup(cube_mesh(10, steps=2))
    vertices = separate.vertices.copy()
    vertices[::2] = np.where(vertices[::2] == 0, -0.0, vertices[::2])
    assert np.signbit(vertices[vertices == 0]).any()
    assert is_watertight(clean_mesh(mesh_relic(Mesh(vertices, separate.faces))).mesh.faces)


def test_degenerate_and_double_faces_go() -> None:
    cube = cube_mesh()
    a, b, c = cube.faces[0]
    more = [[a, a, b], [a, b, b], [c, c, c], cube.faces[7], np.roll(cube.faces[8], 1)]
    on_one_line = [0, 1, 2]
    assert np.ptp(cube.vertices[on_one_line, :2]) == 0
    dirty = Mesh(
        np.vstack([cube.vertices, [[99, 99, 99]]]), np.vstack([cube.faces, more, [on_one_line]])
    )
    after = clean_mesh(mesh_relic(dirty))
    np.testing.assert_array_equal(after.mesh.faces, cube.faces)
    np.testing.assert_array_equal(after.mesh.vertices, cube.vertices)
    assert after.figures["faces_removed"] == 6


def test_vertices_that_are_no_numbers_go_with_their_faces_and_are_told() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    vertices = ball.vertices.copy()
    vertices[500], vertices[3000] = np.nan, np.inf
    after = clean_mesh(mesh_relic(replace(ball, vertices=vertices)))
    assert np.isfinite(after.mesh.vertices).all()
    assert len(after.mesh.vertices) == len(vertices) - 2
    assert after.figures["invalid_vertices"] == 2
    assert after.figures["faces_removed"] == 12
    assert after.figures["boundary_edges"] == 12
    assert "2 vertices were not numbers" in after.warnings[0]


def test_more_of_them_than_allowed_are_refused() -> None:
    ball = sphere_mesh()
    vertices = ball.vertices.copy()
    vertices[:100] = np.nan
    with pytest.raises(ScanError, match="100 of 3,122 vertices are not numbers") as caught:
        clean_mesh(mesh_relic(replace(ball, vertices=vertices)))
    assert "max_invalid_share" in caught.value.remedy
    assert clean_mesh(mesh_relic(replace(ball, vertices=vertices)), max_invalid_share=0.05)


def test_a_mesh_without_area_is_refused() -> None:
    line = Mesh(np.outer(np.arange(9.0), [1, 2, 3]), np.arange(9).reshape(-1, 3))
    with pytest.raises(ScanError, match="no triangle of the mesh has an area"):
        clean_mesh(mesh_relic(line))


def test_corners_keep_their_texture_coordinates() -> None:
    separate = soup(sphere_mesh())
    uv = np.random.default_rng(0).uniform(size=(len(separate.faces), 3, 2)).astype(np.float32)
    faces = np.insert(separate.faces, 5, [3, 3, 4], axis=0)
    dirty = Mesh(separate.vertices, faces, corner_uv=np.insert(uv, 5, 0, axis=0))
    np.testing.assert_array_equal(clean_mesh(mesh_relic(dirty)).mesh.corner_uv, uv)


def test_three_faces_on_one_edge_are_counted() -> None:
    vertices = [[0, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [-1, -1, 0]]
    fan = Mesh(vertices, [[0, 1, 2], [0, 1, 3], [0, 1, 4]])
    assert clean_mesh(mesh_relic(fan)).figures["nonmanifold_edges"] == 1
