"""Every byte of a page that a browser asks for is counted, once, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relicscan.errors import OutputError
from relicscan.site.estimate import View, estimate, gbit_per_s

HOME = """<!doctype html><html lang="de"><head>
<link rel="stylesheet" href="assets/a.css"><link rel="icon" href="assets/i.svg">
<link rel="canonical" href="https://museum.example/"><link rel="alternate" href="en/index.html">
<link rel="alternate stylesheet" href="assets/other.css">
<script type="module" src="assets/a.js"></script></head><body>
<img src="assets/1.webp"><img src="assets/1.webp" alt="again">
<img src="assets/2.webp" loading="lazy">
<noscript><img src="assets/3.webp"></noscript>
<a href="de/relics/a.html">A</a><a href="assets/high.glb" download>B</a>
<audio src="assets/voice.mp3" preload="none"></audio>
</body></html>"""

RELIC = """<!doctype html><html lang="de"><head>
<link rel="stylesheet" href="../../assets/a.css?x=1#y">
<script type="module" src="../../assets/a.js"></script>
<script type="module" src="../../assets/relic.js" data-viewer="../../assets/viewer.js"></script>
</head><body><div class="stage"><picture>
<source srcset="../../assets/1.webp 1x, ../../assets/2.webp 2x"><img src="../../assets/3.webp">
</picture></div><svg><use href="#icon"/></svg>
<script type="application/json" id="relic">%s</script>
<script type="application/json" id="other">{"levels": [{"url": "../../assets/high.glb"}]}</script>
</body></html>"""

SIZES = {
    "assets/a.js": 0,
    "assets/relic.js": 100,
    "assets/viewer.js": 0,
    "assets/worker.js": 41,
    "assets/decoder.js": 43,
    "assets/i.svg": 7,
    "assets/1.webp": 1000,
    "assets/2.webp": 3000,
    "assets/3.webp": 2000,
    "assets/paper.png": 17,
    "assets/more.css": 19,
    "assets/low.glb": 5000,
    "assets/high.glb": 90_000,
    "assets/voice.mp3": 70_000,
    "sw.js": 29,
}


def island(url: str = "../../assets/low.glb") -> str:
    levels = [{"name": "low", "url": url}, {"name": "high", "url": "../../assets/high.glb"}]
    return json.dumps({"id": "a", "levels": levels})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write(tmp_path, "index.html", HOME)
    write(tmp_path, "de/relics/a.html", RELIC % island())
    write(tmp_path, "en/relics/a.html", RELIC % island("../../assets/high.glb"))
    for name, size in SIZES.items():
        write(tmp_path, name, " " * size)
    write(tmp_path, "assets/a.css", "@import 'more.css'; a{background:url(paper.png)url(data:a,b)}")
    write(
        tmp_path,
        "assets/viewer.js",
        'import{a}from"./decoder.js";new Worker(new URL("./worker.js",import.meta.url));'
        'import("./not-there.js");const s="../../assets/high.glb"',
    )
    return tmp_path


def write(site: Path, name: str, text: str) -> None:
    path = site / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def names(view: View | None) -> tuple[set[str], set[str]]:
    assert view is not None
    paths = [asked.path for asked in (*view.first, *view.later)]
    assert len(set(paths)) == len(paths)
    return {a.path for a in view.first}, {a.path for a in view.later}


STYLE = {"assets/a.css", "assets/more.css", "assets/paper.png"}


def test_the_home_page(site: Path) -> None:
    home = estimate(site, 1).home
    first = {"index.html", "assets/i.svg", "assets/a.js", "assets/1.webp", *STYLE}
    assert names(home) == (first, {"assets/2.webp", "sw.js"})
    assert home.bytes == sum((site / name).stat().st_size for name in first)
    assert home.requests == len(first)
    assert home.later_bytes == 3029
    assert home.elsewhere == ()


def test_a_relic_page_until_its_model_can_be_turned(site: Path) -> None:
    found = estimate(site, 1)
    scripts = {f"assets/{name}.js" for name in ("a", "relic", "viewer", "decoder", "worker")}
    first = {"de/relics/a.html", "assets/2.webp", "assets/low.glb", *scripts, *STYLE}
    assert names(found.relic) == (first, {"sw.js"})
    assert found.relic_pages == 1  # in the language of the home page
    assert found.relic is not None
    assert found.median_relic_bytes == found.relic.bytes


def test_a_visit_to_both_asks_for_what_they_share_once(site: Path) -> None:
    found = estimate(site, 1)
    assert found.both is not None
    assert found.relic is not None
    shared = {a for a in found.home.first if a in found.relic.first}
    assert {a.path for a in shared} == {"assets/a.js", *STYLE}
    assert found.both.bytes == found.home.bytes + found.relic.bytes - sum(a.bytes for a in shared)
    assert names(found.both)[1] == {"sw.js"}  # the second picture is there by now


def test_what_lies_compressed_beside_is_what_is_sent(site: Path) -> None:
    before = estimate(site, 1).home.bytes
    write(site, "assets/1.webp.gz", "x")
    write(site, "index.html.br", "x" * 100)
    home = estimate(site, 1).home
    assert home.bytes == before - len(HOME) + 100
    assert {a.path: a.encoding for a in home.first}["index.html"] == "br"
    assert {a.encoding for a in home.first[1:]} == {None}


def test_the_heaviest_relic_page_and_the_one_in_the_middle(site: Path) -> None:
    for number in (1, 2):
        write(site, f"de/relics/b{number}.html", RELIC % island("../../assets/high.glb"))
    found = estimate(site, 1)
    assert found.relic is not None
    assert found.relic.page == "de/relics/b1.html"
    assert found.relic_pages == 3
    assert found.median_relic_bytes == found.relic.bytes
    assert found.relic.bytes > 90_000


def test_a_crowd_in_gigabits(site: Path) -> None:
    assert gbit_per_s(306_000, 370_000) == pytest.approx(15.096)
    data = estimate(site, 400_000).as_data()
    home = data["home"]
    assert home["total_bytes"] == home["bytes"] * 400_000
    assert home["gbit_per_s"] == pytest.approx(home["bytes"] * 400_000 * 8 / 60e9)
    assert home["requests_per_s"] == pytest.approx(home["requests"] * 400_000 / 60)
    assert json.loads(json.dumps(data)) == data


def test_what_pages_ask_for_from_elsewhere_is_told(site: Path) -> None:
    page = HOME.replace("assets/1.webp", "https://cdn.example/1.webp").replace(
        'src="assets/a.js"', 'src="//cdn.example/a.js"'
    )
    page = page.replace('"assets/i.svg"', '"/i.svg"').replace("assets/a.css", "../out.css")
    write(site, "index.html", page)
    assert set(estimate(site, 1).home.elsewhere) == {
        *("https://cdn.example/1.webp", "//cdn.example/a.js", "/i.svg", "../out.css"),
    }


def test_a_site_without_relics_and_a_page_without_data(site: Path) -> None:
    write(site, "de/relics/a.html", RELIC % "{not json")
    assert "assets/low.glb" not in names(estimate(site, 1).relic)[0]
    for page in site.glob("*/relics/*.html"):
        page.unlink()
    found = estimate(site, 1)
    assert (found.relic, found.both, found.median_relic_bytes) == (None, None, None)
    assert found.as_data()["relic"] is None


def test_what_is_no_site_or_names_what_is_not_there(site: Path, tmp_path: Path) -> None:
    (site / "assets" / "low.glb").unlink()
    with pytest.raises(OutputError, match=r"de/relics/a\.html names assets/low\.glb") as raised:
        estimate(site, 1)
    assert raised.value.remedy == "publish the site again"
    with pytest.raises(OutputError, match=r"no index\.html"):
        estimate(tmp_path / "assets", 1)
