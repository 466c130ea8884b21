"""Clipping along a field: a flat rim, one loop, nothing cracked."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import boundary_loops, cube_mesh, rotation, sphere_mesh, volume

from relicscan.geometry.clip import clip_by_field
from relicscan.geometry.topology import (
    degenerate_faces,
    duplicate_faces,
    face_areas,
    nonmanifold_edge_count,
)
from relicscan.relic import Mesh

BALL = sphere_mesh(50, rows=60, columns=120)


@pytest.mark.parametrize("height", [-37.0, 0.3, 20.0])
@pytest.mark.parametrize("turn", [0, 25])
def test_a_plane_through_a_sphere_gives_a_flat_rim(height: float, turn: float) -> None:
    up = rotation([1, 2, 0], turn) @ np.array([0, 0, 1.0])
    below = clip_by_field(BALL, BALL.vertices @ up - height)
    (rim,) = boundary_loops(below.faces)
    at = below.vertices[rim]
    edge = 50 * np.pi / 60
    assert np.abs(at @ up - height).max() < 0.06 * edge, "5 % of an edge is the slack"
    across = np.linalg.norm(at - np.outer(at @ up, up), axis=1)
    assert across == pytest.approx(np.full(len(rim), (50**2 - height**2) ** 0.5), rel=0.01)
    assert nonmanifold_edge_count(below.faces) == 0
    assert not degenerate_faces(below).any()
    assert not duplicate_faces(below.faces).any()
    assert face_areas(below).sum() == pytest.approx(2 * np.pi * 50 * (50 + height), rel=0.005)


def test_both_halves_make_the_whole() -> None:
    field = BALL.vertices[:, 2] - 11.0
    below, above = clip_by_field(BALL, field), clip_by_field(BALL, -field)
    together = Mesh(
        np.vstack([below.vertices, above.vertices]),
        np.vstack([below.faces, above.faces + len(below.vertices)]),
    )
    assert volume(together) == pytest.approx(volume(BALL))
    assert face_areas(together).sum() == pytest.approx(face_areas(BALL).sum())


def test_faces_keep_their_side() -> None:
    below = clip_by_field(BALL, BALL.vertices[:, 0] + 3.0)
    a, b, c = (below.vertices[below.faces[:, i]] for i in range(3))
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), a + b + c) > 0).all()


def test_a_wavy_field_of_several_parts_leaves_closed_loops() -> None:
    field = np.sin(BALL.vertices[:, 0] / 6) * np.sin(BALL.vertices[:, 1] / 7) - 0.3
    kept = clip_by_field(BALL, field)
    loops = boundary_loops(kept.faces)  # fails where a boundary branches
    assert len(loops) > 10
    assert nonmanifold_edge_count(kept.faces) == 0


def test_nothing_is_cut_from_what_lies_inside_and_all_from_what_lies_outside() -> None:
    cube = cube_mesh(steps=4)
    everything = clip_by_field(cube, np.full(len(cube.vertices), -1.0))
    np.testing.assert_array_equal(everything.faces, cube.faces)
    on_the_line = clip_by_field(cube, np.zeros(len(cube.vertices)))
    np.testing.assert_array_equal(on_the_line.faces, cube.faces)
    nothing = clip_by_field(cube, np.full(len(cube.vertices), 1.0))
    assert len(nothing.faces) == 0
    assert len(nothing.vertices) == 0


def test_a_crossing_beside_a_filled_vertex_counts_as_filled() -> None:
    square = Mesh(
        [[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]],
        [[0, 1, 2], [0, 2, 3]],
        filled=[False, True, False, False],
    )
    kept = clip_by_field(square, square.vertices[:, 0] - 1)
    at = {tuple(p): bool(f) for p, f in zip(kept.vertices, kept.filled, strict=True)}
    assert at == {
        (0, 0, 0): False,
        (0, 2, 0): False,
        (1, 0, 0): True,
        (1, 1, 0): False,
        (1, 2, 0): False,
    }
