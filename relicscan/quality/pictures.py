"""Pictures to files, and several of them onto one sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relicscan.durable import write_durably

_INK, _PAPER = (60, 58, 55, 255), (255, 255, 255, 255)


def save_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture (h, w, 3) or (h, w, 4), lossless. Raises OutputError."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(_without_idle_alpha(image)).save(out, "PNG", optimize=True)
    write_durably(path, [out.getvalue()])


def save_webp(path: Path, image: NDArray[np.uint8], *, quality: int = 88, effort: int = 6) -> None:
    """Write a picture (h, w, 3) or (h, w, 4) as WebP. Raises OutputError.

    `quality` is 0 to 100. `effort`, 0 to 6, is the encoder's: 4 takes half the time of 6, for
    files 1 to 5 % larger.
    """
    write_durably(path, [webp(image, quality=quality, effort=effort)])


def webp(image: NDArray[np.uint8], *, quality: int, effort: int) -> bytes:
    """The same as the content of a file."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(_without_idle_alpha(image)).save(out, "WEBP", quality=quality, method=effort)
    return out.getvalue()


def shrunk(image: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """A square picture (n, n, 3) or (n, n, 4) as (side_px, side_px, …): Lanczos, and no colour of
    what is transparent comes in.
    """
    from PIL import Image

    made = Image.fromarray(image).resize((side_px, side_px), Image.Resampling.LANCZOS)
    return np.asarray(made)


def side_by_side(
    images: Sequence[NDArray[np.uint8]],
    labels: Sequence[str] = (),
    *,
    columns: int | None = None,
    gap_px: int = 8,
) -> NDArray[np.uint8]:
    """Pictures (h, w, 4) of one size on a sheet (H, W, 4), row by row, with captions below them.

    Captions use Pillow's own font: Latin letters only, so that no font has to be installed.
    """
    from PIL import Image, ImageDraw, ImageFont

    columns = len(images) if columns is None else columns
    rows = -(-len(images) // columns)
    h, w = images[0].shape[:2]
    size = max(12, round(h / 28))
    caption = round(2.2 * size) if labels else 0
    sheet = Image.new(
        "RGBA",
        (columns * w + (columns - 1) * gap_px, rows * (h + caption) + (rows - 1) * gap_px),
        _PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size)
    for i, image in enumerate(images):
        x = (i % columns) * (w + gap_px)
        y = (i // columns) * (h + caption + gap_px)
        picture = Image.fromarray(image).convert("RGBA")
        sheet.alpha_composite(picture, (x, y))
        if i < len(labels):
            middle = (x + w / 2, y + h + caption / 2)
            draw.text(middle, labels[i], fill=_INK, font=font, anchor="mm")
    return np.asarray(sheet)


def contact_sheet(
    images: Sequence[NDArray[np.uint8]], labels: Sequence[str], *, columns: int = 4, tile_px: int
) -> NDArray[np.uint8]:
    """Pictures (h, w, 3) or (h, w, 4) of any size, fitted into squares, on a sheet (H, W, 4)."""
    from PIL import Image, ImageOps

    size = (tile_px, tile_px)
    tiles = [
        np.asarray(ImageOps.pad(Image.fromarray(image).convert("RGBA"), size, color=(0, 0, 0, 0)))
        for image in images
    ]
    return side_by_side(tiles, labels, columns=columns)


def _without_idle_alpha(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    opaque = image.shape[2] == 4 and bool((image[..., 3] == 255).all())
    return np.ascontiguousarray(image[..., :3]) if opaque else image
