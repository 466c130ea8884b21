"""transfer_colors: the colour of the nearest points, unmixed where they agree."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import MM, box_points, cube_mesh

from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.relic import Mesh, PointCloud, Relic
from relicscan.stages.transfer_colors import transfer_colors

RED, BLUE = (201, 33, 7), (12, 60, 250)


def test_a_cube_of_two_colours_keeps_them_exactly() -> None:
    points, _ = box_points(10, 0.5)
    cloud = PointCloud(points, colors=np.where(points[:, :1] > 0, RED, BLUE))
    cube = cube_mesh(10, steps=20)
    colors = transfer_colors(Relic("r", cloud=cloud, mesh=cube, frame=MM)).mesh.colors
    x = cube.vertices[:, 0]
    np.testing.assert_array_equal(colors[x > 0.75], np.tile(RED, ((x > 0.75).sum(), 1)))
    np.testing.assert_array_equal(colors[x < -0.75], np.tile(BLUE, ((x < -0.75).sum(), 1)))


def test_a_vertex_on_a_point_has_its_colour() -> None:
    rng = np.random.default_rng(2)
    points = rng.uniform(-10, 10, (500, 3))
    cloud = PointCloud(points, colors=rng.integers(0, 256, (500, 3)))
    mesh = Mesh(points[:90], np.arange(90).reshape(-1, 3))
    colors = transfer_colors(Relic("r", cloud=cloud, mesh=mesh, frame=MM)).mesh.colors
    np.testing.assert_array_equal(colors, cloud.colors[:90])


def test_between_two_points_colours_are_mixed_by_distance() -> None:
    cloud = PointCloud([[0, 0, 0], [3, 0, 0]], colors=[[0, 100, 200], [250, 100, 0]])
    mesh = Mesh([[1, 0, 0], [1.5, 0, 0], [2, 0, 0]], [[0, 1, 2]])
    colors = transfer_colors(Relic("r", cloud=cloud, mesh=mesh, frame=MM), neighbours=2).mesh.colors
    # Weights 1 / d^2: 4 to 1 at a third of the way, and means of light.
    light = LINEAR_OF_SRGB[cloud.colors]
    shares = np.array([[0.8, 0.2], [0.5, 0.5], [0.2, 0.8]], dtype=np.float32)
    np.testing.assert_array_equal(colors, srgb_of(shares @ light))
    assert (colors[1] == [184, 100, 146]).all()


@pytest.mark.parametrize("neighbours", [1, 4, 50])
def test_fewer_points_than_neighbours_are_enough(neighbours: int) -> None:
    cloud = PointCloud([[0, 0, 0], [1, 0, 0], [0, 1, 0]], colors=np.full((3, 3), 77))
    mesh = Mesh(np.eye(3), [[0, 1, 2]])
    after = transfer_colors(Relic("r", cloud=cloud, mesh=mesh, frame=MM), neighbours=neighbours)
    np.testing.assert_array_equal(after.mesh.colors, np.full((3, 3), 77))
