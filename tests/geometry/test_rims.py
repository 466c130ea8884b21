"""Rims: what was not scanned is cut where the scan ends."""

from __future__ import annotations

import numpy as np
import pytest
from shapes import Array, boundary_loops, noisy, spacing_of, sphere_mesh, sphere_points

from relicscan.geometry.neighbours import local_spacing, nearest, tree
from relicscan.geometry.rims import cut_back
from relicscan.geometry.topology import face_areas, is_watertight, nonmanifold_edge_count
from relicscan.relic import Mesh

COUNT = 8000
RADIUS = 50.0
SPACING = spacing_of(COUNT, 4 * np.pi * RADIUS**2)
BALL = sphere_mesh(RADIUS, rows=110, columns=220)
POINTS = sphere_points(COUNT, RADIUS)


def from_pole(points: Array) -> Array:
    """Distance (n,) from the north pole along the sphere, in point spacings."""
    cosine = points[:, 2] / np.linalg.norm(points, axis=1)
    return np.arccos(np.clip(cosine, -1, 1)) * RADIUS / SPACING


def trim(points: Array, mesh: Mesh = BALL) -> Mesh:
    index = tree(points)
    gaps, closest = nearest(index, mesh.vertices)
    spacing = local_spacing(points, index)
    typical = np.median(spacing)
    return cut_back(mesh, gaps, np.clip(spacing, typical, 3 * typical)[closest], rim_gap=2.0)


def cut_share(after: Mesh) -> float:
    return float(1 - face_areas(after).sum() / face_areas(BALL).sum())


def test_a_scan_from_all_sides_loses_nothing() -> None:
    after = trim(POINTS)
    assert is_watertight(after.faces)
    assert len(after.faces) == len(BALL.faces)


@pytest.mark.parametrize("sigma", [0.0, 0.2])
@pytest.mark.parametrize("away", [8, 15, 30, np.pi / 2 * RADIUS / SPACING])
def test_the_rim_lies_where_the_scan_ends(away: float, sigma: float) -> None:
    scanned = noisy(POINTS, sigma * SPACING)[from_pole(POINTS) > away]
    after = trim(scanned)
    (rim,) = boundary_loops(after.faces)
    off = from_pole(after.vertices[rim]) - away
    assert abs(np.median(off)) < 0.5
    assert np.abs(off).max() < 1.5
    cut = (1 - np.cos(away * SPACING / RADIUS)) / 2
    assert cut_share(after) == pytest.approx(cut, rel=0.25)
    assert nonmanifold_edge_count(after.faces) == 0


def test_a_gap_that_points_leave_between_them_is_none() -> None:
    after = trim(POINTS[from_pole(POINTS) > 1.5])
    assert is_watertight(after.faces)
    assert cut_share(after) == pytest.approx(0, abs=1e-12)


def test_a_border_that_the_surface_had_before_is_cut_as_well() -> None:
    open_mesh = BALL.take_faces((from_pole(BALL.vertices)[BALL.faces] > 4).all(axis=1))
    after = trim(POINTS[from_pole(POINTS) > 8], open_mesh)
    (rim,) = boundary_loops(after.faces)
    assert abs(np.median(from_pole(after.vertices[rim]) - 8)) < 0.75


def test_two_holes_are_cut_each_by_itself() -> None:
    south = np.pi * RADIUS / SPACING - from_pole(POINTS)
    after = trim(POINTS[(from_pole(POINTS) > 12) & (south > 4)])
    rims = boundary_loops(after.faces)
    heights = sorted(after.vertices[rim][:, 2].mean() for rim in rims)
    assert len(rims) == 2
    assert heights[0] < 0 < heights[1]


def test_a_part_scanned_more_sparsely_is_not_cut() -> None:
    south = np.flatnonzero(POINTS[:, 2] < 0)
    sparse = np.sort(np.random.default_rng(3).choice(south, len(south) // 6, replace=False))
    after = trim(np.vstack([POINTS[POINTS[:, 2] >= 0], POINTS[sparse]]))
    assert cut_share(after) < 0.002


def test_a_stray_point_does_not_keep_a_patch_around_it() -> None:
    stray = np.array([[0, 0, RADIUS]])
    scanned = POINTS[from_pole(POINTS) > 20]
    after = trim(np.vstack([scanned, stray]))
    around = from_pole(after.vertices[after.faces].mean(axis=1)) < 15
    assert face_areas(after)[around].sum() < 20 * SPACING**2


def test_nothing_near_the_points_leaves_nothing() -> None:
    assert not len(trim(POINTS + 500.0).faces)
