"""Pictures at many grades: bytes kept where they can be, means of light, each coded once."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.delivery.coding import QUALITIES, Coder, Grade, grades
from relicscan.formats.images import pixels_of, png_of, webp_of
from relicscan.relic import ByteArray


def noise(side: int = 64) -> ByteArray:
    return np.random.default_rng(4).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_as_it_came_are_the_very_bytes() -> None:
    texture = webp_of(noise(), "glaze", 90)
    for images in ("source", "jpeg", "webp"):
        assert Coder(texture, srgb=True).coded(Grade(64, None), images).data == texture.data


def test_a_lossless_picture_is_coded_for_a_target_that_wants_jpeg() -> None:
    coder = Coder(png_of(noise(), "glaze"), srgb=True)
    assert coder.coded(Grade(64, None), "source").mime == "image/png"
    assert coder.coded(Grade(64, None), "jpeg").mime == "image/jpeg"
    assert coder.coded(Grade(64, 80), "webp").mime == "image/webp"


@pytest.mark.parametrize(("srgb", "mean"), [(True, 188), (False, 128)])
def test_smaller_pictures_are_means_of_light_or_of_values(srgb: bool, mean: int) -> None:
    checker = np.indices((64, 64)).sum(axis=0) % 2 * 255
    texture = png_of(np.repeat(checker[:, :, None], 3, axis=2).astype(np.uint8), "checker")
    seen = pixels_of(Coder(texture, srgb=srgb).coded(Grade(16, 90), "jpeg"))
    assert seen.shape == (16, 16, 3)
    assert np.abs(seen.astype(int) - mean).max() <= 1


def test_what_is_smaller_stays_as_large_as_it_is_and_keeps_its_shape() -> None:
    wide = png_of(noise()[:32], "wide")
    coder = Coder(wide, srgb=True)
    assert (coder.coded(Grade(2048, 80), "webp").width, coder.side) == (64, 64)
    small = coder.coded(Grade(32, 80), "webp")
    assert (small.width, small.height) == (32, 16)


def test_each_grade_is_coded_once() -> None:
    coder = Coder(png_of(noise(), "glaze"), srgb=True)
    assert coder.coded(Grade(32, 80), "webp") is coder.coded(Grade(32, 80), "webp")


def test_grades_go_from_the_finest_to_the_coarsest() -> None:
    found = grades(4096, 2048, as_it_came=True)
    assert found[0] == Grade(2048, QUALITIES[0]), "as it came it would be too large"
    assert found[-1] == Grade(128, QUALITIES[-1])
    sides = [grade.side for grade in found]
    assert sides == sorted(sides, reverse=True)
    assert grades(1024, None, as_it_came=True)[0] == Grade(1024, None)
    assert {g.side for g in grades(64, 2048, as_it_came=False)} == {64}
    assert {g.side for g in grades(1000, 700, as_it_came=False)} == {500, 250}


def test_quality_100_is_without_loss() -> None:
    pixels = noise()
    np.testing.assert_array_equal(pixels_of(webp_of(pixels, "glaze", 100)), pixels)
    assert (pixels_of(webp_of(pixels, "glaze", 90)) != pixels).any()
