"""Gains that make the exposures of scans one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB
from relicscan.geometry.fusion import Layer, color_ratios, exposed, gains, layer_light
from relicscan.geometry.fusion.exposure import Ratio

from .scenes import layer, paint, seen_from, towards, under

Lit = list[tuple[Layer, NDArray[np.float64]] | None]

ROUND = [towards(72 * k, 10 * (-1) ** k) for k in range(5)]
GAINS = np.array(
    [[1.25, 0.8, 1.0], [0.9, 1.1, 0.85], [1.0, 1.2, 1.1], [0.8, 0.95, 1.2], [1.15, 1.0, 0.9]]
)


@pytest.fixture(scope="module")
def scans() -> list[tuple[Layer, NDArray[np.uint8]]]:
    """Layers and true colours of five scans round the ball."""
    made = []
    for k, ahead in enumerate(ROUND):
        points = seen_from(ahead, k)
        made.append((layer(points, ahead), paint(points, k)))
    return made


def lit(scans: list[tuple[Layer, NDArray[np.uint8]]], given: NDArray[np.float64]) -> Lit:
    return [(one, layer_light(one, under(c, g))) for (one, c), g in zip(scans, given, strict=True)]


def test_gains_are_found_and_their_mean_stays(
    scans: list[tuple[Layer, NDArray[np.uint8]]],
) -> None:
    found = gains(5, color_ratios(lit(scans, GAINS)))
    expected = np.exp(np.log(GAINS).mean(axis=0)) / GAINS
    assert np.abs(found / expected - 1).max() < 0.01
    np.testing.assert_allclose(np.log(found).mean(axis=0), 0, atol=1e-9)


def test_they_lead_from_scan_to_scan_where_the_outer_ones_do_not_meet(
    scans: list[tuple[Layer, NDArray[np.uint8]]],
) -> None:
    chain = [scans[0], scans[1], scans[2]]
    ratios = [r for r in color_ratios(lit(chain, GAINS[:3])) if (r.first, r.second) != (0, 2)]
    assert len(ratios) == 2
    found = gains(3, ratios)
    np.testing.assert_allclose(found[2] / found[0], GAINS[0] / GAINS[2], rtol=0.01)


def test_scans_that_agree_get_none(scans: list[tuple[Layer, NDArray[np.uint8]]]) -> None:
    found = gains(5, color_ratios(lit(scans, np.ones((5, 3)))))
    colors = scans[0][1]
    assert np.abs(found - 1).max() < 0.005
    assert exposed(colors, found[0]) is colors


def test_clipped_and_dark_points_say_nothing(
    scans: list[tuple[Layer, NDArray[np.uint8]]],
) -> None:
    spoilt = []
    for k, (one, colors) in enumerate(scans[:2]):
        colors = under(colors, GAINS[k])
        unit = one.points / np.linalg.norm(one.points, axis=1, keepdims=True)
        band = np.abs(unit[:, 2]) < 0.25  # a quarter of what both show, of which one is white
        colors[band] = (255, 0)[k]
        dark = unit[:, 2] > 0.4
        colors[dark] = (3, 9)[k]
        spoilt.append((one, layer_light(one, colors)))
    found = gains(2, color_ratios(spoilt))
    np.testing.assert_allclose(found[1] / found[0], GAINS[0] / GAINS[1], rtol=0.01)


def test_scans_that_do_not_meet_have_no_ratio(
    scans: list[tuple[Layer, NDArray[np.uint8]]],
) -> None:
    ahead = towards(180, -10)
    behind = seen_from(ahead, 9, least=0.6)
    first = (scans[0][0], layer_light(*scans[0]))
    back = layer(behind, ahead)
    assert color_ratios([first, None, (back, layer_light(back, paint(behind)))]) == []
    np.testing.assert_array_equal(gains(3, []), 1)


def test_one_pair_that_is_wrong_does_not_spoil_the_rest() -> None:
    log = np.log(GAINS)
    sure = np.full(3, 0.003**2)
    ratios = [Ratio(a, b, log[a] - log[b], sure) for a in range(5) for b in range(a + 1, 5)]
    ratios[3] = Ratio(0, 4, ratios[3].log_ratio + 0.7, sure)
    found = np.log(gains(5, ratios))
    assert np.abs(found - (log.mean(axis=0) - log)).max() < 0.01


def test_the_light_of_a_layer_is_the_mean_light_of_its_points() -> None:
    ahead = towards(0)
    points = seen_from(ahead)
    one = layer(points, ahead, most_points=1000)
    colors = paint(points)
    colors[5] = 255
    light = layer_light(one, colors)
    member = one.member[100]
    own = np.flatnonzero(one.member == member)
    np.testing.assert_allclose(light[member], LINEAR_OF_SRGB[colors[own]].mean(axis=0), rtol=1e-6)
    assert np.isnan(light[one.member[5]]).all()


def test_a_gain_multiplies_light_and_not_numbers() -> None:
    colors = np.array([[100, 100, 100], [0, 255, 200]], dtype=np.uint8)
    after = exposed(colors, np.array([2.0, 0.5, 1.0]))
    # 100 is 0.1274 of the light: twice that is 137.5, half of it 71.5; half of 1 is 188.
    np.testing.assert_array_equal(after, [[138, 71, 100], [0, 188, 200]])
