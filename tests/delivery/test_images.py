"""Textures on their way into a GLB: every pixel stays, and the bytes where they can."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from relicscan.delivery.images import deliverable
from relicscan.errors import StageError
from relicscan.formats.images import image_type
from relicscan.relic import Texture
from tests.delivery.glb_shapes import image


def of(data: bytes, mime: str = "image/png") -> Texture:
    return Texture("photo.png", data, mime, 8, 8)  # type: ignore[arg-type]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (image("png"), "image/png"),
        (image("png", dpi=(300, 300)), "image/png"),
        (image("png") + b"bytes after the end", "image/png"),
        (image("jpeg"), "image/jpeg"),
        (image("jpeg", progressive=True, icc_profile=SRGB), "image/jpeg"),
        (image("jpeg", mode="L"), "image/jpeg"),
        (image("webp"), "image/webp"),
        (image("webp", lossless=True), "image/webp"),
    ],
)
def test_good_images_keep_every_byte(data: bytes, mime: str) -> None:
    assert deliverable(of(data, mime)).data == data
    assert deliverable(of(data, "image/png")).mime == mime == image_type(data)


@pytest.mark.parametrize(
    "data",
    [
        image("png", icc_profile=SRGB),
        image("png", dpi=(300, 150)),
        image("webp", icc_profile=SRGB),
        image("webp", icc_profile=SRGB, lossless=True),
    ],
)
def test_profiles_go_and_pixels_stay(data: bytes) -> None:
    good = deliverable(of(data)).data
    assert len(good) < len(data)
    assert "icc_profile" not in Image.open(io.BytesIO(good)).info
    assert np.array_equal(pixels(good), pixels(data))


def test_four_channel_jpeg_becomes_rgb() -> None:
    data = image("jpeg", (32, 32), mode="CMYK", quality=95)
    good = deliverable(of(data))
    assert good.mime == "image/jpeg"
    assert Image.open(io.BytesIO(good.data)).mode == "RGB"
    assert np.abs(pixels(good.data).astype(int) - pixels(data)).mean() < 5


def test_animation_becomes_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "webp", save_all=True, append_images=frames[1:])
    good = deliverable(of(out.getvalue()))
    assert good.mime == "image/jpeg"
    assert np.abs(pixels(good.data).astype(int) - [255, 0, 0]).max() < 6


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a..", b"BM....", b"\xff\xd8\xff", image("png")[:40], image("jpeg")[:30]]
)
def test_anything_else_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(StageError, match=r"photo\.png"):
        deliverable(of(data))


def test_no_prefix_of_an_image_breaks_the_parsers() -> None:
    for kind in ("png", "jpeg", "webp"):
        data = image(kind, icc_profile=SRGB)
        for end in range(0, len(data), 7):
            try:
                deliverable(of(data[:end]))
            except StageError:
                continue
