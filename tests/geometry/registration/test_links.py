"""Links that somebody gave: refined where they are about right, told where they are wrong."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from relicscan.geometry.registration import View, register

from .scenes import errors, lump_views, moved, random_motion, vase_views

RIGHT_MM = 0.3


def nudged(T: np.ndarray, degrees: float, mm: float, seed: int) -> np.ndarray:
    """T after an error in the target's frame, about the middle of it: that of picking by hand."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    x, y, z = np.radians(degrees) * axis / np.linalg.norm(axis)
    turn = np.array([[1, -z, y], [z, 1, -x], [-y, x, 1]])
    U, _, Vt = np.linalg.svd(turn)
    off = np.eye(4)
    off[:3, :3] = U @ Vt
    shift = rng.normal(size=3)
    middle = T[:3, 3]
    off[:3, 3] = middle - off[:3, :3] @ middle + mm * shift / np.linalg.norm(shift)
    return np.asarray(off @ T)


def between(truth: list[np.ndarray], target: int, source: int) -> np.ndarray:
    return np.asarray(np.linalg.inv(truth[target]) @ truth[source])


@pytest.fixture(scope="module")
def lumps() -> tuple[list[View], list[np.ndarray]]:
    return lump_views([(1, 0, 0.25), (0.5, 0.87, 0.25), (-0.5, 0.87, 0.25)])


def test_links_that_are_off_by_millimetres_are_refined(
    lumps: tuple[list[View], list[np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    views, truth = lumps
    # Nothing is searched: the links alone lead there. One is given the other way round.
    module = sys.modules[register.__module__]
    monkeypatch.setattr(module, "candidates", lambda *_: [])
    links = [
        (0, 1, nudged(between(truth, 0, 1), 3, 3, seed=1)),
        (2, 1, nudged(between(truth, 2, 1), 3, 3, seed=2)),
    ]
    registered = register(views, links=links)
    assert registered.complete
    assert max(errors(registered, views, truth).values()) < RIGHT_MM
    assert {p.origin for p in registered.placements} == {"given"}
    assert registered.remarks == ()


def test_a_wrong_link_is_not_believed_and_is_told(
    lumps: tuple[list[View], list[np.ndarray]],
) -> None:
    views, truth = lumps
    wrong = between(truth, 0, 1) @ random_motion(np.random.default_rng(5), reach=0)
    registered = register(views[:2], links=[(0, 1, wrong)])
    assert registered.complete
    assert max(errors(registered, views, truth).values()) < RIGHT_MM
    (remark,) = registered.remarks
    assert remark.views == (0, 1)
    assert remark.text.startswith("do not fit as was given: placed ")
    assert {p.origin for p in registered.placements} == {"found"}


def test_a_link_between_scans_that_share_nothing_joins_nothing() -> None:
    views, truth = lump_views([(1, 0, 0), (-1, 0, 0)], seed=4)
    registered = register(views, links=[(0, 1, between(truth, 0, 1))])
    assert registered.groups == ()
    (remark,) = registered.remarks
    assert remark.views == (0, 1)
    assert remark.text.startswith("not put beside each other as was given: too little")


def test_a_vase_lies_where_a_link_says() -> None:
    views, truth = vase_views(3, 170, painted=False)
    links = [(0, 1, nudged(between(truth, 0, 1), 0.5, 0.5, seed=3))]
    registered = register(views[:2], links=links)
    assert registered.groups == ((0, 1),)
    assert max(errors(registered, views, truth).values()) < 1.5


def test_a_link_brings_a_scan_to_one_that_is_pinned(
    lumps: tuple[list[View], list[np.ndarray]],
) -> None:
    views, truth = lumps
    link = (1, 0, nudged(between(truth, 1, 0), 3, 3, seed=6))
    registered = register(views[:2], initial=[None, truth[1]], pinned=[1], links=[link])
    T = registered.placements[0].T_common_view
    assert T is not None
    off = moved(views[0].points, T) - moved(views[0].points, truth[0])
    assert np.linalg.norm(off, axis=1).mean() < RIGHT_MM
    assert [p.origin for p in registered.placements] == ["given", "pinned"]


def test_a_link_with_a_scan_of_no_points_says_so(
    lumps: tuple[list[View], list[np.ndarray]],
) -> None:
    registered = register([lumps[0][0], View(np.empty((0, 3)))], links=[(0, 1, np.eye(4))])
    assert "one has none: it has 0 usable points" in registered.remarks[0].text


def test_links_that_cannot_be_are_refused() -> None:
    view = View(np.zeros((10, 3)))
    with pytest.raises(ValueError, match="view 0 with view 0"):
        register([view, view], links=[(0, 0, np.eye(4))])
    with pytest.raises(ValueError, match="view 0 with view 2 of 2"):
        register([view, view], links=[(0, 2, np.eye(4))])
    with pytest.raises(ValueError, match="link of views 0 and 1 is not a rigid"):
        register([view, view], links=[(0, 1, np.diag([1.0, 1, -1, 1]))])
