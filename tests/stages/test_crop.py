"""crop: the box is the source's, the plate goes and the relic stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import (
    MM,
    box_points,
    cloud_relic,
    cube_mesh,
    mesh_relic,
    noisy,
    revolved,
    rotation,
    sphere_mesh,
    sphere_points,
    square_points,
)

from relicscan.errors import ScanError
from relicscan.geometry.frames import transformed, working_frame
from relicscan.relic import Frame, Mesh, PointCloud, Relic
from relicscan.stages.crop import crop


def disc(radius: float, spacing: float) -> np.ndarray:
    grid = square_points(radius, spacing)
    return grid[np.hypot(grid[:, 0], grid[:, 1]) < radius]


def on_turntable() -> tuple[np.ndarray, np.ndarray]:
    """A figure on a disc of 160 mm, turned slanting; and which of the points are the figure."""
    figure, _ = revolved([(22, 0), (22, 8), (8, 14), (14, 50), (6, 70), (0, 72)], 1.0)
    plate = disc(80, 1.3)
    plate = plate[np.hypot(plate[:, 0] - 12, plate[:, 1]) > 22]  # not seen under the foot
    figure[:, 0] += 12
    points = noisy(np.vstack([figure, plate]), 0.05) @ rotation([2, 1, 0], 65).T
    return points, np.arange(len(points)) < len(figure)


class TestTheBox:
    def test_is_in_source_coordinates(self) -> None:
        source = noisy(sphere_points(4000), 1.0) + np.array([512_000.0, 5_400_000.0, 100.0])
        T = working_frame(source.min(axis=0), source.max(axis=0), 1000.0)
        frame = Frame(unit="m", T_work_source=T)
        relic = Relic("r", cloud=PointCloud(transformed(T, source)), frame=frame)
        low, high = (511_990.0, 5_399_900.0, 0.0), (512_030.0, 5_400_100.0, 200.0)
        inside = ((source >= low) & (source <= high)).all(axis=1)
        after = crop(relic, min=low, max=high)
        np.testing.assert_array_equal(after.cloud.points, relic.cloud.points[inside])
        assert after.figures["points_outside_box"] == int((~inside).sum())

    def test_of_one_side_only(self) -> None:
        points = sphere_points(1000)
        after = crop(cloud_relic(PointCloud(points)), max=(1e9, 1e9, 0.0))
        np.testing.assert_array_equal(after.cloud.points, points[points[:, 2] <= 0])

    def test_cuts_whole_triangles_from_a_mesh_and_carries_its_attributes(self) -> None:
        cube = cube_mesh(10, steps=10)
        colors = np.arange(3 * len(cube.vertices)).reshape(-1, 3) % 256
        after = crop(mesh_relic(replace(cube, colors=colors)), min=(-20, -20, 0)).mesh
        assert after.vertices[:, 2].min() == 0
        assert len(after.faces) == 200 + 4 * 100  # the top, and half of each side
        known = {tuple(v): tuple(c) for v, c in zip(cube.vertices, colors, strict=True)}
        assert all(
            known[tuple(v)] == tuple(c) for v, c in zip(after.vertices, after.colors, strict=True)
        )

    def test_crops_cloud_and_mesh_where_there_are_both(self) -> None:
        relic = Relic("r", cloud=PointCloud(sphere_points(2000)), mesh=sphere_mesh(), frame=MM)
        after = crop(relic, min=(-60, -60, 10))
        assert after.cloud.points[:, 2].min() >= 10
        assert after.mesh.vertices[:, 2].min() >= 10

    @pytest.mark.parametrize(
        "relic",
        [cloud_relic(PointCloud(sphere_points(500))), mesh_relic(cube_mesh())],
        ids=["cloud", "mesh"],
    )
    def test_that_holds_nothing_is_an_error(self, relic: Relic) -> None:
        with pytest.raises(ScanError, match="leaves nothing"):
            crop(relic, min=(1000, 0, 0))

    def test_that_holds_no_whole_triangle_is_an_error(self) -> None:
        with pytest.raises(ScanError, match="leaves nothing"):
            crop(mesh_relic(Mesh(10 * np.eye(3), [[0, 1, 2]])), max=(9, 11, 11))

    def test_nothing_is_cropped_unless_asked(self) -> None:
        relic = cloud_relic(PointCloud(sphere_points(2000)))
        assert crop(relic).cloud is relic.cloud


class TestThePlate:
    def test_goes_and_the_figure_stays(self) -> None:
        points, is_figure = on_turntable()
        after = crop(cloud_relic(PointCloud(points)), support="remove")
        kept = {tuple(p) for p in after.cloud.points}
        stayed = np.array([tuple(p) in kept for p in points])
        assert not stayed[~is_figure].any()
        # Of the figure only the lowest rows go, those that touch the plate.
        height = points @ rotation([2, 1, 0], 65)[:, 2]
        assert stayed[is_figure & (height > 3.5)].all()
        assert after.figures["points_on_support"] == int((~stayed).sum())
        assert not after.warnings

    def test_stays_with_a_warning_unless_asked(self) -> None:
        points, is_figure = on_turntable()
        after = crop(cloud_relic(PointCloud(points)))
        assert len(after.cloud) == len(points)
        share = float(after.warnings[0].split("%")[0]) / 100
        assert share == pytest.approx((~is_figure).mean(), abs=0.03)
        assert 'support = "remove"' in after.warnings[0]

    def test_goes_from_a_mesh_too(self) -> None:
        grid = square_points(60, 2.0)
        n = round(len(grid) ** 0.5)
        i = np.arange(n * n).reshape(n, n)
        a, b, c, d = i[:-1, :-1], i[:-1, 1:], i[1:, 1:], i[1:, :-1]
        faces = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
        ball = sphere_mesh(30)
        vertices = np.vstack([grid, ball.vertices + np.array([0, 0, 32.0])])
        relic = mesh_relic(Mesh(vertices, np.vstack([faces, ball.faces + len(grid)])))
        assert crop(relic).warnings
        after = crop(relic, support="remove").mesh
        assert 2.5 < after.vertices[:, 2].min() < 8
        above = (ball.vertices[ball.faces][:, :, 2] + 32 > 8).all(axis=1).sum()
        assert above <= len(after.faces) < len(ball.faces)

    def test_that_is_not_there_is_said(self) -> None:
        after = crop(cloud_relic(PointCloud(sphere_points(3000))), support="remove")
        assert len(after.cloud) == 3000
        assert "no plate was found" in after.warnings[0]

    def test_outside_the_box_is_not_looked_for(self) -> None:
        points, _ = on_turntable()
        upright = points @ rotation([2, 1, 0], 65)
        after = crop(cloud_relic(PointCloud(upright)), min=(-100, -100, 5))
        assert not after.warnings


@pytest.mark.parametrize("support", ["keep", "remove"])
@pytest.mark.parametrize(
    "name", ["relief", "framed relief", "box", "cone", "closed cone", "chess pawn", "plane"]
)
def test_what_is_no_plate_is_not_taken_for_one(name: str, support: str) -> None:
    relief = square_points(100, 2.0)
    r = np.hypot(relief[:, 0] / 50, relief[:, 1] / 70)
    relief[:, 2] = np.where(r < 1, 12 * np.sqrt(np.maximum(0, 1 - r**2)), 0)
    framed = relief.copy()
    framed[np.abs(framed[:, :2]).max(axis=1) > 90, 2] = 10
    pawn = [(0, 0), (30, 0), (30, 5), (12, 8), (10, 40), (18, 50), (10, 60), (0, 60)]
    points = {
        "relief": relief,
        "framed relief": framed,
        "box": box_points(20, 1.5)[0],
        "cone": revolved([(30, 0), (0, 60)], 1.0)[0],
        "closed cone": revolved([(0, 0), (30, 0), (0, 60)], 1.0)[0],
        "chess pawn": revolved(pawn, 1.0)[0],
        "plane": square_points(100, 2.0),
    }[name]
    after = crop(cloud_relic(PointCloud(noisy(points, 0.05))), support=support)
    assert len(after.cloud) == len(points)
    assert len(after.warnings) == (support == "remove")
