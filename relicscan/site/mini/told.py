"""What a mini-programme is told: the things it shows, and in each language what is said of them.

Both are plain data with numbers for names, so nothing that a relic says is part of a template, a
path or a key. Things and texts lie in lists of the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from relicscan.metadata.exports.exported import PlacedHotspot, models
from relicscan.metadata.manifest import LevelRecord
from relicscan.relic import FloatArray
from relicscan.site.gather import Exhibition, Shown, ShownTour
from relicscan.site.mini.said import Sayer, html_class
from relicscan.site.pages import Site, Writer
from relicscan.site.relic_data import RelicAssets
from relicscan.site.words import Language

#: The interface's words that pages say, and those that scripts of the site say.
_WORDS = (
    *("about", "about_models", "about_models_text", "about_title", "act_finest", "act_home"),
    *("citation", "details", "facts", "museums", "next", "previous", "rights", "rights_digital"),
    *("selected", "show_detail", "tour", "tours", "truth"),
)
_SAID_BY_SCRIPTS = ("failed", "loading")

#: From where a hotspot without a camera is looked at, in diagonals of the relic.
_DETAIL_DISTANCE = 0.8


@dataclass(frozen=True)
class MiniShown(Shown):
    """A relic whose levels are those of the mini-programme's target."""

    target: str = ""

    @cached_property
    def levels(self) -> tuple[LevelRecord, ...]:
        return tuple(
            sorted(models(self.manifest, self.target), key=lambda one: (one.triangles, one.bytes))
        )


@dataclass(frozen=True)
class Files:
    """Where a relic's files are: levels from coarse to fine, poster by URL, thumb by URL or in the
    package.
    """

    levels: tuple[str, ...]
    poster: str | None
    thumb: str | None


class Told:
    """The data of a mini-programme; `target` is the name of the delivery target."""

    def __init__(self, exhibition: Exhibition, languages: Sequence[Language], target: str) -> None:
        self.exhibition, self.languages = exhibition, tuple(languages)
        self.relics = [MiniShown(one.exported, one.museum, target) for one in exhibition.relics]
        self.number = {relic.id: n for n, relic in enumerate(self.relics)}
        nothing = RelicAssets(None, None, (), None, None)
        self.site = Site(
            exhibition, self.languages, {}, dict.fromkeys(self.number, nothing), {}, None
        )
        #: Museums, then themes: kind, name, text, place, address, relics.
        self.groups = [
            *(
                ("museum", one.name, one.text, one.place, one.url, one.relics)
                for one in exhibition.museums
            ),
            *(("theme", one.title, one.text, {}, None, one.relics) for one in exhibition.themes),
        ]

    def things(self, files: Mapping[str, Files]) -> dict[str, Any]:
        """What is the same in every language; `files` by relic."""
        tours_of = self.site.tours_of
        tour_number = {id(tour): n for n, tour in enumerate(self.exhibition.tours)}
        return {
            "languages": [
                {"tag": one.tag, "name": one.name, "dir": html_class(one.dir)}
                for one in self.languages
            ],
            "selected": [self.number[one.id] for one in self.site.selected],
            "groups": [
                {"relics": [self.number[one.id] for one in relics]} for *_, relics in self.groups
            ],
            "relics": [
                {
                    "id": relic.id,
                    "levels": [
                        {"url": url, "bytes": level.bytes}
                        for url, level in zip(files[relic.id].levels, relic.levels, strict=True)
                    ],
                    "poster": files[relic.id].poster,
                    "thumb": files[relic.id].thumb,
                    "bounds": [_metres(corner) for corner in relic.levels[-1].bounds_m],
                    "spots": [
                        {"camera": _camera(spot, relic.levels[-1])} for spot in relic.hotspots
                    ],
                    "tours": [tour_number[id(tour)] for tour in tours_of.get(relic.id, ())],
                }
                for relic in self.relics
            ],
            "tours": [
                {"id": tour.id, "steps": list(self._cameras(tour))}
                for tour in self.exhibition.tours
            ],
        }

    def _cameras(self, tour: ShownTour) -> Iterator[dict[str, Any]]:
        for step in tour.steps:
            number = self.number[step.relic.id]
            camera = None
            if step.camera is not None:
                camera = {
                    "position": _metres(step.camera.position),
                    "target": _metres(step.camera.target),
                }
            elif step.hotspot is not None:
                spot = next(one for one in step.relic.hotspots if one.id == step.hotspot)
                camera = _camera(spot, self.relics[number].levels[-1])
            yield {"relic": number, "camera": camera}

    def texts(self, language: Language) -> dict[str, Any]:
        """Everything that is said in a language."""
        said, shown = Sayer(language), self.exhibition
        writer = Writer(self.site, language)
        scripts = language.of_scripts()
        return {
            "words": {key: language.plain(key) for key in _WORDS}
            | {key: scripts[key] for key in _SAID_BY_SCRIPTS},
            "title": said(shown.title, language.plain("exhibition")),
            "text": said(shown.toml.text),
            "about": said(shown.toml.about),
            "contact": shown.toml.contact or "",
            "groups": [
                {
                    "kind": language.plain(kind),
                    "name": said(name, language.plain("unnamed_museum")),
                    "text": said(text),
                    "place": said(place),
                    "url": url or "",
                    "count": said.count(len(relics)),
                }
                for kind, name, text, place, url, relics in self.groups
            ],
            "relics": [self._relic(relic, writer, said) for relic in self.relics],
            "tours": [self._tour(tour, writer, said) for tour in shown.tours],
            "licences": [
                {"name": language.licence(uri), "uri": uri, "count": said.count(number)}
                for uri, number in self.site.licences
            ],
        }

    def _tour(self, tour: ShownTour, writer: Writer, said: Sayer) -> dict[str, Any]:
        step_of, count = said.language.of_scripts()["step_of"], len(tour.steps)
        steps = [writer.step(tour, i, step) for i, step in enumerate(tour.steps)]
        return {
            "title": said(tour.title),
            "text": said(tour.text),
            "count": said.language.plain("steps_count", count=count),
            "steps": [
                {
                    "place": step_of.format(number=number, count=count),
                    "title": said(step["title"]),
                    "text": said(step["text"]),
                    "of": said(step["relic"].title),
                }
                for number, step in enumerate(steps, start=1)
            ],
        }

    def _relic(self, relic: MiniShown, writer: Writer, said: Sayer) -> dict[str, Any]:
        return {
            "title": said(relic.title),
            "date": said.dating(relic),
            "description": said(relic.about.object.description),
            "spots": [
                {"title": said(spot.title, spot.id), "text": said(spot.text)}
                for spot in relic.hotspots
            ],
            "facts": list(said.facts(relic)),
            "truth": list(said.truth(relic)),
            "rights": list(said.rights(relic)),
            "citation": writer.citation(relic),
        }


def _camera(spot: PlacedHotspot, level: LevelRecord) -> dict[str, Any]:
    """Where a hotspot is looked at from: its own camera; else along its normal, or outwards from
    the middle of the relic.
    """
    import numpy as np

    low, high = (np.asarray(corner, dtype=np.float64) for corner in level.bounds_m)
    if spot.camera is not None:
        return {"position": _metres(spot.camera), "target": _metres(spot.target)}
    outwards = spot.normal if spot.normal is not None else spot.position - (low + high) / 2
    length = float(np.linalg.norm(outwards))
    outwards = outwards / length if length > 0 else np.array([0.0, 0.0, 1.0])
    away = _DETAIL_DISTANCE * float(np.linalg.norm(high - low)) * outwards
    return {"position": _metres(spot.position + away), "target": _metres(spot.position)}


def _metres(place: FloatArray | Sequence[float]) -> list[float]:
    """Metres to the micrometre."""
    return [round(float(x), 6) for x in place]
