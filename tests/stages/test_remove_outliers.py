"""remove_outliers: what floats goes, what was scanned sparsely stays."""

from __future__ import annotations

import numpy as np
from shapes import cloud_relic, noisy, spacing_of, sphere_points, square_points

from relicscan.relic import PointCloud
from relicscan.stages.remove_outliers import remove_outliers

COUNT = 8000
SPACING = spacing_of(COUNT, 4 * np.pi * 50**2)


def kept(points: np.ndarray) -> np.ndarray:
    after = remove_outliers(cloud_relic(PointCloud(points)))
    assert after.figures["outliers"] == len(points) - len(after.cloud)
    return {tuple(p) for p in after.cloud.points}


def test_points_10_spacings_off_go_and_nothing_else() -> None:
    ball = noisy(sphere_points(COUNT), 0.2 * SPACING)
    rng = np.random.default_rng(8)
    stray = ball[rng.choice(COUNT, 40, replace=False)] * (1 + 10 * SPACING / 50)
    remaining = kept(np.vstack([ball, stray]))
    assert not remaining & {tuple(p) for p in stray}
    assert len(remaining & {tuple(p) for p in ball}) >= 0.999 * COUNT


def test_two_strays_side_by_side_do_not_vouch_for_each_other() -> None:
    ball = sphere_points(COUNT)
    pair = np.array([[0, 0, 50 + 10 * SPACING], [0.1, 0, 50 + 10 * SPACING]])
    remaining = kept(np.vstack([ball, pair]))
    assert len(remaining) == COUNT


def test_a_half_scanned_six_times_more_sparsely_stays() -> None:
    ball = noisy(sphere_points(COUNT), 0.1 * SPACING)
    lower = np.flatnonzero(ball[:, 2] < 0)
    sparse = np.sort(np.random.default_rng(9).choice(lower, len(lower) // 6, replace=False))
    uneven = np.vstack([ball[ball[:, 2] >= 0], ball[sparse]])
    remaining = kept(uneven)
    stayed = np.mean([tuple(p) in remaining for p in ball[sparse]])
    assert stayed > 0.98


def test_an_even_scan_with_a_rim_stays_whole() -> None:
    assert len(kept(sphere_points(COUNT, above=0.0))) == COUNT // 2


def test_strays_among_strays_go_although_they_are_no_lonelier_than_these() -> None:
    ball = noisy(sphere_points(COUNT), 0.1 * SPACING)
    rng = np.random.default_rng(10)
    cloud = rng.uniform(-100, 100, (1200, 3))
    stray = cloud[np.abs(np.linalg.norm(cloud, axis=1) - 50) > 3 * SPACING]
    remaining = kept(np.vstack([ball, stray]))
    assert len(remaining & {tuple(p) for p in stray}) < 0.05 * len(stray)
    assert len(remaining & {tuple(p) for p in ball}) >= 0.999 * COUNT


def test_what_hovers_goes_and_a_sparse_side_of_a_thin_wall_stays() -> None:
    dense = noisy_square(0.6)
    rng = np.random.default_rng(11)
    hovering = dense[rng.choice(len(dense), 40, replace=False)] + [0, 0, 0.9]
    sparse = noisy_square(1.3) - [0, 0, 2.0]
    remaining = kept(np.vstack([dense, hovering, sparse]))
    assert len(remaining & {tuple(p) for p in hovering}) <= 4
    assert len(remaining & {tuple(p) for p in dense}) == len(dense)
    assert len(remaining & {tuple(p) for p in sparse}) >= 0.95 * len(sparse)


def noisy_square(spacing: float) -> np.ndarray:
    points = square_points(30, spacing)
    rng = np.random.default_rng(12)
    return points + rng.normal(0, [0.2 * spacing, 0.2 * spacing, 0.05], points.shape)
