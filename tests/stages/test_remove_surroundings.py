"""remove_surroundings: plates, walls and clutter go, and no relic loses a part of itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scenes
from shapes import cloud_relic, mesh_relic, noisy, sphere_mesh, sphere_points, square_points

from relicscan import formats
from relicscan.errors import StageError
from relicscan.geometry.topology import face_areas, face_components
from relicscan.relic import Frame, Mesh, PointCloud, Relic
from relicscan.stages.clean_mesh import clean_mesh
from relicscan.stages.remove_small_components import remove_small_components
from relicscan.stages.remove_surroundings import remove_surroundings


def stayed(before: np.ndarray, after: Relic) -> np.ndarray:
    """Which points (n,) are still there."""
    kept = {tuple(p) for p in after.the_cloud().points}
    return np.array([tuple(p) in kept for p in before])


def what(relic: Relic, *, removed: bool) -> list[str]:
    return [f["what"] for f in relic.figures["surroundings"] if f["removed"] == removed]


class TestWhatIsNotTheRelic:
    @pytest.mark.parametrize("name", scenes.GOES)
    def test_goes_and_the_relic_keeps_its_foot(self, name: str) -> None:
        points, kind = scenes.GOES[name]()
        after = remove_surroundings(cloud_relic(PointCloud(points)))
        there = stayed(points, after)
        assert there[kind != scenes.RELIC].mean() < 0.001
        lost = ~there & (kind == scenes.RELIC)
        assert lost.mean() < 0.012
        if "tilted" not in name:
            noise = 0.4 if "noisy" in name else 0.05
            assert points[lost, 2].max(initial=0) < max(2 * scenes.SPACING, 4 * noise)
        assert not what(after, removed=False) or name == "two relics"
        assert after.figures["points_removed"] == int((~there).sum())

    def test_is_listed_with_what_it_was(self) -> None:
        points, kind = scenes.table_and_wall()
        after = remove_surroundings(cloud_relic(PointCloud(points)))
        assert what(after, removed=True) == ["plate", "wall"]
        for found, belongs in zip(
            after.figures["surroundings"], (scenes.PLATE, scenes.WALL), strict=True
        ):
            assert found["points"] == pytest.approx((kind == belongs).sum(), rel=0.02)
            area = (kind == belongs).sum() * scenes.SPACING**2
            assert found["area_mm2"] == pytest.approx(area, rel=0.1)
            assert 0.7 <= found["confidence"] <= 1
            assert "a plane" in found["basis"]
        assert not after.warnings

    def test_two_relics_on_one_plate_both_stay_with_a_warning(self) -> None:
        points, kind = scenes.two_relics()
        after = remove_surroundings(cloud_relic(PointCloud(points)))
        assert stayed(points, after)[kind == scenes.RELIC].mean() > 0.985
        assert what(after, removed=True) == ["plate"]
        (warning,) = after.warnings
        assert "stand apart from the largest one were kept (1 in all" in warning
        assert "[crop]" in warning

    def test_strays_over_the_plate_go_with_it(self) -> None:
        points, kind = scenes.on_turntable()
        rng = np.random.default_rng(1)
        strays = np.column_stack([rng.uniform(-80, 80, (300, 2)), rng.uniform(0, 15, 300)])
        strays = strays[np.hypot(strays[:, 0] - 12, strays[:, 1]) > 55]
        every = np.vstack([points, strays])
        there = stayed(every, remove_surroundings(cloud_relic(PointCloud(every))))
        assert there[len(points) :].mean() < 0.05
        assert there[: len(points)][kind == scenes.RELIC].mean() > 0.99

    def test_goes_from_a_mesh_too(self) -> None:
        mesh = ball_on_plate()
        after = remove_surroundings(mesh_relic(mesh))
        bottom = mesh.vertices[mesh.faces][:, :, 2].max(axis=1) < 1
        assert what(after, removed=True) == ["plate"]
        assert len(after.the_mesh().faces) == pytest.approx((~bottom).sum(), rel=0.02)
        assert after.the_mesh().vertices[:, 2].max() == pytest.approx(62)
        assert after.figures["triangles_removed"] == len(mesh.faces) - len(after.the_mesh().faces)


class TestTheRelic:
    @pytest.mark.parametrize("up", [None, (0.0, 0.0, 1.0)], ids=["up unknown", "up known"])
    @pytest.mark.parametrize("name", scenes.STAYS)
    def test_loses_nothing(self, name: str, up: tuple[float, ...] | None) -> None:
        relic = cloud_relic(PointCloud(noisy(scenes.STAYS[name](), 0.05)))
        if up:
            R = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
            frame = replace(relic.frame, up="+Z", up_basis="declared", R_model_work=R)
            relic = replace(relic, frame=frame)
        after = remove_surroundings(relic)
        assert after.cloud is relic.cloud
        assert not what(after, removed=True)

    @pytest.mark.parametrize("name", ["relief", "box", "tile", "bowl", "goblet", "bust on socle"])
    def test_that_is_plain_is_not_warned_of(self, name: str) -> None:
        points = noisy(scenes.STAYS[name](), 0.05)
        assert not remove_surroundings(cloud_relic(PointCloud(points))).warnings

    def test_that_is_a_mesh_stays_as_it_is(self) -> None:
        relic = mesh_relic(sphere_mesh())
        assert remove_surroundings(relic).mesh is relic.mesh


class TestDoubt:
    def test_keeps_and_warns_with_what_to_do(self) -> None:
        points, _ = scenes.tall_figure_on_small_plate()
        after = remove_surroundings(cloud_relic(PointCloud(points)))
        assert len(after.the_cloud()) == len(points)
        (found,) = after.figures["surroundings"]
        assert not found["removed"]
        assert 0.1 < found["confidence"] < 0.7
        (warning,) = after.warnings
        assert "perhaps the relic's own foot" in warning
        assert 'support = "remove" under [crop]' in warning

    def test_is_settled_by_asking(self) -> None:
        points, kind = scenes.tall_figure_on_small_plate()
        after = remove_surroundings(cloud_relic(PointCloud(points)), support="remove")
        assert stayed(points, after)[kind == scenes.PLATE].mean() < 0.001
        assert not after.warnings

    def test_is_settled_by_less_confidence(self) -> None:
        points, _ = scenes.tall_figure_on_small_plate()
        after = remove_surroundings(cloud_relic(PointCloud(points)), min_confidence=0.15)
        assert what(after, removed=True) == ["plate"]

    @pytest.mark.parametrize("name", ["on turntable", "table and wall", "clutter"])
    def test_keep_keeps_without_a_word(self, name: str) -> None:
        points, _ = scenes.GOES[name]()
        relic = cloud_relic(PointCloud(points))
        after = remove_surroundings(relic, support="keep", walls="keep", loose_parts="keep")
        assert after.cloud is relic.cloud
        assert not after.warnings

    def test_a_plate_that_is_not_there_is_said(self) -> None:
        relic = cloud_relic(PointCloud(sphere_points(3000)))
        after = remove_surroundings(relic, support="remove")
        assert len(after.the_cloud()) == 3000
        assert "no plate was found" in after.warnings[0]


def test_the_same_twice_and_turned_the_same() -> None:
    points, _ = scenes.on_turntable()
    first = remove_surroundings(cloud_relic(PointCloud(points), seed=5))
    again = remove_surroundings(cloud_relic(PointCloud(points), seed=5))
    np.testing.assert_array_equal(first.the_cloud().points, again.the_cloud().points)
    assert first.figures == again.figures


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_few_points_are_a_relic(count: int) -> None:
    relic = cloud_relic(PointCloud(sphere_points(50)[:count]))
    if count:
        assert remove_surroundings(relic).cloud is relic.cloud


def test_points_that_are_not_numbers_are_refused() -> None:
    points = sphere_points(500)
    points[7, 1] = np.nan
    with pytest.raises(StageError, match="not numbers"):
        remove_surroundings(cloud_relic(PointCloud(points)))


def test_vertices_that_are_not_numbers_are_left_to_clean_mesh() -> None:
    ball = sphere_mesh()
    vertices = ball.vertices.copy()
    vertices[3] = np.nan
    relic = mesh_relic(Mesh(vertices, ball.faces))
    assert remove_surroundings(relic).mesh is relic.mesh


def test_colors_stay_with_their_points() -> None:
    points, kind = scenes.on_turntable()
    colors = np.column_stack([kind * 100, np.arange(len(kind)) % 256, kind * 0])
    after = remove_surroundings(Relic("r", cloud=PointCloud(points, colors=colors), frame=Frame()))
    there = stayed(points, after)
    np.testing.assert_array_equal(after.the_cloud().colors, colors[there])


def ball_on_plate() -> Mesh:
    grid = square_points(60, 2.0)
    n = round(len(grid) ** 0.5)
    i = np.arange(n * n).reshape(n, n)
    a, b, c, d = i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]
    faces = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    ball = sphere_mesh(30)
    vertices = np.vstack([grid, ball.vertices + np.array([0, 0, 32.0])])
    return Mesh(vertices, np.vstack([faces, ball.faces + len(grid)]))


def test_a_flat_relic_of_its_own_colour_on_a_plate_is_told_of() -> None:
    points, kind = scenes.tile_lying_on_plate()
    colors = np.where(kind[:, None] == scenes.PLATE, 40, 190) + np.arange(3) * 10
    relic = cloud_relic(PointCloud(points, colors=colors))
    after = remove_surroundings(relic)
    assert after.cloud is relic.cloud
    assert "perhaps relief on its ground" in after.warnings[0]
    asked = remove_surroundings(relic, support="remove")
    assert stayed(points, asked)[kind == scenes.PLATE].mean() < 0.001
    assert stayed(points, asked)[kind == scenes.RELIC].mean() > 0.95


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        "mesh_danish_statues/obj/BustManWreath.obj",
        "mesh_danish_statues/obj/DancingGirl.obj",
        "mesh_nefertiti/nefertiti-lowres.obj",
        "pc_pcl/milk.pcd",
        "las_laspy/autzen_trim.laz",
    ],
)
def test_real_scans_without_surroundings_stay_as_they_are(shared: Path, name: str) -> None:
    geometry = formats.read(shared / "scans" / name)[0].geometry
    is_cloud = isinstance(geometry, PointCloud)
    relic = cloud_relic(geometry) if is_cloud else mesh_relic(geometry)
    after = remove_surroundings(relic)
    assert after.cloud is relic.cloud
    assert after.mesh is relic.mesh
    assert not after.warnings or name.startswith("las_")  # a landscape has parts


@pytest.mark.real
def test_a_mesh_of_187_parts_comes_out_as_one_vase(shared: Path) -> None:
    given = formats.read(shared / "scans/mesh_ggg_sfm/blackVase_decimated.ply")[0].geometry
    cleaned = clean_mesh(mesh_relic(given))
    whole = face_areas(cleaned.the_mesh()).sum()
    after = remove_small_components(remove_surroundings(cleaned)).the_mesh()
    assert face_components(after.faces).max() == 0
    assert face_areas(after).sum() > 0.99 * whole
