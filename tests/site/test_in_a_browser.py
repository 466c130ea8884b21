"""The pages of a site in Chromium: in each language, on a phone, without network or scripts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from relicscan.site.publish import publish
from relicscan.site.serve import site_server
from tests.engines.browser import FLAGS, find_chromium, pixels
from tests.engines.server import ENGINES
from tests.site.outputs import everything, write_output

BUNDLE = Path(__file__).parents[2] / "relicscan" / "vendor" / "site" / "viewer.js"
AXE = ENGINES / "axe-core" / "axe.min.js"
LIMIT_MS = 60_000
#: Every kind of page there is.
KINDS = (
    "en/index.html",
    "zh-Hans/museums/xx-000001.html",
    "de/themes/two.html",
    "fr/timeline.html",
    "it/search.html",
    "en/about.html",
    "en/relics/cup.html",
    "en/tours/cup.around.html",
    "404.html",
)
HOSTILE = {
    "en": 'A "jar" <img src=x onerror=alert(1)>',
    "ar": "جرة \u202eملونة",
    "zh-Hans": "陶罐",
    "de": "Größerer Krug",
}
EXHIBITION = """
title.en = "Vessels"
title.zh-Hans = "器皿"
text.en = "Old ones."
languages = ["en", "zh-Hans", "de", "fr", "it", "ar"]
[[theme]]
id = "two"
title.en = "Two"
relics = ["jar", "cup"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not BUNDLE.is_file():
        pytest.skip("the viewer is not bundled here (sh tools/setup.sh, with npm)")
    folder = tmp_path_factory.mktemp("site")
    write_output(
        folder / "out",
        everything("cup"),
        everything(
            "jar",
            object__title=HOSTILE,
            object__material={"en": "Silver, gold", "zh-Hans": "银、金"},
            object__dating={"edtf": "0700/0750"},
            museum={"name": {"en": "Another Museum"}},
        ),
        models=True,
    )
    toml = folder / "exhibition.toml"
    toml.write_text(EXHIBITION, encoding="utf-8")
    publish(folder / "out", folder / "site", exhibition=toml)
    return folder / "site"


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    server = site_server(site, port=0)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.address
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if find_chromium() is None:
        pytest.skip("there is no Chromium (sh tools/setup.sh)")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS])
        yield launched
        launched.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, host: str) -> Iterator[Visit]:
    """Opens a page of the site; what asks the outside, or breaks the policy, fails the test."""
    outside: list[str] = []
    said: list[str] = []
    contexts: list[Any] = []

    def open_page(path: str, **options: Any) -> Any:
        known = {"viewport": {"width": 1100, "height": 760}, "locale": "en-GB"}
        context = browser.new_context(**(known | options))
        context.set_default_timeout(LIMIT_MS)
        contexts.append(context)
        context.on(
            "request", lambda r: r.url.startswith((host, "blob:", "data:")) or outside.append(r.url)
        )
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(host + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not outside
    assert not [
        text for text in said if "ERR_INTERNET_DISCONNECTED" not in text and "404" not in text
    ]


def interactive(page: Any) -> None:
    page.wait_for_selector("#stage[data-state=interactive]")


def until(page: Any, true: str) -> None:
    """Wait for what an expression says; the policy forbids the browser to wait for it itself."""
    end = time.monotonic() + LIMIT_MS / 1000
    while not page.evaluate(true):
        assert time.monotonic() < end, f"it never came: {true}"
        page.wait_for_timeout(50)


@contextmanager
def phone(visit: Visit, path: str) -> Iterator[Any]:
    yield visit(
        path, viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True,
        has_touch=True,
    )  # fmt: skip


def test_axe_finds_nothing(visit: Visit, host: str) -> None:
    """Every kind of page, by the rules of WCAG 2.2 A and AA and good practice; contrast in both
    colour schemes.
    """
    if not AXE.is_file():
        pytest.skip("axe-core is not in build/engines (sh tools/setup.sh)")
    page = visit(KINDS[0], bypass_csp=True)
    for kind in KINDS:
        page.goto(host + kind)
        if "relics/" in kind or "tours/" in kind:
            interactive(page)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.add_script_tag(path=str(AXE))
        for scheme, rules in (("light", "{}"), ("dark", "{ runOnly: ['color-contrast'] }")):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(f"axe.run(document, {rules})")["violations"]
            told = [
                (one["id"], one["help"], [node["html"][:160] for node in one["nodes"]][:3])
                for one in found
            ]
            assert not told, f"{kind}, {scheme}: {json.dumps(told, indent=1)}"


def test_the_language_is_changed_in_place(visit: Visit) -> None:
    page = visit("en/relics/cup.html")
    interactive(page)
    page.focus("#stage")
    page.keyboard.press("ArrowRight")
    until(page, "location.hash.includes('view=35,')")
    view = page.get_attribute("#stage", "data-view")
    page.evaluate("window.same = true")
    page.click("summary")
    page.click("a[data-tongue=zh-Hans]")
    page.wait_for_selector("html[lang=zh-Hans]")
    assert page.evaluate("window.same") is True
    assert "/zh-Hans/relics/cup.html" in page.url
    assert "彩绘双耳瓶" in page.inner_text("h1")
    assert page.get_attribute("#stage", "data-view") == view
    assert page.get_attribute("#stage", "data-state") == "interactive"
    # What the viewer says has changed too.
    assert "把手" in page.text_content(".spot[data-spot=handle]")
    assert page.is_visible("button[data-action=light]")
    page.reload()
    interactive(page)
    assert page.get_attribute("#stage", "data-view") == view


@pytest.mark.parametrize(
    ("locale", "lang"),
    [("de-AT", "de"), ("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hans"), ("pt-BR", "en")],
)
def test_the_first_page_speaks_the_visitors_language(visit: Visit, locale: str, lang: str) -> None:
    page = visit("", locale=locale)
    page.wait_for_selector(f"html[lang={lang}]")
    assert page.is_visible("h1")


def test_right_to_left(visit: Visit) -> None:
    page = visit("ar/relics/jar.html")
    assert page.get_attribute("html", "dir") == "rtl"
    assert HOSTILE["ar"] in page.text_content("h1")
    # No translation of the interface comes with it: English, and marked so.
    assert page.get_attribute("h2 >> nth=0 >> span", "lang") == "en"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_titles_are_texts(visit: Visit) -> None:
    page = visit("en/relics/jar.html")
    assert HOSTILE["en"] in page.text_content("h1")
    assert page.locator("h1 img").count() == 0
    assert page.title().startswith(HOSTILE["en"])


def test_search(visit: Visit) -> None:
    page = visit("en/index.html")
    page.fill("#q", "  PAINTED amph ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    page.wait_for_selector("#found .card")
    names = page.locator("#found .card-title")
    assert names.all_inner_texts() == ["Painted amphora"]
    page.fill("#q", "phora")  # words are found by their beginning
    page.wait_for_selector("#found:empty", state="attached")
    assert "Nothing" in page.inner_text("#told")
    page.fill("#q", "")
    until(page, "document.querySelectorAll('#found .card').length === 2")
    page.select_option("[name=material]", label="Silver")
    until(page, "document.querySelectorAll('#found .card').length === 1")
    assert HOSTILE["en"] in names.first.inner_text()
    assert "material=" in page.url
    page.reload()
    page.wait_for_selector("#found .card")
    assert names.count() == 1
    page.click("button[type=reset]")
    until(page, "document.querySelectorAll('#found .card').length === 2")
    page.select_option("[name=period]", index=1)
    until(page, "document.querySelectorAll('#found .card').length === 1")
    assert names.all_inner_texts() == ["Painted amphora"]


@pytest.mark.parametrize(
    ("path", "asked", "found"),
    [
        ("de/search.html?q=GROSSERER", "Krug", 1),  # ß and ö as people without them type
        ("zh-Hans/search.html?q=绘双耳", "彩绘双耳瓶", 1),  # in the middle: there are no words
        ("fr/search.html?q=1926.12", "Amphore", 2),
        ("en/search.html?q=%5B(*", "", 0),
    ],
)
def test_search_in_its_language(visit: Visit, path: str, asked: str, found: int) -> None:
    page = visit(path)
    page.wait_for_selector("#seek:not([hidden])")
    assert page.locator("#found .card").count() == found
    assert asked in page.inner_text("#found")


def test_without_scripts(visit: Visit, host: str) -> None:
    page = visit("en/relics/cup.html", java_script_enabled=False)
    assert page.is_visible(".poster")
    assert page.locator(".poster").bounding_box()["width"] > 300
    assert "Two handles" in page.inner_text("main")
    assert "A fingerprint." in page.inner_text("main")
    assert not page.is_visible(".tools")
    assert not page.is_visible("[data-detail]")
    page.goto(f"{host}en/search.html")
    assert page.locator("#all a[href*=relics]").count() == 2
    page.click("summary")
    page.click("a[data-tongue=de]")
    assert page.get_attribute("html", "lang") == "de"
    page.goto(f"{host}en/tours/cup.around.html")
    assert page.locator("#steps li").count() == 3


def test_a_gallery_without_a_network(visit: Visit, host: str) -> None:
    page = visit("en/museums/xx-000001.html")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # now the worker answers
    page.click("[data-offline]")
    until(page, "document.querySelector('[data-offline-told]').textContent.length > 20")
    page.context.set_offline(True)
    page.goto(f"{host}en/relics/cup.html")  # never opened before
    interactive(page)
    assert "Painted amphora" in page.inner_text("h1")
    page.goto(f"{host}en/museums/xx-000001.html")
    assert page.locator(".card img").first.evaluate("(one) => one.complete && one.naturalWidth > 0")


def test_details_from_the_text(visit: Visit) -> None:
    page = visit("en/relics/cup.html")
    interactive(page)
    before = page.get_attribute("#stage", "data-view")
    page.click("[data-detail=handle]")
    page.wait_for_selector("#stage[data-level=high]")
    assert page.get_attribute("#stage", "data-view") != before
    until(page, "location.hash.includes('view=')")


def test_shown_inside_another_page(visit: Visit) -> None:
    page = visit("en/relics/cup.html?embed", viewport={"width": 640, "height": 480})
    interactive(page)
    stage = page.locator("#stage").bounding_box()
    assert stage["width"] == 640
    assert stage["height"] > 380
    assert not page.is_visible("header")
    assert not page.is_visible("h1")
    assert page.is_visible("button[data-action=fullscreen]")


def test_a_phone(visit: Visit, host: str) -> None:
    with phone(visit, KINDS[0]) as page:
        for kind in KINDS:
            page.goto(host + kind)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
        page.goto(f"{host}en/relics/cup.html")
        interactive(page)
        # The object is on the screen at once, its name follows without scrolling far.
        stage = page.locator("#stage").bounding_box()
        assert stage["y"] + stage["height"] < 700
        picture = pixels(page.screenshot())
        middle = picture[picture.shape[0] // 4 : picture.shape[0] // 2].astype(int)
        assert (np.ptp(middle, axis=2) > 60).mean() > 0.05, "no paints are seen"
        small = page.evaluate(
            "[...document.querySelectorAll('button, a.more, summary, input, select')]"
            ".filter((one) => one.checkVisibility())"
            ".map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])"
            ".filter(([, box]) => box.width && (box.width < 24 || box.height < 24))"
        )
        assert not small
