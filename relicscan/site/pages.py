"""The pages of an exhibition in one language: jinja2 templates filled, one after the other.

Every text of a relic passes through jinja2's escaping; addresses are relative, so that the site
works below any prefix; a page is the same with and without scripts but for what only these can do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup

from relicscan.metadata.exports.licences import canonical
from relicscan.site import search
from relicscan.site.gather import Exhibition, Shown, ShownStep, ShownTour
from relicscan.site.headers import CONTENT_SECURITY_POLICY
from relicscan.site.relic_data import RelicAssets, island, relic_data, spoken
from relicscan.site.timeline import Timeline, timeline_of
from relicscan.site.words import Language

if TYPE_CHECKING:
    from jinja2 import Environment

#: Relics on the home page: what thirty pictures cost is its budget.
ON_HOME = 30
#: Seconds of a step that does not say how long it is spoken to: a sentence in ten, half a minute.
STEP_SECONDS = 30

Page = tuple[str, str]


@dataclass(frozen=True)
class Site:
    """What all pages share. `files` are addresses of scripts and styles, `placed` those of the
    relics' files, `steps_audio` those of the sounds of tours, by tour, step and language.
    """

    exhibition: Exhibition
    languages: tuple[Language, ...]
    files: Mapping[str, str]
    placed: Mapping[str, RelicAssets]
    steps_audio: Mapping[tuple[str, int], Mapping[str, str]]
    base_url: str | None

    @cached_property
    def timeline(self) -> Timeline:
        return timeline_of(self.exhibition.relics)

    @cached_property
    def environment(self) -> Environment:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        return Environment(
            loader=PackageLoader("relicscan.site"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @cached_property
    def tours_of(self) -> Mapping[str, list[ShownTour]]:
        """By relic, the tours that come by."""
        found: defaultdict[str, list[ShownTour]] = defaultdict(list)
        for tour in self.exhibition.tours:
            for relic in dict.fromkeys(step.relic.id for step in tour.steps):
                found[relic].append(tour)
        return found

    @cached_property
    def selected(self) -> tuple[Shown, ...]:
        """The relics of the home page: those of exhibition.toml, then of each museum in turn."""
        chosen = [
            self.exhibition.by_id[one]
            for one in self.exhibition.toml.featured
            if one in self.exhibition.by_id
        ]
        rows = [iter(museum.relics) for museum in self.exhibition.museums]
        while rows and len(chosen) < ON_HOME:
            for row in list(rows):
                relic = next(row, None)
                if relic is None:
                    rows.remove(row)
                elif relic not in chosen:
                    chosen.append(relic)
        return tuple(chosen[:ON_HOME])

    @cached_property
    def licences(self) -> list[tuple[str, int]]:
        uris = (relic.about.rights.digital.uri for relic in self.exhibition.relics)
        return Counter(uri for uri in uris if uri).most_common()


def pages(site: Site, language: Language) -> Iterator[Page]:
    """Every page in a language: its path below the language's folder, and its HTML."""
    writer = Writer(site, language)
    yield from (writer.home(), writer.about(), writer.timeline(), writer.search(), writer.missing())
    for museum in site.exhibition.museums:
        yield writer.group(
            "museum", museum.id, museum.name, museum.text, museum.relics, museum.place, museum.url
        )
    for theme in site.exhibition.themes:
        yield writer.group("theme", theme.id, theme.title, theme.text, theme.relics)
    for tour in site.exhibition.tours:
        yield writer.tour(tour)
    for museum in site.exhibition.museums:
        neighbours = [None, *museum.relics, None]
        for i, relic in enumerate(museum.relics):
            yield writer.relic(relic, neighbours[i], neighbours[i + 2])


class Writer:
    """Fills templates in one language, and says what pages say of a relic or a tour."""

    def __init__(self, site: Site, language: Language) -> None:
        self.site, self.language = site, language

    def fill(self, template: str, path: str, kind: str, up: str | None = None, **data: Any) -> Page:
        here = "../" * path.count("/")
        up = here + "../" if up is None else up
        site = self.site
        base = site.base_url
        html = site.environment.get_template(template).render(
            l=self.language,
            say=self.language.say,
            exhibition=site.exhibition,
            languages=site.languages,
            files=site.files,
            placed=site.placed,
            base_url=base,
            policy=CONTENT_SECURITY_POLICY,
            navigation=self.navigation,
            kind=kind,
            path=path,
            here=here if up == here + "../" else f"{up}{self.language.tag}/",
            up=up,
            address=lambda below: f"{base}/{below}" if base else up + below,
            script_texts=self.script_texts,
            alt=self.alt,
            **{"summary": "", **data},
        )
        return path, html

    @cached_property
    def navigation(self) -> list[tuple[str, str]]:
        return [
            ("home", "index.html"),
            ("all_relics", "search.html"),
            *([("timeline", "timeline.html")] if self.site.timeline.bands else []),
            ("about", "about.html"),
        ]

    @cached_property
    def script_texts(self) -> Markup:
        """What scripts say, by key."""
        return island(self.language.of_scripts())

    def alt(self, relic: Shown) -> str:
        """What a picture of a relic shows, in words: title, kind, material."""
        thing, text = relic.about.object, self.language.text
        kind = text(thing.type.label) if thing.type else ""
        parts = (text(relic.title), kind, text(thing.material))
        return ". ".join(dict.fromkeys(part for part in parts if part))

    def gallery(self, relics: Iterable[Shown], up: str) -> Markup:
        """What a visitor may keep for offline: the pages of relics, and what these show first."""
        tag, files = self.language.tag, self.site.files
        addresses = [f"{tag}/relics/{relic.id}.html" for relic in relics]
        shared = [files[name] for name in ("style", "page", "relic", "viewer")]
        kept = [address for relic in relics for address in self.site.placed[relic.id].all]
        return island([up + one for one in dict.fromkeys((*shared, *addresses, *kept))])

    def home(self, path: str = "index.html", up: str | None = None) -> Page:
        site = self.site
        return self.fill(
            "home.html",
            path,
            "home",
            up,
            selected=site.selected,
            tours=site.exhibition.tours,
            span=site.timeline.span,
            gallery=self.gallery(site.selected, "../" if up is None else up),
            summary=self.language.text(site.exhibition.toml.text),
        )

    def about(self) -> Page:
        return self.fill("about.html", "about.html", "about", licences=self.site.licences)

    def timeline(self) -> Page:
        return self.fill("timeline.html", "timeline.html", "timeline", time=self.site.timeline)

    def search(self) -> Page:
        index = self.site.files[f"index-{self.language.tag}"]
        return self.fill("search.html", "search.html", "search", index=index)

    def missing(self, path: str = "404.html", up: str | None = None) -> Page:
        return self.fill("missing.html", path, "missing", up)

    def group(
        self,
        kind: str,
        name: str,
        heading: Mapping[str, str],
        text: Mapping[str, str],
        relics: Sequence[Shown],
        place: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> Page:
        plain = self.language.text(heading, self.language.plain("unnamed_museum"))
        return self.fill(
            "group.html",
            f"{kind}s/{name}.html",
            kind,
            heading=heading,
            heading_text=plain,
            text=text,
            relics=relics,
            place=place,
            url=url,
            gallery=self.gallery(relics, "../../"),
            summary=self.language.text(text),
        )

    def relic(self, relic: Shown, before: Shown | None, after: Shown | None) -> Page:
        site, language, thing = self.site, self.language, relic.about.object
        assets, up = site.placed[relic.id], "../../"
        path = f"relics/{relic.id}.html"
        return self.fill(
            "relic.html",
            path,
            "relic",
            relic=relic,
            about=relic.about,
            thing=thing,
            assets=assets,
            museum=site.exhibition.museum_of[relic.museum],
            tours=site.tours_of.get(relic.id, ())[:3],
            spots=[
                {"id": spot.id, "title": spot.title, "text": spot.text,
                 "audio": spoken(assets.audio.get(spot.id, {}), language)}
                for spot in relic.hotspots
            ],
            facts=[
                (key, texts)
                for key, texts in (
                    ("kind", thing.type.label if thing.type else None),
                    ("material", thing.material),
                    ("culture", thing.culture),
                    ("place", thing.place),
                    ("maker", thing.maker),
                )
                if texts
            ],
            stated_sizes=thing.dimension,
            truth=list(self.truth(relic)),
            citation=self.citation(relic),
            downloads=list(self.downloads(relic)),
            related=list(self.related(relic)),
            before=before,
            after=after,
            embed=self.embed(relic, path),
            island=island(relic_data(relic, assets, language, up)),
            summary=language.text(thing.description),
        )  # fmt: skip

    def truth(self, relic: Shown) -> Iterator[str]:
        """How far the finest level is from the scan, what was made up, how it was scanned."""
        language, deviation = self.language, relic.levels[-1].deviation
        way = deviation.scan_to_level if deviation else None
        if way and way.rms_mm is not None:
            figure = f"{language.number(way.rms_mm, 2)}\u00a0mm"
            yield language.plain(
                "truth_deviation_mm", figure=figure, samples=language.count(way.samples)
            )
        elif way:
            figure = language.percent(way.rms_of_diagonal)
            yield language.plain(
                "truth_deviation_share", figure=figure, samples=language.count(way.samples)
            )
        if relic.restored_share:
            share = language.percent(relic.restored_share)
            yield language.plain("truth_restored", share=share)
        elif relic.manifest.holes:
            yield language.plain("truth_nothing_restored")

    def citation(self, relic: Shown) -> str:
        """Whom to name, what, where: in one line, without anything that was not stated."""
        language, about = self.language, relic.about
        museum = language.text(self.site.exhibition.museum_of[relic.museum].name)
        number = about.object.inventory_number
        parts = [
            language.text(about.rights.digital.credit),
            f"{language.text(relic.title)}{f' ({number})' if number else ''}",
            museum,
            language.plain("cite_model", date=about.capture.date)
            if about.capture.date
            else language.plain("cite_model_undated"),
            language.licence(about.rights.digital.uri),
            f"{self.site.base_url}/{language.tag}/relics/{relic.id}.html"
            if self.site.base_url
            else f"SHA-256 {relic.levels[-1].sha256[:16]}",
        ]
        return ". ".join(part.rstrip(".") for part in dict.fromkeys(parts) if part) + "."

    def downloads(self, relic: Shown) -> Iterator[tuple[str, str, int]]:
        """What the rights in the digital copy let a visitor keep: key, address, bytes."""
        if not may_be_kept(relic.about.rights.digital.uri):
            return
        placed = self.site.placed[relic.id]
        if placed.levels:
            yield "download_glb", placed.levels[-1], relic.levels[-1].bytes
        if placed.ar_usdz:
            yield "download_usdz", placed.ar_usdz, relic.files["ar/model.usdz"].bytes

    def related(self, relic: Shown) -> Iterator[tuple[str, Mapping[str, str] | None, str, bool]]:
        """Other relics of the exhibition, and what has an address elsewhere."""
        for one in relic.about.related:
            key = f"relation_{one.relation.replace(' ', '_')}"
            if one.uri:
                yield key, one.label, one.uri, True
            elif one.id in self.site.exhibition.by_id:
                other = self.site.exhibition.by_id[one.id]
                yield key, one.label or other.title, f"{one.id}.html", False

    def embed(self, relic: Shown, path: str) -> str:
        return embed_html(self.site.base_url or "", self.language, relic, path)

    def tour(self, tour: ShownTour) -> Page:
        site, language, up = self.site, self.language, "../../"
        steps = [self.step(tour, i, step) for i, step in enumerate(tour.steps)]
        seconds = 0
        for step in steps:
            step["cue"] = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            seconds += step["seconds"]
        relics = {step.relic.id: step.relic for step in tour.steps}
        text = language.text
        data = {
            "id": tour.id,
            "title": text(tour.title),
            "steps": [
                {
                    "relic": step["relic"].id,
                    "spot": step["spot"],
                    "camera": step["camera"],
                    "title": text(step["title"]),
                    "text": text(step["text"]),
                    "notes": text(step["notes"]),
                    "seconds": step["seconds"],
                    "audio": step["audio"] and up + step["audio"],
                }
                for step in steps
            ],
            "relics": {
                one: relic_data(relic, site.placed[one], language, up)
                | {"poster": site.placed[one].poster and up + str(site.placed[one].poster)}
                for one, relic in relics.items()
            },
        }
        return self.fill(
            "tour.html",
            f"tours/{tour.id}.html",
            "tour",
            tour=tour,
            steps=steps,
            seconds=seconds,
            island=island(data),
            summary=text(tour.text),
        )

    def step(self, tour: ShownTour, number: int, step: ShownStep) -> dict[str, Any]:
        """A step as it is told: what it does not say itself its hotspot says, or its relic."""
        spot = next((one for one in step.relic.hotspots if one.id == step.hotspot), None)
        audio = self.site.steps_audio.get((tour.id, number))
        if not audio and spot:
            audio = self.site.placed[step.relic.id].audio.get(spot.id)
        described = step.relic.about.object.description or {}
        return {
            "relic": step.relic,
            "spot": step.hotspot,
            "camera": step.camera.model_dump(mode="json") if step.camera else None,
            "title": step.title or (spot.title if spot else {}) or step.relic.title,
            "text": step.text or (spot.text if spot else described),
            "notes": step.notes,
            "seconds": step.seconds or STEP_SECONDS,
            "audio": spoken(audio or {}, self.language),
        }


def may_be_kept(uri: str | None) -> bool:
    """Whether a licence lets visitors copy the model: Creative Commons and the public domain."""
    return "creativecommons.org" in (canonical(uri or "") or "")


def embed_html(base_url: str, language: Language, relic: Shown, path: str) -> str:
    """The element that shows a relic's stage in another page."""
    return str(
        Markup(
            '<iframe src="{}/{}/{}?embed" title="{}" width="640" height="480" loading="lazy" '
            'allow="fullscreen; xr-spatial-tracking"></iframe>'
        ).format(base_url, language.tag, path, language.text(relic.title))
    )


def front_page(site: Site) -> str:
    """index.html of the site: the home in its first language."""
    return Writer(site, site.languages[0]).home("index.html", "")[1]


def not_found(site: Site) -> str:
    """404.html of the site, in its first language: shown for addresses of any depth, so its own
    addresses begin at the root, or at the path that the site is said to be at.
    """
    root = urlsplit(site.base_url or "").path.rstrip("/") + "/"
    return Writer(site, site.languages[0]).missing("404.html", root)[1]


def search_index(site: Site, language: Language) -> bytes:
    """What the search of a language looks through."""
    return search.index(site.exhibition, site.placed, language)
