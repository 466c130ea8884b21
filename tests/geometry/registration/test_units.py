"""Scans in other units than the rest: recognised by size and shape, never by size alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from relicscan.geometry.registration import Registered, View, register
from relicscan.geometry.registration.units import register_in_units, unit_factors, unit_of

from .scenes import errors, lump_views

RIGHT_MM = 0.3
SIDES = [(1, 0, 0.25), (0.5, 0.87, 0.25)]


def in_unit(view: View, mm: float) -> View:
    """A view in millimetres, in a unit of so many."""
    return replace(view, points=view.points / mm)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many views each call of `register` is for."""
    calls: list[int] = []

    def register_once(views: Any, **given: Any) -> Registered:
        calls.append(len(views))
        return register(views, **given)

    module = sys.modules[register_in_units.__module__]
    monkeypatch.setattr(module, "register", register_once)
    return calls


@pytest.fixture(scope="module")
def lumps() -> tuple[list[View], list[np.ndarray]]:
    return lump_views(SIDES)


def factors_of(*extents: float, free: str = "", mm: float | None = None) -> list[Any]:
    """Of scans named a, b, c, … by their extents; spacings are a hundredth."""
    sizes = np.array(extents)
    which = np.array([chr(ord("a") + k) in free for k in range(len(sizes))])
    return unit_factors(sizes, sizes / 100, which, mm=mm)


def test_the_likeliest_factor_is_that_of_the_size() -> None:
    assert factors_of(100, 0.11, free="b", mm=1)[1][0] == 1000
    assert factors_of(100, 11, free="b", mm=1)[1][:2] == (10, 25.4)
    assert factors_of(100, 4.1, free="b", mm=1)[1][0] == 25.4
    assert factors_of(0.2, 210, free="b", mm=1000)[1][0] == pytest.approx(0.001)
    assert factors_of(100, 110, 0.1, free="abc")[2][0] == 1000
    assert factors_of(100, 110, 0.1, free="abc")[:2] == [(1.0,), (1.0,)]


def test_a_scan_of_plausible_size_or_of_a_known_unit_is_taken_as_it_is() -> None:
    assert factors_of(100, 26, 390, free="bc") == [(1.0,)] * 3
    assert factors_of(100, 100, 0.1, free="a") == [(1.0,)] * 3
    # In inches among centimetres: told by nothing here.
    assert factors_of(100, 100 / 2.54, free="b", mm=10)[1] == (1.0,)
    assert factors_of(0, 100, 0, free="ac") == [(1.0,)] * 3


def test_the_spacing_of_points_tells_a_close_up_from_another_unit() -> None:
    sizes, free = np.array([100, 100, 15.0]), np.array([False, False, True])
    detail = unit_factors(sizes, np.array([1, 1, 0.9]), free, mm=1)[2]
    assert detail[0] == 1
    # In inches, of a third of the others' size.
    sizes[2] = 8
    assert unit_factors(sizes, np.zeros(3), free, mm=1)[2][0] == 10
    assert unit_factors(sizes, np.array([1, 1, 1 / 25.4]), free, mm=1)[2][0] == 25.4


def test_factors_have_the_names_of_units() -> None:
    assert unit_of(25.4, 1) == "in"
    assert unit_of(0.001, 1000) == "mm"
    assert unit_of(1, 10) == "cm"
    assert unit_of(7, 1) is None


@pytest.mark.parametrize(("mm", "unit"), [(1000, "m"), (25.4, "in")])
def test_a_scan_in_another_unit_is_recognised(
    lumps: tuple[list[View], list[np.ndarray]],
    mm: float,
    unit: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views, truth = lumps
    calls = counted(monkeypatch)
    mixed = [views[0], in_unit(views[1], mm)]
    registered, factors = register_in_units(mixed, [False, True], mm=1)
    assert registered.complete
    assert max(errors(registered, views, truth).values()) < RIGHT_MM
    np.testing.assert_allclose(factors, [1, mm])
    assert unit_of(factors[1], 1) == unit
    assert calls == [2]


def test_the_next_factor_is_tried_where_the_likeliest_finds_no_place(
    lumps: tuple[list[View], list[np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    views, truth = lumps
    calls = counted(monkeypatch)
    # A small part of a scan in inches is more likely in centimetres, by its size.
    small = in_unit(views[1], 25.4)
    module = sys.modules[register_in_units.__module__]
    monkeypatch.setattr(module, "_candidates", lambda *_: [(1.0,), (10.0, 25.4, 1000.0)])
    registered, factors = register_in_units([views[0], small], [False, True], mm=1)
    np.testing.assert_allclose(factors, [1, 25.4])
    assert registered.complete
    assert max(errors(registered, views, truth).values()) < RIGHT_MM
    assert calls == [2, 2]


def test_what_is_ten_times_larger_is_not_talked_into_place(
    lumps: tuple[list[View], list[np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    views = lumps[0][:2]
    mirrored = View(views[1].points * [1, 1, -1])
    calls = counted(monkeypatch)
    mixed = [in_unit(mirrored, 0.1), *views]
    # As if in millimetres among centimetres, and then as it is, with the others held.
    registered, factors = register_in_units(mixed, [True, False, False], mm=10)
    assert registered.groups == ((1, 2),)
    np.testing.assert_array_equal(factors[1:], 1)
    assert np.isnan(factors[0])
    assert 0 in registered.left_out
    assert calls == [3, 3]


def test_nothing_more_is_asked_where_all_are_of_one_size(
    lumps: tuple[list[View], list[np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    opposite, _ = lump_views([(1, 0, 0), (-1, 0, 0)], seed=4)
    _, factors = register_in_units(opposite, [True, True])
    assert calls == [2]
    assert np.isnan(factors).all()


def test_poses_viewpoints_and_links_are_in_the_unit_of_their_scan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = np.random.default_rng(0).normal(size=(300, 3)) * [50, 30, 40]
    shifted = np.eye(4)
    shifted[:3, 3] = [1, 2, 3]
    asked: list[dict[str, Any]] = []

    def note(views: Any, **given: Any) -> Registered:
        asked.append({"views": views, **given})
        return register(views)

    monkeypatch.setattr(sys.modules[register_in_units.__module__], "register", note)
    small = View(points / 1000, viewpoint=np.array([0.1, 0, 1]))
    register_in_units(
        [View(points), small],
        [False, True],
        mm=1,
        initial=[shifted, shifted],
        links=[(0, 1, shifted), (1, 0, shifted)],
    )
    (first, second), said = asked[0]["initial"], asked[0]["links"]
    np.testing.assert_allclose(first, shifted)
    np.testing.assert_allclose(second[:3, 3], [1000, 2000, 3000])
    np.testing.assert_allclose(second[:3, :3], np.eye(3))
    np.testing.assert_allclose(said[0][2], shifted)
    np.testing.assert_allclose(said[1][2][:3, 3], [1000, 2000, 3000])
    np.testing.assert_allclose(asked[0]["views"][1].viewpoint, [100, 0, 1000])
    np.testing.assert_allclose(asked[0]["views"][1].points, points)


def test_a_pinned_pose_tells_no_unit(lumps: tuple[list[View], list[np.ndarray]]) -> None:
    views, truth = lumps
    wrong = np.array(truth[1])
    wrong[:3, 3] += 400
    for pose, expected in ((truth[1], 1000.0), (wrong, np.nan)):
        own = np.array(pose)
        own[:3, 3] /= 1000
        _, factors = register_in_units(
            [views[0], in_unit(views[1], 1000)],
            [False, True],
            mm=1,
            initial=[truth[0], own],
            pinned=[0, 1],
        )
        np.testing.assert_allclose(factors, [1, expected])
