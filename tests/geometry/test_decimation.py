"""decimation: a surface stays a surface of the same kind, near enough, at any target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from shapes import Array, boundary_loops, cone_mesh, cube_mesh, grid_faces, sphere_mesh, volume
from surface_checks import assert_manifold

from relicscan.errors import StageError
from relicscan.geometry import collapsing
from relicscan.geometry.decimation import beyond, decimate
from relicscan.geometry.o3d import load, raycasting_scene
from relicscan.geometry.topology import boundary_edge_count, edges, face_components, is_watertight
from relicscan.relic import Mesh
from samples.procedural import ProceduralRelic, rough_surface


def solid(distance: Callable[[Array], Array], half: float, edge: float) -> Mesh:
    """Marching cubes of a signed distance: with the slivers of marching cubes."""
    box = np.array([[-half] * 3, [half] * 3])
    relic = ProceduralRelic("test", distance, lambda p: np.zeros((len(p), 3), np.uint8), box)
    return rough_surface(relic, edge)


def ring(points: Array) -> Array:
    return np.hypot(np.hypot(points[:, 0], points[:, 1]) - 20, points[:, 2]) - 7


def thin_vase(points: Array) -> Array:
    """A cup with a wall of 1.5 mm, open above z = 15."""
    shell = np.abs(np.linalg.norm(points, axis=1) - 20) - 0.75
    return np.asarray(np.maximum(shell, points[:, 2] - 12))


def plane_with_hole(n: int = 60) -> Mesh:
    """100 mm square, flat, with a square hole of about 20 mm."""
    x, y = np.meshgrid(np.linspace(-50, 50, n), np.linspace(-50, 50, n))
    plane = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], axis=1)
    faces = grid_faces(n, n)
    cell = np.add.reduce(plane[faces.reshape(2, -1, 3)], axis=(0, 2)) / 6
    inside = (np.abs(cell[:, :2]) < 10).all(axis=1)
    return Mesh(plane, faces[~np.tile(inside, 2)])


def tube(rows: int = 60, columns: int = 120) -> Mesh:
    """An open cylinder of radius 30 and height 80."""
    z, a = np.meshgrid(
        np.linspace(0, 80, rows), 2 * np.pi * np.arange(columns) / columns, indexing="ij"
    )
    points = np.stack([30 * np.cos(a), 30 * np.sin(a), z], axis=-1).reshape(-1, 3)
    return Mesh(points, grid_faces(rows, columns, wrap=True))


def euler(mesh: Mesh) -> int:
    return len(np.unique(mesh.faces)) - len(edges(mesh.faces)) + len(mesh.faces)


def distances(points: Array, mesh: Mesh) -> Array:
    tensor = load().core.Tensor(points.astype(np.float32))
    return np.asarray(raycasting_scene(mesh).compute_distance(tensor).numpy())


def samples(mesh: Mesh, each: int = 20) -> Array:
    """Random places on every face, seeded."""
    weights = np.random.default_rng(3).dirichlet(np.ones(3), (len(mesh.faces), each))
    return np.einsum("fek,fkd->fed", weights, mesh.vertices[mesh.faces]).reshape(-1, 3)


def quality(mesh: Mesh) -> Array:
    """1 for an equilateral triangle, 0 for one without area (n,)."""
    corner = mesh.vertices[mesh.faces]
    doubled = np.linalg.norm(
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
    )
    sides = ((corner - np.roll(corner, 1, axis=1)) ** 2).sum(axis=(1, 2))
    return np.asarray(2 * np.sqrt(3) * doubled / sides)


SHAPES = {
    "sphere": (sphere_mesh(), 2, 0),
    "torus": (solid(ring, 28, 0.8), 0, 0),
    "thin vase": (solid(thin_vase, 22, 0.9), 2, 0),
    "cone on its rim": (cone_mesh(), 1, 1),
    "plane with a hole": (plane_with_hole(), 0, 2),
    "open tube": (tube(), 0, 2),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_a_surface_stays_a_surface_of_the_same_kind(shape: str, share: float) -> None:
    mesh, kind, rims = SHAPES[shape]
    target = int(share * len(mesh.faces))
    after = decimate(mesh, target)
    assert 0.99 * target - 2 <= len(after.faces) <= target
    assert_manifold(after)
    assert euler(after) == kind
    assert len(boundary_loops(after.faces)) == rims
    assert face_components(after.faces).max() == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_no_face_turns_over_and_none_is_a_sliver(shape: str) -> None:
    mesh, _, _ = SHAPES[shape]
    after = decimate(mesh, len(mesh.faces) // 10)
    assert quality(after).min() > 0.05
    o3d = load()
    corner = after.vertices[after.faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    centre = o3d.core.Tensor(corner.mean(axis=1).astype(np.float32))
    closest = raycasting_scene(mesh).compute_closest_points(centre)["primitive_ids"].numpy()
    before = mesh.vertices[mesh.faces[closest]]
    was = np.cross(before[:, 1] - before[:, 0], before[:, 2] - before[:, 0])
    agrees = np.einsum("ij,ij->i", normal, was) > 0
    # A face across the edge of the vase's rim may lie nearest to either side of it.
    assert agrees.mean() > 0.995


def test_a_thin_wall_keeps_both_its_sides() -> None:
    mesh, _, _ = SHAPES["thin vase"]
    after = decimate(mesh, len(mesh.faces) // 10)
    radius = np.linalg.norm(samples(after), axis=1)[samples(after)[:, 2] < 10]
    assert (np.abs(np.abs(radius - 20) - 0.75) < 0.3).all()
    assert volume(after) == pytest.approx(volume(mesh), rel=0.01)


@pytest.mark.parametrize("shape", ["cone on its rim", "open tube", "plane with a hole"])
def test_rims_keep_their_place(shape: str) -> None:
    mesh, _, _ = SHAPES[shape]
    after = decimate(mesh, len(mesh.faces) // 10)
    was = {tuple(sorted(e)) for loop in boundary_loops(mesh.faces) for e in _around(loop)}
    a, b = (mesh.vertices[list(side)] for side in zip(*was, strict=True))
    for loop in boundary_loops(after.faces):
        line = after.vertices[[list(e) for e in _around(loop)]]
        places = (
            line[:, :1] + np.linspace(0, 1, 9)[:, None] * (line[:, 1:] - line[:, :1])
        ).reshape(-1, 3)
        assert _to_lines(places, a, b).max() < 0.12


def _around(loop: Array) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in zip(loop, np.roll(loop, -1), strict=True)]


def _to_lines(points: Array, a: Array, b: Array) -> Array:
    """Distance (q,) from points to the nearest of the segments a to b."""
    along = b - a
    t = np.einsum("qsd,sd->qs", points[:, None] - a, along) / (along**2).sum(axis=1)
    foot = a + np.clip(t, 0, 1)[..., None] * along
    return np.asarray(np.linalg.norm(points[:, None] - foot, axis=2).min(axis=1))


def test_a_flat_plane_stays_flat_and_keeps_its_area() -> None:
    after = decimate(plane_with_hole(), 40)
    assert len(after.faces) <= 40
    assert np.abs(after.vertices[:, 2]).max() < 1e-9
    assert quality(after).min() > 0.05


@pytest.mark.parametrize(
    ("mesh", "target"), [(sphere_mesh(rows=60, columns=120), 4), (cube_mesh(), 4)]
)
def test_a_closed_part_goes_down_to_a_few_faces(mesh: Mesh, target: int) -> None:
    after = decimate(mesh, target)
    assert len(after.faces) <= 12
    assert is_watertight(after.faces)
    assert euler(after) == 2


def test_many_parts_all_stay() -> None:
    cube = cube_mesh(steps=4)
    shift = np.stack(np.meshgrid(*[np.arange(3) * 30.0] * 3), -1).reshape(-1, 1, 3)
    vertices = (cube.vertices + shift).reshape(-1, 3)
    faces = np.vstack([cube.faces + i * len(cube.vertices) for i in range(27)])
    after = decimate(Mesh(vertices, faces), 27 * 12)
    assert face_components(after.faces).max() == 26
    assert_manifold(after)


def test_an_area_without_relief_gives_its_triangles_to_one_that_has_some() -> None:
    n = 121
    x, y = np.meshgrid(np.linspace(0, 60, n), np.linspace(0, 60, n))
    z = np.where(x > 30, 0.5 * np.sin(2 * x) * np.sin(2 * y), 0)
    bumpy = Mesh(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1), grid_faces(n, n))
    after = decimate(bumpy, 4000)
    right = after.vertices[after.faces].mean(axis=1)[:, 0] > 30
    assert right.mean() > 0.9


@pytest.mark.parametrize(
    ("shape", "limit"),
    [("sphere", 0.1), ("sphere", 0.02), ("torus", 0.1), ("thin vase", 0.1), ("open tube", 0.02)],
)
def test_nothing_moves_farther_than_it_may(shape: str, limit: float) -> None:
    mesh, kind, _ = SHAPES[shape]
    after = decimate(mesh, 100, max_deviation_mm=limit)
    assert len(after.faces) < len(mesh.faces)
    assert distances(mesh.vertices, after).max() <= limit + 1e-4
    there, back = distances(samples(mesh), after), distances(samples(after), mesh)
    # Between the places that were looked at a little more is possible, and so documented.
    assert max(there.max(), back.max()) < 1.05 * limit
    assert max(there.max(), back.max()) > 0.3 * limit, "what was allowed is used"
    assert euler(after) == kind
    behind, ahead = beyond(mesh, after, limit)
    assert not behind.any()
    assert not ahead.any()


def test_a_limit_that_does_not_bind_keeps_the_ceiling() -> None:
    assert len(decimate(sphere_mesh(), 1000, max_deviation_mm=5.0).faces) in (999, 1000)


def test_threads_and_chunks_change_nothing_between_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapsing, "CHUNK", 1500)  # several chunks of a mesh that is small
    mesh = sphere_mesh(rows=100, columns=200)
    found = []
    for threads in ("1", "2", "5", "1"):
        monkeypatch.setenv("RELICSCAN_THREADS", threads)
        for limit in (None, 0.5):
            after = decimate(mesh, 1000, max_deviation_mm=limit)
            assert_manifold(after)
            assert len(after.faces) <= 1000
            found.append(after.vertices.tobytes() + after.faces.tobytes())
    assert found[0::2] == found[:1] * 4
    assert found[1::2] == found[1:2] * 4


def test_the_order_of_vertices_and_faces_hardly_matters() -> None:
    mesh = SHAPES["torus"][0]
    rng = np.random.default_rng(2)
    number = rng.permutation(len(mesh.vertices))
    vertices = np.empty_like(mesh.vertices)
    vertices[number] = mesh.vertices
    mixed = Mesh(vertices, rng.permutation(number[mesh.faces]))
    error = [distances(samples(mesh, 3), decimate(m, 1500)).mean() for m in (mesh, mixed)]
    assert error[1] == pytest.approx(error[0], rel=0.05)


def test_survey_coordinates_do_not_matter() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    far = np.array([512_345_678.0, 5_412_345_678.0, 123_456.0])
    after = decimate(Mesh(ball.vertices + far, ball.faces), 500)
    assert volume(Mesh(after.vertices - far, after.faces)) == pytest.approx(volume(ball), rel=0.02)


def test_a_spot_that_is_no_surface_is_left_alone() -> None:
    """A fin on a sphere: an edge of three faces. And two spheres that touch in a vertex."""
    ball = sphere_mesh(rows=40, columns=80)
    a, b, _ = ball.faces[400]
    fin = np.vstack([ball.vertices, ball.vertices[a] * 1.5])
    after = decimate(Mesh(fin, np.vstack([ball.faces, [[a, b, len(ball.vertices)]]])), 500)
    assert len(after.faces) <= 500
    for corner in (ball.vertices[a], ball.vertices[b], fin[-1]):
        assert np.abs(after.vertices - corner).max(axis=1).min() < 1e-9
    top = int(ball.vertices[:, 2].argmax())
    other = ball.faces[:, ::-1] + len(ball.vertices)
    other[other == top + len(ball.vertices)] = top
    mirrored = ball.vertices * [1, 1, -1] + [0, 0, 100]
    both = Mesh(np.vstack([ball.vertices, mirrored]), np.vstack([ball.faces, other]))
    after = decimate(both, 600)
    assert len(after.faces) <= 600
    assert boundary_edge_count(after.faces) == 0


@pytest.mark.parametrize("target", [1, 4, 100])
def test_what_is_no_surface_at_all_comes_back(target: int) -> None:
    cube = cube_mesh(steps=3)
    rng = np.random.default_rng(5)
    hopeless = {
        "every face twice": Mesh(cube.vertices, np.vstack([cube.faces, cube.faces[:, ::-1]])),
        "soup": Mesh(rng.uniform(-50, 50, (600, 3)), np.arange(600).reshape(-1, 3)),
        "a book": Mesh(rng.uniform(size=(200, 3)), [[0, 1, i] for i in range(2, 200)]),
    }
    for name, mesh in hopeless.items():
        after = decimate(mesh, target)
        assert len(after.faces) == len(mesh.faces), name


def test_random_faces_neither_crash_nor_hang() -> None:
    rng = np.random.default_rng(6)
    for n in (5, 30, 400):
        mesh = Mesh(rng.uniform(size=(n, 3)), rng.integers(0, n, (5 * n, 3)))
        for limit in (None, 0.01):
            after = decimate(mesh, n, max_deviation_mm=limit)
            assert np.isfinite(after.vertices).all()


def test_a_hub_of_a_hundred_thousand_faces_takes_no_time() -> None:
    cone = cone_mesh(columns=20_000)
    tip = cone.faces[(cone.faces == len(cone.vertices) - 1).any(axis=1)]
    after = decimate(Mesh(cone.vertices, tip), 500)
    assert len(after.faces) <= 500
    assert_manifold(after)


def test_flat_faces_and_vertices_in_one_place_end() -> None:
    line = np.linspace(-1, 1, 400)[:, None] * np.array([[30.0, 20.0, 10.0]])
    for vertices in (line, np.zeros((400, 3))):
        after = decimate(Mesh(vertices, grid_faces(20, 20)), 50)
        assert np.isfinite(after.vertices).all()


def test_coordinates_that_are_not_numbers_are_refused() -> None:
    cube = cube_mesh()
    vertices = cube.vertices.copy()
    vertices[3, 1] = np.nan
    with pytest.raises(StageError, match=r"1 of .* positions are not numbers"):
        decimate(Mesh(vertices, cube.faces), 100)


def test_nothing_comes_of_nothing() -> None:
    for mesh in (Mesh(np.zeros((0, 3)), np.zeros((0, 3))), Mesh(np.eye(3), [[0, 1, 2]])):
        assert len(decimate(mesh, 4).faces) == len(mesh.faces)
