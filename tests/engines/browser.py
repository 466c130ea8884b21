"""A Chromium that looks at models through each engine's page and can reach nothing but them."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.engines.server import ENGINES, serving

PACKAGES = Path(__file__).parent / "package.json"

#: Square, and small: Chromium draws WebGL on the processor here.
SIDE_PX = 240
TIME_LIMIT_MS = 60_000

FLAGS = (
    "--no-sandbox",  # in a container, root has no other way
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def what_is_missing() -> str | None:
    """Why no model can be looked at here and what to do about it; None if one can."""
    again = "sh tools/setup.sh"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return f"the package playwright is not installed ({again})"
    if find_chromium() is None:
        return f"there is no Chromium (as root: apt-get install chromium, or {again})"
    for name, version in json.loads(PACKAGES.read_text())["dependencies"].items():
        installed = ENGINES / name / "package.json"
        if not installed.is_file() or json.loads(installed.read_text())["version"] != version:
            return f"the npm package {name} {version} is not in build/engines ({again})"
    return None


def find_chromium() -> str | None:
    """Path of a Chromium of the system's own, or of the one that RELICSCAN_CHROMIUM names."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    given = os.environ.get("RELICSCAN_CHROMIUM")
    return given or next(filter(None, map(shutil.which, names)), None)


@dataclass
class Gallery:
    """A browser, a page for each engine that was asked for, and the folder of models served."""

    context: Any
    host: str
    models: Path
    outside: list[str]
    console: list[str] = field(default_factory=list)
    pages: dict[str, Any] = field(default_factory=dict)
    turn: int = 0

    def picture(self, engine: str, model: str, light: str = "even") -> np.ndarray:
        """How `engine` shows the model, (SIDE_PX, SIDE_PX, 3) uint8 sRGB.

        Raises RuntimeError with the engine's own words when it fails, and when a request went
        to anywhere but this host.
        """
        self.turn += 1
        address = f"{self.host}/pages/{engine}.html#model=/models/{model}&light={light}"
        page = self.page(engine)
        page.goto(f"{address}&turn={self.turn}")
        try:
            page.wait_for_selector(
                f"html[data-shown='{self.turn}']", state="attached", timeout=TIME_LIMIT_MS
            )
        except Exception as error:
            raise RuntimeError(f"{engine} never answered: {self.console[-3:]}") from error
        picture = settled(page)
        html = page.locator("html")
        for trouble in ("failed", "violations"):
            if said := html.get_attribute(f"data-{trouble}"):
                raise RuntimeError(f"{engine} {trouble}: {said}")
        # A worker's violations reach the console only.
        refused = [said for said in self.console if "Content Security Policy" in said]
        if self.outside or refused:
            raise RuntimeError(f"{engine} asked the outside: {self.outside or refused}")
        return picture

    def page(self, engine: str) -> Any:
        """The page of an engine, one for the whole session: starting it costs seconds."""
        if engine not in self.pages:
            page = self.context.new_page()
            page.on("console", lambda m: self.console.append(f"{engine}: {m.text}"))
            page.on("pageerror", lambda e: self.console.append(f"{engine}: {e}"))
            self.pages[engine] = page
        return self.pages[engine]


def settled(page: Any, tries: int = 50) -> np.ndarray:
    """The picture once it has stopped changing: an engine may fade a model in."""
    last = b""
    for _ in range(tries):
        if (now := page.screenshot()) == last:
            return pixels(now)
        last = now
    raise RuntimeError(f"the picture still changes after {tries} looks")


def pixels(png: bytes) -> np.ndarray:
    """A PNG file as (h, w, 3) uint8."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


@contextmanager
def open_gallery(models: Path) -> Iterator[Gallery]:
    """Start the server and the browser; both end with the block."""
    from playwright.sync_api import sync_playwright

    outside: list[str] = []
    with serving(models) as host, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        context = browser.new_context(
            viewport={"width": SIDE_PX, "height": SIDE_PX}, service_workers="block"
        )

        def let_through(route: Any) -> None:
            if route.request.url.startswith(f"{host}/"):
                route.continue_()
            else:
                outside.append(route.request.url)
                route.abort()

        context.route("**/*", let_through)
        try:
            yield Gallery(context, host, models, outside)
        finally:
            browser.close()
