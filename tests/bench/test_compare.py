"""The losses of `bench.compare` are what they say, as fields and on meshes."""

from __future__ import annotations

import numpy as np
import pytest

from bench.compare import Loss, truth_of
from tests.shapes import sphere_mesh

BALL = sphere_mesh(60.0, 400, 800)
TOP = np.array([0.0, 0.0, 60.0])
UP = np.array([0.0, 0.0, 1.0])


@pytest.mark.parametrize("flat", [True, False])
def test_a_field_without_a_loss_is_as_deep_as_the_loss(flat: bool) -> None:
    loss = Loss(TOP, UP, radius=10.0, depth=5.0, flat=flat)
    across = np.array([0.0, 4.0, 9.0, 11.0])
    down = np.sqrt(60**2 - across**2)
    for x, z in zip(across, down, strict=True):
        heights = np.linspace(z + 1, z - 9, 2001)
        points = np.stack([np.full(2001, x), np.zeros(2001), heights], axis=1)
        field = loss.cut(points, np.linalg.norm(points, axis=1) - 60)
        surface = points[np.flatnonzero(field < 0)[0]]
        expected = loss.depths(np.array([[x, 0, z]]))[0]
        assert 60 - np.linalg.norm(surface) == pytest.approx(expected, abs=0.02)


def test_its_truth_is_that_of_a_spherical_shell() -> None:
    loss = Loss(TOP, UP, radius=10.0, depth=5.0, flat=True)
    normals = BALL.vertices / 60
    truth = truth_of(loss, BALL, normals, loss.depths(BALL.vertices))
    cap = 2 * np.pi * (1 - np.sqrt(1 - (10 / 60) ** 2))
    assert truth.area == pytest.approx(cap * 60**2, rel=0.03)
    assert truth.volume == pytest.approx(cap * (60**3 - 55**3) / 3, rel=0.04)
    assert truth.deepest == pytest.approx(5.0)
