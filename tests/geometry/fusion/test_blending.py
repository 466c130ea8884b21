"""Colours that pass from one scan into the other without a seam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.color import LINEAR_OF_SRGB
from relicscan.geometry.fusion import Layer, corrected, corrections, layer_light
from relicscan.geometry.fusion.layers import same_places
from relicscan.geometry.neighbours import nearest, tree

from .scenes import RADIUS, layer, paint, seen_from, towards, under

LEFT, RIGHT = towards(-25), towards(25)


def scan(
    ahead: NDArray[np.float64], seed: int, falloff: float, noise: float = 2.0
) -> tuple[Layer, NDArray[np.uint8]]:
    """A scan whose light falls off with the cosine of incidence to that power."""
    points = seen_from(ahead, seed)
    cosine = np.clip(points @ ahead / RADIUS, 0.05, 1)[:, None]
    return layer(points, ahead), under(paint(points, seed, noise), cosine**falloff)


def blended(scans: list[tuple[Layer, NDArray[np.uint8]]]) -> list[NDArray[np.uint8]]:
    found = corrections([(one, layer_light(one, colors)) for one, colors in scans])
    return [
        colors if log is None else corrected(colors, one, log)
        for (one, colors), log in zip(scans, found, strict=True)
    ]


def seam(layers: list[Layer], colors: list[NDArray[np.uint8]]) -> float:
    """How much the light of two scans differs where both show a place: RMS of logarithms."""
    i, j = same_places(layers[0], layers[1], tree(layers[1].points))
    light = [LINEAR_OF_SRGB[c].astype(float) for c in colors]
    logs = np.log(light[0][i] / light[1][j]).mean(axis=1)
    return float(np.sqrt((logs**2).mean()))


def test_a_seam_goes() -> None:
    scans = [scan(LEFT, 0, 0.6), scan(RIGHT, 1, 0.6)]
    layers = [one for one, _ in scans]
    before = seam(layers, [colors for _, colors in scans])
    assert before > 0.15
    assert seam(layers, blended(scans)) < 0.5 * before


def test_neighbours_get_lighter_together_and_detail_stays() -> None:
    scans = [scan(LEFT, 0, 0.6, noise=8), scan(RIGHT, 1, 0.6, noise=8)]
    for (one, colors), after in zip(scans, blended(scans), strict=True):
        light = [LINEAR_OF_SRGB[c].astype(float).mean(axis=1) for c in (after, colors)]
        change = np.log(light[0] / light[1])
        near = nearest(tree(one.points), one.points, 2)[1][:, 1]
        lighter = np.abs(change) > 0.05
        assert lighter.mean() > 0.2
        assert np.median(np.abs(change - change[near])[lighter]) < 0.01


def test_the_more_reliable_scan_leads() -> None:
    """A dark rim is lightened to what the scan that looks face on says, and not the other way."""
    scans = [scan(LEFT, 0, 0.6), scan(RIGHT, 1, 0.0)]
    after = blended(scans)
    rim = scans[0][0].points @ RIGHT > 0.9 * RADIUS
    face_on = scans[1][0].points @ RIGHT > 0.9 * RADIUS
    lightened = LINEAR_OF_SRGB[after[0][rim]].mean() / LINEAR_OF_SRGB[scans[0][1][rim]].mean()
    darkened = (
        LINEAR_OF_SRGB[after[1][face_on]].mean() / LINEAR_OF_SRGB[scans[1][1][face_on]].mean()
    )
    assert lightened > 1.1
    assert 0.9 < darkened <= 1.01


def test_scans_that_agree_keep_their_colours() -> None:
    found = [scan(LEFT, 0, 0.0), scan(RIGHT, 1, 0.0)]
    assert corrections([(one, layer_light(one, colors)) for one, colors in found]) == [None, None]


def test_what_no_other_scan_shows_keeps_its_colours() -> None:
    scans = [scan(LEFT, 0, 0.8), scan(RIGHT, 1, 0.8)]
    after = blended(scans)
    lone = scans[0][0].points @ RIGHT < -0.2 * RADIUS
    assert lone.any()
    np.testing.assert_array_equal(after[0][lone], scans[0][1][lone])
    found = corrections([(one, layer_light(one, c)) for one, c in scans[:1]] + [None])
    assert found == [None, None]
