"""A mesh made a surface: hand-made faults with known answers, random ones, and real scans."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from shapes import boundary_loops, cube_mesh, grid_faces, sphere_mesh, volume
from surface_checks import assert_manifold

from relicscan import formats
from relicscan.errors import StageError
from relicscan.geometry.kernels.slivers import slivers
from relicscan.geometry.manifold import Mended, made_manifold
from relicscan.geometry.topology import (
    face_components,
    is_watertight,
    vertex_normals,
    welded,
    without_unreferenced,
)
from relicscan.relic import Material, Mesh


def cubes(step: list[float]) -> Mesh:
    """Two cubes of 20 mm, the second one moved, welded where they touch."""
    one = cube_mesh(10, steps=1)
    vertices = np.vstack([one.vertices, one.vertices + step])
    return welded(Mesh(vertices, np.vstack([one.faces, one.faces + 8])))


def only(**counts: int) -> dict[str, int]:
    return asdict(Mended()) | counts


def strip(twists: int, count: int = 40, rows: int = 3) -> Mesh:
    """A closed strip of quads around the z axis with so many half twists."""
    turn = 2 * np.pi * np.arange(count) / count
    t, x = np.meshgrid(turn, np.linspace(-2, 2, rows), indexing="ij")
    r = 10 + x * np.cos(twists * t / 2)
    vertices = np.stack([r * np.cos(t), r * np.sin(t), x * np.sin(twists * t / 2)], -1)
    faces = grid_faces(count + 1, rows)
    last = count * rows + np.arange(rows)
    number = np.r_[np.arange(count * rows), np.arange(rows)[:: -1 if twists % 2 else 1]]
    assert faces.max() == last[-1]
    return Mesh(vertices.reshape(-1, 3), number[faces])


def test_a_surface_comes_back_as_it_is() -> None:
    for mesh in (sphere_mesh(), cube_mesh(), strip(0), strip(2)):
        after, done = made_manifold(mesh)
        assert after is mesh
        assert done == Mended()


def test_cubes_that_share_an_edge_come_apart_whole() -> None:
    touching = cubes([20, 20, 0])
    assert len(touching.vertices) == 14
    after, done = made_manifold(touching)
    assert_manifold(after)
    assert asdict(done) == only(nonmanifold_edges_mended=1, vertices_split=2)
    part = face_components(after.faces)
    assert part.max() == 1
    assert [volume(after.take_faces(part == k)) for k in (0, 1)] == pytest.approx([8000, 8000])
    np.testing.assert_array_equal(
        after.vertices[after.faces], touching.vertices[touching.faces], "nothing has moved"
    )


def test_cubes_that_share_a_vertex_come_apart() -> None:
    after, done = made_manifold(cubes([20, 20, 20]))
    assert_manifold(after)
    assert asdict(done) == only(vertices_split=1)
    assert volume(after) == pytest.approx(16000)


@pytest.mark.parametrize("tip", [[30, 0, 0], [0, 0, 0], [10, 30, -30], [-40, 0, 5]])
@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("face", range(12))
def test_a_fin_goes_and_the_solid_stays(tip: list[float], way: int, face: int) -> None:
    cube = cube_mesh(10, steps=1)
    fin = [*cube.faces[face][:2], 8][::way]
    after, done = made_manifold(Mesh(np.vstack([cube.vertices, [tip]]), [*cube.faces, fin]))
    assert asdict(done) == only(fins_removed=1, nonmanifold_edges_mended=1)
    np.testing.assert_array_equal(after.faces, cube.faces)
    np.testing.assert_array_equal(after.vertices, cube.vertices)


def test_a_wall_that_stands_on_a_surface_is_cut_off_it_and_kept() -> None:
    n = 5
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    plane = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
    line = np.flatnonzero(x.ravel() == 2)
    top = len(plane) + np.arange(n)
    wall = [[a, b, c] for a, b, c in zip(line[:-1], line[1:], top[:-1], strict=True)]
    wall += [[b, d, c] for b, c, d in zip(line[1:], top[:-1], top[1:], strict=True)]
    vertices = np.vstack([plane, plane[line] + [0, 0, 1]])
    after, done = made_manifold(Mesh(vertices, np.vstack([grid_faces(n, n), wall])))
    assert_manifold(after)
    assert done.nonmanifold_edges_mended == n - 1
    assert done.vertices_split == n
    assert len(after.faces) == len(grid_faces(n, n)) + len(wall)
    part = face_components(after.faces)
    assert part.max() == 1, "the plane is whole"
    assert len(boundary_loops(after.faces)) == 2


def test_a_strip_with_one_side_is_cut_across() -> None:
    moebius = strip(1)
    after, done = made_manifold(moebius)
    assert_manifold(after)
    assert (done.nonorientable_parts, done.nonorientable_edges_cut) == (1, 2)
    assert done.vertices_split == 3
    assert len(after.faces) == len(moebius.faces)
    assert face_components(after.faces).max() == 0
    assert len(boundary_loops(after.faces)) == 1, "a plain band"


@pytest.mark.parametrize("which", [slice(None, None, 2), slice(0, 3000), slice(2000, None)])
def test_a_sphere_with_faces_turned_round_has_its_outside_outside(which: slice) -> None:
    ball = sphere_mesh()
    faces = np.array(ball.faces)
    faces[which] = faces[which, ::-1]
    uv = np.random.default_rng(0).uniform(size=(len(faces), 3, 2)).astype(np.float32)
    given = uv.copy()
    given[which] = given[which, ::-1]
    after, done = made_manifold(Mesh(ball.vertices, faces, corner_uv=given))
    assert_manifold(after)
    turned_all = done.faces_turned == len(faces[which])
    assert volume(after) == pytest.approx(volume(ball) if turned_all else -volume(ball))
    more_in = len(faces[which]) > 0.55 * len(faces)
    assert turned_all != more_in, "the side that most of its area had"
    rolled = np.argmax(after.faces == ball.faces[:, :1], axis=1)
    np.testing.assert_array_equal(
        after.corner_uv[np.arange(len(faces)), rolled], uv[:, 0], "corners keep their texture"
    )


def test_a_face_and_its_back_are_one_face() -> None:
    ball = sphere_mesh()
    faces = np.vstack([ball.faces, ball.faces[5:8, ::-1], np.roll(ball.faces[9:10], 1, axis=1)])
    after, done = made_manifold(Mesh(ball.vertices, faces))
    assert asdict(done) == only(duplicate_faces_removed=4)
    np.testing.assert_array_equal(after.faces, ball.faces)


def test_two_sheets_that_meet_twice_along_one_edge_keep_all_their_faces() -> None:
    """A chain of two rings of quads, pinched to one edge that belongs to both."""
    ring = strip(0, count=8, rows=2)
    faces = np.array(ring.faces)
    faces = np.where(faces == 8, 0, np.where(faces == 9, 1, faces))
    vertices = np.array(ring.vertices)
    pinched = Mesh(vertices, faces)
    after, done = made_manifold(pinched)
    assert_manifold(after)
    assert done.nonmanifold_edges_mended == 1
    assert len(after.faces) >= len(pinched.faces)


def needle_on(ball: Mesh, height: float) -> Mesh:
    """The sphere with a vertex on the long side of one face, and a flat face between."""
    a, b, c = ball.faces[1000]
    middle = (ball.vertices[a] + ball.vertices[b]) / 2 + height * ball.vertices[c] / 50
    m = len(ball.vertices)
    faces = np.vstack([np.delete(ball.faces, 1000, axis=0), [[a, m, c], [m, b, c], [a, b, m]]])
    return Mesh(np.vstack([ball.vertices, [middle]]), faces)


@pytest.mark.parametrize("height", [0.0, 1e-7, 1e-4])
def test_a_flat_face_is_flipped_away(height: float) -> None:
    ball = sphere_mesh()
    dirty = needle_on(ball, height)
    after, done = made_manifold(dirty)
    assert (done.slivers_mended, done.slivers_left) == (1, 0)
    assert_manifold(after)
    assert is_watertight(after.faces)
    assert len(after.faces) == len(dirty.faces)
    assert volume(after) == pytest.approx(volume(ball), rel=1e-6)


def test_a_needle_collapses_and_takes_its_texture_along() -> None:
    ball = sphere_mesh()
    a, b, c = ball.faces[1000]
    runs = (ball.faces == b) & (np.roll(ball.faces, -1, axis=1) == a)
    other, at = (int(i[0]) for i in np.nonzero(runs))
    d = ball.faces[other, (at + 2) % 3]
    m = len(ball.vertices)
    beside_a = ball.vertices[a] + 1e-7 * (ball.vertices[b] - ball.vertices[a])
    kept = np.delete(ball.faces, [1000, other], axis=0)
    dirty = Mesh(
        np.vstack([ball.vertices, [beside_a]]),
        np.vstack([kept, [[a, m, c], [m, b, c], [m, a, d], [b, m, d]]]),
    )
    rows = np.arange(len(dirty.faces))
    dirty = replace(
        dirty,
        corner_uv=np.tile(rows[:, None, None], (1, 3, 2)),
        face_material=rows % 2,
        materials=(Material("clay"), Material("glaze")),
    )
    assert is_watertight(dirty.faces)
    after, done = made_manifold(dirty)
    assert (done.slivers_mended, done.slivers_left) == (1, 0)
    assert_manifold(after)
    assert is_watertight(after.faces)
    assert len(after.vertices) == len(ball.vertices)
    stays = np.delete(rows, [len(kept), len(kept) + 2])
    np.testing.assert_array_equal(after.corner_uv[:, 0, 0], stays)
    np.testing.assert_array_equal(after.face_material, stays % 2)
    assert volume(after) == pytest.approx(volume(ball), rel=1e-6)


def test_a_flat_face_on_the_rim_goes() -> None:
    flat = Mesh([[0, 0, 0], [2, 0, 0], [1, 0, 0], [1, 1, 0]], [[0, 2, 3], [2, 1, 3], [0, 1, 2]])
    after, done = made_manifold(flat)
    assert done.slivers_mended == 1
    np.testing.assert_array_equal(after.faces, flat.faces[:2])


def test_what_is_left_has_directions_in_single_precision() -> None:
    rng = np.random.default_rng(3)
    ball = sphere_mesh(rows=30, columns=60)
    for _ in range(20):
        ball = needle_on(ball, float(rng.choice([0, 1e-9, 1e-5])))
    after, done = made_manifold(ball)
    assert done.slivers_left == 0
    assert not slivers(after.vertices, after.faces).any()
    single = after.vertices.astype(np.float32).astype(np.float64)
    normals = vertex_normals(single, after.faces)
    outward = after.vertices / np.linalg.norm(after.vertices, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", normals, outward).min() > 0.9


def test_attributes_follow_their_vertices_and_faces() -> None:
    touching = cubes([20, 20, 0])
    n, m = len(touching.vertices), len(touching.faces)
    dressed = replace(
        touching,
        colors=np.arange(3 * n).reshape(n, 3),
        normals=np.tile([0, 0, 1], (n, 1)),
        filled=np.arange(n) % 2 == 0,
        corner_uv=np.arange(6 * m).reshape(m, 3, 2),
        face_material=np.arange(m) % 2,
        materials=(Material("a"), Material("b")),
    )
    after, _ = made_manifold(dressed)
    np.testing.assert_array_equal(after.colors[after.faces], dressed.colors[dressed.faces])
    np.testing.assert_array_equal(after.filled[after.faces], dressed.filled[dressed.faces])
    np.testing.assert_array_equal(after.corner_uv, dressed.corner_uv)
    np.testing.assert_array_equal(after.face_material, dressed.face_material)
    assert after.normals is None


@pytest.mark.parametrize("seed", range(40))
def test_random_faces_over_few_vertices_become_a_surface(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 25))
    places = rng.integers(0, 4, (n, 3)) if seed % 2 else rng.normal(size=(n, 3))
    m = int(rng.integers(1, 120))
    soup = Mesh(
        places.astype(float),
        rng.integers(0, n, (m, 3)),
        corner_uv=rng.random((m, 3, 2)),
        face_material=np.zeros(m),
        materials=(Material("clay"),),
        filled=rng.random(n) < 0.5,
    )
    after, done = made_manifold(soup)
    assert_manifold(after)
    again, second = made_manifold(after)
    assert_manifold(again)
    assert second.nonmanifold_edges_mended == second.vertices_split == second.faces_turned == 0
    assert done == made_manifold(soup)[1]


def test_a_thousand_faces_on_one_edge() -> None:
    around = 2 * np.pi * np.arange(1000) / 1000
    tips = np.stack([np.cos(around), np.sin(around), 0 * around + 0.5], axis=1)
    vertices = np.vstack([[[0, 0, 0], [0, 0, 1]], tips])
    faces = [[0, 1, 2 + k] if k % 2 else [1, 0, 2 + k] for k in range(1000)]
    after, done = made_manifold(Mesh(vertices, faces))
    assert_manifold(after)
    assert len(after.faces) == 1000
    assert done.nonmanifold_edges_mended == 1


def test_nothing_and_next_to_nothing() -> None:
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3)))
    assert made_manifold(empty) == (empty, Mended())
    assert len(made_manifold(Mesh(np.zeros((5, 3)), [[0, 0, 0], [1, 1, 2]]))[0].faces) == 0
    one = Mesh(np.eye(3), [[0, 1, 2]])
    assert made_manifold(one)[0] is one
    with pytest.raises(StageError, match="not numbers"):
        made_manifold(Mesh([[0, 0, 0], [1, 0, 0], [0, np.nan, 0]], [[0, 1, 2]]))


REAL = [
    "mesh_danish_statues/obj/BustManWreath.obj",
    "mesh_danish_statues/obj/DancingGirl.obj",
    "mesh_demosthenes/demosthenes-low-res.obj",
    "mesh_ggg_sfm/blackVase_decimated.ply",
    "mesh_ggg_sfm/owl_decimated.ply",
    "mesh_nefertiti/nefertiti-lowres.obj",
    "tex_fuze_bottle/fuze.obj",
    "tex_whale_skull/whale_cranium.glb",
]


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_scans_become_surfaces_and_lose_nothing(shared: Path, name: str) -> None:
    given = formats.read(shared / "scans" / name)[0].geometry
    assert isinstance(given, Mesh)
    mesh = welded(without_unreferenced(given))
    after, done = made_manifold(mesh)
    assert_manifold(after)
    gone = len(mesh.faces) - len(after.faces)
    assert gone == done.duplicate_faces_removed + done.fins_removed
    assert gone <= 2
    assert not done.slivers_left
    if mesh.corner_uv is not None:
        assert after.corner_uv is not None
        assert after.materials == mesh.materials
