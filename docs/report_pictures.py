"""The pictures of docs/reports.md: `python -m docs.report_pictures [OUT]`, OUT being out/demo.

A report of a sample in a Chromium that can reach nothing: on a screen, on a phone, on paper.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.quality.pictures import save_webp
from tests.engines.browser import FLAGS, find_chromium, pixels

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
RELIC = "amphora-painted"
SCREEN, PHONE = (1180, 1400), (390, 1123)
#: What is printed of A4 at 96 dots per inch, within its margins.
PAPER, MARGIN = (680, 1003), (60, 57)
GREY = 205


def main() -> int:
    """Write docs/pictures/report.webp, report-maps.webp and report-print.webp."""
    from playwright.sync_api import sync_playwright

    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out" / "demo"
    address = (out / RELIC / "report.html").resolve().as_uri()
    chromium = find_chromium()
    if chromium is None:
        print("no pictures of reports: there is no Chromium")
        return 0
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=FLAGS)

        def opened(size: tuple[int, int]) -> Any:
            page = browser.new_page(viewport={"width": size[0], "height": size[1]})
            page.goto(address)
            return page

        page = opened(SCREEN)
        save("report", pixels(page.screenshot()), 1000)
        box = [page.locator(f"section[aria-labelledby={name}]").bounding_box()
               for name in ("deviation", "coverage")]  # fmt: skip
        top, end = box[0]["y"] - 24, box[1]["y"] + box[1]["height"] + 24
        clip = {"x": 0, "y": top, "width": SCREEN[0], "height": end - top}
        save("report-maps", pixels(page.screenshot(full_page=True, clip=clip)), 1000)

        phone = pixels(opened(PHONE).screenshot())
        page = opened(PAPER)
        page.emulate_media(media="print")
        sheets = []
        for n in (0, 1):
            clip = {"x": 0, "y": n * PAPER[1], "width": PAPER[0], "height": PAPER[1]}
            seen = pixels(page.screenshot(full_page=True, clip=clip))
            edges = [(MARGIN[0], MARGIN[0]), (MARGIN[1], MARGIN[1]), (0, 0)]
            sheets.append(np.pad(seen, edges, constant_values=255))
        gap = np.full((PHONE[1], 16, 3), GREY, np.uint8)
        save("report-print", np.concatenate([phone, gap, sheets[0], gap, sheets[1]], axis=1), 1400)
        browser.close()
    return 0


def save(name: str, image: np.ndarray[Any, Any], width: int) -> None:
    """Write a picture (h, w, 3), no wider than that."""
    from PIL import Image

    shot = Image.fromarray(image)
    if shot.width > width:
        shot = shot.resize(
            (width, round(shot.height * width / shot.width)), Image.Resampling.LANCZOS
        )
    path = PICTURES / f"{name}.webp"
    save_webp(path, np.asarray(shot), quality=80)
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
