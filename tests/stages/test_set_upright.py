"""set_upright: what stood on an unscanned side is found upright; no guess goes unsaid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import (
    MM,
    cone_mesh,
    cube_mesh,
    grid_faces,
    mesh_relic,
    rotation,
    sphere_mesh,
    square_points,
)

from relicscan.geometry.frames import axis, upright
from relicscan.relic import Mesh, Relic, SourceFile
from relicscan.stages.set_upright import set_upright

TIP = np.array([0.0, 0, 1])
STOOD = "the side it stood on, which was not scanned"


def turned(mesh: Mesh, R: np.ndarray) -> Mesh:
    return replace(mesh, vertices=mesh.vertices @ R.T)


def towards(direction: np.ndarray) -> np.ndarray:
    """A rotation that takes +Z to `direction`, with some turn about it."""
    return rotation(direction, 33) @ upright(direction).T @ rotation([1, 0, 0], -90)


def assert_rotation(R: np.ndarray) -> None:
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)


@pytest.mark.parametrize("name", ["+X", "-X", "+Y", "-Y", "+Z", "-Z"])
def test_a_cone_on_its_open_base_in_six_orientations(name: str) -> None:
    R = towards(axis(name))
    np.testing.assert_allclose(R @ TIP, axis(name), atol=1e-12)
    after = set_upright(mesh_relic(turned(cone_mesh(), R)))
    assert after.frame.up == name
    assert after.frame.up_basis == STOOD
    np.testing.assert_allclose(after.frame.R_model_work @ axis(name), [0, 1, 0], atol=1e-12)
    assert_rotation(after.frame.R_model_work)
    assert after.figures["unscanned_side_share"] == pytest.approx(30 / np.hypot(30, 120), rel=0.01)
    assert not after.warnings


def test_a_cone_that_leans_40_degrees_in_its_scan_comes_out_straight() -> None:
    R = rotation([1, 0.3, 0.2], 40)
    after = set_upright(mesh_relic(turned(cone_mesh(), R)))
    np.testing.assert_allclose(after.frame.R_model_work @ R @ TIP, [0, 1, 0], atol=1e-6)
    assert_rotation(after.frame.R_model_work)
    stated = np.array([float(word) for word in after.frame.up.split()])
    np.testing.assert_allclose(stated, R @ TIP, atol=1e-4)


def test_a_few_degrees_off_an_axis_are_that_axis() -> None:
    after = set_upright(mesh_relic(turned(cone_mesh(), rotation([1, 0.3, 0], 9))))
    assert after.frame.up == "+Z"


def test_a_declared_front_faces_the_viewer() -> None:
    relic = mesh_relic(cone_mesh(), metadata={"scan": {"front": "-X"}})
    R = set_upright(relic).frame.R_model_work
    np.testing.assert_allclose(R @ axis("-X"), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(R @ TIP, [0, 1, 0], atol=1e-12)


def test_a_box_that_lacks_its_bottom() -> None:
    cube = cube_mesh(10, steps=6)
    bottom = (cube.vertices[cube.faces][:, :, 0] == -10).all(axis=1)
    after = set_upright(mesh_relic(cube.take_faces(~bottom)))
    assert after.frame.up == "+X"
    assert after.figures["unscanned_side_share"] == pytest.approx(1 / 5)


@pytest.mark.parametrize("depth", [0.0, 12.0])
def test_a_relief_does_not_stand(depth: float) -> None:
    grid = square_points(100, 2.0)
    n = round(len(grid) ** 0.5)
    r = np.hypot(grid[:, 0] / 50, grid[:, 1] / 70)
    grid[:, 2] = depth * np.sqrt(np.maximum(0, 1 - r**2))
    after = set_upright(mesh_relic(Mesh(grid, grid_faces(n, n))))
    assert after.figures["unscanned_side_share"] > 0.8
    assert after.frame.up_basis == "assumed"
    assert after.warnings


@pytest.mark.parametrize(
    ("file", "assumed"), [("scan.e57", "+Z"), ("scan.laz", "+Z"), ("scan.ply", "+Y")]
)
def test_a_closed_ball_is_assumed_to_stand_as_its_format_has_it(file: str, assumed: str) -> None:
    relic = mesh_relic(sphere_mesh(), sources=(SourceFile(file, "scan", 1, "0" * 64),))
    after = set_upright(relic)
    assert (after.frame.up, after.frame.up_basis) == (assumed, "assumed")
    assert f"{assumed} was assumed" in after.warnings[0]
    np.testing.assert_allclose(after.frame.R_model_work @ axis(assumed), [0, 1, 0], atol=1e-12)


def test_what_was_declared_stands() -> None:
    frame = replace(
        MM, up="-X", up_basis="declared in relic.toml", R_model_work=upright(axis("-X"))
    )
    relic = Relic("r", mesh=cone_mesh(), frame=frame)
    after = set_upright(relic)
    assert after.frame is frame
    assert not after.warnings


def test_a_small_hole_is_no_base() -> None:
    ball = sphere_mesh()
    cap = ball.vertices[ball.faces].mean(axis=1)[:, 2] < -48
    after = set_upright(mesh_relic(ball.take_faces(~cap)))
    assert after.figures["unscanned_side_share"] < 0.02
    assert after.frame.up_basis == "assumed"
