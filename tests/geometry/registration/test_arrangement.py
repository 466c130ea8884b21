"""Scans in colours for a picture: each at its pose, told by its colour, thinned the same way."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.geometry.registration.arrangement import MOVING, STILL, arrangement


def plate(x: float = 0.0, count: int = 30) -> np.ndarray:
    """A square grid of points in the xy plane, from x on."""
    u, v = np.meshgrid(np.arange(count, dtype=float), np.arange(count, dtype=float))
    return np.stack([u.ravel() + x, v.ravel(), np.zeros(u.size)], axis=1)


def shifted(x: float) -> np.ndarray:
    T = np.eye(4)
    T[0, 3] = x
    return T


def test_each_scan_lies_at_its_pose_in_its_colour() -> None:
    scans = {"front.ply": plate(), "back.ply": plate(), "side.ply": plate()}
    poses = [np.eye(4), shifted(100), shifted(200)]
    made = arrangement("way 1 of 2", scans, poses, {"side.ply"})
    assert made.title == (
        "way 1 of 2 (pale grey: front.ply; dark grey: back.ply; orange: side.ply)"
    )
    colors = {tuple(c): made.cloud.points[(made.cloud.colors == c).all(axis=1)] for c in (
        STILL[0][1], STILL[1][1], MOVING[0][1]
    )}  # fmt: skip
    for (_, points), x in zip(colors.items(), (0, 100, 200), strict=True):
        np.testing.assert_allclose(points, plate(x))
    assert made.cloud.normals is not None
    np.testing.assert_allclose(np.abs(made.cloud.normals), [[0, 0, 1]] * 2700, atol=1e-6)


def test_scans_that_share_a_colour_are_named_together() -> None:
    names = [f"{k}.ply" for k in range(9)]
    made = arrangement("all", {n: plate(count=5) for n in names}, [np.eye(4)] * 9, names)
    assert "orange: 0.ply, 7.ply; blue: 1.ply, 8.ply; bluish green: 2.ply;" in made.title
    still = arrangement("all", {f"{k}": plate(count=5) for k in range(20)}, [np.eye(4)] * 20)
    assert still.title == "all (pale grey: 0, 2, 4, 6, 8, 10, …; dark grey: 1, 3, 5, 7, 9, 11, …)"


def test_every_scan_gives_the_same_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(arrangement.__globals__, "MAX_POINTS", 1000)
    scans = {"a": plate(count=60), "b": plate(count=20)}
    made, again = (arrangement("-", scans, [np.eye(4)] * 2, {"b"}) for _ in range(2))
    counts = np.unique(made.cloud.colors, axis=0, return_counts=True)[1]
    assert sorted(counts) == pytest.approx([100, 900], abs=10)
    np.testing.assert_array_equal(made.cloud.points, again.cloud.points)


def test_what_is_on_no_surface_is_left_out() -> None:
    points = np.vstack([plate(), [[10, 10, 500], [np.nan, 0, 0]]])
    made = arrangement("-", {"a": points}, [np.eye(4)])
    np.testing.assert_array_equal(made.cloud.points, plate())


def test_a_scan_of_nearly_nothing_is_shown_as_it_is() -> None:
    made = arrangement("-", {"a": np.ones((2, 3)), "b": np.empty((0, 3))}, [np.eye(4)] * 2)
    assert len(made.cloud) == 2
