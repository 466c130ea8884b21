"""What a mini-programme fetches: models and pictures under names that change with their content.

Pictures are JPEG on the pages' colour, since WeChat shows no WebP that lies in a package.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relicscan.errors import OutputError
from relicscan.metadata.canonical import bytes_sha256
from relicscan.metadata.vouched import vouched_bytes
from relicscan.quality.pictures import shrunk
from relicscan.quality.previews import SMALLER
from relicscan.site.mini.told import MiniShown

POSTER_PX, THUMB_PX = SMALLER
_QUALITY = 80
#: #f5f2ec, as in shared/style.css.
_BACKGROUND = (245, 242, 236)
_DIGITS = 16


@dataclass(frozen=True)
class RelicFiles:
    """Addresses of a relic's levels and poster, and its thumb as a JPEG file."""

    levels: tuple[str, ...]
    poster: str | None
    thumb: bytes | None


class Upload:
    """Writes what is to be uploaded into a folder and hands out addresses below `base_url`."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder, self.base_url = folder, base_url
        self.sizes: dict[str, int] = {}
        folder.mkdir(parents=True)

    def put(self, content: bytes, suffix: str) -> str:
        """The address of a content. Raises OSError."""
        name = content_name(content, suffix)
        if name not in self.sizes:
            (self.folder / name).write_bytes(content)
            self.sizes[name] = len(content)
        return f"{self.base_url}/{name}"


def content_name(content: bytes, suffix: str) -> str:
    """The name of a file that never changes."""
    return f"{bytes_sha256(content)[:_DIGITS]}{suffix}"


def place(relic: MiniShown, upload: Upload) -> RelicFiles:
    """Put a relic's models and poster among the files to upload, each held against its manifest.

    Raises OutputError where one is missing or another than relic.json lists, having put none.
    """
    levels = [vouched_bytes(relic.exported, level) for level in relic.levels]
    poster, thumb = (_picture(relic, side) for side in (POSTER_PX, THUMB_PX))
    return RelicFiles(
        levels=tuple(upload.put(content, ".glb") for content in levels),
        poster=upload.put(poster, ".jpg") if poster else None,
        thumb=thumb,
    )


def _picture(relic: MiniShown, side_px: int) -> bytes | None:
    """The poster at a size as JPEG; outputs of earlier versions have one size only."""
    from PIL import Image

    paths = (f"preview/poster-{side_px}.webp", "preview/poster.webp")
    path = next((one for one in paths if one in relic.files), None)
    if path is None:
        return None
    content = vouched_bytes(relic.exported, relic.files[path])
    try:
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
            whole = np.asarray(image.convert("RGBA"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OutputError(
            f"{path} is no picture that can be read ({error})",
            scan=relic.id,
            remedy="see what `relicscan verify` says; running its scans again makes it anew",
        ) from None
    if max(whole.shape[:2]) > side_px:
        whole = shrunk(whole, side_px)
    above = Image.fromarray(whole)
    ground = Image.new("RGB", above.size, _BACKGROUND)
    ground.paste(above, mask=above.getchannel("A"))
    out = io.BytesIO()
    ground.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
