"""Guided tours and presenting, in a browser: what visitors do, and both windows of a guide."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engines.browser import pixels
from tests.engines.server import ENGINES
from tests.site.conftest import SECONDS

LIMIT_MS = 30_000
LEVEL = "#stage[data-state='interactive']"
AXE = ENGINES / "axe-core" / "axe.min.js"

Opened = Callable[..., "Any"]


@pytest.fixture(scope="module")
def open_tour(browser: Any, host: str) -> Iterator[Opened]:
    """Opens a tour in a context of its own; at the end, nothing was asked of the outside and no
    script had failed.
    """
    wrong: list[str] = []

    def said(message: Any) -> None:
        if message.type == "error":
            wrong.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith((host, "blob:", "data:", "about:")):
            wrong.append(request.url)

    def watched(page: Any) -> None:
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", said)
        page.on("request", asked)

    def opened(address: str = "across.html", script: str = "", **settings: Any) -> Any:
        settings = {
            "reduced_motion": "reduce",
            "viewport": {"width": 1000, "height": 500},
        } | settings
        context = browser.new_context(service_workers="block", **settings)
        context.set_default_timeout(LIMIT_MS)
        context.on("page", watched)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.goto(f"{host}/en/tours/{address}")
        if settings.get("java_script_enabled", True):
            page.wait_for_selector(LEVEL)
        return page

    yield opened
    assert wrong == []


@pytest.fixture(scope="module")
def shared(open_tour: Opened) -> Any:
    return open_tour()


@pytest.fixture
def page(shared: Any, host: str) -> Any:
    """A page that tests share, at the first step of the tour."""
    shared.goto("about:blank")
    shared.goto(f"{host}/en/tours/across.html")
    shared.wait_for_selector(LEVEL)
    return shared


def at(page: Any, step: int) -> None:
    """Wait until a step is marked, and its relic is there."""
    page.wait_for_selector(f"[data-step='{step}'][aria-current='step']", state="attached")
    page.wait_for_selector(LEVEL)


def view(page: Any) -> list[float]:
    return [float(n) for n in page.get_attribute("#stage", "data-view").split(",")]


def until(page: Any, true: str) -> None:
    """Wait for an expression; Playwright's own way is against the page's policy."""
    for _ in range(LIMIT_MS // 50):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"it never came: {true}")


def seen(page: Any, wanted: Callable[[list[float]], bool]) -> None:
    """Wait until the camera stands where it should."""
    for _ in range(LIMIT_MS // 50):
        if page.get_attribute("#stage", "data-view") and wanted(view(page)):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"the camera stayed at {view(page)}")


def hash_of(page: Any) -> dict[str, str]:
    text = page.evaluate("location.hash").removeprefix("#")
    return dict(part.split("=", 1) for part in text.split("&") if part)


def accessible(page: Any) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not in build/engines (sh tools/setup.sh)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # Hotspots are the viewer's, and so are their tests.
    found = page.evaluate(
        "axe.run({ exclude: ['.spots'] }).then(({ violations }) => violations.map(({ id, nodes })"
        " => [id, nodes.map(({ html }) => html.slice(0, 200))]))"
    )
    assert found == []


# What a visitor does


def test_a_deep_link_leads_to_a_step_of_another_relic(open_tour: Opened) -> None:
    page = open_tour("across.html#step=3")
    at(page, 3)
    # From the step's camera: +X, 0.3 m away.
    seen(page, lambda v: v == [90, 0, 0.3, 0, 0, 0])
    assert page.text_content("#told") == "Stop 3 of 4: The second"
    assert page.get_attribute(".poster", "alt") == "Sphere second"
    page.goto(page.url.split("#")[0] + "#step=2&view=40,10,0.5,0,0,0")
    at(page, 2)
    seen(page, lambda v: v == [40, 10, 0.5, 0, 0, 0])
    page.context.close()


def test_next_and_back_keep_the_canvas_and_show_the_relic(page: Any) -> None:
    page.evaluate("document.querySelector('#stage canvas').kept = true")
    first = pixels(page.locator("#stage").screenshot())
    page.click("[data-tour=back]", force=True)  # there is none
    at(page, 1)
    for step in (2, 3, 4, 4):
        page.click("[data-tour=next]", force=True)
        at(page, step)
        assert hash_of(page)["step"] == str(step)
    assert page.get_attribute("[data-tour=next]", "aria-disabled") == "true"
    assert page.get_attribute("#stage", "aria-label") == "3D model of Sphere third"
    page.wait_for_timeout(300)
    last = pixels(page.locator("#stage").screenshot())
    assert last.shape == first.shape
    # The same sphere from the same side with other paints.
    assert (abs(last.astype(int) - first).max(axis=2) > 60).mean() > 0.1
    assert page.evaluate("document.querySelector('#stage canvas').kept")
    page.click("[data-tour=back]")
    at(page, 3)


def test_a_step_at_a_hotspot_flies_there_and_shows_no_card_twice(page: Any) -> None:
    before = view(page)
    page.click("[data-go='2']")
    at(page, 2)
    seen(page, lambda v: v[0] == 90 and v[2] < before[2])
    assert page.locator(".spot-card").is_hidden()
    assert page.evaluate("document.activeElement.dataset.go") == "2"
    until(page, "location.hash.includes('spot=side')")
    page.click("[data-tour=back]")
    seen(page, lambda v: v == before)
    assert "spot" not in hash_of(page)


def test_keys_work_where_the_tour_has_the_focus(page: Any) -> None:
    page.keyboard.press("n")
    page.wait_for_timeout(100)
    at(page, 1)
    page.focus("#stage")
    for key, step in (("n", 2), ("PageDown", 3), ("p", 2), ("PageUp", 1)):
        page.keyboard.press(key)
        at(page, step)
    turned = view(page)[0]
    page.keyboard.press("ArrowRight")
    seen(page, lambda v: v[0] != turned)
    at(page, 1)


def test_a_finger_turns_to_the_next_step(open_tour: Opened) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    page = open_tour(**phone)
    box = page.locator("#told").bounding_box()
    hand = page.context.new_cdp_session(page)

    def swipe(by: float, down: float = 0) -> None:
        x, y = 195 - by / 2, box["y"] + 8
        for kind, share in (("touchStart", 0), ("touchMove", 0.5), ("touchMove", 1)):
            point = {"x": x + by * share, "y": y + down * share}
            hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(-200)
    at(page, 2)
    assert page.inner_text("#caption") == "Round."
    swipe(200)
    at(page, 1)
    swipe(-80, -300)  # that scrolls
    page.wait_for_timeout(100)
    at(page, 1)
    accessible(page)
    page.context.close()


def test_it_plays_by_itself_until_a_hand_stops_it(open_tour: Opened) -> None:
    page = open_tour("quick.html")
    page.click("[data-tour=play]")
    assert page.get_attribute("[data-tour=play]", "aria-pressed") == "true"
    assert page.inner_text("[data-tour=play]") == "Pause"
    at(page, 2)
    assert page.evaluate("!document.querySelector('[data-step=\"2\"] audio').paused")
    # The step says an hour; its sound is a second long.
    at(page, 3)
    page.wait_for_selector("[data-tour=play][aria-pressed=false]")
    assert page.text_content("#told") == "End of the tour"
    page.click("[data-tour=play]")
    at(page, 1)
    page.keyboard.press("Escape")
    assert page.get_attribute("[data-tour=play]", "aria-pressed") == "false"
    page.wait_for_timeout(1500)
    at(page, 1)
    page.context.close()


def test_another_language_keeps_the_step(page: Any) -> None:
    page.click("[data-go='3']")
    at(page, 3)
    page.evaluate("document.querySelector('#stage canvas').kept = true")
    page.click(".menu summary")
    page.click("a[data-tongue=de]")
    page.wait_for_selector("html[lang=de]")
    assert re.search(r"/de/tours/across\.html.*#step=3", page.url)
    at(page, 3)
    assert page.inner_text("[data-step='3'] h2") == "Die zweite"
    assert "Die zweite" in page.text_content("#told")
    assert page.evaluate("document.querySelector('#stage canvas').kept")
    page.click("[data-tour=next]")
    at(page, 4)
    assert "Kugel third" in page.get_attribute("#stage", "aria-label")


def test_without_scripts_it_is_a_list_with_pictures(open_tour: Opened) -> None:
    page = open_tour(java_script_enabled=False)
    steps = page.locator("#steps > li")
    assert steps.count() == 4
    assert "The first <b>sphere</b>" in steps.nth(0).inner_text()
    until(page, "[...document.querySelectorAll('#steps img')].length === 4")
    for picture in page.locator("#steps img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
    assert page.locator(".tools").is_hidden()
    page.context.close()


# The script


def clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def test_cue_times_of_a_livestream(page: Any) -> None:
    cues = page.locator("[data-cue]")
    starts = [sum(SECONDS[:i]) for i in range(5)]
    assert cues.all_text_contents() == [clock(s) for s in starts]
    page.click("#script summary")
    page.fill("[name=minutes]", "120")
    stretch = 7200 / sum(SECONDS)
    assert cues.all_text_contents() == [clock(round(s * stretch)) for s in starts]
    page.fill("[name=start]", "22:45")
    late = [(22 * 3600 + 45 * 60 + round(s * stretch)) % 86400 for s in starts]
    assert cues.all_text_contents() == [clock(s).rjust(8, "0") for s in late]
    with page.expect_download() as download:
        page.click("[data-script=csv]")
    assert download.value.suggested_filename == "across.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows[1:]] == cues.all_text_contents()
    assert len({len(row) for row in rows}) == 1
    # What a spreadsheet would take for a formula is text.
    assert rows[3][-1] == "'=1+1"
    # It is still there the next time.
    page.reload()
    page.wait_for_selector("#plan:not([hidden])", state="attached")
    assert cues.first.text_content() == "22:45:00"
    page.evaluate("localStorage.clear()")


# Presenting


def present(page: Any) -> tuple[Any, Any]:
    with page.expect_popup() as popup:
        page.click("[data-tour=present]")
    large = popup.value
    large.set_viewport_size({"width": 640, "height": 360})
    large.wait_for_selector(LEVEL)
    return page, large


def point(page: Any) -> list[float]:
    """Where the laser pointer is, in shares of the stage's shorter side from its middle."""
    page.wait_for_selector(".laser:not([hidden])")
    box, dot = page.locator("#stage").bounding_box(), page.locator(".laser").bounding_box()
    side = min(box["width"], box["height"])
    return [
        (dot[at] + dot[length] / 2 - box[at] - box[length] / 2) / side
        for at, length in (("x", "width"), ("y", "height"))
    ]


def test_both_windows_of_a_guide_stay_in_step(open_tour: Opened) -> None:
    speaker, large = present(open_tour("across.html#step=1"))
    assert large.locator(":is(.bar, .tell, .tools, .foot, .spots):visible").count() == 0
    box = large.locator("#stage").bounding_box()
    size = large.evaluate("[innerWidth, innerHeight]")
    assert [box["width"], box["height"]] == size
    # The speaker's stage is cut like the large view, so what is seen is the same.
    until(speaker, f"Math.abs(stage.clientWidth / stage.clientHeight - {size[0] / size[1]}) < 0.02")
    assert speaker.inner_text("[data-say=notes]").split("\n\n") == ["Greet them.", "Turn it."]
    assert "Its side" in speaker.inner_text("[data-say=coming]")
    assert speaker.inner_text("[data-clock=pace]").endswith(" left")

    # Steps, from either window.
    speaker.keyboard.press("ArrowRight")
    at(large, 2)
    large.keyboard.press(" ")
    at(speaker, 3)
    assert speaker.inner_text("[data-say=title]") == "The second"
    assert speaker.inner_text("[data-clock=pace]").endswith(" ahead")
    for one in (speaker, large):
        seen(one, lambda v: v == [90, 0, 0.3, 0, 0, 0])

    # The camera follows, by hand and by keys, from either window.
    speaker.keyboard.press("Shift+ArrowLeft")
    seen(speaker, lambda v: v[0] != 90)
    turned = view(speaker)
    seen(large, lambda v: v == turned)
    box = speaker.locator("#stage").bounding_box()
    x, y = box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4
    speaker.mouse.move(x, y)
    speaker.mouse.down()
    speaker.mouse.move(x + 40, y + 20, steps=4)
    speaker.mouse.up()
    seen(speaker, lambda v: v[0] != turned[0])
    dragged = view(speaker)
    seen(large, lambda v: v == dragged)
    large.keyboard.press("+")
    seen(large, lambda v: v[2] < dragged[2])
    nearer = view(large)
    seen(speaker, lambda v: v == nearer)

    # The laser pointer is on the same place of the object.
    speaker.keyboard.press("l")
    large.wait_for_selector("#stage.pointing")
    x, y = box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3
    speaker.mouse.move(x, y)
    side = min(box["width"], box["height"])
    wanted = [(0.7 - 0.5) * box["width"] / side, (0.3 - 0.5) * box["height"] / side]
    for one in (speaker, large):
        assert point(one) == pytest.approx(wanted, abs=0.01)
    speaker.keyboard.press("d")
    until(large, f"+stage.querySelector('.laser').dataset.at.split(',')[0] > {wanted[0] + 0.01}")

    # Darkness and the title.
    speaker.keyboard.press("b")
    large.wait_for_selector(".curtain:not([hidden])")
    assert pixels(large.screenshot()).max() < 16
    large.keyboard.press("b")
    speaker.wait_for_selector(".curtain", state="hidden")
    speaker.keyboard.press("t")
    large.wait_for_selector(".banner:not([hidden])")
    assert large.inner_text(".banner").split("\n") == ["The second", "Sphere second"]

    # Either may be loaded again, and finds everything as it was.
    for one, other in ((large, speaker), (speaker, large)):
        one.reload()
        at(one, 3)
        seen(one, lambda v: v == nearer)
        one.wait_for_selector("#stage.pointing")
        assert point(one) == pytest.approx(point(other), abs=0.01)
    assert speaker.inner_text("[data-clock=run]") != ""
    large.close()
    until(speaker, "document.getElementById('large-told').textContent.includes('closed')")
    speaker.keyboard.press("End")
    at(speaker, 4)
    with speaker.expect_popup() as popup:
        speaker.click("#large-link")
    at(popup.value, 4)
    speaker.keyboard.press("Home")
    at(popup.value, 1)

    accessible(speaker)
    accessible(popup.value)
    with popup.value.expect_event("close"):
        speaker.click("[data-present=end]")
    assert speaker.locator(".tell").is_visible()
    assert "notes" not in speaker.url
    accessible(speaker)
    speaker.context.close()


def test_the_large_view_glides_after_the_speaker(open_tour: Opened) -> None:
    speaker, large = present(open_tour("across.html", reduced_motion="no-preference"))
    first = view(speaker)
    speaker.keyboard.press("Shift+ArrowLeft")
    speaker.keyboard.press("-")
    seen(speaker, lambda v: v[0] != first[0] and v[2] != first[2])
    there = view(speaker)
    seen(large, lambda v: v == there)
    speaker.context.close()


def test_the_clock_says_how_far_behind_the_speaker_is(open_tour: Opened) -> None:
    speaker = open_tour("across.html?notes#step=1")
    until(speaker, "document.querySelector('[data-clock=run]').textContent.startsWith('0:00:0')")
    behind = SECONDS[0] + 130
    now = "Date.now = ((real) => () => real() + {} * 1000)(Date.now)"
    speaker.evaluate(now.format(behind))
    until(
        speaker, "/^2:1\\d behind$/.test(document.querySelector('[data-clock=pace]').textContent)"
    )
    assert re.fullmatch(r"0:17:1\d", speaker.inner_text("[data-clock=run]"))
    left = speaker.inner_text("[data-clock=end]")
    assert left.startswith(clock(sum(SECONDS) - behind - 10)[:4])
    speaker.keyboard.press("r")
    until(speaker, "document.querySelector('[data-clock=pace]').textContent.endsWith(' left')")
    speaker.context.close()


def test_a_window_that_the_browser_refuses_is_told(open_tour: Opened) -> None:
    page = open_tour(script="window.open = () => null")
    page.click("[data-tour=present]")
    assert "did not open" in page.inner_text("#large-told")
    assert page.get_attribute("#large-link", "href") == "?present#step=1"
    page.context.close()
