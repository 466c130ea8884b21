"""exhibition.toml: what is said of an exhibition as a whole, beyond its relics.

Everything is optional: without the file the home shows all relics by museum. Texts are by language
(BCP 47) and never interpreted; cameras and positions of tours are in the delivered model's metres,
as `relicscan serve OUT --pick` prints them, or are those of a relic's own hotspots.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from relicscan.metadata.fields import FieldError, HttpUri, Name, RelicId, Text, Vector3
from relicscan.metadata.languages import LanguageMap, Languages, SpokenFiles
from relicscan.metadata.tables import SOME, Table, repeated
from relicscan.metadata.toml_file import read_toml

#: Texts of some hundred tours.
MAX_BYTES = 5_000_000

Relics = Annotated[tuple[RelicId, ...], *SOME]


class MuseumText(Table):
    """A museum of the exhibition: `id` as its relics give it, or the slug of its name."""

    id: Name
    name: LanguageMap | None = None
    text: LanguageMap | None = None
    place: LanguageMap | None = None
    url: HttpUri | None = None


class Theme(Table):
    """Relics that are shown together for a reason, in order."""

    id: Name
    title: LanguageMap
    text: LanguageMap | None = None
    relics: Relics


class StepCamera(Table):
    """From where a step is looked at, and at what: metres in the frame of the delivered model."""

    position: Vector3
    target: Vector3


class Step(Table):
    """A station of a tour: a relic, from one of its hotspots, from a camera, or as it first shows.

    `notes` are for the guide alone; `seconds` is how long the step is spoken to, for cue times and
    autoplay. `audio` are files beside exhibition.toml.
    """

    relic: RelicId
    hotspot: Name | None = None
    camera: StepCamera | None = None
    title: LanguageMap | None = None
    text: LanguageMap | None = None
    notes: LanguageMap | None = None
    seconds: Annotated[int, Field(gt=0, le=14_400)] | None = None
    audio: SpokenFiles | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Step:
        if self.hotspot and self.camera:
            raise FieldError(
                "a step is looked at from a hotspot or from a camera",
                "keep one of the two",
                "camera",
            )
        return self


class Tour(Table):
    """A way from relic to relic, across museums."""

    id: Name
    title: LanguageMap
    text: LanguageMap | None = None
    step: Annotated[tuple[Step, ...], *SOME]


class ExhibitionToml(Table):
    """All that an exhibition.toml may say.

    `interface` has the words of the pages by language and key, for a language that comes with no
    translation of its own, or in place of one.
    """

    title: LanguageMap | None = None
    text: LanguageMap | None = None
    about: LanguageMap | None = None
    contact: Text | None = None
    languages: Languages | None = None
    featured: Annotated[tuple[RelicId, ...], Field(strict=False)] = ()
    museum: Annotated[tuple[MuseumText, ...], Field(strict=False)] = ()
    theme: Annotated[tuple[Theme, ...], Field(strict=False)] = ()
    tour: Annotated[tuple[Tour, ...], Field(strict=False)] = ()
    interface: dict[str, dict[str, str | dict[str, str]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_once(self) -> ExhibitionToml:
        for kind, given in (("museum", self.museum), ("theme", self.theme), ("tour", self.tour)):
            # They name files, and many file systems do not tell A from a.
            if (twice := repeated([one.id.casefold() for one in given])) is not None:
                problem = f"two {kind}s have the id {given[twice].id!r}"
                raise FieldError(problem, "give each an id of its own", kind, twice, "id")
        return self


def read_exhibition(path: Path) -> ExhibitionToml:
    """What an exhibition.toml says. Raises ScanError with the line, the key and what would work."""
    return read_toml(path, ExhibitionToml, max_bytes=MAX_BYTES)
