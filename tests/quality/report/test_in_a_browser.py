"""A browser shows the page without a network, on a phone without scrolling sideways, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engines.browser import FLAGS, find_chromium
from tests.quality.report.conftest import Made, run_of

LONG = "Averylongwordwithoutanyspace" * 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if find_chromium() is None:
        pytest.skip("there is no Chromium (as root: apt-get install chromium)")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from relicscan.metadata.relic_toml import RelicToml
    from relicscan.quality.report.page import relic_page

    texts = {"title": {"en": LONG, "ar": "إناء " * 50}, "material": LONG, "inventory_number": LONG}
    metadata = RelicToml.model_validate({"object": texts})
    manifest = made.manifest.model_copy(update={"metadata": metadata, "warnings": (LONG,)})
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(relic_page(manifest, run_of(manifest), made.measured), "utf-8")
    return path


def opened(browser: Any, report: Path, width: int, said: list[str]) -> Any:
    page = browser.new_context(offline=True, viewport={"width": width, "height": 800}).new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    page.goto(report.as_uri())
    return page


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_asks_for_nothing(browser: Any, report: Path, width: int) -> None:
    said: list[str] = []
    page = opened(browser, report, width, said)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in said if not url.startswith("data:")] == [report.as_uri()]


def test_the_slider_uncovers_the_scan(browser: Any, report: Path) -> None:
    page = opened(browser, report, 1280, [])
    page.locator(".pair input").first.fill("80")
    cut = page.locator(".pair .after img").first.evaluate("e => getComputedStyle(e).clipPath")
    assert cut == "inset(0px 0px 0px 80%)"


def test_any_model_may_stand_beside_the_scan(browser: Any, report: Path) -> None:
    page = opened(browser, report, 390, [])
    buttons = page.locator(".choice button")
    assert buttons.all_inner_texts() == ["Model “high”", "Model “low”", "Full mesh"]
    pressed = page.locator(".choice [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Model “high”"]
    buttons.nth(1).focus()
    page.keyboard.press("Enter")
    assert pressed.all_inner_texts() == ["Model “low”"]
    after, other = (
        page.locator(".pair .after").first,
        page.locator("[data-model='Model “low”'] img"),
    )
    assert after.locator("img").get_attribute("src") == other.get_attribute("src")
    assert after.inner_text() == "Model “low”"


def test_on_paper_both_pictures_stand_side_by_side(browser: Any, report: Path) -> None:
    page = opened(browser, report, 680, [])
    page.emulate_media(media="print")
    before, after = (
        page.locator(f".pair .{side} img").first.bounding_box() for side in ("before", "after")
    )
    assert before["x"] + before["width"] <= after["x"]
    assert page.locator(".pair .after img").first.evaluate(
        "e => getComputedStyle(e).clipPath"
    ) == "none"  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
