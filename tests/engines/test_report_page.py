"""The report over a batch in a real browser: it sorts, filters, turns pages and asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.batch.report import write_report
from relicscan.metadata.index import merge_index
from relicscan.quality.pictures import save_webp
from tests.batch.mornings import write_morning, write_relic
from tests.batch.test_morning_report import WORST_FIRST
from tests.engines.browser import Gallery

#: Width and height of a desktop and of a phone.
DESKTOP, PHONE = (1366, 900), (390, 844)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of 150 relics, of which 140 are `good-000` and following, the slowest last."""
    out = tmp_path_factory.mktemp("out")
    write_morning(out)
    entries = [write_relic(out, f"good-{i:03d}", seconds=100.0 + i) for i in range(140)]
    merge_index(out, entries)
    write_report(out)
    return (out / "report.html").as_uri()


def opened(gallery: Gallery, address: str, size: tuple[int, int], **settings: Any) -> Iterator[Any]:
    width, height = size
    context = gallery.context.browser.new_context(
        viewport={"width": width, "height": height}, **settings
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("file:")] == []


@pytest.fixture
def page(gallery: Gallery, address: str) -> Iterator[Any]:
    yield from opened(gallery, address, DESKTOP)


def ids(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        ".relics tbody tr", "rows => rows.map(row => row.id.slice('relic-'.length))"
    )
    return found


def one_row(page: Any) -> None:
    """Wait for what was typed to be looked for."""
    from playwright.sync_api import expect

    expect(page.locator(".relics tbody tr")).to_have_count(1)


def test_a_hundred_rows_at_a_time_the_worst_first(page: Any) -> None:
    assert ids(page)[: len(WORST_FIRST) - 2] == WORST_FIRST[:-2]
    assert len(ids(page)) == 100
    assert page.inner_text(".told").startswith("Showing 1–100 of 150.")
    page.click("text=Next")
    assert len(ids(page)) == 50
    assert page.is_disabled("text=Next")


def test_columns_sort_both_ways_and_what_has_no_figure_comes_last(page: Any) -> None:
    button = page.locator("th button", has_text="Time")
    button.focus()
    page.keyboard.press("Enter")
    assert ids(page)[:2] == ["flask", "good-139"]
    head = page.locator("th[aria-sort]")
    assert (head.count(), head.get_attribute("aria-sort")) == (1, "descending")
    button.click()
    assert (ids(page)[0], head.get_attribute("aria-sort")) == ("bowl", "ascending")
    for _ in range(2):
        page.click("th button:has-text('Deviation')")
        assert "jug" not in ids(page)
    page.click("text=Next")
    assert set(ids(page)[-6:]) == set(WORST_FIRST[:6])
    page.click("th button:has-text('Result')")
    assert ids(page)[:6] == WORST_FIRST[:6]
    page.click("th button:has-text('Result')")
    assert ids(page)[0] == "good-139"


def test_a_phone_sorts_without_the_names_of_columns(gallery: Gallery, address: str) -> None:
    for page in opened(gallery, address, PHONE):
        by = page.get_by_label("Sort by")
        assert by.locator("option:checked").inner_text() == "Result"
        assert page.locator("th button:visible").count() == 0
        by.focus()
        page.keyboard.type("Time")
        assert ids(page)[:2] == ["flask", "good-139"]
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert ids(page)[0] == "bowl"
        assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
        by.select_option("Relic")
        assert ids(page)[:2] == ["bowl", "coin"]
    for page in opened(gallery, address, DESKTOP):
        assert page.locator(".order:visible").count() == 0
        page.click("th button:has-text('Memory')")
        assert page.locator(".order option:checked").text_content() == "Memory"


def test_rows_are_filtered_by_result_text_and_reason(page: Any) -> None:
    page.click("[data-kind=crashed]")
    page.click("[data-kind=fail]")
    assert ids(page) == ["hydria", "dish"]
    assert page.get_attribute("[data-kind=crashed]", "aria-pressed") == "true"
    page.fill(".find input", "BUDGET")
    one_row(page)
    assert ids(page) == ["dish"]
    page.click("text=Show all >> nth=-1")
    assert len(ids(page)) == 100
    page.fill(".find input", "彩绘")
    one_row(page)
    assert ids(page) == ["amphora"]
    page.click("[data-show]")
    assert ids(page) == ["jug", "idol"]
    page.click("[data-find=hydria] >> nth=0")
    assert page.evaluate("document.activeElement.closest('tr').id") == "relic-hydria"


def test_without_scripts_all_rows_are_there(gallery: Gallery, address: str) -> None:
    for page in opened(gallery, address, DESKTOP, java_script_enabled=False):
        assert page.locator(".relics tbody tr:visible").count() == 150
        assert (
            page.locator(".find:visible, .order:visible, .pages:visible, .all:visible").count() == 0
        )


def test_paper_has_all_that_is_asked_for(page: Any) -> None:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(ids(page)) == 150
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(ids(page)) == 100


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (800, 600)])
def test_no_page_is_wider_than_its_screen(
    gallery: Gallery, address: str, size: tuple[int, int]
) -> None:
    for page in opened(gallery, address, size):
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_pictures_of_relics_are_shown(gallery: Gallery, tmp_path: Path) -> None:
    """They are files beside the page, which its policy has to let in."""
    entry = write_relic(tmp_path, "cup", pictures=["preview/turn-0.webp"])
    (tmp_path / "cup" / "preview").mkdir()
    grey = np.full((64, 64, 3), 128, np.uint8)
    save_webp(tmp_path / "cup" / "preview" / "turn-0.webp", grey, quality=80, effort=0)
    merge_index(tmp_path, [entry])
    write_report(tmp_path)
    for page in opened(gallery, (tmp_path / "report.html").as_uri(), DESKTOP):
        page.locator("img").evaluate("image => image.decode()")
        assert page.locator("img").evaluate("image => image.naturalWidth") == 64
