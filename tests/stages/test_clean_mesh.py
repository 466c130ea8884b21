"""clean_mesh: what breaks other tools goes, what is whole stays whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapes import cube_mesh, grid_faces, mesh_relic, sphere_mesh, volume
from surface_checks import assert_manifold

from relicscan import formats
from relicscan.delivery.glb import write_glb
from relicscan.delivery.khronos import what_is_missing
from relicscan.delivery.validation import validate
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
    assert set(after.figures.values()) == {0}
    assert {"invalid_vertices", "faces_removed", "boundary_edges", "faces_turned"} < set(
        after.figures
    )
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


def test_what_was_mended_is_counted() -> None:
    ball = sphere_mesh()
    n = len(ball.vertices)
    fin = [*ball.faces[700][:2], n]
    faces = np.vstack([ball.faces[:, ::-1], ball.faces[:1], [fin]])
    faces[5] = faces[5, ::-1]
    after = clean_mesh(mesh_relic(Mesh(np.vstack([ball.vertices, [[90, 0, 0]]]), faces)))
    assert {name: count for name, count in after.figures.items() if count} == {
        "faces_removed": 2,
        "duplicate_faces_removed": 1,
        "fins_removed": 1,
        "nonmanifold_edges_mended": 1,
        "faces_turned": 1,
    }
    assert_manifold(after.mesh)
    assert volume(after.mesh) == pytest.approx(-volume(ball)), "most of it was inside out"
    assert not after.warnings


def test_a_surface_with_one_side_is_told() -> None:
    turn = 2 * np.pi * np.arange(30) / 30
    t, x = np.meshgrid(turn, [-2.0, 2.0], indexing="ij")
    r = 10 + x * np.cos(t / 2)
    vertices = np.stack([r * np.cos(t), r * np.sin(t), x * np.sin(t / 2)], -1).reshape(-1, 3)
    faces = np.append(np.arange(60), [1, 0])[grid_faces(31, 2)]
    after = clean_mesh(mesh_relic(Mesh(vertices, faces)))
    assert after.figures["nonorientable_parts"] == 1
    assert "one side only" in after.warnings[0]
    assert_manifold(after.mesh)


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["mesh_ggg_sfm/blackVase_decimated.ply", "tex_fuze_bottle/fuze.obj"]
)
def test_levels_of_real_meshes_satisfy_the_khronos_validator(
    shared: Path, tmp_path: Path, name: str
) -> None:
    missing = what_is_missing()
    if missing is not None:
        pytest.skip(f"not validated with the Khronos validator: {missing}")
    given = formats.read(shared / "scans" / name)[0].geometry
    cleaned = clean_mesh(mesh_relic(given)).mesh
    assert cleaned.textured == given.textured
    assert_manifold(cleaned)
    write_glb(tmp_path / "a.glb", cleaned, T_model_mesh=np.eye(4), generator="test")
    (result,) = validate(tmp_path / "a.glb")
    assert result.ok, (result.findings, result.khronos)
    assert not result.khronos
