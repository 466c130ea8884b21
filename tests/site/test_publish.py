"""A site as a whole: complete, the same each time, nothing in it that asks or runs what it should
not.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from relicscan.errors import OutputError, PipelineError
from relicscan.site.publish import publish
from tests.metadata.exports.conftest import ATTACKS
from tests.site.outputs import everything, write_output

BUNDLE = Path(__file__).parents[2] / "relicscan" / "vendor" / "site" / "viewer.js"
pytestmark = pytest.mark.skipif(
    not BUNDLE.is_file(), reason="the viewer is not bundled here (sh tools/setup.sh, with npm)"
)

HOSTILE = {
    "en": ATTACKS["html"],
    "de": '"><img src=x onerror=alert(1)>',
    "zh-Hans": "</script><script>alert(1)</script>{{ 7*7 }}",
    "ar": "\u202egnp.exe أمفورة \"ملونة\" 'و'",
    "x-ctrl": ATTACKS["ansi"],
}


class Page(HTMLParser):
    """What a page links to and holds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.islands: dict[str, Any] = {}
        self.text = ""
        self._island: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        names = ("href", "src", "data-viewer", "data-index")
        self.addresses += [v for name in names if (v := given.get(name))]
        self._island = given.get("id") if given.get("type") == "application/json" else None

    def handle_data(self, data: str) -> None:
        if self._island:
            self.islands[self._island] = json.loads(data)
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._island = None


def files(site: Path) -> dict[str, bytes]:
    return {p.relative_to(site).as_posix(): p.read_bytes() for p in site.rglob("*") if p.is_file()}


def pages(site: Path) -> dict[str, Page]:
    return {
        path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    titles = {"object__title": HOSTILE, "object__description": HOSTILE, "museum__name": HOSTILE}
    write_output(folder / "out", everything("cup"), everything("jar", **titles))
    exhibition = folder / "exhibition.toml"
    exhibition.write_text(
        'title = "Vessels </title>"\n[[theme]]\nid = "t"\ntitle = "T"\nrelics = ["jar"]\n'
    )
    publish(folder / "out", folder / "site", exhibition=exhibition)
    return folder / "site"


def test_every_link_leads_somewhere(site: Path) -> None:
    there = files(site)
    for path, page in pages(site).items():
        for address in page.addresses:
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.scheme in ("http", "https")
                continue
            if not parts.path:
                continue
            where = [] if path == "404.html" else path.split("/")[:-1]
            given = parts.path.removeprefix("/") if path == "404.html" else parts.path
            steps = [*where, *unquote(given).split("/")]
            found: list[str] = []
            for step in steps:
                assert not (step == ".." and not found), f"{path}: {address} leaves the site"
                found = found[:-1] if step == ".." else [*found, step]
            assert "/".join(found) in there, f"{path}: {address}"


def test_no_text_becomes_markup(site: Path) -> None:
    for path, page in pages(site).items():
        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on")], path
            assert "style" not in attributes, path
            if tag == "script":
                assert attributes.get("src") or attributes.get("type") == "application/json"
        assert not [a for a in page.addresses if a.lower().startswith(("javascript", "data"))]
    relic = pages(site)["en/relics/jar.html"]
    assert relic.islands["relic"]["title"] == HOSTILE["en"]
    assert HOSTILE["en"] in relic.text
    assert "49" not in pages(site)["zh-Hans/relics/jar.html"].islands["relic"]["title"]


def test_every_page_in_every_language_with_the_others(site: Path) -> None:
    found = pages(site)
    tags = {path.split("/")[0] for path in found if "/" in path}
    assert tags == {"zh-Hans", "en", "de", "fr", "it"}
    names = {tag: {path.partition("/")[2] for path in found if path.startswith(f"{tag}/")}
             for tag in tags}  # fmt: skip
    assert len({frozenset(one) for one in names.values()}) == 1
    assert {"index.html", "timeline.html", "search.html", "about.html", "relics/cup.html",
            "museums/xx-000001.html", "themes/t.html", "tours/cup.around.html"
            } <= names["en"]  # fmt: skip
    for path, page in found.items():
        tongues = [a for tag, a in page.tags if tag == "link" and "hreflang" in a]
        assert {one["hreflang"] for one in tongues} == {*tags, "x-default"}, path
        lang = next(a["lang"] for tag, a in page.tags if tag == "html")
        assert lang == (path.split("/")[0] if "/" in path else "zh-Hans")


def test_what_is_missing_in_a_language_is_marked(site: Path) -> None:
    """The maker is told in Chinese, English and German only."""
    html = (site / "it/relics/cup.html").read_text(encoding="utf-8")
    assert re.search(r'<span lang="zh-Hans"[^>]*>阿马西斯画家</span> <small class="other">', html)


def test_the_policy_and_the_assets_names(site: Path) -> None:
    import hashlib

    for page in pages(site).values():
        policy = next(
            a["content"] for tag, a in page.tags
            if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
        )  # fmt: skip
        assert policy
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
    for path in (site / "assets").iterdir():
        if path.suffix not in (".br", ".gz"):
            assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.stem)


def test_compressed_forms_are_of_what_they_stand_beside(site: Path) -> None:
    import gzip

    import brotli

    compressed = [path for path in site.rglob("*") if path.suffix in (".br", ".gz")]
    assert len(compressed) > 50
    for path in compressed:
        unpack = brotli.decompress if path.suffix == ".br" else gzip.decompress
        assert unpack(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_the_same_relics_give_the_same_bytes(site: Path, tmp_path: Path) -> None:
    exhibition = site.parent / "exhibition.toml"
    publish(site.parent / "out", tmp_path / "elsewhere", exhibition=exhibition)
    first = files(tmp_path / "elsewhere")
    assert first == files(site)
    publish(site.parent / "out", tmp_path / "elsewhere", exhibition=exhibition)  # over itself
    assert files(tmp_path / "elsewhere") == first


def test_damaged_compressed_files_of_an_earlier_build_are_not_taken(tmp_path: Path) -> None:
    write_output(tmp_path / "out", everything("cup"))
    publish(tmp_path / "out", tmp_path / "site")
    good = files(tmp_path / "site")
    packed = next((tmp_path / "site" / "assets").glob("*.css.br"))
    packed.write_bytes(packed.read_bytes()[:-9] + b"012345678")
    publish(tmp_path / "out", tmp_path / "site")
    assert files(tmp_path / "site") == good


def test_a_damaged_relic_costs_itself(tmp_path: Path) -> None:
    write_output(tmp_path / "out", everything("cup"), everything("jar"))
    (tmp_path / "out" / "cup" / "web" / "low.glb").write_bytes(b"forged")
    exhibition = tmp_path / "exhibition.toml"
    exhibition.write_text('[[theme]]\nid = "t"\ntitle = "T"\nrelics = ["cup", "jar"]\n')
    found = publish(tmp_path / "out", tmp_path / "site", exhibition=exhibition)
    assert found.relics == ("jar",)
    (left,) = found.left_out
    assert left.relic == "cup"
    assert left.reason == "web/low.glb is not the file that relic.json lists"
    assert left.remedy
    assert any("theme t: cup is left out" in remark for remark in found.remarks)
    write_output(tmp_path / "only", everything("jar"))
    publish(tmp_path / "only", tmp_path / "site-2")
    # Nothing of it is there, not even what was good.
    assert {p for p in files(tmp_path / "site") if p.startswith("assets/")} <= {
        *files(tmp_path / "site-2"),
        *(p for p in files(tmp_path / "site") if "json" in p),
    }


@pytest.mark.parametrize("where", ["out/site", "full"])
def test_where_no_site_may_be(tmp_path: Path, where: str) -> None:
    write_output(tmp_path / "out", everything("cup"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_text("mine")
    with pytest.raises(OutputError):
        publish(tmp_path / "out", tmp_path / where)
    assert (tmp_path / "full" / "thesis.doc").read_text() == "mine"
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("url", ["museum.example", "ftp://a.b", "https://u:p@a.b/", "javascript:1"])
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    write_output(tmp_path / "out", everything("cup"))
    with pytest.raises(PipelineError):
        publish(tmp_path / "out", tmp_path / "site", base_url=url)


def test_oembed(tmp_path: Path) -> None:
    write_output(tmp_path / "out", everything("cup", object__title={"en": 'A "cup" <b>'}))
    publish(tmp_path / "out", tmp_path / "site", base_url="https://museum.example/3d/")
    data = json.loads((tmp_path / "site" / "oembed" / "en" / "cup.json").read_text())
    assert (data["version"], data["type"]) == ("1.0", "rich")
    frame = Page(data["html"]).tags
    assert frame[0][1]["src"] == "https://museum.example/3d/en/relics/cup.html?embed"
    assert frame[0][1]["title"] == 'A "cup" <b>'
    assert len(frame) == 1
    page = Page((tmp_path / "site" / "en" / "relics" / "cup.html").read_text(encoding="utf-8"))
    (link,) = [a for _, a in page.tags if a.get("type") == "application/json+oembed"]
    assert link["href"] == "https://museum.example/3d/oembed/en/cup.json"


def test_downloads_only_as_far_as_rights_allow(tmp_path: Path) -> None:
    closed = {"uri": "http://rightsstatements.org/vocab/InC/1.0/"}
    write_output(tmp_path / "out", everything("cup"), everything("jar", rights__digital=closed))
    publish(tmp_path / "out", tmp_path / "site")
    found = pages(tmp_path / "site")
    offered = {
        name: [a["download"] for _, a in found[f"en/relics/{name}.html"].tags if "download" in a]
        for name in ("cup", "jar")
    }
    assert offered == {"cup": ["cup.glb", "cup.usdz"], "jar": []}
