"""What the viewer is told of a relic: the data island of its page, and of tours that pass by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup

from relicscan.metadata.exports.exported import PlacedHotspot
from relicscan.metadata.vouched import vouched_bytes
from relicscan.quality.pictures import shrunk, webp
from relicscan.quality.previews import SMALLER
from relicscan.site.assets import SiteFolder
from relicscan.site.gather import Shown
from relicscan.site.words import Language

#: Sides in px of the poster on a page and of a relic in a list.
POSTER_PX, THUMB_PX = SMALLER


@dataclass(frozen=True)
class RelicAssets:
    """The addresses of a relic's files, relative to the site's root."""

    poster: str | None
    thumb: str | None
    levels: tuple[str, ...]
    ar_glb: str | None
    ar_usdz: str | None
    audio: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def all(self) -> tuple[str, ...]:
        """What an offline gallery keeps of it: pictures and the first level."""
        return tuple(one for one in (self.poster, self.thumb, *self.levels[:1]) if one)


def place(relic: Shown, site: SiteFolder) -> RelicAssets:
    """Put a relic's files into the site, each held against its manifest.

    Raises OutputError where one is missing or another than relic.json lists, having put none.
    """
    wanted = [level.path for level in relic.levels]
    wanted += [_poster(POSTER_PX), _poster(THUMB_PX)]
    if not all(path in relic.files for path in wanted):
        wanted.append("preview/poster.webp")
    if relic.scale_known:
        wanted += ["ar/model.glb", "ar/model.usdz"]
    wanted += [path for by_language in relic.sounds.values() for path in by_language.values()]
    there = {
        path: vouched_bytes(relic.exported, relic.files[path])
        for path in wanted
        if path in relic.files
    }

    def put(path: str) -> str | None:
        return site.asset(there[path], path[path.rindex(".") :].lower()) if path in there else None

    def picture(side_px: int) -> str | None:
        """The poster in a size; outputs of earlier versions have one only."""
        whole = there.get("preview/poster.webp")
        if _poster(side_px) in there or whole is None:
            return put(_poster(side_px))
        return site.asset(_smaller(whole, side_px), ".webp")

    levels = [put(level.path) for level in relic.levels]
    return RelicAssets(
        poster=picture(POSTER_PX),
        thumb=picture(THUMB_PX),
        levels=tuple(one for one in levels if one),
        ar_glb=put("ar/model.glb"),
        ar_usdz=put("ar/model.usdz"),
        audio={
            spot: {tag: address for tag, path in by_language.items() if (address := put(path))}
            for spot, by_language in relic.sounds.items()
        },
    )


def _poster(side_px: int) -> str:
    return f"preview/poster-{side_px}.webp"


def _smaller(poster: bytes, side_px: int) -> bytes:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(poster)) as image:
        whole = np.asarray(image.convert("RGBA"))
    return webp(shrunk(whole, side_px), quality=SMALLER[side_px], effort=4)


def relic_data(relic: Shown, placed: RelicAssets, language: Language, up: str) -> dict[str, Any]:
    """The island of a relic in a language; `up` leads from the page to the site's root."""
    low, high = (
        np.round([level.bounds_m[i] for level in relic.levels], 6).tolist() for i in (0, 1)
    )
    return {
        "id": relic.id,
        "title": language.text(relic.title),
        "levels": [
            {
                "name": level.name,
                "url": up + address,
                "bytes": level.bytes,
                "triangles": level.triangles,
                "gpu_bytes": level.gpu_bytes,
            }
            for level, address in zip(relic.levels, placed.levels, strict=True)
        ],
        "ar": {
            "glb": placed.ar_glb and up + placed.ar_glb,
            "usdz": placed.ar_usdz and up + placed.ar_usdz,
        },
        "scale_known": relic.scale_known,
        "bounds": [low[-1], high[-1]],
        "restored": relic.restored_share > 0,
        "hotspots": [_spot(spot, placed, language, up) for spot in relic.hotspots],
        "view": None,
    }


def _spot(spot: PlacedHotspot, placed: RelicAssets, language: Language, up: str) -> dict[str, Any]:
    audio = spoken(placed.audio.get(spot.id, {}), language)
    camera = None
    if spot.camera is not None:
        camera = {"position": _rounded(spot.camera), "target": _rounded(spot.target)}
    return {
        "id": spot.id,
        "title": language.text(spot.title, spot.id),
        "text": language.text(spot.text),
        "position": _rounded(spot.position),
        "normal": _rounded(spot.normal),
        "camera": camera,
        "audio": audio and up + audio,
    }


def spoken(audio: Mapping[str, str], language: Language) -> str | None:
    """The sound in a language, and in no other: a voice in another is not understood."""
    from relicscan.metadata.languages import is_in

    return next(
        (
            at
            for tag, at in audio.items()
            if tag == "und" or is_in(tag, language.tag) or is_in(language.tag, tag)
        ),
        None,
    )


def _rounded(place: Any) -> list[float] | None:
    """Metres to the micrometre."""
    return None if place is None else [round(float(x), 6) for x in place]


def island(data: Any) -> Markup:
    """Data as the content of a script element of type application/json: nothing in it can end the
    element (HTML, 4.12.1.3) or begin a comment.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
