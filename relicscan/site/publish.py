"""`publish`: the finished relics of an output folder become a static site, whole or not at all.

The site is built beside its place and renamed into it. Nothing of the day, the host or the path is
in it, so the same relics give the same bytes. `site.json` says that the folder is ours, what is
shown and what is left out; only such a folder, or an empty one, is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from relicscan.delivery.sounds import read_sound
from relicscan.errors import OutputError, PipelineError, RelicscanError, ScanError
from relicscan.metadata.canonical import bytes_sha256, canonical_json
from relicscan.metadata.exhibition import ExhibitionToml, read_exhibition
from relicscan.site import deploy
from relicscan.site.assets import SiteFolder
from relicscan.site.gather import Exhibition, LeftOut, Shown, gather
from relicscan.site.pages import Site, embed_html, front_page, not_found, pages, search_index
from relicscan.site.place import built_beside, is_built_already
from relicscan.site.relic_data import RelicAssets, place
from relicscan.site.words import languages_of

MARK = "site.json"
SCRIPTS = ("page", "relic", "tour", "search", "viewer")
_OEMBED_PX = (640, 480)
_BASE_URL = re.compile(r"https?://[^\s<>\"{}|\\^`/?#@]+(/[^\s<>\"{}|\\^`?#]*)?")


@dataclass(frozen=True)
class Published:
    """What a site shows, and what not and why; `pages` and `bytes` are what was written of it."""

    folder: Path
    relics: tuple[str, ...]
    museums: int
    tours: int
    languages: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]
    pages: int

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self) | {"folder": str(self.folder)}


def publish(
    out: str | Path,
    to: str | Path,
    *,
    exhibition: str | Path | None = None,
    include: Collection[str] = ("pass",),
    base_url: str | None = None,
) -> Published:
    """Write the exhibition of the output folder `out` to the folder `to`.

    `exhibition` is an exhibition.toml, `include` the verdicts that are shown, `base_url` where the
    site will be found: it is needed for what names itself by its address (embedding, previews in
    messengers), and for nothing else. Raises PipelineError for an address that is none; ScanError
    for an exhibition.toml that is wrong; OutputError where nothing can be shown, or `to` is
    something else than a site.
    """
    if base_url is not None and not _BASE_URL.fullmatch(base_url):
        raise PipelineError(
            f"{base_url[:80]!r} is not a web address that pages can be below",
            remedy="for example --base-url https://museum.example/3d",
        )
    source, target = Path(out).absolute(), Path(to).absolute()
    earlier = target if is_built_already(target, source, MARK, "site") else None
    toml = read_exhibition(Path(exhibition)) if exhibition else ExhibitionToml()
    with built_beside(target, "site") as partial, SiteFolder(partial, earlier) as site:
        shown, placed = _placed(source, toml, include, site)
        written = _write(
            shown,
            placed,
            site,
            base_url=base_url.rstrip("/") if base_url else None,
            beside=Path(exhibition) if exhibition else None,
        )
    return Published(
        folder=target,
        relics=tuple(relic.id for relic in shown.relics),
        museums=len(shown.museums),
        tours=len(shown.tours),
        languages=shown.languages,
        left_out=shown.left_out,
        remarks=shown.remarks,
        pages=written,
    )


def _placed(
    source: Path, toml: ExhibitionToml, include: Collection[str], folder: SiteFolder
) -> tuple[Exhibition, dict[str, RelicAssets]]:
    """What is shown, and where its files are; a relic with a damaged file is left out."""
    shown = gather(source, toml, verdicts=include)
    placed: dict[str, RelicAssets] = {}
    damaged: dict[str, RelicscanError] = {}
    for relic in shown.relics:
        try:
            placed[relic.id] = place(relic, folder)
        except OutputError as error:
            damaged[relic.id] = error
    if damaged:
        shown = gather(source, toml, verdicts=include, damaged=damaged)
    return shown, placed


def _write(
    shown: Exhibition,
    placed: Mapping[str, RelicAssets],
    folder: SiteFolder,
    *,
    base_url: str | None,
    beside: Path | None,
) -> int:
    """Write everything but the relics' own files; how many pages these are."""
    languages = languages_of(shown.languages, shown.toml.interface)
    files = {name: folder.asset(content, suffix) for name, suffix, content in _bundles()}
    site = Site(shown, languages, files, placed, _spoken(shown, folder, beside), base_url)
    for language in languages:
        files[f"index-{language.tag}"] = folder.asset(search_index(site, language), ".json")
    count = 2
    folder.write("index.html", front_page(site).encode())
    folder.write("404.html", not_found(site).encode())
    for language in languages:
        for path, html in pages(site, language):
            folder.write(f"{language.tag}/{path}", html.encode())
            count += 1
    for name, content in _around(site).items():
        folder.write(name, content)
    return count


def _bundles() -> list[tuple[str, str, bytes]]:
    """Name, suffix and content of scripts, styles and the icon."""
    package = package_files("relicscan")
    vendor = package / "vendor" / "site"
    found = []
    for name in SCRIPTS:
        bundle = vendor / f"{name}.js"
        if not bundle.is_file():
            raise OutputError(
                f"the viewer's {name}.js is not there, so no site can be made",
                remedy="install relicscan from its wheel, which has it; in a checkout, run `make "
                "setup` where npm is",
            )
        found.append((name, ".js", bundle.read_bytes()))
    styles = [package / "site" / "style" / "site.css", package / "site" / "viewer" / "viewer.css"]
    style = "\n".join(one.read_text(encoding="utf-8") for one in styles)
    icon = (package / "site" / "style" / "icon.svg").read_bytes()
    return [*found, ("style", ".css", style.encode()), ("icon", ".svg", icon)]


def _spoken(
    shown: Exhibition, folder: SiteFolder, beside: Path | None
) -> Mapping[tuple[str, int], Mapping[str, str]]:
    """The sounds of exhibition.toml's tours, read beside it."""
    found = {}
    for tour in shown.tours:
        for number, step in enumerate(tour.steps):
            if step.audio and beside is not None:
                try:
                    found[tour.id, number] = {
                        tag: folder.asset(read_sound(beside, given), Path(given).suffix.lower())
                        for tag, given in step.audio.items()
                    }
                except ScanError as error:
                    raise error.at(scan=f"exhibition.toml, tour {tour.id}") from None
    return found


def _around(site: Site) -> dict[str, bytes]:
    """What lies beside the pages: worker, manifest, headers, examples, oEmbed, the mark."""
    shown, base = site.exhibition, site.base_url
    first = site.languages[0]
    title = first.text(shown.title, first.plain("exhibition"))
    webmanifest = {
        "name": title,
        "short_name": title[:30],
        "lang": first.tag,
        "dir": first.dir,
        "start_url": "index.html",
        "display": "standalone",
        "background_color": "#f5f2ec",
        "theme_color": "#f5f2ec",
        "icons": [{"src": site.files["icon"], "sizes": "any", "type": "image/svg+xml"}],
    }
    worker = (package_files("relicscan") / "vendor" / "site" / "worker.js").read_text("utf-8")
    around = {
        "manifest.webmanifest": _json(webmanifest),
        "sw.js": worker.encode(),
        **{name: text.encode() for name, text in deploy.deploy_files().items()},
    }
    if base:
        for language in site.languages:
            for relic in shown.relics:
                name = f"oembed/{language.tag}/{relic.id}.json"
                around[name] = _json(_oembed(site, language, relic, base))
    mark = {
        "schema_name": "relicscan.site",
        "relics": {
            relic.id: bytes_sha256(canonical_json(relic.manifest)) for relic in shown.relics
        },
        "left_out": [asdict(one) for one in shown.left_out],
        "languages": shown.languages,
        "base_url": base,
    }
    around[MARK] = canonical_json(mark)
    return around


def _oembed(site: Site, language: Any, relic: Shown, base: str) -> dict[str, Any]:
    """oEmbed 1.0 (https://oembed.com), type rich."""
    museum = site.exhibition.museum_of[relic.museum]
    poster = site.placed[relic.id].poster
    width, height = _OEMBED_PX
    return {
        "version": "1.0",
        "type": "rich",
        "title": language.text(relic.title),
        "author_name": language.text(museum.name, language.plain("unnamed_museum")),
        "provider_name": language.text(site.exhibition.title, language.plain("exhibition")),
        "provider_url": f"{base}/",
        "html": embed_html(base, language, relic, f"relics/{relic.id}.html"),
        "width": width,
        "height": height,
        **(
            {"thumbnail_url": f"{base}/{poster}", "thumbnail_width": 720, "thumbnail_height": 720}
            if poster
            else {}
        ),
    }


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
