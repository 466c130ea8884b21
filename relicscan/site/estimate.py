"""What the first minute of a crowd takes: bytes, requests and Gbit/s, from the site as it is built.

What a page makes a browser ask for is read from the page itself: its styles, scripts and pictures,
what those name in turn, and the first model in its data. A picture counts as the heaviest of the
forms that it is offered in. Bytes are those of bodies, in Brotli where a copy lies beside; headers
and TLS come to it.
"""

from __future__ import annotations

import json
import posixpath
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from relicscan.errors import OutputError

#: How long the crowd takes to arrive.
SECONDS = 60

_FETCHED = frozenset(("stylesheet", "modulepreload", "preload", "icon", "manifest"))
#: What scripts and styles ask for by addresses of their own.
_IN_SCRIPT = re.compile(
    r"""(?:\bfrom|\bimport|\bimport\s*\(|\bnew\s+URL\s*\()\s*["'](\.{1,2}/[^"'\\\s]+)["']"""
)
_IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
_SERVICE_WORKER = "sw.js"


@dataclass(frozen=True)
class Asked:
    """A file that a browser asks for, and the bytes of what it gets; `encoding` is br or none."""

    path: str
    bytes: int
    encoding: str | None


@dataclass(frozen=True)
class View:
    """A page until it shows what it is for: on a relic's page, the model that can be turned.

    `later` are pictures that are loaded when they are scrolled to, and the service worker.
    `elsewhere` are addresses of other sites that the page asks for; there should be none.
    """

    page: str
    first: tuple[Asked, ...]
    later: tuple[Asked, ...]
    elsewhere: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(asked.bytes for asked in self.first)

    @property
    def requests(self) -> int:
        return len(self.first)

    @property
    def later_bytes(self) -> int:
        return sum(asked.bytes for asked in self.later)

    def as_data(self, viewers: int) -> dict[str, Any]:
        """For JSON, with what it means for so many viewers in a minute."""
        return {
            "page": self.page,
            "bytes": self.bytes,
            "requests": self.requests,
            "later_bytes": self.later_bytes,
            "later_requests": len(self.later),
            "total_bytes": self.bytes * viewers,
            "gbit_per_s": gbit_per_s(self.bytes, viewers),
            "requests_per_s": self.requests * viewers / SECONDS,
            "first": [asdict(asked) for asked in self.first],
            "later": [asdict(asked) for asked in self.later],
            "elsewhere": list(self.elsewhere),
        }


@dataclass(frozen=True)
class Estimate:
    """The home page, the heaviest relic page, and a visit to both, what they share once.

    `relic` and `both` are None in a site without relics, and so is `median_relic_bytes`, of the
    relic pages in the first language.
    """

    viewers: int
    home: View
    relic: View | None
    both: View | None
    relic_pages: int
    median_relic_bytes: int | None

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        views = {"home": self.home, "relic": self.relic, "both": self.both}
        return {
            "viewers": self.viewers,
            "seconds": SECONDS,
            **{name: view and view.as_data(self.viewers) for name, view in views.items()},
            "relic_pages": self.relic_pages,
            "median_relic_bytes": self.median_relic_bytes,
        }


def gbit_per_s(size: int, viewers: int) -> float:
    """What so many viewers of so many bytes take, spread over the minute; 1 Gbit is 1e9 bits."""
    return size * 8 * viewers / SECONDS / 1e9


def estimate(site: Path, viewers: int) -> Estimate:
    """What `viewers` take who open a built site within a minute.

    Raises OutputError where the folder is no site, or a page names a file that is not there.
    """
    if not (site / "index.html").is_file():
        raise OutputError(
            "there is no index.html, so this is no site",
            scan=str(site),
            remedy="name the folder that relicscan publish wrote",
        )
    files = _Files(site)
    home = files.view("index.html")
    relics = [files.view(page) for page in _relic_pages(site)]
    heaviest = max(relics, key=lambda view: view.bytes, default=None)
    return Estimate(
        viewers=viewers,
        home=home,
        relic=heaviest,
        both=heaviest and _together(home, heaviest),
        relic_pages=len(relics),
        median_relic_bytes=round(statistics.median(v.bytes for v in relics)) if relics else None,
    )


def _relic_pages(site: Path) -> list[str]:
    """The relic pages in the language of the home page, or else the first that has some."""
    page = _Page()
    page.feed((site / "index.html").read_text(encoding="utf-8"))
    languages = sorted(path.parent.name for path in site.glob("*/relics"))
    if page.language in languages:
        languages = [page.language]
    return [
        path.relative_to(site).as_posix()
        for language in languages[:1]
        for path in sorted((site / language / "relics").glob("*.html"))
    ]


def _together(first: View, second: View) -> View:
    asked = dict.fromkeys((*first.first, *second.first))
    later = dict.fromkeys(a for a in (*first.later, *second.later) if a not in asked)
    elsewhere = dict.fromkeys((*first.elsewhere, *second.elsewhere))
    name = f"{first.page} and {second.page}"
    return View(name, tuple(asked), tuple(later), tuple(elsewhere))


class _Files:
    """The files of a site, each looked at once."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self._asked: dict[str, Asked] = {}
        self._named: dict[str, tuple[str, ...]] = {}

    def view(self, name: str) -> View:
        page = _Page()
        page.feed((self.site / name).read_text(encoding="utf-8"))
        elsewhere: dict[str, None] = {}

        def paths(addresses: Iterable[str]) -> Iterator[str]:
            for address in addresses:
                path = _path_of(name, address)
                if path is not None:
                    yield path
                elif not address.startswith(("data:", "blob:", "#")):
                    elsewhere[address] = None

        first = dict.fromkeys((name, *self._with_what_they_name(paths(page.first))))
        first |= dict.fromkeys(self._heaviest(name, (list(paths(one)) for one in page.pictures)))
        later = dict.fromkeys(self._heaviest(name, (list(paths(one)) for one in page.lazy)))
        later |= dict.fromkeys(paths(page.later))
        if page.scripted and (self.site / _SERVICE_WORKER).is_file():
            later[_SERVICE_WORKER] = None
        return View(
            page=name,
            first=tuple(self._of(path, name) for path in first),
            later=tuple(self._of(path, name) for path in later if path not in first),
            elsewhere=tuple(elsewhere),
        )

    def _with_what_they_name(self, paths: Iterable[str]) -> Iterator[str]:
        """Files, and what scripts and styles among them ask for, and so on."""
        seen: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop(0)
            if path not in seen:
                seen.add(path)
                yield path
                waiting += self._names_in(path)

    def _names_in(self, path: str) -> tuple[str, ...]:
        pattern = {".js": _IN_SCRIPT, ".css": _IN_STYLE}.get(posixpath.splitext(path)[1])
        if pattern is None or not (self.site / path).is_file():
            return ()
        if path not in self._named:
            text = (self.site / path).read_text(encoding="utf-8")
            found = (_path_of(path, address) for address in pattern.findall(text))
            # A script's addresses are guessed at by their looks: what is not there is none.
            self._named[path] = tuple(p for p in found if p and (self.site / p).is_file())
        return self._named[path]

    def _heaviest(self, page: str, pictures: Iterable[Sequence[str]]) -> Iterator[str]:
        for forms in pictures:
            if forms:
                yield max(forms, key=lambda path: self._of(path, page).bytes)

    def _of(self, path: str, page: str) -> Asked:
        if path not in self._asked:
            try:
                size, encoding = (self.site / path).stat().st_size, None
                copy = self.site / f"{path}.br"
                if copy.is_file():
                    size, encoding = copy.stat().st_size, "br"
            except OSError:
                raise OutputError(
                    f"{page} names {path}, which is not there",
                    scan=str(self.site),
                    remedy="publish the site again",
                ) from None
            self._asked[path] = Asked(path, size, encoding)
        return self._asked[path]


class _Page(HTMLParser):
    """What a page makes a browser ask for, as addresses; of pictures, the forms of each."""

    def __init__(self) -> None:
        super().__init__()
        self.language = ""
        self.first: list[str] = []
        self.later: list[str] = []
        self.pictures: list[list[str]] = []
        self.lazy: list[list[str]] = []
        self.scripted = False
        self._forms: list[str] = []
        self._without_scripts = 0
        self._island: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "noscript":
            self._without_scripts += 1
        if self._without_scripts:
            return
        match tag:
            case "html":
                self.language = given.get("lang", "")
            case "link":
                words = set(given.get("rel", "").lower().split())
                if words & _FETCHED and "alternate" not in words and "href" in given:
                    self.first.append(given["href"])
            case "script" if "src" in given:
                self.scripted = True
                self.first.append(given["src"])
                if given.get("data-viewer"):  # which the script of a relic's page imports
                    self.first.append(given["data-viewer"])
            case "script" if given.get("type") == "application/json" and given.get("id") == "relic":
                self._island = []
            case "picture":
                self._forms = []
            case "source":
                self._forms += _candidates(given.get("srcset", ""))
            case "img":
                forms = [*self._forms, *_candidates(given.get("srcset", ""))]
                forms += [given["src"]] if given.get("src") else []
                (self.lazy if given.get("loading") == "lazy" else self.pictures).append(forms)
            case "use" | "image":
                self.first.append(given.get("href") or given.get("xlink:href") or "#")
            case "audio" | "video":
                if given.get("poster"):
                    self.first.append(given["poster"])
                if given.get("src") and given.get("preload") != "none":
                    self.later.append(given["src"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "noscript":
            self._without_scripts = max(0, self._without_scripts - 1)
        elif tag == "picture":
            self._forms = []
        elif tag == "script" and self._island is not None:
            self.first += _first_model("".join(self._island))
            self._island = None

    def handle_data(self, data: str) -> None:
        if self._island is not None:
            self._island.append(data)


def _first_model(island: str) -> list[str]:
    """The address of the first level in a relic's data."""
    try:
        return [str(json.loads(island)["levels"][0]["url"])]
    except (ValueError, LookupError, TypeError):
        return []


def _candidates(srcset: str) -> list[str]:
    return [one.split()[0] for one in srcset.split(",") if one.strip()]


def _path_of(page: str, address: str) -> str | None:
    """The path in the site that an address in a file of the site leads to; None if elsewhere."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    return None if path.startswith("../") or path == ".." else path
