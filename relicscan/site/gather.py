"""Which relics an exhibition shows, by museum, theme, time and tour; and which not, and why.

A relic is shown that has a model for the web, whose verdict is among those that were asked for
("pass" alone, unless told), and whose rights in the digital copy are stated. Nothing is read but
index.json and what it vouches for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from relicscan.errors import OutputError, RelicscanError, ScanError
from relicscan.metadata.dating import Years, years_of
from relicscan.metadata.descriptive import Museum
from relicscan.metadata.exhibition import ExhibitionToml, Step, StepCamera
from relicscan.metadata.exports.exported import (
    Exported,
    PlacedHotspot,
    models,
    placed_hotspots,
    sounds,
)
from relicscan.metadata.index import IndexEntry, read_index, require_output
from relicscan.metadata.languages import best_text
from relicscan.metadata.manifest import FileRecord, LevelRecord, RelicManifest
from relicscan.metadata.publishable import why_not_published
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.vouched import vouched_for

#: Where neither the museum nor its relics say who it is.
NO_MUSEUM = "unnamed"
#: Languages that the interface is translated into; an exhibition without others is shown in these
#: as far as its relics use them.
DEFAULT_LANGUAGE = "en"

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Shown:
    """A relic of the exhibition."""

    exported: Exported
    museum: str

    @property
    def id(self) -> str:
        return self.exported.id

    @property
    def manifest(self) -> RelicManifest:
        return self.exported.manifest

    @property
    def about(self) -> RelicToml:
        return self.manifest.metadata

    @property
    def title(self) -> Texts:
        return self.about.object.title or {"und": self.id}

    @cached_property
    def years(self) -> Years | None:
        """The years that it is dated to, None where it is not, or only in words."""
        dating = self.about.object.dating
        return years_of(dating.edtf) if dating and dating.edtf else None

    @cached_property
    def levels(self) -> tuple[LevelRecord, ...]:
        """What a browser is shown, from coarse to fine: without `thumb` where there is `low`."""
        found = sorted(models(self.manifest), key=lambda level: (level.triangles, level.bytes))
        if len(found) > 1 and found[0].name == "thumb":
            found = found[1:]
        # Two levels may be one file under two names.
        return tuple(
            level for i, level in enumerate(found) if level.sha256 not in
            {other.sha256 for other in found[:i]}
        )  # fmt: skip

    @cached_property
    def files(self) -> dict[str, FileRecord]:
        return {file.path: file for file in self.manifest.delivered}

    @cached_property
    def hotspots(self) -> tuple[PlacedHotspot, ...]:
        return tuple(placed_hotspots(self.manifest))

    @cached_property
    def sounds(self) -> dict[str, dict[str, str]]:
        return sounds(self.manifest)

    @property
    def scale_known(self) -> bool:
        return self.manifest.scale_known

    @property
    def restored_share(self) -> float:
        """How much of the surface was made up to close holes."""
        return self.manifest.holes.filled_area_share if self.manifest.holes else 0.0

    @property
    def size_mm(self) -> tuple[float, float, float] | None:
        """Width, height and depth of the finest level's upright box."""
        if not self.scale_known:
            return None
        low, high = self.levels[-1].bounds_m
        return (
            1000 * (high[0] - low[0]),
            1000 * (high[1] - low[1]),
            1000 * (high[2] - low[2]),
        )


@dataclass(frozen=True)
class ShownMuseum:
    """A museum with its relics."""

    id: str
    name: Texts
    text: Texts
    place: Texts
    url: str | None
    relics: tuple[Shown, ...]


@dataclass(frozen=True)
class ShownStep:
    """A station of a tour: the relic, the hotspot or camera, and what is said."""

    relic: Shown
    hotspot: str | None
    camera: StepCamera | None
    title: Texts
    text: Texts
    notes: Texts
    seconds: int | None
    audio: Mapping[str, str]


@dataclass(frozen=True)
class ShownTour:
    """A tour; `of` is the relic that it stays with, None where it goes across relics."""

    id: str
    title: Texts
    text: Texts
    steps: tuple[ShownStep, ...]
    of: str | None = None


@dataclass(frozen=True)
class ShownTheme:
    """A theme with its relics in order."""

    id: str
    title: Texts
    text: Texts
    relics: tuple[Shown, ...]


@dataclass(frozen=True)
class LeftOut:
    """A relic that is not shown, why, and what would work."""

    relic: str
    reason: str
    remedy: str | None


@dataclass(frozen=True)
class Exhibition:
    """What is shown, in order, and what is not."""

    toml: ExhibitionToml
    relics: tuple[Shown, ...]
    museums: tuple[ShownMuseum, ...]
    themes: tuple[ShownTheme, ...]
    tours: tuple[ShownTour, ...]
    languages: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]

    @cached_property
    def by_id(self) -> dict[str, Shown]:
        return {relic.id: relic for relic in self.relics}

    @cached_property
    def museum_of(self) -> dict[str, ShownMuseum]:
        return {museum.id: museum for museum in self.museums}

    @property
    def title(self) -> Texts:
        """Its title; else the museum's name where there is one alone."""
        if self.toml.title:
            return self.toml.title
        return self.museums[0].name if len(self.museums) == 1 else {}


def gather(
    out: Path,
    toml: ExhibitionToml | None = None,
    *,
    verdicts: Collection[str] = ("pass",),
    damaged: Mapping[str, RelicscanError] = MappingProxyType({}),
) -> Exhibition:
    """The exhibition of the output folder `out`, without the relics that are known to be damaged.

    Raises OutputError where `out` is no output folder or is damaged, or nothing can be shown;
    ScanError where exhibition.toml names what is not there.
    """
    toml = toml or ExhibitionToml()
    require_output(out)
    shown: list[Shown] = []
    left_out: list[LeftOut] = []
    for entry in read_index(out).relics:
        try:
            relic = vouched_for(out, entry)
        except OutputError as error:
            left_out.append(LeftOut(entry.id, error.message, error.remedy))
            continue
        why = damaged.get(entry.id) or _why_not(entry, relic.manifest, verdicts)
        if why is not None:
            left_out.append(LeftOut(entry.id, why.message, why.remedy))
        else:
            shown.append(Shown(relic, museum_id(relic.manifest.metadata.museum)))
    if not shown:
        raise _nothing(out, left_out)
    by_id = {relic.id: relic for relic in shown}
    remarks: list[str] = []
    names = _Named(by_id, {one.relic for one in left_out}, remarks)
    return Exhibition(
        toml=toml,
        relics=tuple(shown),
        museums=_museums(shown, toml),
        themes=names.themes(toml),
        tours=(*names.tours(toml), *_own_tours(shown)),
        languages=_languages(shown, toml),
        left_out=tuple(left_out),
        remarks=tuple(remarks),
    )


def museum_id(museum: Museum) -> str:
    """A name for files: the museum's own id, else its name in English or whatever it has."""
    name = best_text(museum.name)
    slug = _slug(museum.id or (name[0] if name else "") or museum.url or "")
    return slug or NO_MUSEUM


def _slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", kept).strip("-")[:60]


def _why_not(
    entry: IndexEntry, manifest: RelicManifest, verdicts: Collection[str]
) -> RelicscanError | None:
    if not models(manifest):
        return ScanError(
            entry.reason or "it has no model for the web",
            remedy=entry.remedy or "run it with a pipeline that builds the target web",
        )
    if manifest.verdict not in verdicts:
        return ScanError(
            f"its verdict is {manifest.verdict}" + (f": {entry.reason}" if entry.reason else ""),
            remedy=f"see its report.html; --include {manifest.verdict} shows it all the same",
        )
    return why_not_published(manifest.metadata)


def _nothing(out: Path, left_out: Sequence[LeftOut]) -> OutputError:
    if not left_out:
        return OutputError("there is no relic in it", scan=str(out), remedy="run scans first")
    reason, count = Counter(one.reason for one in left_out).most_common(1)[0]
    first = next(one for one in left_out if one.reason == reason)
    return OutputError(
        f"none of its {len(left_out)} relics can be shown; of {count}: {reason}",
        scan=str(out),
        remedy=first.remedy,
    )


def _museums(shown: Sequence[Shown], toml: ExhibitionToml) -> tuple[ShownMuseum, ...]:
    """Those that exhibition.toml names first, in its order, then the others by id."""
    told = {_slug(one.id) or one.id: one for one in toml.museum}
    found: dict[str, list[Shown]] = {}
    for relic in shown:
        found.setdefault(relic.museum, []).append(relic)
    order = [one for one in told if one in found] + sorted(found.keys() - told.keys())
    museums = []
    for one in order:
        said, stated = told.get(one), [relic.about.museum for relic in found[one]]
        museums.append(
            ShownMuseum(
                id=one,
                name=(said and said.name) or next((m.name for m in stated if m.name), None) or {},
                text=(said and said.text) or {},
                place=(said and said.place) or {},
                url=(said and said.url) or next((m.url for m in stated if m.url), None),
                relics=tuple(found[one]),
            )
        )
    return tuple(museums)


def _languages(shown: Sequence[Shown], toml: ExhibitionToml) -> tuple[str, ...]:
    """Those of exhibition.toml; else those that relics ask for, the most asked for first; else
    the default.
    """
    if toml.languages:
        return toml.languages
    asked: Counter[str] = Counter()
    first: dict[str, int] = {}
    for relic in shown:
        for place, tag in enumerate(relic.about.languages or ()):
            asked[tag] += 1
            first[tag] = min(place, first.get(tag, place))
    return tuple(sorted(asked, key=lambda tag: (-asked[tag], first[tag], tag))) or (
        DEFAULT_LANGUAGE,
    )


def _own_tours(shown: Iterable[Shown]) -> Iterable[ShownTour]:
    for relic in shown:
        placed = {spot.id for spot in relic.hotspots}
        for tour in relic.about.tour:
            steps = tuple(
                ShownStep(relic, spot, None, {}, {}, {}, None, {})
                for spot in tour.steps
                if spot in placed
            )
            if steps:
                yield ShownTour(
                    f"{relic.id}.{tour.id}",
                    tour.title or relic.title,
                    tour.text or {},
                    steps,
                    relic.id,
                )


class _Named:
    """What exhibition.toml names, looked up; relics that are left out cost their place alone."""

    def __init__(
        self, by_id: Mapping[str, Shown], left_out: Collection[str], remarks: list[str]
    ) -> None:
        self.by_id, self.left_out, self.remarks = by_id, left_out, remarks

    def relic(self, given: str, where: str) -> Shown | None:
        if given in self.by_id:
            return self.by_id[given]
        if given in self.left_out:
            self.remarks.append(f"{where}: {given} is left out")
            return None
        raise ScanError(
            f"{where} names {given!r}, and there is no such relic",
            scan="exhibition.toml",
            remedy="index.json of the output folder lists their ids",
        )

    def themes(self, toml: ExhibitionToml) -> tuple[ShownTheme, ...]:
        found = []
        for theme in toml.theme:
            relics = [self.relic(one, f"theme {theme.id}") for one in theme.relics]
            there = tuple(one for one in relics if one)
            if there:
                found.append(ShownTheme(theme.id, theme.title, theme.text or {}, there))
        return tuple(found)

    def tours(self, toml: ExhibitionToml) -> tuple[ShownTour, ...]:
        found = []
        for tour in toml.tour:
            steps = [self.step(one, f"tour {tour.id}") for one in tour.step]
            there = tuple(one for one in steps if one)
            if there:
                found.append(ShownTour(tour.id, tour.title, tour.text or {}, there))
        return tuple(found)

    def step(self, step: Step, where: str) -> ShownStep | None:
        relic = self.relic(step.relic, where)
        if relic is None:
            return None
        spots = {spot.id for spot in relic.hotspots}
        if step.hotspot and step.hotspot not in spots:
            raise ScanError(
                f"{where} goes to the hotspot {step.hotspot!r} of {relic.id}, which has none of "
                "that name",
                scan="exhibition.toml",
                remedy=f"its hotspots are {', '.join(sorted(spots)) or 'none'}",
            )
        return ShownStep(
            relic,
            step.hotspot,
            step.camera,
            step.title or {},
            step.text or {},
            step.notes or {},
            step.seconds,
            step.audio or {},
        )
