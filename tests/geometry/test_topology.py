"""Topology, against shapes that are known and against trimesh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapes import cone_mesh, cube_mesh, grid_faces, rotation, sphere_mesh

from relicscan.geometry import topology
from relicscan.relic import Mesh


def torus_mesh() -> Mesh:
    u, v = np.meshgrid(2 * np.pi * np.arange(60) / 60, 2 * np.pi * np.arange(30) / 30)
    r = 40 + 15 * np.cos(v)
    vertices = np.stack([r * np.cos(u), r * np.sin(u), 15 * np.sin(v)], -1).reshape(-1, 3)
    faces = grid_faces(31, 60, wrap=True) % 1800
    return Mesh(vertices, faces)


def holed() -> Mesh:
    ball = sphere_mesh()
    return ball.take_faces(np.random.default_rng(0).uniform(size=len(ball.faces)) > 0.1)


MESHES = {
    "sphere": sphere_mesh(),
    "cube": cube_mesh(),
    "cone": cone_mesh(),
    "torus": torus_mesh(),
    "holed": holed(),
}
every_mesh = pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)


def theirs(mesh: Mesh) -> Any:
    import trimesh

    return trimesh.Trimesh(np.array(mesh.vertices), np.array(mesh.faces), process=False)


@every_mesh
def test_as_trimesh_has_it(mesh: Mesh) -> None:
    other = theirs(mesh)
    np.testing.assert_allclose(topology.face_areas(mesh), other.area_faces, atol=1e-12)
    assert topology.is_watertight(mesh.faces) == other.is_watertight
    ours = {tuple(pair) for pair in topology.edges(mesh.faces)}
    assert ours == {tuple(pair) for pair in other.edges_unique}
    once = np.bincount(other.edges_unique_inverse) == 1
    assert topology.boundary_edge_count(mesh.faces) == once.sum()
    np.testing.assert_array_equal(
        topology.boundary_vertices(mesh.faces), np.unique(other.edges_unique[once])
    )
    assert topology.face_components(mesh.faces).max() + 1 == len(list(_parts(mesh)))


def _parts(mesh: Mesh) -> Iterator[set[int]]:
    """Connected parts over shared vertices, the slow way."""
    parts: list[set[int]] = []
    for face in mesh.faces.tolist():
        touching = [part for part in parts if part & set(face)]
        parts = [part for part in parts if not part & set(face)]
        parts.append(set(face).union(*touching))
    yield from parts


@every_mesh
def test_vertex_normals_are_weighted_by_angle_as_trimesh_does(mesh: Mesh) -> None:
    ours = topology.vertex_normals(mesh.vertices, mesh.faces)
    used = np.unique(mesh.faces)
    np.testing.assert_allclose(np.linalg.norm(ours[used], axis=1), 1)
    np.testing.assert_allclose(ours[used], theirs(mesh).vertex_normals[used], atol=1e-6)


def test_normals_at_the_corner_of_a_cube_lean_to_no_side() -> None:
    cube = cube_mesh(10, steps=1)  # some corners have one triangle of a side, others two
    normals = topology.vertex_normals(cube.vertices, cube.faces)
    np.testing.assert_allclose(normals, cube.vertices / 300**0.5, atol=1e-12)


def test_a_vertex_without_a_face_has_no_normal() -> None:
    normals = topology.vertex_normals(np.eye(4, 3), np.array([[0, 1, 2]], np.int32))
    np.testing.assert_array_equal(normals[3], 0)


@pytest.mark.parametrize("name", ["sphere", "cube", "torus"])
def test_the_vector_area_of_a_closed_surface_is_nothing(name: str) -> None:
    assert topology.vector_area_share(MESHES[name])[1] < 1e-12


def test_the_vector_area_of_an_open_cone_is_its_missing_base() -> None:
    R = rotation([1, 2, 3], 77)
    cone = cone_mesh(30, 120, columns=360)
    turned = Mesh(cone.vertices @ R.T, cone.faces)
    direction, share = topology.vector_area_share(turned)
    np.testing.assert_allclose(direction, R @ [0, 0, 1], atol=1e-9)
    assert share == pytest.approx(30 / np.hypot(30, 120), rel=1e-3)


def test_edges_of_three_faces_are_counted() -> None:
    assert topology.nonmanifold_edge_count(np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]])) == 1
    assert topology.nonmanifold_edge_count(MESHES["torus"].faces) == 0


def test_no_faces_are_no_trouble() -> None:
    none = np.zeros((0, 3), np.int32)
    assert len(topology.face_components(none)) == 0
    assert not topology.is_watertight(none)
    assert topology.boundary_edge_count(none) == 0
    assert topology.vector_area_share(Mesh(np.zeros((0, 3)), none))[1] == 0


def test_smoothing_keeps_a_constant_and_halves_the_difference_to_the_neighbours() -> None:
    mesh = MESHES["sphere"]
    constant = np.full(len(mesh.vertices), 3.5)
    np.testing.assert_allclose(topology.smoothed_over_edges(constant, mesh.faces, 4), 3.5)
    peak = np.array([8.0, 0, 0])
    np.testing.assert_allclose(
        topology.smoothed_over_edges(peak, np.array([[0, 1, 2]]), 1), [4, 2, 2]
    )


def test_welding_joins_only_what_is_exactly_one_place_and_one_colour() -> None:
    vertices = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1 + 1e-15, 0]]
    faces = [[0, 1, 2], [3, 5, 4]]
    joined = topology.welded(Mesh(vertices, faces))
    np.testing.assert_array_equal(joined.faces, [[0, 1, 2], [1, 3, 2]])
    colors = np.zeros((6, 3))
    colors[4] = 255
    split = topology.welded(Mesh(vertices, faces, colors=colors))
    np.testing.assert_array_equal(split.faces, [[0, 1, 2], [1, 4, 3]])
    np.testing.assert_array_equal(split.colors[3], [255, 255, 255])


def test_what_was_scanned_and_filled_at_one_place_counts_as_scanned() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    filled = [False, True, True, False, True, True]
    joined = topology.welded(Mesh(vertices, [[0, 1, 2], [3, 4, 5]], filled=filled))
    np.testing.assert_array_equal(joined.filled, [False, False, True, True])


def test_unreferenced_vertices_go_with_their_attributes() -> None:
    colors, filled = np.arange(15).reshape(5, 3), [True, True, False, False, False]
    mesh = Mesh(np.arange(15).reshape(5, 3), [[4, 0, 2]], np.eye(5, 3), colors, filled=filled)
    kept = topology.without_unreferenced(mesh)
    np.testing.assert_array_equal(kept.vertices[kept.faces], mesh.vertices[mesh.faces])
    np.testing.assert_array_equal(kept.colors, mesh.colors[[0, 2, 4]])
    np.testing.assert_array_equal(kept.normals, mesh.normals[[0, 2, 4]])
    np.testing.assert_array_equal(kept.filled, [True, False, False])


@pytest.mark.parametrize("offset", [0, 3_000_000])
def test_duplicates_are_found_whatever_their_order_and_size_of_index(offset: int) -> None:
    faces = np.array([[0, 1, 2], [1, 2, 3], [2, 0, 1], [2, 1, 0], [3, 2, 4]]) + offset
    np.testing.assert_array_equal(
        topology.duplicate_faces(faces), [False, False, True, True, False]
    )


def test_degenerate_faces() -> None:
    vertices = [[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [np.nan, 0, 0]]
    faces = [[0, 1, 3], [0, 0, 3], [0, 1, 2], [0, 1, 4]]
    mesh = replace(Mesh(vertices, faces))
    np.testing.assert_array_equal(topology.degenerate_faces(mesh), [False, True, True, True])
