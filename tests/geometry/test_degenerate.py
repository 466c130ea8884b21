"""Faces without area go, and leave no hole."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import cube_mesh, volume

from relicscan.geometry.degenerate import without_degenerate
from relicscan.geometry.topology import boundary_edge_count, degenerate_faces, is_watertight
from relicscan.relic import Material, Mesh


def with_t_junctions(count: int) -> Mesh:
    """A closed cube of which some edges have a vertex in the middle that only a flat face joins."""
    cube = cube_mesh(10, steps=8)
    faces, vertices = cube.faces.tolist(), cube.vertices.tolist()
    rng = np.random.default_rng(0)
    touched: set[int] = set()
    for i in rng.permutation(len(faces)):
        a, b, c = faces[i]
        if touched & {a, b, c} or len(vertices) == len(cube.vertices) + count:
            continue
        touched |= {a, b, c}
        middle = len(vertices)
        vertices.append(((cube.vertices[a] + cube.vertices[b]) / 2).tolist())
        # This side is split at the middle; the other keeps its edge; a flat face closes the gap.
        faces[i] = [a, middle, c]
        faces += [[middle, b, c], [a, b, middle]]
    return Mesh(vertices, faces)


def test_flat_faces_between_neighbours_are_flipped_and_the_surface_stays_closed() -> None:
    mesh = with_t_junctions(20)
    assert is_watertight(mesh.faces)
    assert degenerate_faces(mesh).sum() == 20
    removed = mesh.take_faces(~degenerate_faces(mesh))
    assert boundary_edge_count(removed.faces) == 60, "taking them out would leave holes"
    after = without_degenerate(mesh)
    assert is_watertight(after.faces)
    assert not degenerate_faces(after).any()
    assert volume(after) == pytest.approx(8000)


def test_faces_that_use_a_vertex_twice_just_go() -> None:
    cube = cube_mesh(10, steps=2)
    a, b, _ = cube.faces[0]
    after = without_degenerate(Mesh(cube.vertices, np.vstack([cube.faces, [[a, a, b], [b, a, b]]])))
    np.testing.assert_array_equal(after.faces, cube.faces)


def test_a_flat_face_on_a_border_goes() -> None:
    vertices = [[0, 0, 0], [2, 0, 0], [1, 0, 0], [1, 1, 0]]
    after = without_degenerate(Mesh(vertices, [[0, 2, 3], [2, 1, 3], [0, 1, 2]]))
    np.testing.assert_array_equal(after.faces, [[0, 2, 3], [2, 1, 3]])


def test_a_flipped_face_takes_the_texture_of_its_neighbour() -> None:
    vertices = [[0, 0, 0], [4, 0, 0], [1, 0, 0], [0, 3, 0]]
    uv = [[[0, 0], [0.8, 0], [0, 0.6]], [[9, 9], [9, 9], [9, 9]]]
    mesh = Mesh(
        vertices,
        [[0, 1, 3], [1, 0, 2]],
        corner_uv=uv,
        face_material=[1, 0],
        materials=(Material("a"), Material("b")),
    )
    after = without_degenerate(mesh)
    at = after.vertices[after.faces][..., :2]
    np.testing.assert_allclose(after.corner_uv, at / 5, atol=1e-6)
    np.testing.assert_array_equal(after.face_material, [1, 1])
    assert len(after.faces) == 2


def test_clean_meshes_come_back_as_they_are() -> None:
    cube = cube_mesh()
    assert without_degenerate(cube) is cube
