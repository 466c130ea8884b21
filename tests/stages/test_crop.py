"""crop: the box is the source's, and what lies outside goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import (
    MM,
    cloud_relic,
    cube_mesh,
    mesh_relic,
    noisy,
    sphere_mesh,
    sphere_points,
)

from relicscan.errors import ScanError
from relicscan.geometry.frames import transformed, working_frame
from relicscan.relic import Frame, Mesh, PointCloud, Relic
from relicscan.stages.crop import crop


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
