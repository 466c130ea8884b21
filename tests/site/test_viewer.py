"""The viewer in a browser, judged by what is on the screen: spheres of known size and paints."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import asin, atan, cos, radians, sin, sqrt, tan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from relicscan.quality.pictures import save_webp
from relicscan.quality.render import render
from relicscan.relic import Mesh
from tests.delivery.glb_shapes import sphere, write
from tests.engines.browser import FLAGS, find_chromium, pixels
from tests.engines.models import RADIUS_MM, paints
from tests.site.viewer_page import BUNDLES, page_of, serving

RADIUS = RADIUS_MM / 1000
SIDE_PX = 400

#: The field of view of viewer/camera.js.
SLOPE = tan(radians(13))

#: Straight from the front, so far that the sphere's outline is three fifths of the stage.
DISTANCE = float(f"{RADIUS / sin(atan(0.6 * SLOPE)):.4f}")
FRONT = f"0,0,{DISTANCE:g},0,0,0"

LIMIT_MS = 60_000

SPOTS = [
    {"id": "nose", "title": "Nose <i>", "text": "In front.", "position": [0, 0, RADIUS]},
    {
        "id": "ear",
        "title": "Ear",
        "text": "At the side.",
        "position": [RADIUS * sqrt(0.5), 0, RADIUS * sqrt(0.5)],
    },
    {"id": "back", "title": "Back", "text": "Behind.", "position": [0, 0, -RADIUS]},
]


def painted(rings: int, turn: int, filled: bool = False) -> Mesh:
    """A sphere with four paints as vertex colours; its lowest quarter may be made up."""
    shape = sphere(RADIUS_MM, rings)
    x, y, _ = shape.vertices.T
    made_up = (y < -RADIUS_MM * sqrt(0.5)) if filled else None
    colors = paints(turn)[(x > 0) + 2 * (y < 0)]
    return replace(shape, colors=colors, filled=made_up)


def write_models(folder: Path) -> dict[str, Any]:
    """Three levels, known apart by their paints, and a poster; the island."""
    for turn, (name, rings) in enumerate({"low": 24, "medium": 32, "high": 48}.items()):
        write(folder / f"{name}.glb", painted(rings, turn, filled=True), geometry="meshopt")
    poster = render(painted(24, 0), width=SIDE_PX, height=SIDE_PX, background="transparent")
    save_webp(folder / "poster.webp", poster, quality=90, effort=2)
    return {
        "id": "sphere",
        "title": "Sphere",
        "levels": [
            {
                "name": name,
                "url": f"/models/{name}.glb",
                "bytes": (folder / f"{name}.glb").stat().st_size,
                "triangles": 1000,
                "gpu_bytes": 100_000,
            }
            for name in ("low", "medium", "high")
        ],
        "ar": {"glb": "/models/high.glb", "usdz": "/models/model.usdz"},
        "scale_known": True,
        "bounds": [[-RADIUS] * 3, [RADIUS] * 3],
        "restored": True,
        "hotspots": [{"normal": None, "camera": None, "audio": None} | spot for spot in SPOTS],
        "view": None,
    }


_TWO_FRAMES = (
    "() => new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(() => f())))"
)


@dataclass
class Visitor:
    """A page of the browser, and what is asked of the stage on it."""

    page: Any
    host: str

    def visit(self, name: str, hash: str = "", state: str = "interactive") -> None:
        # A change of the hash alone is no visit.
        self.page.goto("about:blank")
        self.page.goto(f"{self.host}/{name}{hash and '#' + hash}")
        if state:
            self.wait(state=state)

    def wait(self, **data: str) -> None:
        wanted = "".join(f"[data-{name}='{value}']" for name, value in data.items())
        self.page.wait_for_selector(f"#stage{wanted}", timeout=LIMIT_MS)

    def data(self, name: str) -> str:
        """What the stage says of itself, when what was done to it has been drawn."""
        self.page.evaluate(_TWO_FRAMES)
        return str(self.page.get_attribute("#stage", f"data-{name}"))

    def azimuth(self) -> float:
        return float(self.data("view").split(",")[0])

    def radius(self) -> float:
        return float(self.data("view").split(",")[2])

    def press(self, *keys: str) -> None:
        self.page.focus("#stage")
        for key in keys:
            self.page.keyboard.press(key)

    def do(self, action: str) -> None:
        self.page.click(f"[data-action={action}]")

    def picture(self) -> np.ndarray:
        """The canvas alone (h, w, 3)."""
        self.page.evaluate(f"() => {{ stage.classList.add('bare'); return ({_TWO_FRAMES})(); }}")
        picture = pixels(self.page.screenshot(clip=self.page.locator("#stage").bounding_box()))
        self.page.evaluate("stage.classList.remove('bare')")
        return picture

    def middle(self) -> tuple[float, float]:
        box = self.page.locator("#stage").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def side(self) -> float:
        box = self.page.locator("#stage").bounding_box()
        return float(min(box["width"], box["height"]))

    def drag(self, right: float, down: float) -> None:
        """From beside the middle, where a spot is."""
        x, y = self.middle()
        x, y = x - 0.1 * self.side(), y - 0.1 * self.side()
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=4)
        self.page.mouse.up()

    def eventually(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + LIMIT_MS / 1000
        while not true():
            if time.monotonic() > end:
                pytest.fail(f"it never came: view {self.data('view')}, level {self.data('level')}")
            self.page.wait_for_timeout(50)

    def hash(self) -> str:
        self.page.wait_for_timeout(350)
        return str(self.page.evaluate("location.hash"))


def outline(picture: np.ndarray) -> np.ndarray:
    """Where the sphere is: its paints have a hue, page and shadow have none. (h, w) bool."""
    colours = picture.astype(int)
    return np.asarray(colours.max(axis=2) - colours.min(axis=2) > 24)


def shown_paints(picture: np.ndarray) -> list[int]:
    """By quarter of the sphere from the front, the index of the paint of turn 0 that is nearest."""
    height, width = picture.shape[:2]
    away = min(height, width) // 9
    found = []
    for down in (-1, 1):
        for right in (-1, 1):
            row, column = height // 2 + down * away, width // 2 + right * away
            here = picture[row - 5 : row + 5, column - 5 : column + 5].mean(axis=(0, 1))
            hue = here - here.mean()
            known = paints(0) - paints(0).mean(axis=1, keepdims=True)
            alike = (known @ hue) / np.linalg.norm(known, axis=1) / np.linalg.norm(hue)
            found.append(int(alike.argmax()))
    return found


def turned(turn: int) -> list[int]:
    return [int(i) for i in np.roll(np.arange(4), turn)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if find_chromium() is None or not (BUNDLES / "viewer.js").is_file():
        pytest.skip("there is no Chromium, or the viewer is not built (sh tools/setup.sh)")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("models")
    relic = write_models(folder)
    poster = "/models/poster.webp"
    unknown = relic | {"scale_known": False, "restored": False, "hotspots": []}
    pages = {
        "relic": page_of(relic, poster),
        "no-poster": page_of(relic),
        "unknown": page_of(unknown, poster),
        "broken": page_of(relic | {"levels": [{"name": "low", "url": "/models/none.glb"}]}, poster),
        "at-hand": page_of(relic, poster, {"lang": "de", "detail": "Zeigen"}, "/at-hand.js"),
    }
    with serving({"models": folder}, pages) as address:
        yield address


@pytest.fixture(scope="module")
def open_page(browser: Any, host: str) -> Iterator[Callable[..., Visitor]]:
    """Opens pages; at the end, nothing was asked of the outside and no script had failed."""
    wrong: list[str] = []

    def heard(message: Any) -> None:
        expected = "GPU stall", "404 (Not Found)", "none.glb", "WebGL", "CONTEXT_LOST", "Context"
        if message.type in ("error", "warning") and not any(e in message.text for e in expected):
            wrong.append(message.text)

    def opened(script: str = "", **settings: Any) -> Visitor:
        settings = {"reduced_motion": "reduce"} | settings
        context = browser.new_context(
            viewport={"width": SIDE_PX, "height": SIDE_PX + 80}, service_workers="block", **settings
        )
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda r: r.url.startswith((host, "blob:", "data:", "about:"))
                or wrong.append(r.url))  # fmt: skip
        return Visitor(page, host)

    yield opened
    assert wrong == []


@pytest.fixture(scope="module")
def shared(open_page: Callable[..., Visitor]) -> Visitor:
    return open_page()


@pytest.fixture
def visitor(shared: Visitor) -> Visitor:
    """A page that the tests of this module share: to start one takes as long as many looks."""
    shared.visit("relic", f"view={FRONT}")
    return shared


def test_the_first_view_is_the_posters(shared: Visitor) -> None:
    shared.visit("relic")
    shared.wait(level="low")
    shared.page.wait_for_timeout(400)  # the poster fades
    seen = shared.picture()
    stage = seen.shape[1], seen.shape[0]
    side = min(stage)
    file = shared.page.request.get(f"{shared.host}/models/poster.webp").body()
    poster = Image.open(io.BytesIO(file)).convert("RGBA").resize((side, side))
    page = Image.new("RGBA", stage, (240, 238, 234, 255))
    page.alpha_composite(poster, ((stage[0] - side) // 2, (stage[1] - side) // 2))
    wanted = np.asarray(page.convert("RGB"))
    ours, theirs = outline(seen), outline(wanted)
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.985
    inside = ours & theirs
    # Colours too: there is no jump to be seen where the one becomes the other.
    off = np.abs(seen[inside].astype(int) - wanted[inside])
    assert off.mean() < 8
    assert abs(seen[inside].mean() - wanted[inside].mean()) < 4


def test_the_sphere_is_as_large_as_its_view_says(visitor: Visitor) -> None:
    picture = visitor.picture()
    height, width = picture.shape[:2]
    radius_px = min(height, width) / 2 * tan(asin(RADIUS / DISTANCE)) / SLOPE
    assert outline(picture).sum() == pytest.approx(np.pi * radius_px**2, rel=0.02)
    assert shown_paints(picture) == turned(0)


def test_finer_levels_come_by_themselves_but_not_where_data_are_saved(
    open_page: Callable[..., Visitor],
) -> None:
    script = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    sparing, staying = open_page(script), open_page()
    asked: list[str] = []
    sparing.page.on("request", lambda request: asked.append(request.url))
    for one in (sparing, staying):
        one.visit("relic", f"view={FRONT}")
    before, view = staying.picture(), staying.data("view")
    staying.wait(level="medium")
    after = staying.picture()
    assert staying.data("view") == view
    assert shown_paints(after) == turned(1) != shown_paints(before)
    assert (outline(before) ^ outline(after)).sum() < 0.02 * outline(before).sum()
    sparing.press(*"++++++")
    sparing.page.wait_for_timeout(1000)
    assert sparing.data("level") == "low"
    assert [url for url in asked if "medium" in url or "high" in url] == []
    # What the visitor asks for comes all the same.
    sparing.do("finest")
    sparing.wait(level="high")
    for one in (sparing, staying):
        one.page.context.close()


def test_zooming_in_loads_the_finest_and_zooming_out_comes_back(visitor: Visitor) -> None:
    visitor.press(*"++++++++")
    visitor.wait(level="high")
    assert outline(visitor.picture()).mean() > 0.9
    visitor.press(*"-" * 20)
    visitor.press("0")
    assert visitor.hash() == ""
    assert 0.3 < outline(visitor.picture()).mean() < 0.8


def test_a_wheel_goes_to_what_is_under_it_and_never_through_the_surface(visitor: Visitor) -> None:
    x, y = visitor.middle()
    visitor.page.mouse.move(x + 0.1 * visitor.side(), y - 0.1 * visitor.side())
    for _ in range(30):
        visitor.page.mouse.wheel(0, -240)
    visitor.eventually(lambda: visitor.radius() < 0.02)
    theta, phi, radius, *target = map(float, visitor.data("view").split(","))
    a, e = radians(theta), radians(phi)
    back = np.array([sin(a) * cos(e), sin(e), cos(a) * cos(e)])
    assert np.linalg.norm(target + radius * back) > RADIUS
    assert np.all(np.array(target)[:2] * (1, 1) > 0.002)


def test_dragging_turns_and_keys_turn(visitor: Visitor) -> None:
    visitor.drag(-60, 0)
    dragged = visitor.azimuth()
    assert dragged == pytest.approx(60 * 200 / visitor.side(), abs=2)
    visitor.press("ArrowLeft", "ArrowUp")
    theta, phi = map(float, visitor.data("view").split(",")[:2])
    assert (abs(theta - dragged), abs(phi)) == (pytest.approx(10, abs=0.11), pytest.approx(10))
    assert visitor.data("mode") == "orbit"


def test_a_spot_opens_its_text_and_shows_its_detail(visitor: Visitor) -> None:
    page = visitor.page
    visitor.eventually(lambda: page.locator(".spot[data-behind]").count() == 1)
    assert page.get_attribute(".spot[data-behind]", "data-spot") == "back"
    page.click(".spot[data-spot=nose]")
    card = page.locator(".spot-card")
    assert "Nose <i>" in card.inner_text()
    assert "In front." in card.inner_text()
    assert page.evaluate("document.activeElement.className") == "card-close"
    assert "spot=nose" in visitor.hash()
    flown = visitor.radius()
    card.get_by_text("Show me this detail").click()
    visitor.wait(level="high")
    assert visitor.radius() < flown < DISTANCE
    card.get_by_label("Next").click()
    assert "At the side." in card.inner_text()
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert page.evaluate("document.activeElement.dataset.spot") == "ear"
    assert "spot" not in visitor.hash()


def test_the_light_goes_where_it_is_dragged(visitor: Visitor) -> None:
    def brighter_on_the_right() -> float:
        light = visitor.picture().astype(float).sum(axis=2)
        middle = light.shape[1] // 2
        row = slice(light.shape[0] // 2 - 40, light.shape[0] // 2 + 40)
        right, left = (
            light[row, middle + side * 90 - 15 : middle + side * 90 + 15] for side in (1, -1)
        )
        return float(right.mean() / left.mean())

    before = brighter_on_the_right()
    visitor.press("l")
    assert visitor.page.get_attribute("[data-action=light]", "aria-pressed") == "true"
    visitor.drag(180, 16)
    after = brighter_on_the_right()
    assert after > 1.8 * before
    assert visitor.data("view") == FRONT
    visitor.press(*["ArrowLeft"] * 12)
    assert brighter_on_the_right() < 0.6 * after
    assert re.search(r"light=-?\d+,\d+", visitor.hash())
    visitor.press("Escape", "0")
    assert visitor.data("mode") == "orbit"
    assert "light" not in visitor.hash()


_MEASURED = "() => stage.addEventListener('viewer:measure', (e) => { window.measured = e.detail; })"


def test_a_quarter_turn_between_two_points_is_measured_by_keys(visitor: Visitor) -> None:
    visitor.page.evaluate(_MEASURED)
    visitor.press("m", "Enter", *["ArrowRight"] * 9, "Enter")
    chord = 100 * RADIUS * sqrt(2)
    measured = visitor.page.evaluate("window.measured.cm")
    assert measured == pytest.approx(chord, rel=0.005)
    assert f"{chord:.2f} cm" in visitor.page.inner_text(".hint")
    assert visitor.page.locator(".measure text").text_content() == f"{chord:.2f} cm"
    visitor.press("Escape")
    assert visitor.page.locator(".measure text").is_hidden()
    assert visitor.data("mode") == "measure"


def test_two_taps_measure_what_lies_between_them_on_the_surface(visitor: Visitor) -> None:
    visitor.page.evaluate(_MEASURED)
    visitor.do("measure")
    per_pixel = 2 * SLOPE / visitor.side()

    def on_the_sphere(across: float, down: float) -> np.ndarray:
        ray = np.array([across * per_pixel, -down * per_pixel, -1])
        ray /= np.linalg.norm(ray)
        eye = np.array([0, 0, DISTANCE])
        near = -ray @ eye - sqrt((ray @ eye) ** 2 - DISTANCE**2 + RADIUS**2)
        return np.asarray(eye + near * ray)

    places = [(-70, -20), (50, 60)]
    x, y = visitor.middle()
    for across, down in places:
        visitor.page.mouse.click(x + across, y + down)
    a, b = (on_the_sphere(*place) for place in places)
    measured = visitor.page.evaluate("window.measured.cm")
    assert measured == pytest.approx(100 * np.linalg.norm(a - b), rel=0.005)
    visitor.page.mouse.click(x - visitor.side() * 0.48, y)
    assert "beside" in visitor.page.inner_text(".hint")


def test_what_was_made_up_is_coloured_and_explained(visitor: Visitor) -> None:
    def blue() -> float:
        """Bluer than any paint of the sphere's lower right, where it is made up."""
        picture = visitor.picture().astype(int)
        lower = picture[int(picture.shape[0] * 0.68) :]
        red, green, strongly = lower[..., 0], lower[..., 1], lower[..., 2]
        return float(((strongly > 2.5 * red) & (strongly > 1.5 * green)).mean())

    assert blue() < 0.002
    visitor.do("restored")
    assert blue() > 0.02
    assert visitor.page.locator(".legend").inner_text() == "Made up to close holes"
    assert "restored=1" in visitor.hash()
    visitor.do("restored")
    assert blue() < 0.002
    assert not visitor.page.locator(".legend").is_visible()


def test_how_large_it_is(visitor: Visitor) -> None:
    visitor.do("figure")
    labels = visitor.page.locator(".dimensions text").all_text_contents()
    assert labels == ["10.0 cm"] * 3
    assert visitor.page.get_attribute(".dimensions .figure", "data-figure") == "figure_hand"
    sphere_px = sqrt(outline(visitor.picture()).sum() / np.pi) * 2
    hand_px = visitor.page.locator(".dimensions .figure").bounding_box()["height"]
    # Both stand in the same depth; a sphere looks a little larger than it is.
    assert hand_px / sphere_px == pytest.approx(18 / 10, rel=0.05)
    visitor.do("figure")
    assert not visitor.page.locator(".dimensions text").first.is_visible()
    assert visitor.data("view") == FRONT


def test_a_link_leads_back_to_the_view(shared: Visitor) -> None:
    view = "120.5,-12,0.31,0.01,0.002,-0.004"
    shared.visit("relic", f"view={view}&spot=ear&light=-30,20&restored=1&step=3")
    assert shared.data("view") == view
    assert shared.page.locator(".spot-card").get_by_text("At the side.").is_visible()
    assert shared.page.locator(".legend").is_visible()
    shared.press("ArrowLeft")
    moved = shared.hash()
    assert "step=3" in moved
    assert "view=110.5,-12,0.31,0.01,0.002,-0.004" in moved
    assert "light=-30,20" in moved
    shared.page.evaluate("location.hash = '#view=10,20,0.4,0,0,0'")
    shared.wait(view="10,20,0.4,0,0,0")


@pytest.mark.parametrize(
    "hash", ["view=1,2,3", "view=a,b,c,d,e,f&light=x&spot=none", "view=0,0,-1,0,0,0"]
)
def test_a_wrong_link_leads_to_the_first_view(shared: Visitor, hash: str) -> None:
    shared.visit("relic", hash)
    assert shared.data("view").startswith("25,15,")


def test_a_lost_context_comes_back(visitor: Visitor) -> None:
    before = visitor.picture()
    lose = "() => { const gl = document.querySelector('canvas').getContext('webgl2');"
    lose += " window.lost = gl.getExtension('WEBGL_lose_context'); window.lost.loseContext(); }"
    visitor.page.evaluate(lose)
    visitor.wait(state="loading")
    visitor.page.evaluate("() => window.lost.restoreContext()")
    visitor.wait(state="interactive")
    visitor.page.wait_for_timeout(300)
    after = visitor.picture()
    assert np.abs(after.astype(int) - before).mean() < 1
    visitor.press("ArrowLeft")
    assert np.abs(visitor.picture().astype(int) - before).mean() > 1


def test_without_a_scale_nothing_is_measured(shared: Visitor) -> None:
    shared.visit("unknown")
    for action in ("measure", "figure", "ar", "restored", "spots"):
        assert not shared.page.locator(f"[data-action={action}]").is_visible()
    assert "size of this object is not known" in shared.page.inner_text("[data-ar-reason]")
    shared.press("m")
    assert shared.data("mode") == "orbit"


def test_a_model_that_cannot_be_had_leaves_the_poster(shared: Visitor) -> None:
    shared.visit("broken", state="failed")
    assert "could not be loaded" in shared.page.inner_text(".hint")
    assert (
        shared.page.evaluate("getComputedStyle(document.querySelector('.poster')).opacity") == "1"
    )


def test_a_browser_without_webgl_keeps_the_poster(open_page: Callable[..., Visitor]) -> None:
    one = open_page("HTMLCanvasElement.prototype.getContext = () => null")
    one.visit("relic", state="failed")
    assert "cannot show 3D" in one.page.inner_text(".hint")
    assert one.page.locator(".poster").is_visible()
    one.page.context.close()


_FOLLOWED = """
HTMLAnchorElement.prototype.click = function () {
  window.followed = [this.href, this.rel, this.children.length];
};
"""


def test_ways_into_the_room(open_page: Callable[..., Visitor]) -> None:
    android = open_page(_FOLLOWED, user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/130")
    android.visit("relic", state="")
    android.wait(ar="scene-viewer")
    android.do("ar")
    address, rel, _ = android.page.evaluate("window.followed")
    assert address.startswith("intent://arvr.google.com/scene-viewer/1.2?file=http")
    assert "%2Fmodels%2Fhigh.glb&" in address
    assert "resizable=false" in address
    android.page.context.close()
    quick = "DOMTokenList.prototype.supports = (token) => token === 'ar';"
    phone = open_page(_FOLLOWED + quick)
    phone.visit("relic", state="")
    phone.wait(ar="quick-look")
    phone.do("ar")
    address, rel, pictures = phone.page.evaluate("window.followed")
    assert (address.endswith("/models/model.usdz#allowsContentScaling=0"), rel, pictures) == (
        True,
        "ar",
        1,
    )
    phone.page.context.close()
    xr = "{ value: { isSessionSupported: async () => true } }"
    headset = open_page(f"Object.defineProperty(navigator, 'xr', {xr})")
    headset.visit("relic", state="")
    headset.wait(ar="webxr")
    headset.page.context.close()


def test_a_tour_shows_one_relic_after_another_in_its_language(shared: Visitor) -> None:
    shared.visit("at-hand", "spot=ear")
    page = shared.page
    assert page.inner_text(".card-detail") == "Zeigen"
    other = {"id": "other", "title": "Other", "scale_known": False, "restored": False,
             "levels": [{"name": "only", "url": "/models/high.glb"}], "bounds": [[-1] * 3, [1] * 3],
             "hotspots": [], "view": {"position": [0, 0, 0.4], "target": [0, 0, 0]}}  # fmt: skip
    # As a tour does: what the address says of the last relic is not of this one.
    page.evaluate("history.replaceState(null, '', location.pathname)")
    page.evaluate("(relic) => window.viewer.show(relic)", other)
    shared.wait(level="only", state="interactive")
    assert shown_paints(shared.picture()) == turned(2)
    assert page.locator(".spot").count() == 0
    assert not page.locator(".spot-card").is_visible()
    assert not page.locator("[data-action=measure]").is_visible()
    page.evaluate(
        "window.viewer.go({ position: [0.4, 0, 0], target: [0, 0, 0] }, { instant: true })"
    )
    assert page.evaluate("window.viewer.view()") == "90,0,0.4,0,0,0"


def test_another_language_takes_its_place_without_a_new_start(shared: Visitor) -> None:
    shared.visit("at-hand", f"view={FRONT}&spot=nose")
    shared.page.evaluate(
        "viewer.speak({ lang: 'it', detail: 'Mostra' }, { ...viewer.relic, hotspots:"
        " viewer.relic.hotspots.map((spot) => ({ ...spot, title: spot.title + ' (it)' })) })"
    )
    assert shared.page.inner_text(".card-title") == "Nose <i> (it)"
    assert shared.page.inner_text(".card-detail") == "Mostra"
    assert shared.data("view") == FRONT
    shared.do("figure")
    assert shared.page.locator(".dimensions text").first.text_content() == "10,0 cm"


def test_the_link_that_is_shared_leads_to_what_is_seen(shared: Visitor) -> None:
    shared.visit("relic", f"view={FRONT}")
    shared.page.evaluate(
        "() => { navigator.share = undefined;"
        " navigator.clipboard.writeText = async (text) => { window.copied = text; }; }"
    )
    shared.press("ArrowLeft")
    shared.do("share")
    assert shared.page.inner_text(".hint") == "The link was copied."
    assert shared.page.evaluate("copied").endswith(f"#view={FRONT.replace('0', '350', 1)}")


def test_it_draws_only_when_something_moves(shared: Visitor) -> None:
    shared.visit("relic", f"view={FRONT}")
    shared.page.emulate_media(reduced_motion="no-preference")
    shared.page.evaluate(
        "() => { const ask = requestAnimationFrame; window.drawn = 0;"
        " window.requestAnimationFrame = (f) => { window.drawn += 1; return ask(f); }; }"
    )
    shared.page.wait_for_timeout(300)
    assert shared.page.evaluate("drawn") == 0
    shared.press("ArrowLeft")
    shared.page.wait_for_selector("#stage[data-view^='350,']", timeout=LIMIT_MS)
    assert shared.page.evaluate("drawn") > 2
    shared.page.emulate_media(reduced_motion="reduce")
