"""The pictures of docs/exhibition.md: `python -m docs.site_pictures [SITE]`, SITE being out/site.

Every kind of page of the samples' exhibition, on a desktop and on a phone, in a Chromium that can
reach nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numpy as np

from relicscan.quality.pictures import save_webp, side_by_side
from relicscan.site.serve import site_server
from tests.engines.browser import FLAGS, find_chromium, pixels

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DESKTOP, PHONE = (1280, 800), (390, 844)


class Shot(NamedTuple):
    """A page, what is done on it, and whether the screen is dark."""

    path: str
    clicks: tuple[str, ...] = ()
    dark: bool = False


SHOTS: Mapping[str, Shot] = {
    "home": Shot("en/index.html"),
    "museum": Shot("zh-Hans/museums/{museum}.html"),
    "theme": Shot("fr/themes/clay.html"),
    "relic": Shot("en/relics/figurine-unposed.html"),
    "detail": Shot("en/relics/amphora-painted.html", (".spot[data-spot=shield]",)),
    "light": Shot("zh-Hans/relics/stele-relief.html", ("[data-action=light]",), dark=True),
    "size": Shot("de/relics/ding-bronze.html", ("[data-action=figure]",)),
    "tour": Shot("it/tours/across.html#step=2"),
    "timeline": Shot("en/timeline.html"),
    "search": Shot("de/search.html?q=ton"),
    "about": Shot("fr/about.html", dark=True),
    "not found": Shot("404.html"),
}


def main() -> int:
    """Write docs/pictures/site-desktop.webp, site-phone.webp and site-relic.webp."""
    from playwright.sync_api import sync_playwright

    site = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out" / "site"
    if find_chromium() is None:
        print("no pictures of the exhibition: there is no Chromium")
        return 0
    museum = next((site / "en" / "museums").glob("*.html")).stem
    server = site_server(site, port=0)
    Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=find_chromium(), args=[*FLAGS])
        for name, size, width in (("desktop", DESKTOP, 480), ("phone", PHONE, 240)):
            taken = {
                kind: _taken(browser, server.address, shot, size, museum)
                for kind, shot in SHOTS.items()
            }
            tiles = [_framed(picture, width, size) for picture in taken.values()]
            columns = 3 if width > 300 else 6
            sheet = side_by_side(tiles, list(taken), columns=columns, gap_px=14)
            save_webp(PICTURES / f"site-{name}.webp", sheet, quality=82)
            print(f"docs/pictures/site-{name}.webp")
            if name == "desktop":
                save_webp(PICTURES / "site-relic.webp", taken["detail"], quality=84)
        browser.close()
    server.shutdown()
    return 0


def _taken(browser: Any, host: str, shot: Shot, size: tuple[int, int], museum: str) -> Any:
    small = size == PHONE
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=1,
        is_mobile=small,
        has_touch=small,
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
        service_workers="block",
    )
    page = context.new_page()
    page.goto(host + shot.path.format(museum=museum))
    if page.query_selector("script[data-viewer]"):
        page.wait_for_selector("#stage[data-state=interactive]", timeout=90_000)
    page.wait_for_timeout(1500)
    for click in shot.clicks:
        page.click(click)
        page.wait_for_timeout(1500)
    picture = pixels(page.screenshot())
    context.close()
    return picture


def _framed(picture: Any, width: int, size: tuple[int, int]) -> Any:
    """As wide as a tile."""
    from PIL import Image

    height = round(width * size[1] / size[0])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    raise SystemExit(main())
