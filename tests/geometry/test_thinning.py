"""Thinning while reading: means of cells, the same however the points come in pieces."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from shapes import Array, noisy, sphere_points

from relicscan.geometry import thinning
from relicscan.geometry.thinning import Pieces, thinned


def in_pieces(points: Array, size: int, **more: Array) -> Pieces:
    columns = {**dict(zip("xyz", points.T, strict=True)), **more}

    def pieces() -> Iterator[dict[str, Array]]:
        for first in range(0, len(points), size):
            yield {name: values[first : first + size] for name, values in columns.items()}

    return pieces


def _keys(cells: Array) -> Array:
    return np.asarray(cells.astype(int) @ [1_000_000, 1_000, 1])


def places(columns: dict[str, Array]) -> Array:
    return np.stack([columns[axis] for axis in "xyz"], axis=1)


@pytest.fixture
def ball() -> Array:
    return noisy(sphere_points(60_000), 0.05)


def test_about_as_many_as_asked_for_lie_on_the_surface(ball: Array) -> None:
    found = thinned(in_pieces(ball, 7_000), len(ball), 5_000)
    assert found is not None
    assert len(found.columns["x"]) == pytest.approx(5_000, rel=0.15)
    off = np.linalg.norm(places(found.columns), axis=1) - 50
    assert np.abs(off).max() < 0.3
    assert np.sqrt((off**2).mean()) < 0.05, "noise is averaged"


def test_each_is_the_mean_of_its_cell(ball: Array) -> None:
    shade = ball[:, 2] + 50
    found = thinned(in_pieces(ball, 9_999, red=shade), len(ball), 3_000)
    assert found is not None
    mean, red = places(found.columns), found.columns["red"]
    np.testing.assert_allclose(red, mean[:, 2] + 50, atol=1e-9)
    middle = np.median(ball, axis=0)
    cells = np.floor((ball - middle) / found.cell_size).astype(int)
    assert len(mean) < len(np.unique(cells, axis=0)) < 1.2 * len(mean)
    held = len(ball) - found.sparse
    assert held == np.isin(_keys(cells), _keys(np.floor((mean - middle) / found.cell_size))).sum()
    chosen = (cells == np.floor((mean[100] - middle) / found.cell_size)).all(axis=1)
    np.testing.assert_allclose(mean[100], ball[chosen].mean(axis=0), atol=1e-9)


def test_strays_do_not_become_many(ball: Array) -> None:
    rng = np.random.default_rng(5)
    stray = ball[::100] * (1 + rng.uniform(0.02, 0.05, (600, 1)))
    found = thinned(in_pieces(np.vstack([ball, stray]), 7_000), 60_600, 3_000)
    assert found is not None
    off = np.linalg.norm(places(found.columns), axis=1) - 50
    assert (off > 0.6).sum() < 0.01 * len(off)
    assert found.sparse > 400


def test_what_was_scanned_sparsely_stays(ball: Array) -> None:
    sparse = np.vstack([ball[ball[:, 2] > 0], ball[ball[:, 2] <= 0][::20]])
    found = thinned(in_pieces(sparse, 7_000), len(sparse), 3_000)
    assert found is not None
    low = sphere_points(500)
    low = low[low[:, 2] < 0]
    apart = np.linalg.norm(low[:, None] - places(found.columns)[None], axis=2).min(axis=1)
    assert apart.max() < 6


@pytest.mark.parametrize("size", [1, 977, 60_000])
def test_how_the_points_come_does_not_matter(size: int) -> None:
    points = sphere_points(3_000)
    whole = thinned(in_pieces(points, 3_000), 3_000, 500)
    parts = thinned(in_pieces(points, size), 3_000, 500)
    assert whole is not None
    assert parts is not None
    np.testing.assert_array_equal(places(whole.columns), places(parts.columns))


def test_more_cells_than_were_expected_have_room() -> None:
    scattered = np.arange(3_000.0).reshape(-1, 3)
    many = thinning._averaged(in_pieces(scattered, 90), np.zeros(3), 1.0, 10, lambda _: None)
    np.testing.assert_array_equal(places(many.columns), scattered)


def test_what_is_no_place_is_left_out_and_counted(ball: Array) -> None:
    spoiled = ball.copy()
    spoiled[::600] = np.nan
    spoiled[1::600, 0] = np.inf
    spoiled[2::600, 1] = 1e12
    found = thinned(in_pieces(spoiled, 8_000), len(spoiled), 4_000)
    assert found is not None
    assert found.nowhere == 300
    assert np.abs(places(found.columns)).max() < 51


@pytest.mark.parametrize("points", [np.zeros((50, 3)), np.full((50, 3), np.nan), np.zeros((2, 3))])
def test_no_surface_no_cells(points: Array) -> None:
    assert thinned(in_pieces(points, 10), len(points), 1_000) is None


def test_progress_goes_from_nothing_to_all(ball: Array) -> None:
    heard: list[float] = []
    thinned(in_pieces(ball, 10_000), len(ball), 4_000, heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1)
    assert len(heard) == 12
